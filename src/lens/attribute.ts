// Which pixels mattered, by gradients: plain, times input, guided, deconvnet, averaged over noise, integrated along a path.
// One result per picture, raw and signed. Definitions: Simonyan 2014 (gradient), Springenberg 2015 (guided), Zeiler & Fergus 2014
// (deconvnet), Smilkov 2017 (SmoothGrad), Adebayo 2018 (VarGrad), Sundararajan 2017 (integrated gradients).
import { breather } from "#platform";
import { expectModel, type Model } from "../nn/model.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { expectList, expectTensor } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { random } from "../tensor/random.ts";
import { allocate, full, Tensor, zeros } from "../tensor/tensor.ts";
import { onePicture } from "./batch.ts";
import { diagnoseMap } from "./diagnose.ts";
import { type GradientProgram, gradientProgram } from "./gradient-program.ts";
import { type QuadratureRule, quadrature } from "./quadrature.ts";
import { rangeOfValues } from "./range.ts";
import type { Attribution } from "./records.ts";
import type { ReluRule } from "./rules.ts";
import { plainOptions, type RunOptions, runOptionNames } from "./run.ts";
import { channelOf, checkPosition, describe, fillDirection, fillMask, type Target, type TargetLayer, targetNames } from "./target.ts";

export type AttributionMethod =
  | "gradient"
  | "gradientInput"
  | "guided"
  | "deconvnet"
  | "smoothGrad"
  | "smoothGradSquared"
  | "varGrad"
  | "integratedGradients";

export const attributionMethods: readonly AttributionMethod[] = [
  "gradient",
  "gradientInput",
  "guided",
  "deconvnet",
  "smoothGrad",
  "smoothGradSquared",
  "varGrad",
  "integratedGradients",
];

export interface MethodOptions extends RunOptions {
  readonly method: AttributionMethod;
  /** Noisy copies of SmoothGrad and its kin (default 25). */
  readonly samples?: number;
  /** Their noise: standard deviation as a share of (max x - min x) (default 0.15). */
  readonly spread?: number;
  /** Seed of the noise (default 0). */
  readonly seed?: number;
  /** Points of integrated gradients (default 50). */
  readonly points?: number;
  readonly quadrature?: QuadratureRule;
  /** Where integrated gradients start (default: zeros, which is the data's mean after normalisation). */
  readonly baseline?: Tensor;
  /** Pictures per run (default 16). */
  readonly batchSize?: number;
}

const methodOptionNames = [
  ...runOptionNames,
  "method",
  "samples",
  "spread",
  "seed",
  "points",
  "quadrature",
  "baseline",
  "batchSize",
] as const satisfies readonly (keyof MethodOptions)[];

export type AttributeOptions = MethodOptions & Target;

/**
 * How much each number of `image` [C, H, W] (as the net sees it; another size than its own where the layers allow it) contributed to a target. A target in a layer without a position means
 * the channel's strongest position on this picture. The class score is the logit, never the probability.
 */
export async function attribute(model: Model, image: Tensor, options: AttributeOptions): Promise<Attribution> {
  expectModel("attribute", model);
  expectTensor("attribute", "the picture", image);
  checkOptions("attribute", options, [...methodOptionNames, ...targetNames]);
  const [result] = await attributeAll(model, [{ image, target: options }], options);
  return result;
}

export interface AttributionTask {
  readonly image: Tensor;
  readonly target: Target;
}

/** Many pictures, each with its own target in the same layer (or all of classes), in one compiled program. */
export async function attributeEach(model: Model, tasks: readonly AttributionTask[], options: MethodOptions): Promise<Attribution[]> {
  expectModel("attributeEach", model);
  expectList("attributeEach", "the tasks", tasks, "{ image, target }");
  for (const { image } of tasks) expectTensor("attributeEach", "a picture", image);
  checkOptions("attributeEach", options, methodOptionNames);
  for (const { target } of tasks) checkOptions("attributeEach: target", target, targetNames);
  return attributeAll(model, tasks, options);
}

