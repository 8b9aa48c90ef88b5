// How one unit comes about on one picture: every map that it reads, its own kernel for that map, the partial map that the two give, and what
// is done with the partial maps. The numbers are those of the run; the partial maps are computed by the layer's own op, one map at a time.
import type { WindowAxis } from "../../arithmetic/sizes.ts";
import { compile } from "../../backends/compile.ts";
import { evaluateOp } from "../../graph/evaluate.ts";
import { createGraph } from "../../graph/graph.ts";
import type { Attrs } from "../../graph/op.ts";
import { constantOp } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import { expectModel, layerValue, type Model } from "../../nn/model.ts";
import { type ConvAttrs, convGeometry, convInputGradOp, convOp } from "../../ops/conv.ts";
import { expressionOf } from "../../ops/elementwise.ts";
import type { Expression } from "../../ops/expression.ts";
import { type PoolAttrs, poolGeometry } from "../../ops/pool-geometry.ts";
import { expectTensor } from "../../tensor/expect.ts";
import { checkOptions } from "../../tensor/options.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { onePicture, stack, traceFor } from "../batch.ts";
import { compileOptions, type RunOptions, runOptionNames } from "../run.ts";
import { checkUnit, operandUnits, sourceNames } from "./reads.ts";

/** Where a number that can be learned stands. */
export interface ParameterPlace {
  readonly parameter: string;
  /** Row-major position of the first number. */
  readonly offset: number;
}

/** A map that takes part. */
export interface UnitTerm {
  /** The layer that gives it, "x" for the net's input, or the op where it is no layer's. */
  readonly source: string;
  readonly unit: number;
  /** [H, W]; a single number is [1, 1], a row of features [1, n]. */
  readonly map: Tensor;
  /** [kH, kW]: what the unit multiplies the map with. */
  readonly kernel?: Tensor;
  readonly kernelAt?: ParameterPlace;
  /** [H', W']: what this map alone gives. Partial maps sum up to the result less the bias. */
  readonly partial?: Tensor;
}

export type UnitRule =
  /** Partial maps, summed. `axes` say which cells a window covers. */
  | { readonly kind: "convolution" | "transposed"; readonly axes: readonly WindowAxis[] }
  /** Every cell of every map has a weight of its own. */
  | { readonly kind: "dense" }
  | {
      readonly kind: "pooling";
      readonly mode: "max" | "average" | "power";
      readonly axes: readonly WindowAxis[];
      readonly power: number;
      readonly countIncludePad: boolean;
    }
  /** y = f(x), cell by cell. */
  | { readonly kind: "pointwise"; readonly expression: Expression }
  /** (x - mean) / sqrt(variance + eps) · scale + shift. */
  | {
      readonly kind: "norm";
      readonly mean: number;
      readonly variance: number;
      readonly eps: number;
      readonly scale: number;
      readonly shift: number;
      /** Whether mean and variance are of this very picture (group norm), and not remembered from training (batch norm). */
      readonly own: boolean;
    }
  | { readonly kind: "softmax" }
  /** The terms, cell by cell, by one of the four species. */
  | { readonly kind: "sum" | "product" }
  /** A map, or of a map one cell, handed on. */
  | { readonly kind: "copy"; readonly cell: number | undefined }
  /** Something that has no card of its own. */
  | { readonly kind: "other" };

export interface UnitArithmetic {
  readonly layer: string;
  readonly unit: number;
  /** The op that gives it. */
  readonly op: string;
  readonly rule: UnitRule;
  readonly terms: readonly UnitTerm[];
  /** [H', W']: the partial maps summed up, before the bias; where there are some. */
  readonly sum?: Tensor;
  readonly bias?: { readonly value: number; readonly at?: ParameterPlace };
  /** [H', W']. */
  readonly result: Tensor;
}

export interface UnitArithmeticOptions extends RunOptions {
  readonly layer: string;
  readonly unit: number;
}

/** A value and its operands with their numbers. */
interface Scene {
  readonly value: Value;
  readonly unit: number;
  number(value: Value): Tensor;
  name(value: Value): string;
  /** The parameter that a constant is. */
  parameter(value: Value): string | undefined;
}

