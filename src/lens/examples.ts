// The pictures of a data set that excite the units of a net most (least, at random, at every strength), and the part of each that the unit
// saw. One pass over the data serves all channels of all layers.
// Zeiler and Fergus 2014, section 3; ordered by relevance: Achtibat et al. 2023; the crop's arithmetic: Araujo, Norris and Sim, Distill 2019.
import { breather } from "#platform";
import { type Dataset, expectDataset } from "../data/dataset.ts";
import { expectModel, type Model } from "../nn/model.ts";
import { ArgumentError, DataError } from "../tensor/errors.ts";
import { expectList } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { enlarge } from "./attribution/enlarge.ts";
import { usualBatch } from "./batch.ts";
import { cropBox, type UnitField, unitBox } from "./crop.ts";
import { mapReader } from "./examples/maps.ts";
import { type LayerPeaks, peakProgram, type RankedBy } from "./examples/peaks.ts";
import { drawIndices, type Hit, Population, Ranking } from "./examples/ranking.ts";
import type { Example, UnitExamples } from "./records.ts";
import { type RunOptions, runOptionNames } from "./run.ts";
import type { TargetLayer } from "./target.ts";

export type { RankedBy } from "./examples/peaks.ts";

interface SelectionOptions extends RunOptions {
  /** How many of the strongest pictures per channel (default 9). */
  readonly top?: number;
  /** How many of the pictures on which the unit's smallest value is lowest (default 0). */
  readonly lowest?: number;
  /** How many pictures drawn at random, the same for all channels (default 0). */
  readonly random?: number;
  /** How many pictures at even distances down the whole ranking: one per quantile (default 0). */
  readonly quantiles?: number;
  /** Each picture once, at its strongest position (default); false ranks positions, so that one picture may fill the list. */
  readonly onePerImage?: boolean;
  /**
   * "relevance" orders by the unit's share in the logit that wins on the picture (value · gradient) instead of by its value; `activation`
   * then is that share.
   */
  readonly by?: RankedBy;
  /** Adds to every example a mask of where the unit's enlarged map is above this share of its best activation, e.g. 0.5 (default: none). */
  readonly maskAt?: number;
  /** Of the random pictures (default 0). */
  readonly seed?: number;
  /** Pictures per run (default 64; fewer of large ones, five of 224 x 224). */
  readonly batchSize?: number;
}

const selectionNames = [
  ...runOptionNames,
  "top",
  "lowest",
  "random",
  "quantiles",
  "onePerImage",
  "by",
  "maskAt",
  "seed",
  "batchSize",
] as const satisfies readonly (keyof SelectionOptions)[];

export interface ExamplesOptions extends SelectionOptions {
  readonly layer: string;
  /** One channel (then the result has one entry), or several; default all. */
  readonly channel?: number;
  readonly channels?: readonly number[];
}

export interface LayersExamplesOptions extends SelectionOptions {
  /** Default: every convolution and dense layer. */
  readonly layers?: readonly string[];
}

/**
 * Per channel the `top` pictures by their strongest activation, strongest first; equal ones by lower index, then by row-major position.
 * Order and content do not depend on the batch size. Throws `DataError` for an empty data set.
 */
export async function examples(model: Model, dataset: Dataset, options: ExamplesOptions): Promise<UnitExamples[]> {
  expectModel("examples", model);
  expectDataset("examples", dataset);
  checkOptions("examples", options, [...selectionNames, "layer", "channel", "channels"]);
  const found = await select(model, dataset, [options.layer], options, (layer) => chosenChannels(options, layer));
  return found.get(options.layer) as UnitExamples[];
}

/** The examples of all channels of several layers, by layer name, from a single pass over the data. */
export async function examplesOfLayers(
  model: Model,
  dataset: Dataset,
  options: LayersExamplesOptions = {},
): Promise<Map<string, UnitExamples[]>> {
  expectModel("examplesOfLayers", model);
  expectDataset("examplesOfLayers", dataset);
  checkOptions("examplesOfLayers", options, [...selectionNames, "layers"]);
  if (options.layers !== undefined) expectList("examplesOfLayers", "layers", options.layers, "names of layers");
  const layers = options.layers ?? weightedLayers(model);
  return select(model, dataset, layers, options, ({ channels }) => Array.from({ length: channels }, (_, c) => c));
}

