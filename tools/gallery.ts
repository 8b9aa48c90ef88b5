// Makes docs/gallery: what eight methods say about SqueezeNet's answers to five photographs, as small pictures and tables of scores. The paragraphs in
// between are written by people who looked. Needs the network and the photographs, which are not in this repository; without them it says so.
//   npx tsx tools/gallery.ts [folder with models/ and images/ [names of pictures]]
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runAttributions } from "../src/cli/attribution-run.ts";
import { decodeImage, openOnnx, preparePicture, preprocessingProfile } from "../src/io/index.ts";
import type { AttributionMethod } from "../src/lens/index.ts";
import { isSigned, methodInWords, overlay, paintMap } from "../src/report/attribution-picture.ts";
import { comparisonRows, photograph, type Raster, rasterToPng, sheet } from "../src/report/index.ts";

const shared = process.argv[2] ?? "/work/shared";
const gallery = new URL("../docs/gallery/", import.meta.url).pathname;
const names = process.argv.length > 3 ? process.argv.slice(3) : ["eagle", "china", "dog", "flower", "rocket"];
const methods: readonly AttributionMethod[] = ["gradient", "integratedGradients", "guided", "gradCam", "lrp", "occlusion", "edges"];

const coarse = (value: number): number => Math.min(255, 4 * Math.round(value / 4));

/** A smaller picture of `size` pixels each way: means over the pixels that fall into each. */
function shrunk({ width, height, data }: Raster, size: number): Raster {
  const out = new Uint8Array(4 * size * size);
  const span = (i: number, from: number): readonly [number, number] => [Math.floor((i * from) / size), Math.ceil(((i + 1) * from) / size)];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [[top, bottom], [left, right]] = [span(y, height), span(x, width)];
      for (let c = 0; c < 4; c++) {
        let sum = 0;
        for (let i = top; i < bottom; i++) for (let j = left; j < right; j++) sum += data[4 * (i * width + j) + c];
        // Six bits of each colour: no eye sees the difference, the file does.
        out[4 * (y * size + x) + c] = coarse(sum / ((bottom - top) * (right - left)));
      }
    }
  }
  return { width: size, height: size, data: out };
}

const number = (value: number | undefined): string => (value === undefined ? "–" : value.toFixed(3));

/** `table` in the place between the marks `<!-- name -->` and `<!-- end -->`. */
function withTable(text: string, name: string, table: string): string {
  const start = `<!-- ${name} -->`;
  if (!text.includes(start)) return `${text}\n## ${name}\n\n![${name}](${name}.png)\n\n${start}\n${table}\n<!-- end -->\n`;
  const from = text.indexOf(start) + start.length;
  return `${text.slice(0, from)}\n${table}\n${text.slice(text.indexOf("<!-- end -->", from))}`;
}

const network = join(shared, "models/squeezenet1.1-fp16.onnx");
if (!existsSync(network)) {
  console.log(`skipped: ${network} is not there`);
  process.exit(0);
}
const classes = JSON.parse(await readFile(join(shared, "models/imagenet-classes.json"), "utf8")) as string[];
const model = (await openOnnx(network)).model({ classes, preprocessing: preprocessingProfile("caffe") });
await mkdir(gallery, { recursive: true });
const page = join(gallery, "README.md");
let text = existsSync(page) ? await readFile(page, "utf8") : "# Gallery\n";
for (const name of names) {
  const file = join(shared, `images/${name}.jpg`);
  const image = preparePicture(decodeImage(await readFile(file), { name: file }), model);
  const { pictures } = await runAttributions(
    model,
    [{ name, image }],
    {
      methods,
      tolerant: false,
      target: undefined,
      at: undefined,
      sets: new Map([["occlusion", { window: 32, stride: 16 }]]),
      seed: 0,
      trust: 16 * 224,
      sanity: "whole",
      machine: {},
      signal: new AbortController().signal,
    },
    { update: () => {}, finish: () => {}, clear: () => {} },
  );
  const normalisation = model.preprocessing;
  const tiles = pictures[0].maps.map(({ attribution: { map, method } }) => {
    const painted = paintMap(map, isSigned(method));
    // Coarse maps need the picture beneath them, fine ones are drawn alone.
    return ["gradCam", "occlusion"].includes(method) ? overlay(image, map, painted, normalisation) : painted.raster;
  });
  const png = rasterToPng(
    sheet(
      [photograph(image, normalisation), ...tiles].map((raster) => shrunk(raster, 92)),
      { columns: 4, gap: 5 },
    ),
  );
  await writeFile(join(gallery, `${name}.png`), png);
  const [best, second] = pictures[0].classes;
  const lines = comparisonRows(pictures).map(({ method, cells: [cell] }) => {
    const { faithfulness, forgotten } = cell ?? {};
    return `| ${methodInWords(method).title} | ${number(faithfulness?.deletion.area)} | ${number(faithfulness?.insertion.area)} | ${number(forgotten?.spearmanAbsolute)} |`;
  });
  const said = `The net says ${best.name} (${(100 * best.probability).toFixed(1)} %), then ${second.name} (${(100 * second.probability).toFixed(1)} %).`;
  text = withTable(
    text,
    name,
    [said, "", "| method | deletion ↓ | insertion ↑ | ρ, weights forgotten |", "|---|---|---|---|", ...lines].join("\n"),
  );
  await writeFile(page, text);
  console.log(`${name}: ${(png.length / 1024).toFixed(0)} kB. ${said}`);
}
