// fovea neurons: an atlas of what the units of a net respond to, one page per layer. Finished pages are kept when it is interrupted.
import type { CAC } from "cac";
import { isFile, joinPath, makeFolder, readText, writeFileAtomically } from "#platform";
import type { Dataset } from "../data/dataset.ts";
import { firstOf } from "../data/select.ts";
import { dataStatistics } from "../lens/data-statistics.ts";
import { examplesOfLayers } from "../lens/examples.ts";
import type { UnitExamples } from "../lens/records.ts";
import type { Model } from "../nn/model.ts";
import type { LayerSummary } from "../nn/summary.ts";
import {
  type AtlasEntry,
  type AtlasUnit,
  orientationSelectivity,
  preferredGrating,
  writeAtlasIndex,
  writeAtlasPage,
} from "../report/atlas.ts";
import { show } from "../report/range.ts";
import { ArgumentError, ModelFormatError } from "../tensor/errors.ts";
import { proposal } from "../tensor/options.ts";
import { type AtlasWish, atlasUnits } from "./atlas-units.ts";
import { datasetFor, datasetOfRun } from "./lens-data.ts";
import { addModelOptions, openAsTold } from "./model-options.ts";
import { listOption, machineOptions, numberOption, textOption } from "./options.ts";
import { progressBar, showCount, showDuration } from "./progress.ts";
import { unitStore } from "./unit-store.ts";

export function addNeuronsCommand(cli: CAC, signal: AbortSignal): void {
  const command = cli
    .command("neurons <model>", "Draw an atlas of what the units of a net respond to, a page per layer")
    .option("--layer <names>", "Comma-separated (default: every convolution and dense layer)")
    .option(
      "--data <name|folder>",
      "mnist, fashion-mnist, synthetic or a folder, of classes or just of pictures (default: what the run was trained on)",
    )
    .option("--out <folder>", "Where the pages go (default: atlas)")
    .option("--resume", "Go on with an atlas that was interrupted")
    .option("--units <n>", "At most so many units per layer (default: 64)")
    .option("--top <n>", "Pictures per unit (default: 9)")
    .option("--steps <n>", "Steps of gradient ascent towards what a unit wants (default: 256)")
    .option("--limit <n>", "Use only the first so many pictures of the data")
    .option("--seed <n>", "Seed of everything random (default: 0)")
    .option("--device <name>", "auto, wasm or reference (default: auto)")
    .option("--threads <n>", "Threads (default: all cores)");
  addModelOptions(command)
    .example("fovea neurons runs/mnist-lenet-1")
    .example("fovea neurons runs/mnist-lenet-1 --layer conv2 --limit 10000 --out conv2")
    .action((model: string, options: Readonly<Record<string, unknown>>) => neurons(model, options, signal));
}

/** What an atlas is of; an interrupted one goes on with the same only. */
interface AtlasSettings {
  readonly model: string;
  readonly data: string;
  readonly limit: number | null;
  readonly units: number;
  readonly top: number;
  readonly steps: number;
  readonly seed: number;
}