/**
 * Takes one unit apart on one picture [C, H, W]. Maps of other than two axes are shown as planes; ops without a rule of their own give "other",
 * with what they read and what they make of it. Throws `GraphError` for unknown layers, `ArgumentError` for units outside.
 */
export async function unitArithmetic(model: Model, picture: Tensor, options: UnitArithmeticOptions): Promise<UnitArithmetic> {
  expectModel("unitArithmetic", model);
  expectTensor("unitArithmetic", "the picture", picture);
  checkOptions("unitArithmetic", options, [...runOptionNames, "layer", "unit"]);
  const { layer, unit, dtype = "float32" } = options;
  const image = onePicture(picture);
  const traced = traceFor(model, image.shape, 1, dtype);
  const value = layerValue(traced, layer);
  checkUnit("unitArithmetic", layer, value, unit);

  const wanted = new Set<Value>([value]);
  // A transposed convolution and a flattened map stand one op further back than their layer.
  for (const operand of value.inputs) for (const v of [operand, ...operand.inputs]) if (v.op !== constantOp) wanted.add(v);
  const keys = new Map([...wanted].map((v, i) => [v, `v${i}`]));
  const program = await compile(createGraph({ outputs: new Map([...keys].map(([v, key]) => [key, v])) }), compileOptions(options));
  const results = await program.run({ x: stack([image], 1, image.shape, dtype) });
  const names = sourceNames(traced);
  const parameters = new Map([...traced.parameters].map(([name, v]) => [v, name]));
  const scene: Scene = {
    value,
    unit,
    number: (v) => (v.op === constantOp ? (v.attrs.value as Tensor) : results[keys.get(v) ?? ""]),
    name: (v) => names.get(v) ?? v.op.name,
    parameter: (v) => parameters.get(v),
  };
  const taken = takeApart(scene);
  return { layer, unit, op: value.op.name, ...taken, ...sumOf(taken.terms), result: plane(scene.number(value), unit) };
}

function sumOf(terms: readonly UnitTerm[]): Pick<UnitArithmetic, "sum"> {
  const partials = terms.flatMap(({ partial }) => partial ?? []);
  if (partials.length === 0) return {};
  const sum = new Float64Array(partials[0].size);
  for (const { data } of partials) for (let i = 0; i < sum.length; i++) sum[i] += data[i];
  return { sum: new Tensor(sum, partials[0].shape) };
}

type Taken = Pick<UnitArithmetic, "rule" | "terms" | "bias">;

const pools: Readonly<Record<string, "max" | "average" | "power">> = {
  maxPool: "max",
  globalMaxPool: "max",
  avgPool: "average",
  globalAvgPool: "average",
  lpPool: "power",
  globalLpPool: "power",
};

function takeApart(scene: Scene): Taken {
  const { value } = scene;
  const [first, second] = value.inputs;
  const { name } = value.op;
  if (name === "conv" && first.rank === 4) return convolution(scene);
  if (name === "add" && first.op === convInputGradOp && first.rank === 4) return transposed(scene, first, second.inputs[0]);
  if (name === "convInputGrad" && value.rank === 4) return transposed(scene, value, undefined);
  if (name === "linear" && first.rank === 2) return dense(scene);
  if (pools[name] !== undefined && first.rank === 4) return pooling(scene);
  if (name === "batchNorm") return batchNorm(scene);
  if (name === "groupNorm") return groupNorm(scene);
  if (name === "softmax" && softmaxAxis(value) === 1) return { rule: { kind: "softmax" }, terms: allTerms(scene, first) };
  if (name === "concat" && value.attrs.axis === 1) return { rule: { kind: "copy", cell: undefined }, terms: ownTerms(scene) };
  if (name === "identity" || name === "channelShuffle") return { rule: { kind: "copy", cell: undefined }, terms: ownTerms(scene) };
  if (name === "reshape" && value.rank === 2 && value.shape[1] >= first.shape[1]) return flattened(scene, first);
  const expression = expressionOf(value);
  const moving = value.inputs.filter((v) => v.op !== constantOp);
  if (expression !== undefined && value.inputs.length === 1) return { rule: { kind: "pointwise", expression }, terms: ownTerms(scene) };
  if ((name === "add" || name === "mul") && moving.length === value.inputs.length)
    return { rule: { kind: name === "add" ? "sum" : "product" }, terms: ownTerms(scene) };
  return { rule: { kind: "other" }, terms: ownTerms(scene) };
}

