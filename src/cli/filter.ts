// fovea filter: a picture through kernels of one's choice - edges by default - as PNG files with their raw ranges, and all of them side by
// side on one page.
import type { CAC } from "cac";
import { baseName, joinPath, makeFolder, readFile, writeFileAtomically } from "#platform";
import { type ClassicKernelName, classicKernel, classicKernels } from "../arithmetic/kernels.ts";
import { decodeImage } from "../io/image.ts";
import { pictureToTensor } from "../io/picture.ts";
import { writeFilterPage } from "../report/convolution/filter-page.ts";
import { type FilteredPicture, filterPicture, type PictureFilter, paintResponse } from "../report/convolution/filters.ts";
import { show } from "../report/range.ts";
import { rasterToPng } from "../report/raster.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { textOption } from "./options.ts";
import { parseMatrix } from "./window-options.ts";

/** The edge detectors of a first lesson: every pair looks along both axes. */
const edges: readonly ClassicKernelName[] = ["difference-x", "difference-y", "prewitt-x", "prewitt-y", "sobel-x", "sobel-y", "laplace"];

export function addFilterCommand(cli: CAC, signal: AbortSignal): void {
  cli
    .command("filter <picture>", "Convolve a picture with kernels: edge detection side by side, or kernels of your own")
    .option(
      "--kernel <name|numbers>",
      `Repeatable: all-edges, all, "1 0 -1; 2 0 -2; 1 0 -1", or ${Object.keys(classicKernels).join(", ")} (default: all-edges)`,
    )
    .option("--grey", "Filter brightness instead of red, green and blue one by one (default with all-edges)")
    .option("--flip", "True convolution: turn the kernel by 180 degrees first")
    .option("--out <folder>", "Where pictures, numbers and page go (default: filtered)")
    .example("fovea filter dog.jpg")
    .example('fovea filter dog.jpg --kernel sobel-x --kernel "1 1 1; 1 1 1; 1 1 1" --grey')
    .action((picture: string, options: Readonly<Record<string, unknown>>) => filter(String(picture), options, signal));
}

async function filter(file: string, options: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<void> {
  const given = options.kernel === undefined ? ["all-edges"] : Array.isArray(options.kernel) ? options.kernel : [options.kernel];
  const filters = uniquelyNamed(given.flatMap(readFilter));
  const out = textOption("out", options.out) ?? "filtered";
  const grey = options.grey === true || (options.grey === undefined && given.includes("all-edges"));
  const decoded = decodeImage(await readFile(file), { name: file });
  const image = pictureToTensor(decoded, grey ? { channels: 1 } : {});
  const results: FilteredPicture[] = [];
  for (const one of filters) {
    signal.throwIfAborted();
    results.push(filterPicture(image, one, { flipKernel: options.flip === true }));
  }
  await makeFolder(out);
  const stem = baseName(file).replace(/\.[^.]*$/, "");
  const width = Math.max(...filters.map((f) => f.name.length));
  process.stdout.write(`${"kernel".padEnd(width)}  ${"least".padStart(9)} ${"greatest".padStart(9)} ${"mean |r|".padStart(9)}  file\n`);
  const records: object[] = [];
  for (const result of results) {
    const { filter: one, range, meanSize } = result;
    const name = `${stem}-${one.name}.png`;
    await writeFileAtomically(joinPath(out, name), rasterToPng(paintResponse(result)));
    const numbers = [range.low, range.high, meanSize].map((v) => show(v).padStart(9)).join(" ");
    process.stdout.write(`${one.name.padEnd(width)}  ${numbers}  ${joinPath(out, name)}\n`);
    records.push({ kernel: one.name, matrix: one.matrix, ...range, meanSize, file: name });
  }
  const [channels, height, columns] = image.shape;
  const settings = { picture: file, channels, height, width: columns, flipKernel: options.flip === true };
  await writeFileAtomically(joinPath(out, `${stem}-filters.json`), `${JSON.stringify({ ...settings, filters: records }, null, 2)}\n`);
  const page = joinPath(out, `${stem}-filters.html`);
  await writeFileAtomically(page, writeFilterPage({ name: baseName(file), image, results, flipped: options.flip === true }));
  process.stderr.write(`pixels count 0 to 1; beyond the border the picture repeats its edge\nall side by side: ${page}\n`);
}

function readFilter(given: unknown, index: number): PictureFilter[] {
  const text = textOption("kernel", given) ?? "";
  if (text === "all-edges") return edges.map(classicKernel);
  if (text === "all") return Object.values(classicKernels);
  if (Object.hasOwn(classicKernels, text)) return [classicKernel(text)];
  if (/^[a-z]/i.test(text))
    throw new ArgumentError(`--kernel is ${text}; expected all-edges, all, numbers, or one of ${Object.keys(classicKernels).join(", ")}`);
  const matrix = parseMatrix("kernel", text);
  // A kernel that sums to 0 answers to differences and has no brightness of its own; any other gives a picture again.
  const sum = matrix.flat().reduce((a, b) => a + b, 0);
  return [{ name: `kernel-${index + 1}`, description: "given as numbers", matrix, signed: Math.abs(sum) < 1e-9 }];
}

/** A kernel that is named twice is used once. */
function uniquelyNamed(filters: readonly PictureFilter[]): PictureFilter[] {
  const seen = new Set<string>();
  return filters.filter(({ name }) => !seen.has(name) && seen.add(name));
}
