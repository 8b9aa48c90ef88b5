// fovea dissect: what the units of layers stand for, measured against pictures in which every concept's pixels are known.
import type { CAC } from "cac";
import { joinPath, makeFolder, writeFileAtomically } from "#platform";
import type { Dataset } from "../data/dataset.ts";
import { type ConceptSet, syntheticConcepts } from "../lens/dissection/concepts.ts";
import { type Dissection, dissect } from "../lens/dissection/dissect.ts";
import { examples } from "../lens/examples.ts";
import type { Model } from "../nn/model.ts";
import { unitsByConcept, writeDissection } from "../report/dissection-page.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { proposal } from "../tensor/options.ts";
import { conceptFolder } from "./concept-folder.ts";
import { syntheticFor } from "./lens-data.ts";
import { addModelOptions, openAsTold } from "./model-options.ts";
import { listOption, type MachineOptions, machineOptions, numberOption, textOption } from "./options.ts";
import { progressBar, showCount, showDuration } from "./progress.ts";
import { fileName } from "./write-outputs.ts";

export function addDissectCommand(cli: CAC, signal: AbortSignal): void {
  const command = cli
    .command("dissect <model>", "Say which concepts the units of layers stand for")
    .option("--layer <names>", "Comma-separated layers; their values must be maps")
    .option("--data <name|folder>", "synthetic, or a folder of pictures and masks, laid out as below (default: synthetic)")
    .option("--pictures <n>", "At most so many pictures (default: 1000 synthetic ones, all of a folder)")
    .option("--share <p>", "Share of a unit's positions that count as active (default: 0.005)")
    .option("--least <p>", "Overlap from which on a unit stands for a concept (default: 0.04)")
    .option("--within-category", "Count a unit's activity only where the concept's category is, as published tables do")
    .option("--out <folder>", "Where a page and numbers for each layer go (default: dissected)")
    .option("--device <name>", "auto, wasm or reference (default: auto)")
    .option("--threads <n>", "Threads (default: all cores)");
  addModelOptions(command)
    .example("fovea dissect runs/synthetic-lenet-1 --layer relu1,relu2")
    .example("fovea dissect net.onnx --layer relu3 --data my-concepts/")
    .action((model: string, options: Readonly<Record<string, unknown>>) => runDissection(model, options, signal));
}

interface DissectionWish {
  readonly share: number;
  readonly leastOverlap: number;
  readonly withinCategory: boolean;
  readonly run: MachineOptions & { readonly signal: AbortSignal };
  readonly out: string;
}

interface Material {
  readonly concepts: ConceptSet;
  readonly pictures: Dataset;
  /** In words, for the page. */
  readonly title: string;
  readonly notes: readonly string[];
}