/** Map `unit` of a value [1, C, ...] as [H, W]. */
function plane(tensor: Tensor, unit: number): Tensor {
  const units = tensor.shape[1] ?? 1;
  const size = sizeOf(tensor.shape) / units;
  const width = tensor.rank > 2 ? tensor.shape[tensor.rank - 1] : 1;
  return new Tensor(tensor.data.slice(unit * size, (unit + 1) * size), [size / width, width]);
}

/** The maps that the unit reads, of every operand that is computed. */
function ownTerms(scene: Scene): UnitTerm[] {
  const { value, unit } = scene;
  return value.inputs.flatMap((operand, i) =>
    operand.op === constantOp ? [] : operandUnits(value, i, [unit]).map((u) => term(scene, operand, u)),
  );
}

function allTerms(scene: Scene, operand: Value): UnitTerm[] {
  return Array.from({ length: operand.shape[1] }, (_, u) => term(scene, operand, u));
}

function term(scene: Scene, operand: Value, u: number): UnitTerm {
  return { source: scene.name(operand), unit: u, map: plane(scene.number(operand), u) };
}

function biasOf(scene: Scene, bias: Value | undefined): Pick<UnitArithmetic, "bias"> {
  if (bias === undefined) return {};
  const parameter = scene.parameter(bias);
  const value = scene.number(bias).data[scene.unit];
  return { bias: { value, ...(parameter !== undefined && { at: { parameter, offset: scene.unit } }) } };
}

/** One kernel of a weight tensor, with its place. */
function kernelTerm(scene: Scene, weight: Value, index: number, shape: readonly [number, number]): Pick<UnitTerm, "kernel" | "kernelAt"> {
  const size = shape[0] * shape[1];
  const parameter = scene.parameter(weight);
  return {
    kernel: new Tensor(scene.number(weight).data.slice(index * size, (index + 1) * size), shape),
    ...(parameter !== undefined && { kernelAt: { parameter, offset: index * size } }),
  };
}

const asBatch = (map: Tensor): Tensor => new Tensor(map.data, [1, 1, ...map.shape]);

function convolution(scene: Scene): Taken {
  const { value, unit } = scene;
  const [x, weight, bias] = value.inputs;
  const attrs = value.attrs as unknown as ConvAttrs;
  const [, perGroup, height, width] = weight.shape;
  const terms = operandUnits(value, 0, [unit]).map((u, c): UnitTerm => {
    const own = term(scene, x, u);
    const { kernel, ...at } = kernelTerm(scene, weight, unit * perGroup + c, [height, width]);
    const partial = plane(evaluateOp(convOp, [asBatch(own.map), asBatch(kernel!)], { ...attrs, groups: 1 }), 0);
    return { ...own, kernel: kernel!, ...at, partial };
  });
  return { rule: { kind: "convolution", axes: convGeometry(x.shape, weight.shape, attrs).axes }, terms, ...biasOf(scene, bias) };
}

/** `spread` is the op that spreads its operand g; weight [gChannels, outChannels / groups, ...kernel]. */
function transposed(scene: Scene, spread: Value, bias: Value | undefined): Taken {
  const { unit } = scene;
  const [g, weight] = spread.inputs;
  const { inputSize, ...attrs } = spread.attrs as unknown as ConvAttrs & { readonly inputSize: readonly number[] };
  const [, perGroup, height, width] = weight.shape;
  const terms = operandUnits(spread, 0, [unit]).map((u): UnitTerm => {
    const own = term(scene, g, u);
    const { kernel, ...at } = kernelTerm(scene, weight, u * perGroup + (unit % perGroup), [height, width]);
    const options: Attrs = { ...attrs, groups: 1, inputSize };
    return {
      ...own,
      kernel: kernel!,
      ...at,
      partial: plane(evaluateOp(convInputGradOp, [asBatch(own.map), asBatch(kernel!)], options), 0),
    };
  });
  // The axes of the convolution whose transpose it is: its output is what is spread here.
  const { axes } = convGeometry([1, spread.shape[1], ...inputSize], [weight.shape[0], perGroup, height, width], attrs);
  return { rule: { kind: "transposed", axes }, terms, ...biasOf(scene, bias) };
}

