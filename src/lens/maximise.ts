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
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { random } from "../tensor/random.ts";
import { Tensor } from "../tensor/tensor.ts";
import { stack, traceFor } from "./batch.ts";
import { diagnoseAscent } from "./diagnose.ts";
import { type Ascent, type AscentSettings, compileAscent } from "./maximise/ascent.ts";
import { bestInData } from "./maximise/best.ts";
import { contrastOf, greyOf, reachOf } from "./maximise/colour.ts";
import { cropping } from "./maximise/crops.ts";
import { eachJob, type Job, jointJob, type Wish } from "./maximise/jobs.ts";
import type { Objective } from "./maximise/objective.ts";
import { type Parametrisation, parametrisation } from "./maximise/parametrise.ts";
import { regularisedAscent } from "./maximise/regularised.ts";
import { type AscentChoice, type AscentOptions, ascentOptionNames, settleAscent } from "./maximise/settings.ts";
import { spectralSlope } from "./maximise/spectrum.ts";
import { transforming, type Views } from "./maximise/transforms.ts";
import { rangeOfValues } from "./range.ts";
import type { Maximised } from "./records.ts";
import { compileOptions, type RunOptions } from "./run.ts";
import { channelOf, type Target, type TargetLayer, targetLayer, targetNames } from "./target.ts";

export type { Bounds, PixelScale } from "./maximise/colour.ts";
export type { CropSettings } from "./maximise/crops.ts";
export type { Objective } from "./maximise/objective.ts";
export type { ParametrisationName } from "./maximise/parametrise.ts";
export type { RegularisedPreset, RegularisedSettings } from "./maximise/regularised.ts";
export type { AscentOptions, AscentPreview } from "./maximise/settings.ts";
export { standardTransforms, type Transform } from "./maximise/transforms.ts";

/**
 * What to maximise: a class's logit, the mean of a channel, one unit (with a position), a direction in a layer's channels; or any
 * `objective`, instead of these.
 */
export type MaximiseOptions = AscentOptions & Wish & { readonly objective?: Objective };

/** The picture that maximises one target. Same seed, device and threads: the same bits. */
export async function maximise(model: Model, options: MaximiseOptions): Promise<Maximised> {
  expectModel("maximise", model);
  checkOptions("maximise", options, [...ascentOptionNames, ...targetNames, "objective"]);
  const { objective } = options;
  if (objective !== undefined) {
    const given = targetNames.find((name) => options[name] !== undefined);
    if (given !== undefined) throw new ArgumentError(`maximise: give either an objective, or a target (${given})`);
    const [result] = await climb(model, () => jointJob(model, objective, 1, options), options);
    return result;
  }
  const [result] = await climb(model, (choice) => eachJob(model, [options], options, choice), options);
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
  return targets.length === 0 ? [] : climb(model, (choice) => eachJob(model, targets, options, choice), options);
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
  return climb(model, () => jointJob(model, objective, count, options), options);
}

