// The pictures of a data set that excite the channels of a layer most, and the part of each that the unit saw. One pass over the data
// serves all channels: the program itself reduces every map to its maximum and its place, so no feature map leaves it.
// Zeiler and Fergus 2014, section 3; the crop's arithmetic: Araujo, Norris and Sim, Distill 2019.
import { breather } from "#platform";
import { compile } from "../backends/compile.ts";
import { type Dataset, expectDataset } from "../data/dataset.ts";
import { createGraph } from "../graph/graph.ts";
import type { Program } from "../graph/program.ts";
import { expectModel, type Model } from "../nn/model.ts";
import { argMax, max, reshape } from "../ops/index.ts";
import { ArgumentError, DataError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { cropBox, type UnitField, unitBox, unitField } from "./crop.ts";
import type { Example, UnitExamples } from "./records.ts";
import { compileOptions, type RunOptions, runOptionNames } from "./run.ts";
import { type TargetLayer, targetLayer } from "./target.ts";

export interface ExamplesOptions extends RunOptions {
  readonly layer: string;
  /** One channel (then the result has one entry), or several; default all. */
  readonly channel?: number;
  readonly channels?: readonly number[];
  /** How many pictures per channel (default 9). */
  readonly top?: number;
  /** Pictures per run (default 64). */
  readonly batchSize?: number;
}

/** A picture's strongest position in one channel. */
interface Hit {
  readonly index: number;
  readonly activation: number;
  readonly place: number;
}

/**
 * Per channel the `top` pictures by their strongest activation, strongest first; equal ones by lower index, then by row-major position.
 * Order and content do not depend on the batch size. Throws `DataError` for an empty data set.
 */
export async function examples(model: Model, dataset: Dataset, options: ExamplesOptions): Promise<UnitExamples[]> {
  expectModel("examples", model);
  expectDataset("examples", dataset);
  checkOptions("examples", options, [...runOptionNames, "layer", "channel", "channels", "top", "batchSize"]);
  const { top = 9, batchSize = 64, signal, onProgress } = options;
  if (!Number.isInteger(top) || top < 1) throw new ArgumentError(`examples: top is ${top}; expected an integer >= 1`);
  if (dataset.size === 0) throw new DataError(`examples: the data set ${dataset.name} is empty`);
  const batch = Math.min(batchSize, dataset.size);
  const { program, layer, field } = await peakProgram(model, options, batch);
  const channels = chosenChannels(options, layer);
  const rankings = channels.map((): Hit[] => []);
  const unnumbered = new Set<number>();
  const breathe = breather();
  for (let start = 0; start < dataset.size; start += batch) {
    signal?.throwIfAborted();
    const count = Math.min(batch, dataset.size - start);
    // The last batch is filled up with its own last picture, whose copies are not read.
    const indices = Array.from({ length: batch }, (_, i) => start + Math.min(i, count - 1));
    const { peaks, places } = await program.run({ x: dataset.batch(indices).x });
    for (let i = 0; i < count; i++) {
      channels.forEach((channel, k) => {
        const at = i * layer.channels + channel;
        if (Number.isNaN(peaks.data[at])) unnumbered.add(channel);
        else insert(rankings[k], { index: start + i, activation: peaks.data[at], place: places.data[at] }, top);
      });
    }
    onProgress?.({ done: start + count, total: dataset.size });
    await breathe();
  }
  const picture = remembered((index) => dataset.image(index));
  return channels.map((channel, k) => ({
    layer: options.layer,
    channel,
    top: rankings[k].map((hit) => toExample(hit, layer, field, picture(hit.index), dataset.label(hit.index))),
    best: rankings[k][0]?.activation ?? Number.NEGATIVE_INFINITY,
    warnings: [...field.warnings, ...diagnoseUnit(channel, rankings[k], unnumbered.has(channel))],
  }));
}

async function peakProgram(
  model: Model,
  options: ExamplesOptions,
  batch: number,
): Promise<{ program: Program; layer: TargetLayer; field: UnitField }> {
  const traced = model.trace({ batch });
  const layer = targetLayer(traced, { layer: options.layer });
  const flat = reshape(layer.value, [batch, layer.channels, layer.height * layer.width]);
  const graph = createGraph({ outputs: { peaks: max(flat, { axes: 2 }), places: argMax(flat, { axis: 2 }) } });
  return { program: await compile(graph, compileOptions(options)), layer, field: unitField(layer, traced.input) };
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

/** Keeps a ranking sorted. Pictures arrive by rising index, so a newcomer goes behind its equals. */
function insert(ranking: Hit[], hit: Hit, top: number): void {
  let place = ranking.length;
  while (place > 0 && ranking[place - 1].activation < hit.activation) place--;
  if (place >= top) return;
  ranking.splice(place, 0, hit);
  if (ranking.length > top) ranking.pop();
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
