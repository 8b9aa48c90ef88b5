// Draws the pictures of the chapters in docs/, so that they show what the code does and not what it once did.
// Run: npx tsx tools/docs-pictures.ts (test/report/docs-pictures.test.ts says when that is due)
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { classicKernels } from "../src/arithmetic/kernels.ts";
import { drawGif } from "../src/report/animation/gif.ts";
import {
  backwardWindows,
  type Drawing,
  drawSvg,
  kernelTiles,
  matrixPicture,
  planWindow,
  pyramidPicture,
  stepPicture,
} from "../src/report/convolution/index.ts";
import { chartTexts } from "./docs-charts.ts";

export const picturesFolder: string = join(dirname(fileURLToPath(import.meta.url)), "..", "docs", "pictures");

const same = { kernel: 3, padding: 1 } as const;
const padded = { input: [5, 5], kernel: 3, stride: 2, padding: 1 } as const;
const odd = { kind: "transposed", input: [3, 3], kernel: 3, stride: 2, padding: 1, outputPadding: 1 } as const;
const backward = backwardWindows({ input: [5, 5], kernel: 3 });
const causal = [1, 2, 4, 8].map((dilation) => ({ kernel: 2, dilation, padding: "causal" as const }));
const edges = ["difference-x", "prewitt-x", "sobel-x", "laplace", "sharpen", "gaussian-3"] as const;

interface DocsPicture {
  readonly drawing: Drawing;
  /** Moving SVGs; the others stand still. */
  readonly moves?: boolean;
}

/** Every picture by its file name. */
export const svgPictures: Readonly<Record<string, DocsPicture>> = {
  "steps.svg": { drawing: stepPicture(padded), moves: true },
  "uncovered.svg": { drawing: stepPicture({ input: [6, 6], kernel: 3, stride: 2, padding: 1 }) },
  "dilation.svg": { drawing: stepPicture({ input: [7, 7], kernel: 3, dilation: 2 }) },
  "transposed.svg": { drawing: stepPicture(odd) },
  "channels.svg": { drawing: stepPicture({ input: [4, 4], kernel: 3, inChannels: 2, outChannels: 2 }) },
  "max-pooling.svg": { drawing: stepPicture({ kind: "max pooling", input: [6, 6], kernel: 3, stride: 2, padding: 1, ceilMode: true }) },
  "deformable.svg": { drawing: stepPicture({ kind: "deformable", input: [5, 5], kernel: 3 }) },
  "matrix.svg": { drawing: matrixPicture(planWindow({ input: [4, 4], kernel: 3, weights: [1, 2, 3, 4, 5, 6, 7, 8, 9] })), moves: true },
  "matrix-large.svg": { drawing: matrixPicture(planWindow({ input: [8, 8], kernel: 3, padding: 1 })) },
  "backward-input.svg": { drawing: stepPicture(backward.input) },
  "backward-kernel.svg": { drawing: stepPicture(backward.kernel) },
  "cone-forward.svg": { drawing: pyramidPicture({ input: 5, layers: [same], show: "forward" }) },
  "cone-dense.svg": {
    drawing: pyramidPicture({ input: 5, layers: [{ kernel: 5, dense: true }], show: "forward", title: "Dense, for comparison" }),
  },
  "cone-deep.svg": { drawing: pyramidPicture({ input: 9, layers: [same, same, same], show: "backward" }) },
  "cone-causal.svg": {
    drawing: pyramidPicture({
      input: 16,
      layers: causal,
      show: "backward",
      unit: 15,
      title: "Dilations 1, 2, 4, 8: sixteen inputs in four layers",
    }),
  },
  "sharing.svg": { drawing: pyramidPicture({ input: 5, layers: [same], show: "sharing" }) },
  "kernels.svg": {
    drawing: kernelTiles(
      edges.map((name) => classicKernels[name]),
      { title: "Classic kernels", perRow: 4 },
    ),
  },
};

/** Every picture as the text of its file. */
export function svgTexts(): [name: string, text: string][] {
  return Object.entries(svgPictures).map(([name, { drawing, moves = false }]) => [name, drawSvg(drawing, { animate: moves })]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(picturesFolder, { recursive: true });
  const charts = await chartTexts();
  for (const [name, text] of [...svgTexts(), ...charts]) await writeFile(join(picturesFolder, name), text);
  await writeFile(join(picturesFolder, "steps.gif"), await drawGif(svgPictures["steps.svg"].drawing));
  console.log(`${Object.keys(svgPictures).length + charts.length + 1} pictures in ${picturesFolder}`);
}