/** A dense layer; behind a flattened map, every map has the part of the weights that belongs to it. */
function dense(scene: Scene): Taken {
  const { value, unit } = scene;
  const [x, weight, bias] = value.inputs;
  const maps = x.op.name === "reshape" && x.inputs[0].rank === 4 ? x.inputs[0] : undefined;
  const count = maps?.shape[1] ?? 1;
  const shape = maps === undefined ? ([1, x.shape[1]] as const) : ([maps.shape[2], maps.shape[3]] as const);
  const features = scene.number(x).data;
  const size = shape[0] * shape[1];
  const terms = Array.from({ length: count }, (_, c): UnitTerm => {
    const map = new Tensor(features.slice(c * size, (c + 1) * size), shape);
    const { kernel, ...at } = kernelTerm(scene, weight, unit * count + c, shape);
    let sum = 0;
    for (let i = 0; i < size; i++) sum += map.data[i] * kernel!.data[i];
    return { source: scene.name(maps ?? x), unit: c, map, kernel: kernel!, ...at, partial: new Tensor(Float64Array.of(sum), [1, 1]) };
  });
  return { rule: { kind: "dense" }, terms, ...biasOf(scene, bias) };
}

function pooling(scene: Scene): Taken {
  const { value } = scene;
  const { attrs, op } = value;
  const [x] = value.inputs;
  const global = op.name.startsWith("global");
  const window = global ? { kernelSize: x.shape.slice(2), stride: undefined, padding: "valid", dilation: [1, 1], ceilMode: false } : attrs;
  return {
    rule: {
      kind: "pooling",
      mode: pools[op.name],
      axes: poolGeometry(x.shape, window as unknown as PoolAttrs).axes,
      power: typeof attrs.p === "number" ? attrs.p : 2,
      countIncludePad: attrs.countIncludePad !== false,
    },
    terms: ownTerms(scene),
  };
}

function batchNorm(scene: Scene): Taken {
  const { value, unit } = scene;
  const [, mean, variance, weight, bias] = value.inputs;
  const at = (v: Value | undefined, otherwise: number): number => (v === undefined ? otherwise : scene.number(v).data[unit]);
  return {
    rule: {
      kind: "norm",
      mean: at(mean, 0),
      variance: at(variance, 1),
      eps: value.attrs.eps as number,
      scale: at(weight, 1),
      shift: at(bias, 0),
      own: false,
    },
    terms: ownTerms(scene).slice(0, 1),
  };
}

function groupNorm(scene: Scene): Taken {
  const { value, unit } = scene;
  const [x, weight, bias] = value.inputs;
  const members = operandUnits(value, 0, [unit]).flatMap((u) => [...plane(scene.number(x), u).data]);
  const mean = members.reduce((sum, v) => sum + v, 0) / members.length;
  const variance = members.reduce((sum, v) => sum + (v - mean) ** 2, 0) / members.length;
  const at = (v: Value | undefined, otherwise: number): number => (v === undefined ? otherwise : scene.number(v).data[unit]);
  return {
    rule: { kind: "norm", mean, variance, eps: value.attrs.eps as number, scale: at(weight, 1), shift: at(bias, 0), own: true },
    terms: [term(scene, x, unit)],
  };
}

function flattened(scene: Scene, maps: Value): Taken {
  const size = sizeOf(maps.shape) / maps.shape[1];
  return { rule: { kind: "copy", cell: scene.unit % size }, terms: [term(scene, maps, Math.floor(scene.unit / size))] };
}

function softmaxAxis({ attrs, rank }: Value): number {
  const axis = attrs.axis as number;
  return axis < 0 ? axis + rank : axis;
}