function weightedLayers(model: Model): string[] {
  const { layers } = model.trace();
  return layers
    .filter(({ kind, value }) => /^(conv|linear|dense|locally)/.test(kind) && [2, 4].includes(value.rank))
    .map(({ name }) => name);
}

interface Selection {
  readonly top: number;
  readonly lowest: number;
  readonly random: number;
  readonly quantiles: number;
  readonly onePerImage: boolean;
  readonly by: RankedBy;
  readonly maskAt: number | undefined;
  readonly seed: number;
  readonly batchSize: number;
}

function settle(options: SelectionOptions, shape: Shape): Selection {
  const { top = 9, lowest = 0, random = 0, quantiles = 0, batchSize = usualBatch(shape, 64) } = options;
  for (const [name, n, least] of [
    ["top", top, 1],
    ["lowest", lowest, 0],
    ["random", random, 0],
    ["quantiles", quantiles, 0],
    ["batchSize", batchSize, 1],
  ] as const) {
    if (!Number.isInteger(n) || n < least) throw new ArgumentError(`examples: ${name} is ${n}; expected an integer >= ${least}`);
  }
  const { onePerImage = true, by = "activation", maskAt, seed = 0 } = options;
  if (by !== "activation" && by !== "relevance") {
    throw new ArgumentError(`examples: by is "${String(by)}"; expected activation or relevance`);
  }
  if (maskAt !== undefined && !(maskAt > 0 && maskAt < 1)) {
    throw new ArgumentError(`examples: maskAt is ${maskAt}; expected a share of the best activation between 0 and 1`);
  }
  return { top, lowest, random, quantiles, onePerImage, by, maskAt, seed, batchSize };
}

/** What is kept of one channel while the pictures go by. */
interface Unit {
  readonly channel: number;
  readonly top: Ranking;
  readonly lowest: Ranking | undefined;
  readonly random: Map<number, Hit>;
  readonly all: Population | undefined;
  unnumbered: boolean;
}

async function select(
  model: Model,
  dataset: Dataset,
  names: readonly string[],
  options: SelectionOptions,
  channelsOf: (layer: TargetLayer) => readonly number[],
): Promise<Map<string, UnitExamples[]>> {
  const selection = settle(options, dataset.imageShape);
  const { signal, onProgress } = options;
  if (dataset.size === 0) throw new DataError(`examples: the data set ${dataset.name} is empty`);
  const batch = Math.min(selection.batchSize, dataset.size);
  const program = await peakProgram(
    model,
    names.map((layer) => ({ layer })),
    { ...options, by: selection.by, batch, lowest: selection.lowest > 0, perPicture: selection.onePerImage ? 1 : selection.top },
  );
  const drawn = drawIndices(selection.random, dataset.size, selection.seed);
  const isDrawn = new Set(drawn);
  const units = program.layers.map((layer) => channelsOf(layer).map((channel) => newUnit(channel, selection, dataset.size)));
  const breathe = breather();
  for (let start = 0; start < dataset.size; start += batch) {
    signal?.throwIfAborted();
    const count = Math.min(batch, dataset.size - start);
    // The last batch is filled up with its own last picture, whose copies are not read.
    const indices = Array.from({ length: batch }, (_, i) => start + Math.min(i, count - 1));
    const found = await program.run(dataset.batch(indices).x);
    found.forEach((peaks, k) => {
      for (const unit of units[k]) take(unit, peaks, program.layers[k].channels, start, count, isDrawn);
    });
    onProgress?.({ done: start + count, total: dataset.size });
    await breathe();
  }
  program.release();
  const picture = remembered((index) => dataset.image(index));
  const results = new Map<string, UnitExamples[]>();
  for (const [k, layer] of program.layers.entries()) {
    const field = program.fields[k];
    const shown = (hit: Hit): Example => toExample(hit, layer, field, picture(hit.index), dataset.label(hit.index));
    const found = units[k].map((unit) => toRecord(unit, layer, field, selection, drawn, shown));
    results.set(names[k], selection.maskAt === undefined ? found : await masked(model, names[k], found, selection.maskAt, options));
  }
  return results;
}

function newUnit(channel: number, { top, lowest, quantiles }: Selection, size: number): Unit {
  return {
    channel,
    top: new Ranking(top),
    lowest: lowest > 0 ? new Ranking(lowest, "lowest") : undefined,
    random: new Map(),
    all: quantiles > 0 ? new Population(size) : undefined,
    unnumbered: false,
  };
}

