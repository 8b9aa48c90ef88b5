// fovea dissect: what the units of a layer stand for, measured against pictures in which every concept's pixels are known.
import type { CAC } from "cac";
import { joinPath, makeFolder, writeFileAtomically } from "#platform";
import { syntheticConcepts } from "../lens/dissection/concepts.ts";
import { type Dissection, dissect } from "../lens/dissection/dissect.ts";
import { examples } from "../lens/examples.ts";
import { unitsByConcept, writeDissection } from "../report/dissection-page.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { syntheticFor } from "./lens-data.ts";
import { addModelOptions, openAsTold } from "./model-options.ts";
import { choiceOption, machineOptions, numberOption, textOption } from "./options.ts";
import { progressBar } from "./progress.ts";

export function addDissectCommand(cli: CAC, signal: AbortSignal): void {
  const command = cli
    .command("dissect <model>", "Say which concepts the units of a layer stand for")
    .option("--layer <name>", "The layer; its values must be maps")
    .option("--data <name>", "synthetic, whose concepts are known to the pixel (default: synthetic)")
    .option("--pictures <n>", "How many pictures (default: 1000)")
    .option("--share <p>", "Share of a unit's positions that count as active (default: 0.005)")
    .option("--least <p>", "Overlap from which on a unit stands for a concept (default: 0.04)")
    .option("--within-category", "Count a unit's activity only where the concept's category is, as published tables do")
    .option("--out <folder>", "Where page and numbers go (default: dissected)")
    .option("--device <name>", "auto, wasm or reference (default: auto)")
    .option("--threads <n>", "Threads (default: all cores)");
  addModelOptions(command)
    .example("fovea dissect runs/synthetic-lenet-1 --layer relu2")
    .action((model: string, options: Readonly<Record<string, unknown>>) => runDissection(model, options, signal));
}

async function runDissection(given: string, options: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<void> {
  const layer = textOption("layer", options.layer);
  choiceOption("data", options.data, ["synthetic"]);
  const pictures = numberOption("pictures", options.pictures, { min: 1, max: 100_000, integer: true }) ?? 1000;
  const share = numberOption("share", options.share, { min: 0, max: 1 });
  const leastOverlap = numberOption("least", options.least, { min: 0, max: 1 });
  const out = textOption("out", options.out) ?? "dissected";
  const run = { ...machineOptions(options), signal };
  const opened = await openAsTold(given, options);
  const model = opened.model();
  if (layer === undefined) {
    const maps = model.summary().layers.filter(({ outputShape: [, h = 1, w = 1] }) => h * w > 1);
    throw new ArgumentError(`say which layer by --layer: ${maps.map(({ name }) => name).join(", ")}`);
  }
  const { train } = await syntheticFor(model, pictures);
  const bar = progressBar("dissect");
  let dissection: Dissection;
  try {
    dissection = await dissect(model, syntheticConcepts(train), {
      ...run,
      layer,
      ...(share !== undefined && { share }),
      ...(leastOverlap !== undefined && { leastOverlap }),
      withinCategory: options.withinCategory === true,
      onProgress: ({ done, total }) => bar.update(done, total, layer),
    });
  } finally {
    bar.clear();
  }
  const channels = dissection.units.filter(({ concept }) => concept !== undefined).map(({ channel }) => channel);
  const found = channels.length === 0 ? [] : await examples(model, train, { ...run, layer, channels, top: 6 });
  const page = writeDissection({
    model: given,
    concepts: `${pictures} synthetic pictures`,
    dissection,
    examples: new Map(found.map((unit) => [unit.channel, unit])),
    ...(model.preprocessing && { normalisation: model.preprocessing }),
    notes: opened.trained ? [] : ["This net is untrained: its parameters are random."],
  });
  const { detectors, ...record } = dissection;
  await makeFolder(out);
  await writeFileAtomically(
    joinPath(out, "dissection.json"),
    `${JSON.stringify({ model: given, pictures, ...record, detectors: Object.fromEntries(detectors) })}\n`,
  );
  await writeFileAtomically(joinPath(out, "dissection.html"), page);
  process.stdout.write(`${unitTable(dissection)}\n`);
  process.stderr.write(`page and numbers are in ${out}\n`);
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
