// The input that a unit wants: gradient ascent on a picture, kept among pictures that the net could meet.
// Erhan et al. 2009; Simonyan et al. 2014 (classes, L2); Yosinski et al. 2015 (blur); Mahendran and Vedaldi 2015 (jitter, total
// variation); Olah et al. 2017 (Fourier pictures).
import { breather } from "#platform";
import { compile } from "../backends/compile.ts";
import { createGraph } from "../graph/graph.ts";
import { input } from "../graph/record.ts";
import { substitute } from "../graph/rewrite.ts";
import { expectModel, type Model } from "../nn/model.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { random } from "../tensor/random.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { allocate, type DType, Tensor } from "../tensor/tensor.ts";
import { adam, type Optimiser } from "../train/optimisers.ts";
import { type Ascent, compileAscent } from "./ascent.ts";
import { stack, traceFor } from "./batch.ts";
import { diagnoseAscent } from "./diagnose.ts";
import { type Bounds, type Parametrisation, type ParametrisationName, type PixelScale, parametrisation } from "./parametrise.ts";
import { rangeOfValues } from "./range.ts";
import type { Maximised } from "./records.ts";
import { compileOptions, plainOptions, type RunOptions, runOptionNames } from "./run.ts";
import { drawJitter, shiftMatrix } from "./separable.ts";
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

export interface AscentOptions extends RunOptions {
  /** Default 256. */
  readonly steps?: number;
  /** Decides the starting noise and the jitter (default 0). */
  readonly seed?: number;
  /** Default adam(0.05). In the second half of the steps its rate falls to 0 along half a cosine. */
  readonly optimiser?: Optimiser;
  /**
   * Pictures are shifted at random by up to this many pixels each way at every step (default: a sixteenth of the size). The second
   * half of the steps goes without, so that the picture settles in one place.
   */
  readonly jitter?: number;
  /**
   * The picture is smoothed with this standard deviation, in pixels, every `blurEvery` steps (default 0: not; pixels only). It takes
   * contrast, which a higher learning rate gives back.
   */
  readonly blur?: number;
  /** Default 4. */
  readonly blurEvery?: number;
  /** Weight of ½Σx², against an uphill gradient of root mean square 1: contrast settles below 1 / l2 (default 0.25). */
  readonly l2?: number;
  /** Weight of ½Σ(differences of neighbours)², likewise (default 0.1). */
  readonly totalVariation?: number;
  /** Which pictures are allowed (default: "data" where the normalisation is known, else "none"). */
  readonly bounds?: Bounds;
  /** How pixels were normalised (default: the model's own preprocessing). */
  readonly normalisation?: PixelScale;
  /** Default "fourier", which reaches smooth pictures first; "pixel" where pixels are blurred. */
  readonly parametrisation?: ParametrisationName;
  /** Exponent by which Fourier waves shrink with their frequency (default 1). */
  readonly decay?: number;
  /** Let gradients pass dead ReLUs in the first 16 steps (default true). */
  readonly redirect?: boolean;
  /** Picture height and width, for nets that take others than their own. */
  readonly size?: readonly [height: number, width: number];
  /** Pictures climbed at once (default 32). */
  readonly batchSize?: number;
}

const ascentOptionNames = [
  ...runOptionNames,
  "steps",
  "seed",
  "optimiser",
  "jitter",
  "blur",
  "blurEvery",
  "l2",
  "totalVariation",
  "bounds",
  "normalisation",
  "parametrisation",
  "decay",
  "redirect",
  "size",
  "batchSize",
] as const satisfies readonly (keyof AscentOptions)[];

/** What to maximise: a class's logit, the mean of a channel, one unit (with a position), or a direction in a layer's channels. */
export type MaximiseOptions = AscentOptions & Omit<Target, "position"> & { readonly position?: Target["position"] | "centre" };

