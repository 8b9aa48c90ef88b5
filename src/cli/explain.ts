// fovea explain: what a model says to a picture and which pixels it says it for, as a page, as pictures and as raw numbers.

import type { CAC } from "cac";
import { baseName, joinPath, makeFolder, readFile, writeFileAtomically } from "#platform";
import { decodeImage } from "../io/image.ts";
import { describePreprocessing, preparePicture } from "../io/prepare.ts";
import { attribute, attributionMethods } from "../lens/attribute.ts";
import type { Attribution } from "../lens/records.ts";
import type { Target } from "../lens/target.ts";
import type { Model } from "../nn/model.ts";
import { type ExplainedPicture, paintAttribution, writeExplanation } from "../report/explanation.ts";
import { rasterToPng } from "../report/raster.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { predict } from "../train/evaluate.ts";
import { addModelOptions, openAsTold } from "./model-options.ts";
import { listOption, type MachineOptions, machineOptions, numberOption, textOption } from "./options.ts";
import { progressBar, showPercent } from "./progress.ts";

export function addExplainCommand(cli: CAC, signal: AbortSignal): void {
  addModelOptions(cli.command("explain <model> [...pictures]", "Say what a model sees in pictures, and which pixels it says it for"))
    .option("--method <names>", `Comma-separated: ${attributionMethods.join(", ")} (default: gradient,guided,deconvnet)`)
    .option("--class <name|index>", "The class to explain (default: the most probable one)")
    .option("--layer <name>", "Explain a layer's channel instead of a class")
    .option("--channel <n>", "Which channel of --layer, at its strongest position")
    .option("--out <folder>", "Where page, pictures and numbers go (default: explained)")
    .option("--seed <n>", "Seed of the noise of smoothGrad and its kin (default: 0)")
    .option("--device <name>", "auto, wasm or reference (default: auto)")
    .option("--threads <n>", "Threads (default: all cores)")
    .example("fovea explain runs/mnist-lenet-1 seven.png")
    .example("fovea explain runs/mnist-lenet-1 seven.png --class 1 --method guided,integratedGradients")
    .action((model: string, pictures: readonly string[], options: Readonly<Record<string, unknown>>) =>
      explain(model, pictures, options, signal),
    );
}

interface Wish {
  readonly methods: readonly (typeof attributionMethods)[number][];
  readonly target: Target | undefined;
  readonly seed: number;
  readonly machine: MachineOptions;
  readonly signal: AbortSignal;
}

async function explain(
  given: string,
  files: readonly string[],
  options: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<void> {
  const wish: Wish = {
    methods: listOption("method", options.method, attributionMethods) ?? ["gradient", "guided", "deconvnet"],
    target: readTarget(options),
    seed: numberOption("seed", options.seed, { integer: true }) ?? 0,
    machine: machineOptions(options),
    signal,
  };
  const out = textOption("out", options.out) ?? "explained";
  if (files.length === 0) throw new ArgumentError("explain needs at least one picture (PNG or JPEG)");
  const opened = await openAsTold(String(given), options);
  const { trained } = opened;
  const model = opened.model();
  const preprocessing = describePreprocessing(model);
  process.stderr.write(`pictures are brought into the net's form: ${preprocessing}\n`);
  const bar = progressBar("explain");
  const pictures: ExplainedPicture[] = [];
  try {
    for (const file of files) {
      signal.throwIfAborted();
      const image = preparePicture(decodeImage(await readFile(file), { name: file }), model);
      pictures.push(await explainPicture(model, file, image, wish));
      bar.update(pictures.length, files.length, baseName(file));
    }
  } finally {
    bar.clear();
  }
  const page = writeExplanation({
    title: files.length === 1 ? baseName(files[0]) : `${files.length} pictures`,
    model: given,
    preprocessing,
    normalisation: model.preprocessing,
    pictures,
    notes: trained ? [] : ["This net is untrained: its parameters are random."],
  });
  await writeResults(out, pictures, page);
  for (const { name, classes } of pictures) {
    process.stdout.write(`${name}: ${classes.map((c) => `${c.name} ${showPercent(c.probability)}`).join(", ")}\n`);
  }
  process.stderr.write(`page, maps and numbers are in ${out}\n`);
}

function readTarget(options: Readonly<Record<string, unknown>>): Target | undefined {
  const wanted = textOption("class", options.class);
  const layer = textOption("layer", options.layer);
  const channel = numberOption("channel", options.channel, { min: 0, integer: true });
  if (wanted !== undefined && layer !== undefined) throw new ArgumentError("--class and --layer exclude each other: one target at a time");
  if ((layer === undefined) !== (channel === undefined))
    throw new ArgumentError("--layer and --channel belong together: a channel of a layer");
  return layer === undefined || channel === undefined ? (wanted === undefined ? undefined : { class: wanted }) : { layer, channel };
}

async function explainPicture(model: Model, file: string, image: Parameters<typeof attribute>[1], wish: Wish): Promise<ExplainedPicture> {
  const { probabilities, names } = await predict(model, image, wish.machine);
  const ranked = Array.from(probabilities.data, (probability, index) => ({
    index,
    name: names === undefined ? String(index) : classNames(model)[index],
    probability,
  }));
  ranked.sort((a, b) => b.probability - a.probability || a.index - b.index);
  const target = wish.target === undefined ? { class: ranked[0].index } : classTarget(model, wish.target);
  const maps: Attribution[] = [];
  for (const method of wish.methods) {
    maps.push(await attribute(model, image, { ...target, method, seed: wish.seed, ...wish.machine, signal: wish.signal }));
  }
  return { name: file, image, classes: ranked.slice(0, 5), maps };
}

const classNames = (model: Model): readonly string[] => model.classes ?? [];

/** A class may be given by name or, where no class is called so, by number. */
function classTarget(model: Model, target: Target): Target {
  if (typeof target.class !== "string" || classNames(model).includes(target.class)) return target;
  return /^\d+$/.test(target.class) ? { class: Number(target.class) } : target;
}

async function writeResults(folder: string, pictures: readonly ExplainedPicture[], page: string): Promise<void> {
  await makeFolder(folder);
  const taken = new Set<string>();
  const records: object[] = [];
  for (const { name, classes, maps } of pictures) {
    const stem = uniqueName(baseName(name).replace(/\.[^.]*$/, ""), taken);
    for (const map of maps) {
      await writeFileAtomically(joinPath(folder, `${stem}-${map.method}.png`), rasterToPng(paintAttribution(map).raster));
    }
    records.push({
      picture: name,
      classes,
      maps: maps.map(({ map, ...rest }) => ({
        ...rest,
        file: `${stem}-${rest.method}.png`,
        shape: map.shape,
        values: Array.from(map.data),
      })),
    });
  }
  await writeFileAtomically(joinPath(folder, "explanation.json"), `${JSON.stringify(records)}\n`);
  await writeFileAtomically(joinPath(folder, "explanation.html"), page);
}

/** Two pictures of the same name in different folders must not overwrite each other's maps. */
function uniqueName(stem: string, taken: Set<string>): string {
  let name = stem;
  for (let n = 2; taken.has(name); n++) name = `${stem}-${n}`;
  taken.add(name);
  return name;
}
