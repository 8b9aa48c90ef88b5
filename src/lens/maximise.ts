// The input that a unit wants: gradient ascent on a picture, kept among pictures that the net could meet.
// Erhan et al. 2009; Simonyan et al. 2014 (classes, L2); Yosinski et al. 2015 (blur); Mahendran and Vedaldi 2015 (jitter, total
// variation); Olah et al. 2017 (Fourier pictures, transforms, objectives).
import { breather } from "#platform";
import { compile } from "../backends/compile.ts";
import { createGraph } from "../graph/graph.ts";
import { input } from "../graph/record.ts";
import { substitute } from "../graph/rewrite.ts";
import type { Value } from "../graph/value.ts";
import { expectModel, type Model } from "../nn/model.ts";
import { mul, sum } from "../ops/index.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { random } from "../tensor/random.ts";
import { sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import { allocate, Tensor } from "../tensor/tensor.ts";
import { activations } from "./activations.ts";
import { stack, traceFor } from "./batch.ts";
import { diagnoseAscent } from "./diagnose.ts";
import { type Ascent, type AscentSettings, compileAscent } from "./maximise/ascent.ts";
import { bestInData } from "./maximise/best.ts";
import { contrastOf, greyOf } from "./maximise/colour.ts";
import { describeObjective, leavesOf, type Objective, type ObjectiveParts, scoreOf, targetOfLeaf } from "./maximise/objective.ts";
import { type Parametrisation, parametrisation } from "./maximise/parametrise.ts";
import { regularisedAscent } from "./maximise/regularised.ts";
import { type AscentChoice, type AscentOptions, ascentOptionNames, settleAscent } from "./maximise/settings.ts";
import { spectralSlope } from "./maximise/spectrum.ts";
import { drawPlacement, transforming, untransformed } from "./maximise/transforms.ts";
import { rangeOfValues } from "./range.ts";
import type { Maximised } from "./records.ts";
import { compileOptions, type RunOptions } from "./run.ts";
import {
  centreOf,
  channelOf,
  checkPosition,
  describe,
  fillDirection,
  fillMask,
  type Target,
  type TargetLayer,
  targetLayer,
  targetNames,
} from "./target.ts";

export type { Bounds, PixelScale } from "./maximise/colour.ts";
export type { Objective } from "./maximise/objective.ts";
export type { ParametrisationName } from "./maximise/parametrise.ts";
export type { RegularisedPreset, RegularisedSettings } from "./maximise/regularised.ts";
export type { AscentOptions, AscentPreview } from "./maximise/settings.ts";
export { standardTransforms, type Transform } from "./maximise/transforms.ts";

/**
 * What to maximise: a class's logit, the mean of a channel, one unit (with a position), a direction in a layer's channels; or any
 * `objective`, instead of these.
 */
export type MaximiseOptions = AscentOptions &
  Omit<Target, "position"> & { readonly position?: Target["position"] | "centre"; readonly objective?: Objective };

/** The picture that maximises one target. Same seed, device and threads: the same bits. */
export async function maximise(model: Model, options: MaximiseOptions): Promise<Maximised> {
  expectModel("maximise", model);
  checkOptions("maximise", options, [...ascentOptionNames, ...targetNames, "objective"]);
  const { objective } = options;
  if (objective !== undefined) {
    const given = targetNames.find((name) => options[name] !== undefined);
    if (given !== undefined) throw new ArgumentError(`maximise: give either an objective, or a target (${given})`);
    const [result] = await climb(model, await jointJob(model, objective, 1, options), options);
    return result;
  }
  const [result] = await climb(model, eachJob(model, [options], options), options);
  return result;
}

export interface MaximiseEachOptions extends AscentOptions {
  readonly layer: string;
  /** Default: all channels of the layer. */
  readonly channels?: readonly number[];
  /** One unit of each channel instead of the channel's mean. */
  readonly position?: MaximiseOptions["position"];
}

/** One picture for each channel of a layer, climbed together. Each is the picture that `maximise` gives for the channel alone. */
export async function maximiseEach(model: Model, options: MaximiseEachOptions): Promise<Maximised[]> {
  expectModel("maximiseEach", model);
  checkOptions("maximiseEach", options, [...ascentOptionNames, "layer", "channels", "position"]);
  const { layer, position } = options;
  const all = (): number[] => Array.from({ length: targetLayer(model.trace(), { layer }).channels }, (_, c) => c);
  const targets = (options.channels ?? all()).map((channel) => ({ layer, channel, ...(position !== undefined && { position }) }));
  return targets.length === 0 ? [] : climb(model, eachJob(model, targets, options), options);
}

export interface MaximiseBatchOptions extends Omit<AscentOptions, "batchSize"> {
  readonly objective: Objective;
  /** How many pictures. */
  readonly count: number;
}

/** Several pictures for one objective at once: from one thing to another, alike, or as different as can be. */
export async function maximiseBatch(model: Model, options: MaximiseBatchOptions): Promise<Maximised[]> {
  expectModel("maximiseBatch", model);
  const names = ascentOptionNames.filter((name): name is Exclude<keyof AscentOptions, "batchSize"> => name !== "batchSize");
  checkOptions("maximiseBatch", options, [...names, "objective", "count"]);
  const { objective, count } = options;
  if (!Number.isInteger(count) || count < 1) throw new ArgumentError(`maximiseBatch: count is ${count}; expected an integer >= 1`);
  return climb(model, await jointJob(model, objective, count, options), options);
}

/** What is climbed: how pictures are scored, and what is said of each. */
interface Job {
  readonly batch: number;
  readonly total: number;
  /** Layers that the score looks at. */
  readonly targets: readonly Target[];
  /** In words; also names a picture's own stream of random numbers, so that it does not depend on its neighbours in a batch. */
  label(index: number): string;
  stream(index: number): string;
  score(layers: readonly TargetLayer[], choice: AscentChoice): Value;
  /** What the score is fed with for the pictures from `first` on. */
  feeds(first: number, count: number, layers: readonly TargetLayer[], choice: AscentChoice): Record<string, Tensor>;
  /** What is known of a finished picture. `values` are the first target's layer on it. */
  measure(
    index: number,
    layer: TargetLayer,
    values: Tensor,
    objective: number,
  ): Pick<Maximised, "objective" | "activation" | "layer" | "channel">;
  /** The unit to look for in training pictures, where it is one. */
  unit(index: number, layer: TargetLayer): Target | undefined;
}

type Wish = Pick<MaximiseOptions, "class" | "layer" | "channel" | "position" | "direction">;

/** Every picture has a target of its own in one layer: a mask that is fed, so that one program serves all. */
function eachJob(model: Model, wishes: readonly Wish[], { batchSize = 32 }: AscentOptions): Job {
  const aims: Aim[] = [];
  const aim = (index: number, layer: TargetLayer): Aim => {
    aims[index] ??= aimOf(model, wishes[index], layer);
    return aims[index];
  };
  const batch = Math.min(batchSize, wishes.length);
  const words = (wish: Wish): string => describe(model, asTarget(wish)) + (wish.position === "centre" ? " at the centre" : "");
  return {
    batch,
    total: wishes.length,
    targets: [asTarget(wishes[0])],
    label: (index) => aims[index]?.label ?? words(wishes[index]),
    stream: (index) => aims[index]?.label ?? words(wishes[index]),
    score: ([{ value }], { dtype }) =>
      sum(mul(value, input("mask", value.shape, dtype)), { axes: value.shape.map((_, axis) => axis).slice(1) }),
    feeds(first, count, [layer], { dtype }) {
      const masks = Array.from({ length: count }, (_, i) => aim(first + i, layer).mask);
      return { mask: stack(masks, batch, layer.value.shape.slice(1), dtype) };
    },
    measure: (index, layer, values) => measureUnit(aim(index, layer), values, layer),
    unit: (index) => (wishes[index].direction === undefined ? asTarget(wishes[index]) : undefined),
  };
}

/** All pictures of a batch share one objective. */
async function jointJob(model: Model, objective: Objective, count: number, options: AscentOptions): Promise<Job> {
  const leaves = leavesOf(objective);
  if (leaves.length === 0) throw new ArgumentError("maximise: the objective looks at no layer");
  // An unknown kind is refused where the score is built; it has no layer to look up before.
  const targets = leaves.map(targetOfLeaf);
  const references = await referencesOf(model, leaves, options);
  const words = describeObjective(objective);
  return {
    batch: count,
    total: count,
    targets,
    label: (index) => (count === 1 ? words : `${words}, picture ${index + 1} of ${count}`),
    stream: (index) => `${words} ${index}`,
    score(layers, { dtype }) {
      const parts: ObjectiveParts = {
        batch: count,
        dtype,
        at: (target) => layers[targets.findIndex((t) => t.layer === target.layer && t.class === target.class)],
        channel: (target, layer) => channelOf(model, target, layer),
        reference: (leaf) => references.get(leaf) as Tensor,
      };
      return scoreOf(objective, parts);
    },
    feeds: () => ({}),
    measure: (_, __, ___, reached) => ({
      objective: reached,
      activation: reached,
      layer: leaves.length === 1 ? targets[0].layer : undefined,
      channel: undefined,
    }),
    unit: () => undefined,
  };
}

/** The layers of caricatures and inversions on the pictures that they start from. */
async function referencesOf(model: Model, leaves: readonly Objective[], options: AscentOptions): Promise<Map<Objective, Tensor>> {
  const [channels, ...own] = model.inputShape;
  const shape = [channels, ...(options.size ?? own)];
  const found = new Map<Objective, Tensor>();
  for (const leaf of leaves) {
    if (leaf.kind !== "caricature" && leaf.kind !== "match") continue;
    if (!sameShape(leaf.picture.shape, shape)) {
      throw new ShapeError(`maximise: the picture to start from is ${showShape(leaf.picture.shape)}; expected ${showShape(shape)}`);
    }
    const run = { ...compileOptions(options), ...(options.dtype && { dtype: options.dtype }) };
    const values = await activations(model, leaf.picture, { layers: [leaf.layer], ...run });
    found.set(leaf, values.get(leaf.layer) as Tensor);
  }
  return found;
}

async function climb(model: Model, job: Job, options: AscentOptions): Promise<Maximised[]> {
  const choice = settleAscent(model, options);
  const { shape, dtype } = choice;
  const { batch, total } = job;
  const how = parametrisation({ ...choice, name: choice.parametrisation });
  const transform = transforming(choice.transforms, shape, greyOf(choice.normalisation, shape[0]), dtype);
  const traced = traceFor(model, shape, batch, dtype);
  const layers = job.targets.map((target) => targetLayer(traced, target));
  const layersOn = (pictures: Value): TargetLayer[] => {
    const values = substitute(
      layers.map(({ value }) => value),
      new Map([[traced.input, pictures]]),
    );
    return layers.map((layer, k) => ({ ...layer, value: values[k] }));
  };
  const settings: AscentSettings = {
    ...compileOptions(options),
    ...choice,
    l2: choice.l2 / contrastOf(choice.normalisation),
    totalVariation: choice.totalVariation / contrastOf(choice.normalisation),
    batch,
    parametrisation: how,
    transforming: transform,
    score: (pictures) => job.score(layersOn(pictures), choice),
  };
  const ascent = await (choice.regularised
    ? regularisedAscent(settings, choice.regularised, choice.normalisation)
    : compileAscent(settings));
  const judge = await judgement(job, layersOn, how, batch, choice, options);
  const best = await bestInData(model, job.unit(0, layers[0]), options);
  const results: Maximised[] = [];
  for (let first = 0; first < total; first += batch) {
    const count = Math.min(batch, total - first);
    const feeds = job.feeds(first, count, layers, choice);
    ascent.start(starts(how, job, first, count, choice));
    const preview = async (step: number): Promise<void> => {
      const { pictures } = await judge(ascent.read(), feeds);
      const images = Array.from({ length: count }, (_, i) => pictures.entry(i).clone());
      options.onPreview?.({ images, first, step });
    };
    const ways = await ascend(ascent, choice, { feeds, transform }, count, options, { done: first, total }, preview);
    const { pictures, values, objective } = await judge(ascent.read(), feeds);
    for (let i = 0; i < count; i++) {
      const index = first + i;
      const measured = job.measure(index, layers[0], values.entry(i), objective.data[i]);
      const known =
        best === undefined ? undefined : best(measured.channel ?? channelOf(model, job.unit(index, layers[0]) as Target, layers[0]));
      const result: Maximised = {
        ...measured,
        ...record(job.label(index), pictures.entry(i).clone(), ways[i], choice, options),
        ...(known !== undefined && { bestInData: known, ...(known > 0 && { ratio: measured.activation / known }) }),
      };
      results.push(result);
      options.onResult?.(result, index);
    }
  }
  ascent.release();
  return results;
}

/** The free numbers that a batch starts from; what is not used of it stays 0. */
function starts(how: Parametrisation, job: Job, first: number, count: number, { seed, dtype }: AscentChoice): Record<string, Tensor> {
  const own = Array.from({ length: count }, (_, i) => how.start(random(seed).fork(job.stream(first + i))));
  return Object.fromEntries(
    Object.entries(how.shapes).map(([name, shape]) => {
      const shared = how.shared?.includes(name) ?? false;
      const numbers = (shared ? own.slice(0, 1) : own).map((free) => new Tensor(free[name], shape));
      return [name, stack(numbers, shared ? 1 : job.batch, shape, dtype)];
    }),
  );
}

/** One wish with its position settled. */
interface Aim {
  readonly target: Target;
  readonly label: string;
  readonly channel: number | undefined;
  readonly mask: Tensor;
}

function asTarget({ class: name, layer, channel, direction, position }: Wish): Target {
  return {
    ...(name !== undefined && { class: name }),
    ...(layer !== undefined && { layer }),
    ...(channel !== undefined && { channel }),
    ...(direction !== undefined && { direction }),
    ...(position !== undefined && position !== "centre" && { position }),
  };
}

function aimOf(model: Model, wish: Wish, layer: TargetLayer): Aim {
  const maskShape = layer.value.shape.slice(1);
  const data = allocate(layer.value.dtype, sizeOf(maskShape));
  const position = wish.position === "centre" ? centreOf(layer) : wish.position;
  const target: Target = { ...asTarget(wish), ...(position !== undefined && { position }) };
  if (wish.direction !== undefined) {
    fillDirection(data, layer, wish.direction);
    return { target, label: describe(model, target), channel: undefined, mask: new Tensor(data, maskShape) };
  }
  const channel = channelOf(model, target, layer);
  if (position !== undefined) checkPosition(layer, position);
  fillMask(data, layer, channel, position);
  return { target, label: describe(model, target), channel, mask: new Tensor(data, maskShape) };
}

/** What a picture went through. */
interface Way {
  /** The objective before every step. */
  readonly history: number[];
  /** Whether any step had a gradient to follow. */
  climbed: boolean;
}

/** All steps of one batch. */
async function ascend(
  ascent: Ascent,
  choice: AscentChoice,
  { feeds, transform }: { readonly feeds: Record<string, Tensor>; readonly transform: ReturnType<typeof transforming> },
  count: number,
  { signal, onProgress, onPreview }: AscentOptions,
  progress: { readonly done: number; readonly total: number },
  preview: (step: number) => Promise<void>,
): Promise<Way[]> {
  const { steps, seed, transforms, optimiser, blurEvery, previewEvery } = choice;
  const draws = random(seed).fork("transforms");
  const ways = Array.from({ length: count }, (): Way => ({ history: [], climbed: false }));
  const still = transform.feeds(untransformed);
  const breathe = breather();
  for (let step = 1; step <= steps; step++) {
    signal?.throwIfAborted();
    // 0 while the picture is searched for, then rising to 1 while it comes to rest.
    const settling = Math.max(0, (2 * (step - 1)) / steps - 1);
    const share = (1 + Math.cos(Math.PI * settling)) / 2;
    const { objective, slope } = await ascent.step({
      step,
      learningRate: share * optimiser.learningRate,
      // Smoothing is part of the optimiser's step: it fades with the rate, and at rate 0 nothing may change the picture.
      blur: optimiser.learningRate > 0 && step % blurEvery === 0 ? share : 0,
      feeds: { ...feeds, ...(settling > 0 ? still : transform.feeds(drawPlacement(transforms, draws))) },
    });
    ways.forEach((way, i) => {
      way.history.push(objective.data[i]);
      way.climbed ||= slope.data[i] !== 0;
    });
    onProgress?.({ done: progress.done + (count * step) / steps, total: progress.total });
    if (onPreview !== undefined && step % previewEvery === 0 && step < steps) await preview(step);
    await breathe();
  }
  return ways;
}

type Judge = (
  free: Record<string, Tensor>,
  feeds: Record<string, Tensor>,
) => Promise<{ pictures: Tensor; values: Tensor; objective: Tensor }>;

/** Finished pictures from their free numbers, and the first target's layer on them, without transforms. */
async function judgement(
  job: Job,
  layersOn: (pictures: Value) => TargetLayer[],
  how: Parametrisation,
  batch: number,
  choice: AscentChoice,
  options: RunOptions,
): Promise<Judge> {
  const { dtype } = choice;
  const free = Object.entries(how.shapes).map(([name, shape]) => [
    name,
    input(name, [how.shared?.includes(name) ? 1 : batch, ...shape], dtype),
  ]);
  const pictures = how.picture<Value>(Object.fromEntries(free));
  const layers = layersOn(pictures);
  const outputs = { pictures, values: layers[0].value, objective: job.score(layers, choice) };
  const program = await compile(createGraph({ outputs }), compileOptions(options));
  return async (numbers, feeds) => {
    const results = await program.run({ ...numbers, ...feeds });
    return { pictures: results.pictures, values: results.values, objective: results.objective };
  };
}

/** The objective reached, and the unit's largest activation anywhere: what examples() finds in training pictures. */
function measureUnit(
  { mask, channel, target }: Aim,
  values: Tensor,
  layer: TargetLayer,
): Pick<Maximised, "objective" | "activation" | "layer" | "channel"> {
  const plane = layer.height * layer.width;
  let objective = 0;
  for (let p = 0; p < values.size; p++) objective += values.data[p] * mask.data[p];
  let activation = Number.NEGATIVE_INFINITY;
  for (let p = 0; p < plane; p++) {
    let here = 0;
    if (channel !== undefined) here = values.data[channel * plane + p];
    else for (let c = 0; c < layer.channels; c++) here += values.data[c * plane + p] * (target.direction as Tensor).data[c];
    activation = Math.max(activation, here);
  }
  return { objective, activation, layer: target.layer, channel: target.class === undefined ? channel : undefined };
}

/** Options as plain data: what repeats the picture. */
function plainChoice(choice: AscentChoice): Record<string, unknown> {
  const { optimiser, dtype: _dtype, shape: _shape, previewEvery: _every, spectrum, colour: _colour, colourName, ...plain } = choice;
  return {
    ...plain,
    colour: colourName,
    spectrum: spectrum !== undefined,
    optimiser: optimiser.name,
    learningRate: optimiser.learningRate,
  };
}

function record(
  label: string,
  image: Tensor,
  { history, climbed }: Way,
  choice: AscentChoice,
  options: AscentOptions,
): Omit<Maximised, "objective" | "activation" | "layer" | "channel"> {
  return {
    image,
    target: label,
    history,
    range: rangeOfValues(image.data),
    spectralSlope: spectralSlope(image),
    seed: choice.seed,
    options: { ...compileOptions(options), ...plainChoice(choice) },
    warnings: diagnoseAscent(image, choice.steps > 0 && !climbed),
  };
}