async function runDissection(given: string, options: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<void> {
  const wanted = listOption("layer", options.layer);
  const data = textOption("data", options.data) ?? "synthetic";
  const limit = numberOption("pictures", options.pictures, { min: 1, max: 100_000, integer: true });
  const wish: DissectionWish = {
    share: numberOption("share", options.share, { min: 0, max: 1 }) ?? 0.005,
    leastOverlap: numberOption("least", options.least, { min: 0, max: 1 }) ?? 0.04,
    withinCategory: options.withinCategory === true,
    run: { ...machineOptions(options), signal },
    out: textOption("out", options.out) ?? "dissected",
  };
  const opened = await openAsTold(given, options);
  const model = opened.model();
  const layers = chooseLayers(model, wanted);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const material = await openMaterial(model, data, limit, signal);
  for (const note of material.notes) say(note);
  const notes = [...(opened.trained ? [] : ["This net is untrained: its parameters are random."]), ...material.notes];
  const taken = new Set<string>();
  const done: string[] = [];
  try {
    for (const layer of layers) {
      const started = Date.now();
      const dissection = await dissectLayer(given, model, layer, fileName(layer, taken, ""), material, notes, wish);
      done.push(layer);
      process.stdout.write(`${layers.length > 1 ? `${layer}\n` : ""}${unitTable(dissection)}\n`);
      say(`${layer}: dissected in ${showDuration((Date.now() - started) / 1000)}`);
    }
  } catch (error) {
    if (signal.aborted) {
      const rest = layers.filter((layer) => !done.includes(layer));
      const kept = done.length === 0 ? "nothing was finished" : `${done.join(", ")} ${done.length === 1 ? "is" : "are"} in ${wish.out}`;
      say(`stopped; ${kept}. Go on with the same command and --layer ${rest.join(",")}`);
    }
    throw error;
  }
  say(`${layers.length === 1 ? "page and numbers are" : "a page and numbers for each layer are"} in ${wish.out}`);
}

function chooseLayers(model: Model, wanted: readonly string[] | undefined): readonly string[] {
  const { layers } = model.summary();
  const maps = layers.filter(({ outputShape: [, h = 1, w = 1] }) => h * w > 1).map(({ name }) => name);
  if (wanted === undefined) throw new ArgumentError(`say which layers by --layer: ${maps.join(", ")}`);
  const chosen = [...new Set(wanted)];
  // Known before the first layer takes its minutes.
  for (const name of chosen) {
    const found = layers.find((layer) => layer.name === name);
    if (found === undefined)
      throw new ArgumentError(`no layer is called "${name}"${proposal(name, maps)}; those with maps: ${maps.join(", ")}`);
    if (!maps.includes(name)) throw new ArgumentError(`"${name}" has one position; a dissection needs maps: ${maps.join(", ")}`);
  }
  return chosen;
}

async function openMaterial(model: Model, data: string, limit: number | undefined, signal: AbortSignal): Promise<Material> {
  if (data === "synthetic") {
    const { train } = await syntheticFor(model, limit ?? 1000);
    return { concepts: syntheticConcepts(train), pictures: train, title: `${showCount(train.size)} synthetic pictures`, notes: [] };
  }
  const bar = progressBar("pictures and masks");
  const { concepts, pictures, notes } = await conceptFolder(data, model, {
    limit,
    signal,
    onProgress: (done, total) => bar.update(done, total, `${done} of ${total}`),
  }).finally(bar.clear);
  const title = `the ${concepts.concepts.length === 1 ? "one concept" : `${concepts.concepts.length} concepts`} of ${data} in ${showCount(pictures.size)} pictures`;
  return { concepts, pictures, title, notes };
}

/** Writes the page and the numbers of one layer. When it is stopped among the pictures beside the units, what was measured is kept. */
async function dissectLayer(
  given: string,
  model: Model,
  layer: string,
  stem: string,
  { concepts, pictures, title }: Material,
  notes: readonly string[],
  { share, leastOverlap, withinCategory, run, out }: DissectionWish,
): Promise<Dissection> {
  const bar = progressBar("dissect");
  const dissection = await dissect(model, concepts, {
    ...run,
    layer,
    share,
    leastOverlap,
    withinCategory,
    onProgress: ({ done, total }) => bar.update(done, total, layer),
  }).finally(bar.clear);
  const write = async (found: Awaited<ReturnType<typeof examples>>): Promise<void> => {
    const page = writeDissection({
      model: given,
      concepts: title,
      dissection,
      share,
      leastOverlap,
      examples: new Map(found.map((unit) => [unit.channel, unit])),
      ...(model.preprocessing && { normalisation: model.preprocessing }),
      notes,
    });
    const { detectors, ...record } = dissection;
    const numbers = { model: given, data: title, pictures: pictures.size, share, leastOverlap, ...record, notes };
    await makeFolder(out);
    await writeFileAtomically(
      joinPath(out, `${stem}.json`),
      `${JSON.stringify({ ...numbers, detectors: Object.fromEntries(detectors) })}\n`,
    );
    await writeFileAtomically(joinPath(out, `${stem}.html`), page);
  };
  const channels = dissection.units.filter(({ concept }) => concept !== undefined).map(({ channel }) => channel);
  await write([]);
  if (channels.length === 0) return dissection;
  const found = await examples(model, pictures, {
    ...run,
    layer,
    channels,
    top: 6,
    onProgress: ({ done, total }) => bar.update(done, total, `${layer}, pictures beside the units`),
  }).finally(bar.clear);
  await write(found);
  return dissection;
}

/** One line per unit, by concept, for the terminal. */
function unitTable(dissection: Dissection): string {
  const { units } = dissection;
  const named = unitsByConcept(dissection).flatMap(([, own]) => own);
  const rest = units.filter(({ concept }) => concept === undefined);
  const line = (concept: string, channel: string, overlap: string, then: string): string =>
    `${concept.padEnd(26)}${channel.padStart(8)}${overlap.padStart(9)}  ${then}`.trimEnd();
  const number = (value: number | undefined): string => (value === undefined ? "undefined" : value.toFixed(3));
  return [
    line("concept", "channel", "overlap", "runner-up"),
    ...[...named, ...rest].map(({ concept, channel, threshold, overlaps: [best, second] }) =>
      line(
        concept ?? (threshold === undefined ? "no threshold: constant" : "none"),
        String(channel),
        threshold === undefined ? "–" : number(best?.overlap),
        threshold === undefined || second === undefined ? "" : `${second.concept} ${number(second.overlap)}`,
      ),
    ),
    `${named.length} of ${units.length} units stand for ${dissection.detectors.size} concepts`,
  ].join("\n");
}