/** The picture that maximises one target. Same seed, device and threads: the same bits. */
export async function maximise(model: Model, options: MaximiseOptions): Promise<Maximised> {
  expectModel("maximise", model);
  checkOptions("maximise", options, [...ascentOptionNames, ...targetNames]);
  const [result] = await climb(model, [options], options);
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
  return climb(model, targets, options);
}

type Wish = Pick<MaximiseOptions, "class" | "layer" | "channel" | "position" | "direction">;

interface Settings extends Required<Omit<AscentOptions, keyof RunOptions | "size" | "batchSize" | "normalisation">> {
  readonly normalisation: PixelScale | undefined;
  readonly shape: Shape;
  readonly dtype: DType;
}

function settle(model: Model, options: AscentOptions): Settings {
  const [channels, ...own] = model.inputShape;
  const shape = [channels, ...(options.size ?? own)];
  const name = options.parametrisation ?? (options.blur === undefined || options.blur === 0 ? "fourier" : "pixel");
  const normalisation = options.normalisation ?? model.preprocessing;
  const settings: Settings = {
    shape,
    dtype: options.dtype ?? "float32",
    steps: options.steps ?? 256,
    seed: options.seed ?? 0,
    optimiser: options.optimiser ?? adam(0.05),
    jitter: options.jitter ?? Math.round(Math.min(...shape.slice(1)) / 16),
    blur: options.blur ?? 0,
    blurEvery: options.blurEvery ?? 4,
    l2: options.l2 ?? 0.25,
    totalVariation: options.totalVariation ?? 0.1,
    normalisation,
    bounds: options.bounds ?? (normalisation === undefined ? "none" : "data"),
    parametrisation: name,
    decay: options.decay ?? 1,
    redirect: options.redirect ?? true,
  };
  for (const key of ["steps", "jitter", "blur", "l2", "totalVariation", "decay"] as const) {
    if (!(settings[key] >= 0) || !Number.isFinite(settings[key]))
      throw new ArgumentError(`maximise: ${key} is ${settings[key]}; expected a number >= 0`);
  }
  for (const key of ["steps", "jitter", "blurEvery"] as const) {
    if (!Number.isInteger(settings[key])) throw new ArgumentError(`maximise: ${key} is ${settings[key]}; expected a whole number`);
  }
  if (settings.blurEvery < 1) throw new ArgumentError("maximise: blurEvery is 0; expected a number of steps >= 1");
  if (settings.blur > 0 && name === "fourier")
    throw new ArgumentError("maximise: blur smooths pixels; Fourier pictures are smooth by their decay");
  return settings;
}

async function climb(model: Model, wishes: readonly Wish[], options: AscentOptions): Promise<Maximised[]> {
  if (wishes.length === 0) return [];
  const settings = settle(model, options);
  const { shape, dtype } = settings;
  const how = parametrisation({ ...settings, name: settings.parametrisation });
  const batch = Math.min(options.batchSize ?? 32, wishes.length);
  const ascent = await compileAscent(model, {
    ...compileOptions(options),
    ...settings,
    target: asTarget(wishes[0]),
    batch,
    parametrisation: how,
    jitter: settings.jitter > 0,
  });
  const judge = await judgement(model, asTarget(wishes[0]), batch, how, settings, options);
  const results: Maximised[] = [];
  for (let first = 0; first < wishes.length; first += batch) {
    const part = wishes.slice(first, first + batch).map((wish) => aimOf(model, wish, ascent.layer, dtype));
    const starts = part.map((a) => new Tensor(how.start(random(settings.seed).fork(a.label)), shape));
    const masks = part.map((a) => a.mask);
    ascent.start(stack(starts, batch, shape, dtype), stack(masks, batch, ascent.layer.value.shape.slice(1), dtype));
    const ways = await ascend(ascent, settings, part.length, options, { done: first, total: wishes.length });
    const { pictures, values } = await judge(ascent.read());
    part.forEach((a, i) => {
      results.push({ ...measure(a, values.entry(i), ascent.layer), ...record(a, pictures.entry(i).clone(), ways[i], settings, options) });
    });
  }
  return results;
}