async function neurons(given: string, options: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<void> {
  const count = (name: string, value: unknown): number | undefined => numberOption(name, value, { min: 1, integer: true });
  const wanted = listOption("layer", options.layer);
  const out = textOption("out", options.out) ?? "atlas";
  const data = textOption("data", options.data) ?? (await datasetOfRun(given));
  if (data === undefined) throw new ArgumentError("say which pictures the units shall see: --data mnist, or a folder");
  const settings: AtlasSettings = {
    model: given,
    data,
    limit: count("limit", options.limit) ?? null,
    units: count("units", options.units) ?? 64,
    top: count("top", options.top) ?? 9,
    steps: numberOption("steps", options.steps, { min: 0, integer: true }) ?? 256,
    seed: numberOption("seed", options.seed, { integer: true }) ?? 0,
  };
  const machine = machineOptions(options);
  const opened = await openAsTold(given, options);
  const model = opened.model();
  const { layers } = model.summary();
  const chosen = chooseLayers(layers, wanted);
  await claimFolder(out, settings, options.resume === true);
  const all = (await datasetFor(model, data)).train;
  const dataset = settings.limit === null || settings.limit >= all.size ? all : firstOf(all, settings.limit);

  const files = pageNames(layers);
  const recordOf = (name: string): string => joinPath(out, `${files.get(name)}.json`);
  const done = new Map<string, AtlasEntry>();
  for (const { name } of chosen) {
    const record = await readRecord(recordOf(name));
    if (record !== undefined) done.set(name, record);
  }
  const pending = chosen.filter(({ name }) => !done.has(name));
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  say(
    `${opened.title}: ${chosen.length === 1 ? "one layer" : `${chosen.length} layers`}${done.size > 0 ? `, ${done.size === 1 ? "one" : done.size} of them done already` : ""}; ${showCount(dataset.size)} pictures of ${dataset.name}`,
  );
  const statistics = dataStatistics(dataset, { pictures: statisticsSize(dataset) });
  const wish: AtlasWish = { steps: settings.steps, seed: settings.seed, statistics, machine, signal };
  const notes = opened.trained ? [] : ["This net is untrained: its parameters are random."];
  const writeIndex = (): Promise<void> =>
    writeFileAtomically(
      joinPath(out, "index.html"),
      writeAtlasIndex({
        model: given,
        dataset: datasetWords(dataset),
        entries: chosen.flatMap(({ name }) => done.get(name) ?? []),
        pending: chosen.flatMap(({ name }) => (done.has(name) ? [] : [name])),
        dataSlope: statistics.slope,
        notes,
      }),
    );
  try {
    const examples = await bestPictures(model, dataset, pending, settings, wish);
    for (const layer of pending) {
      const started = Date.now();
      const bar = progressBar(layer.name);
      const store = unitStore(joinPath(out, `${files.get(layer.name)}.part`));
      const own = (examples.get(layer.name) ?? []).slice(0, settings.units);
      const units = await atlasUnits(model, layer.name, own, wish, store, (stage, part, total) => bar.update(part, total, stage)).finally(
        bar.clear,
      );
      const at = chosen.indexOf(layer);
      const link = (neighbour: LayerSummary | undefined) =>
        neighbour && { layer: neighbour.name, file: `${files.get(neighbour.name)}.html` };
      const [previous, next] = [link(chosen[at - 1]), link(chosen[at + 1])];
      const page = writeAtlasPage({
        layer: layer.name,
        kind: layer.kind,
        field: fieldWords(layer),
        model: given,
        dataset: datasetWords(dataset),
        ...(model.preprocessing && { normalisation: model.preprocessing }),
        dataSlope: statistics.slope,
        units,
        total: layer.outputShape[0],
        ...(previous && { previous }),
        ...(next && { next }),
        notes,
      });
      const entry = entryOf(layer, `${files.get(layer.name)}.html`, units);
      await writeFileAtomically(joinPath(out, entry.file), page);
      // The record comes last: a page with a record is a finished page.
      await writeFileAtomically(recordOf(layer.name), `${JSON.stringify({ ...entry, numbers: units.map(plainUnit) })}\n`);
      await store.clear();
      done.set(layer.name, entry);
      await writeIndex();
      bar.finish(
        `${layer.name}: ${units.length} units in ${showDuration((Date.now() - started) / 1000)}${strengthWords(entry, statistics.slope)}`,
      );
    }
    await writeIndex();
  } catch (error) {
    if (signal.aborted) {
      await writeIndex();
      say(`stopped; ${done.size} of ${chosen.length} pages are finished, in ${out}. Go on with the same command and --resume`);
    }
    throw error;
  }
  say(`the atlas begins at ${joinPath(out, "index.html")}`);
}

function chooseLayers(layers: readonly LayerSummary[], wanted: readonly string[] | undefined): readonly LayerSummary[] {
  if (wanted === undefined) {
    const weighted = layers.filter(
      ({ kind, outputShape }) => /^(conv|linear|dense|locally)/.test(kind) && [1, 3].includes(outputShape.length),
    );
    if (weighted.length > 0) return weighted;
    throw new ArgumentError(
      `there is no convolution and no dense layer; say which layer by --layer: ${layers.map((l) => l.name).join(", ")}`,
    );
  }
  return [...new Set(wanted)].map((name) => {
    const found = layers.find((l) => l.name === name);
    if (found !== undefined) return found;
    const names = layers.map((l) => l.name);
    throw new ArgumentError(`no layer is called "${name}"${proposal(name, names)}; there are ${names.join(", ")}`);
  });
}

/** Pages in the order of the layers, with names that every file system takes and tells apart. */
function pageNames(layers: readonly LayerSummary[]): ReadonlyMap<string, string> {
  const digits = String(layers.length).length;
  return new Map(
    layers.map(({ name }, i) => [name, `${String(i + 1).padStart(digits, "0")}-${name.replace(/[^A-Za-z0-9_.-]+/g, "-").slice(0, 80)}`]),
  );
}

/** An atlas is never written over, and never goes on with other settings. */
async function claimFolder(out: string, settings: AtlasSettings, resume: boolean): Promise<void> {
  const file = joinPath(out, "atlas.json");
  const exists = await isFile(file);
  if (exists && !resume) throw new ArgumentError(`${out} already holds an atlas; go on with it by --resume, or choose another --out`);
  if (!exists) {
    if (resume) throw new ArgumentError(`${out} holds no atlas to go on with: there is no ${file}`);
    await makeFolder(out);
    await writeFileAtomically(file, `${JSON.stringify(settings)}\n`);
    return;
  }
  const stored = parseJson(await readText(file), file) as Record<string, unknown>;
  const changed = Object.entries(settings).find(([key, value]) => stored[key] !== value);
  if (changed !== undefined) {
    throw new ArgumentError(
      `${out} was begun with ${changed[0]} ${String(stored[changed[0]])}, not ${String(changed[1])}; resume it with the same options`,
    );
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ModelFormatError(`${file} is not JSON`, { cause });
  }
}

async function readRecord(file: string): Promise<AtlasEntry | undefined> {
  if (!(await isFile(file))) return undefined;
  const { numbers: _numbers, ...entry } = parseJson(await readText(file), file) as AtlasEntry & { numbers: unknown };
  return entry;
}

/** One pass over the data for all layers that are still to be drawn. */
async function bestPictures(
  model: Model,
  dataset: Dataset,
  layers: readonly LayerSummary[],
  { top, seed }: AtlasSettings,
  { machine, signal }: AtlasWish,
): Promise<Map<string, UnitExamples[]>> {
  if (layers.length === 0) return new Map();
  const bar = progressBar("pictures");
  try {
    return await examplesOfLayers(model, dataset, {
      layers: layers.map(({ name }) => name),
      top,
      seed,
      ...machine,
      signal,
      onProgress: ({ done, total }) => bar.update(done, total, `${showCount(done)} of ${showCount(total)} seen by all units`),
    });
  } finally {
    bar.clear();
  }
}

function entryOf(layer: LayerSummary, file: string, units: readonly AtlasUnit[]): AtlasEntry {
  const { name, kind, outputShape } = layer;
  const slope = median(units.flatMap(({ maximised }) => maximised?.spectralSlope ?? []).filter(Number.isFinite));
  return {
    layer: name,
    file,
    kind,
    field: fieldWords(layer),
    units: units.length,
    total: outputShape[0],
    silent: units.filter(({ examples }) => !(examples.best > 0)).length,
    ratio: median(
      units.flatMap(({ maximised, examples: { best } }) => (maximised !== undefined && best > 0 ? [maximised.activation / best] : [])),
    ),
    ...(slope !== undefined && { slope }),
  };
}

function median(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** How strong and how natural the climbed inputs of a layer are, for the terminal. */
function strengthWords({ ratio, slope }: AtlasEntry, dataSlope: number): string {
  return [
    ratio === undefined ? "" : `; reached / best picture ${show(ratio)}`,
    slope === undefined ? "" : `; spectral slope ${show(slope)} (data ${show(dataSlope)})`,
  ].join("");
}

/** Spectra of large pictures take long, and a few of them say enough. */
function statisticsSize({ imageShape: [, height, width] }: Dataset): number {
  return Math.min(500, Math.max(50, Math.round(400_000 / (height * width))));
}

function plainUnit({ examples: { channel, best, top, warnings }, maximised, tuning, ablation }: AtlasUnit): object {
  const preferred = tuning && preferredGrating(tuning);
  return {
    channel,
    reached: maximised?.activation,
    best,
    ...(maximised && best > 0 && { ratio: maximised.activation / best }),
    ...(maximised && { range: maximised.range, slope: maximised.spectralSlope }),
    pictures: top.map(({ index, activation, position }) => ({ index, activation, position })),
    ...(tuning &&
      preferred && {
        tuning: {
          orientation: preferred.orientation,
          wavelength: preferred.wavelength,
          answer: preferred.answer,
          selectivity: orientationSelectivity(tuning),
          answers: tuning.answers,
        },
      }),
    ...(ablation && { ablation }),
    warnings,
  };
}

function fieldWords({ field: { status, axes } }: LayerSummary): string {
  if (status !== "exact" && status !== "upper bound") return status;
  const size = axes.map((a) => a.size).join(" × ");
  return status === "exact" ? size : `at most ${size}`;
}

const datasetWords = (dataset: Dataset): string => `${dataset.name}, ${showCount(dataset.size)} pictures`;