async function climb(model: Model, jobFor: (choice: AscentChoice) => Job | Promise<Job>, options: AscentOptions): Promise<Maximised[]> {
  const choice = settleAscent(model, options);
  const job = await jobFor(choice);
  const { shape, dtype } = choice;
  const { batch, total } = job;
  const how = parametrisation({ ...choice, name: choice.parametrisation });
  const views = viewsFor(choice);
  const layersOn = (pictures: Value): TargetLayer[] => {
    const traced = traceFor(model, shape, pictures.shape[0], dtype);
    const layers = job.targets.map((target) => targetLayer(traced, target));
    const values = substitute(
      layers.map(({ value }) => value),
      new Map([[traced.input, pictures]]),
    );
    return layers.map((layer, k) => ({ ...layer, value: values[k] }));
  };
  const layers = layersOn(input("pictures", [batch, ...shape], dtype));
  const settings: AscentSettings = {
    ...compileOptions(options),
    ...choice,
    l2: choice.l2 / contrastOf(choice.normalisation),
    totalVariation: choice.totalVariation / contrastOf(choice.normalisation),
    batch,
    parametrisation: how,
    views,
    transparency: choice.parametrisation === "phase",
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
    const ways = await ascend(ascent, choice, { feeds, views }, count, options, { done: first, total }, preview);
    const { pictures, values, objective } = await judge(ascent.read(), feeds);
    const slopes = ascent.transparency();
    for (let i = 0; i < count; i++) {
      const index = first + i;
      const measured = job.measure(index, layers[0], values.entry(i), objective.data[i]);
      const known =
        best === undefined ? undefined : best(measured.channel ?? channelOf(model, job.unit(index, layers[0]) as Target, layers[0]));
      const result: Maximised = {
        ...measured,
        ...record(job.label(index), pictures.entry(i).clone(), ways[i], choice, options),
        ...(slopes && { transparency: overChannels(slopes.entry(i)) }),
        ...(known !== undefined && { bestInData: known, ...(known > 0 && { ratio: measured.activation / known }) }),
      };
      results.push(result);
      options.onResult?.(result, index);
    }
  }
  ascent.release();
  return results;
}

/** What the net is shown at every step. */
function viewsFor({ crops, transforms, shape, normalisation, seed, dtype }: AscentChoice): Views {
  const [channels] = shape;
  if (crops === undefined) return transforming(transforms, shape, greyOf(normalisation, channels), dtype);
  return cropping(crops, { shape, reach: reachOf(normalisation, channels), seed, dtype });
}

/** [C, H, W] to [H, W]. */
function overChannels({ data, shape: [channels, height, width] }: Tensor): Tensor {
  const plane = height * width;
  const sums = Float32Array.from({ length: plane }, (_, p) => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += data[c * plane + p];
    return sum;
  });
  return new Tensor(sums, [height, width]);
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
  { feeds, views }: { readonly feeds: Record<string, Tensor>; readonly views: Views },
  count: number,
  { signal, onProgress, onPreview }: AscentOptions,
  progress: { readonly done: number; readonly total: number },
  preview: (step: number) => Promise<void>,
): Promise<Way[]> {
  const { steps, seed, optimiser, blurEvery, previewEvery } = choice;
  const draws = random(seed).fork("transforms");
  const ways = Array.from({ length: count }, (): Way => ({ history: [], climbed: false }));
  const breathe = breather();
  for (let step = 1; step <= steps; step++) {
    signal?.throwIfAborted();
    // 0 while the picture is searched for, then rising to 1 while it comes to rest.
    const settling = views.still === undefined ? 0 : Math.max(0, (2 * (step - 1)) / steps - 1);
    const share = (1 + Math.cos(Math.PI * settling)) / 2;
    const { objective, slope } = await ascent.step({
      step,
      learningRate: share * optimiser.learningRate,
      // Smoothing is part of the optimiser's step: it fades with the rate, and at rate 0 nothing may change the picture.
      blur: optimiser.learningRate > 0 && step % blurEvery === 0 ? share : 0,
      feeds: { ...feeds, ...(settling > 0 ? views.still : views.draw(draws, (step - 1) / Math.max(1, steps - 1))) },
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

/** Options as plain data, defaults filled in: what repeats the picture. */
function plainChoice(choice: AscentChoice, { device = "auto", threads }: RunOptions): Record<string, unknown> {
  const { optimiser, shape: _shape, previewEvery: _every, spectrum, colour: _colour, colourName, ...plain } = choice;
  return {
    ...plain,
    colour: colourName,
    spectrum: spectrum !== undefined,
    optimiser: optimiser.name,
    learningRate: optimiser.learningRate,
    ...(optimiser.settings && { optimiserSettings: optimiser.settings }),
    device,
    ...(threads !== undefined && { threads }),
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
    options: plainChoice(choice, options),
    warnings: diagnoseAscent(image, choice.steps > 0 && !climbed),
  };
}