/** One wish with its position settled. */
interface Aim {
  readonly target: Target;
  /** In words; also names the picture's own stream of random numbers, so that it does not depend on its neighbours in a batch. */
  readonly label: string;
  readonly channel: number | undefined;
  readonly mask: Tensor;
}

function asTarget({ position, ...rest }: Wish): Target {
  return { ...rest, ...(position !== undefined && position !== "centre" && { position }) };
}

function aimOf(model: Model, wish: Wish, layer: TargetLayer, dtype: DType): Aim {
  const maskShape = layer.value.shape.slice(1);
  const data = allocate(dtype, sizeOf(maskShape));
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
  settings: Settings,
  count: number,
  { signal, onProgress }: RunOptions,
  progress: { readonly done: number; readonly total: number },
): Promise<Way[]> {
  const { steps, seed, jitter, shape, dtype, optimiser, blurEvery } = settings;
  const [, height, width] = shape;
  const shifts = random(seed).fork("jitter");
  const ways = Array.from({ length: count }, (): Way => ({ history: [], climbed: false }));
  const breathe = breather();
  for (let step = 1; step <= steps; step++) {
    signal?.throwIfAborted();
    // 0 while the picture is searched for, then rising to 1 while it comes to rest.
    const settling = Math.max(0, (2 * (step - 1)) / steps - 1);
    const [down, across] = drawJitter(shifts, settling > 0 ? 0 : jitter);
    const share = (1 + Math.cos(Math.PI * settling)) / 2;
    const { objective, slope } = await ascent.step({
      step,
      learningRate: share * optimiser.learningRate,
      rows: shiftMatrix(height, down, dtype),
      columns: shiftMatrix(width, across, dtype),
      // Smoothing is part of the optimiser's step: it fades with the rate, and at rate 0 nothing may change the picture.
      blur: optimiser.learningRate > 0 && step % blurEvery === 0 ? share : 0,
      redirect: step <= 16 ? 1 : 0,
    });
    ways.forEach((way, i) => {
      way.history.push(objective.data[i]);
      way.climbed ||= slope.data[i] !== 0;
    });
    onProgress?.({ done: progress.done + (count * step) / steps, total: progress.total });
    await breathe();
  }
  return ways;
}

/** Finished pictures from their free numbers, and the target's layer on them, without transforms. */
async function judgement(
  model: Model,
  target: Target,
  batch: number,
  how: Parametrisation,
  { shape, dtype }: Settings,
  options: RunOptions,
): Promise<(free: Tensor) => Promise<{ pictures: Tensor; values: Tensor }>> {
  const traced = traceFor(model, shape, batch, dtype);
  const pictures = how.picture(input("free", [batch, ...shape], dtype));
  const [values] = substitute([targetLayer(traced, target).value], new Map([[traced.input, pictures]]));
  const program = await compile(createGraph({ outputs: { pictures, values } }), compileOptions(options));
  return async (free) => {
    const results = await program.run({ free });
    return { pictures: results.pictures, values: results.values };
  };
}

/** The objective reached, and the unit's largest activation anywhere: what examples() finds in training pictures. */
function measure({ mask, channel, target }: Aim, values: Tensor, layer: TargetLayer): Pick<Maximised, "objective" | "activation"> {
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
  return { objective, activation };
}

function record(
  { target, label, channel }: Aim,
  image: Tensor,
  { history, climbed }: Way,
  settings: Settings,
  options: AscentOptions,
): Omit<Maximised, "objective" | "activation"> {
  const { optimiser, dtype: _dtype, shape: _shape, ...plain } = settings;
  return {
    image,
    target: label,
    layer: target.layer,
    channel: target.class === undefined ? channel : undefined,
    history,
    range: rangeOfValues(image.data),
    seed: settings.seed,
    options: { ...plainOptions(options), ...plain, optimiser: optimiser.name, learningRate: optimiser.learningRate },
    warnings: diagnoseAscent(image, settings.steps > 0 && !climbed),
  };
}