async function attributeAll(model: Model, tasks: readonly AttributionTask[], options: MethodOptions): Promise<Attribution[]> {
  const { method, batchSize = 16, signal, onProgress } = options;
  if (!attributionMethods.includes(method))
    throw new ArgumentError(`attribute: method is "${String(method)}"; expected one of ${attributionMethods.join(", ")}`);
  if (tasks.length === 0) return [];
  if (tasks.some((t) => t.target.layer !== tasks[0].target.layer)) {
    throw new ArgumentError("attributeEach: the targets lie in different layers; call it once per layer");
  }
  const rule: ReluRule = method === "guided" || method === "deconvnet" ? method : "gradient";
  const perPicture = evaluationsPerPicture(options);
  const program = await gradientProgram(
    model,
    tasks[0].target,
    rule,
    Math.min(batchSize, tasks.length * perPicture),
    onePicture(tasks[0].image).shape,
    options,
  );
  const results: Attribution[] = [];
  const breathe = breather();
  for (let start = 0; start < tasks.length; start += program.batch) {
    signal?.throwIfAborted();
    const part = tasks.slice(start, start + program.batch).map(({ image, target }) => ({ image: onePicture(image), target }));
    const aims = await aim(model, program, part);
    for (const { map, figures, i } of await mapsOf(program, aims, options)) {
      results.push(finish(model, program, aims[i], map, figures, options));
    }
    onProgress?.({ done: Math.min(tasks.length, start + program.batch), total: tasks.length });
    await breathe();
  }
  return results;
}

/** A picture and the mask of its target, position settled. */
interface Aim {
  readonly image: Tensor;
  readonly target: Target;
  readonly mask: Tensor["data"];
  readonly position: readonly [number, number] | undefined;
  readonly score: number;
  /** The plain gradient under the program's rule at the picture itself. */
  readonly gradient: Tensor;
}

function evaluationsPerPicture({ method, samples = 25, points = 50 }: MethodOptions): number {
  if (method === "integratedGradients") return points;
  return method === "smoothGrad" || method === "smoothGradSquared" || method === "varGrad" ? samples : 1;
}

async function aim(model: Model, program: GradientProgram, tasks: readonly AttributionTask[]): Promise<Aim[]> {
  const { layer } = program;
  const size = layer.channels * layer.height * layer.width;
  const blank = (image: Tensor): Tensor["data"] => allocate(image.dtype === "float64" ? "float64" : "float32", size);
  const spatial = layer.height * layer.width > 1;
  const open = tasks.some(({ target }) => spatial && target.position === undefined && target.direction === undefined);
  // Where the strongest position must be found first, one run with empty masks shows the layer.
  const values = open
    ? (
        await runAll(
          program,
          tasks.map((t) => t.image),
          tasks.map((t) => blank(t.image)),
        )
      ).values
    : undefined;
  const settled = tasks.map(({ image, target }, i) => {
    const mask = blank(image);
    if (target.direction !== undefined) {
      fillDirection(mask, layer, target.direction);
      return { image, target, mask, position: undefined };
    }
    const channel = channelOf(model, target, layer);
    const position = target.position ?? (spatial ? strongest(values as Tensor, i, channel, layer) : ([0, 0] as const));
    checkPosition(layer, position);
    fillMask(mask, layer, channel, position);
    return { image, target, mask, position: spatial ? position : undefined };
  });
  const run = await runAll(
    program,
    settled.map((s) => s.image),
    settled.map((s) => s.mask),
  );
  return settled.map((s, i) => ({ ...s, score: run.scores[i], gradient: run.gradients[i] }));
}

/** The first largest value of a channel, in row-major order. */
function strongest(values: Tensor, picture: number, channel: number, { height, width }: TargetLayer): readonly [number, number] {
  const plane = values.entry(picture).entry(channel).data;
  let best = 0;
  for (let p = 1; p < height * width; p++) if (plane[p] > plane[best]) best = p;
  return [Math.floor(best / width), best % width];
}

interface Mapped {
  readonly i: number;
  readonly map: Tensor;
  readonly figures: Readonly<Record<string, number>>;
}

async function mapsOf(program: GradientProgram, aims: readonly Aim[], options: MethodOptions): Promise<Mapped[]> {
  const plain = (of: (a: Aim) => Tensor): Mapped[] => aims.map((a, i) => ({ i, map: of(a), figures: {} }));
  switch (options.method) {
    case "gradientInput":
      return plain((a) => zip(a.gradient, a.image, (g, x) => g * x));
    case "smoothGrad":
    case "smoothGradSquared":
    case "varGrad":
      return inTurn(aims, async (a) => ({ map: await overNoise(program, a, options), figures: {} }));
    case "integratedGradients":
      return inTurn(aims, (a) => alongPath(program, a, options));
    default:
      return plain((a) => a.gradient);
  }
}