/** Reads one channel of one batch. */
function take(
  unit: Unit,
  { peaks, lows }: LayerPeaks,
  channels: number,
  start: number,
  pictures: number,
  drawn: ReadonlySet<number>,
): void {
  for (let i = 0; i < pictures; i++) {
    const row = i * channels + unit.channel;
    const [index, first] = [start + i, row * peaks.count];
    if (Number.isNaN(peaks.values[first])) {
      unit.unnumbered = true;
      continue;
    }
    for (let at = first; at < first + peaks.count; at++) unit.top.offer(index, peaks.values[at], peaks.places[at]);
    if (lows !== undefined) unit.lowest?.offer(index, lows.values[row], lows.places[row]);
    unit.all?.set(index, peaks.values[first], peaks.places[first]);
    if (drawn.has(index)) unit.random.set(index, { index, activation: peaks.values[first], place: peaks.places[first] });
  }
}

function toRecord(
  unit: Unit,
  layer: TargetLayer,
  field: UnitField,
  { quantiles }: Selection,
  drawn: readonly number[],
  shown: (hit: Hit) => Example,
): UnitExamples {
  const { channel, top, lowest, random, all } = unit;
  return {
    layer: layer.name,
    channel,
    top: top.hits.map(shown),
    ...(lowest && { lowest: lowest.hits.map(shown) }),
    ...(drawn.length > 0 && { random: drawn.flatMap((index) => random.get(index) ?? []).map(shown) }),
    ...(all && { quantiles: all.quantiles(quantiles).map(shown) }),
    best: top.hits[0]?.activation ?? Number.NEGATIVE_INFINITY,
    warnings: [...field.warnings, ...diagnoseUnit(channel, top.hits, unit.unnumbered)],
  };
}

/** Gives every example its mask. Reads the chosen pictures' maps in a second, short pass. */
async function masked(
  model: Model,
  layer: string,
  units: readonly UnitExamples[],
  share: number,
  options: SelectionOptions,
): Promise<UnitExamples[]> {
  const pictures = new Map<number, Tensor>();
  const lists = ["top", "lowest", "random", "quantiles"] as const;
  for (const unit of units) for (const list of lists) for (const { index, picture } of unit[list] ?? []) pictures.set(index, picture);
  const maps = await mapReader(model, layer, pictures, options);
  return units.map((unit) => {
    const withMask = (example: Example): Example => {
      const map = maps(example.index, unit.channel);
      if (map === undefined || !(unit.best > 0)) return example;
      const [, height, width] = example.picture.shape;
      const mask = enlarge(map, height, width).entry(0).clone();
      mask.data.forEach((v, p) => {
        mask.data[p] = v > share * unit.best ? 1 : 0;
      });
      return { ...example, mask };
    };
    return { ...unit, ...Object.fromEntries(lists.flatMap((list) => (unit[list] ? [[list, unit[list].map(withMask)]] : []))) };
  });
}

function chosenChannels({ channel, channels }: ExamplesOptions, layer: TargetLayer): readonly number[] {
  const chosen = channel !== undefined ? [channel] : (channels ?? Array.from({ length: layer.channels }, (_, c) => c));
  for (const c of chosen) {
    if (!Number.isInteger(c) || c < 0 || c >= layer.channels) {
      throw new ArgumentError(`examples: ${layer.name} has the channels 0..${layer.channels - 1}; ${c} was asked for`);
    }
  }
  return chosen;
}

function toExample(hit: Hit, layer: TargetLayer, field: UnitField, picture: Tensor, label: number): Example {
  const position = [Math.floor(hit.place / layer.width), hit.place % layer.width] as const;
  const box = unitBox(field, position);
  return { index: hit.index, label, activation: hit.activation, position, box, picture, crop: cropBox(picture, box) };
}

/** A picture that excites many channels is read once. */
function remembered(read: (index: number) => Tensor): (index: number) => Tensor {
  const kept = new Map<number, Tensor>();
  return (index) => {
    const picture = kept.get(index) ?? read(index);
    kept.set(index, picture);
    return picture;
  };
}

function diagnoseUnit(channel: number, ranking: readonly Hit[], unnumbered: boolean): string[] {
  const warnings: string[] = [];
  if (unnumbered) warnings.push(`channel ${channel} is not a number on some pictures; they are left out`);
  if (ranking.length > 0 && ranking[0].activation <= 0) {
    warnings.push(`channel ${channel} is never above 0 on this data: a ReLU behind it stays silent (a dead unit)`);
  }
  return warnings;
}