/** One after the other: a program does one run at a time. */
async function inTurn(aims: readonly Aim[], work: (aim: Aim) => Promise<Omit<Mapped, "i">>): Promise<Mapped[]> {
  const all: Mapped[] = [];
  for (const [i, aim] of aims.entries()) all.push({ i, ...(await work(aim)) });
  return all;
}

/** Any number of pictures through a program of fixed batch size. */
async function runAll(
  program: GradientProgram,
  pictures: readonly Tensor[],
  masks: readonly Tensor["data"][],
): Promise<{ scores: number[]; gradients: Tensor[]; values: Tensor }> {
  const scores: number[] = [];
  const gradients: Tensor[] = [];
  let values: Tensor | undefined;
  for (let start = 0; start < pictures.length; start += program.batch) {
    const run = await program.run(pictures.slice(start, start + program.batch), masks.slice(start, start + program.batch));
    scores.push(...run.scores);
    gradients.push(...run.gradients);
    values ??= run.values;
  }
  return { scores, gradients, values: values as Tensor };
}

async function overNoise(program: GradientProgram, { image, mask }: Aim, options: MethodOptions): Promise<Tensor> {
  const { method, samples = 25, spread = 0.15, seed = 0 } = options;
  const generator = random(seed).fork(method);
  const { low, high } = rangeOfValues(image.data);
  const deviation = spread * (high - low);
  const noisy = Array.from({ length: samples }, () => {
    const copy = image.clone();
    for (let p = 0; p < copy.size; p++) copy.data[p] += deviation * generator.normal();
    return copy;
  });
  const { gradients } = await runAll(
    program,
    noisy,
    noisy.map(() => mask),
  );
  const mean = average(gradients, (g) => g);
  if (method === "smoothGrad") return mean;
  const square = average(gradients, (g) => g * g);
  return method === "smoothGradSquared" ? square : average(gradients, (g, p) => (g - mean.data[p]) ** 2);
}

function average(maps: readonly Tensor[], of: (value: number, index: number) => number): Tensor {
  const sum = zeros(maps[0].shape, "float64");
  for (const { data } of maps) for (let p = 0; p < sum.size; p++) sum.data[p] += of(data[p], p) / maps.length;
  return sum.cast(maps[0].dtype);
}

async function alongPath(program: GradientProgram, { image, mask, score }: Aim, options: MethodOptions): Promise<Omit<Mapped, "i">> {
  const { points = 50, quadrature: rule = "gaussLegendre", baseline = full(image.shape, 0, image.dtype) } = options;
  const path = quadrature(rule, points);
  const steps = path.map(({ at }) => zip(image, baseline, (x, b) => b + at * (x - b)));
  const { gradients, scores } = await runAll(
    program,
    [...steps, zip(image, baseline, (_, b) => b)],
    [...steps, baseline].map(() => mask),
  );
  const mean = zeros(image.shape, "float64");
  path.forEach(({ weight }, k) => {
    for (let p = 0; p < mean.size; p++) mean.data[p] += weight * gradients[k].data[p];
  });
  const exact = zip(zip(image, baseline, (x, b) => x - b).cast("float64"), mean, (d, g) => d * g);
  let sum = 0;
  for (const v of exact.data) sum += v;
  // Completeness: the contributions should add up to what the score gained on the way.
  return { map: exact.cast(image.dtype), figures: { sum, completenessGap: Math.abs(sum - (score - scores[points])) } };
}

function zip(a: Tensor, b: Tensor, of: (a: number, b: number) => number): Tensor {
  const out = a.clone();
  for (let p = 0; p < out.size; p++) out.data[p] = of(a.data[p], b.data[p]);
  return new Tensor(out.data, a.shape);
}

function finish(
  model: Model,
  program: GradientProgram,
  { target, position, score }: Aim,
  map: Tensor,
  figures: Mapped["figures"],
  options: MethodOptions,
): Attribution {
  const { method, seed = 0 } = options;
  const noisy = method === "smoothGrad" || method === "smoothGradSquared" || method === "varGrad";
  return {
    map,
    method,
    target: describe(model, target, position),
    score,
    range: rangeOfValues(map.data),
    figures,
    seed: noisy ? seed : undefined,
    options: plainOptions(options),
    warnings: diagnoseMap(map, score, method, program.relus),
  };
}
