// The way of relevance through a whole net, as replacement rules for its gradient: what arrives at each operand is relevance instead of a slope,
// and everything that only moves numbers about (reshapes, concatenations, pooling's winners) stays the gradient that it is.
import { gradient } from "../../../graph/grad.ts";
import type { GradRule, GradRules, Op } from "../../../graph/op.ts";
import { record } from "../../../graph/record.ts";
import { topological, type Value } from "../../../graph/value.ts";
import { mul, sumTo } from "../../../ops/index.ts";
import { definedOnly } from "../../../ops/operands.ts";
import { adaptiveAvgPoolOp } from "../../../ops/pool-adaptive.ts";
import { avgPoolOp } from "../../../ops/pool-average.ts";
import { globalAvgPoolOp } from "../../../ops/pool-global.ts";
import { UnsupportedOpError } from "../../../tensor/errors.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type LrpRule, type RuleSettings, stableDivide, throughWeights } from "./rules.ts";

/** Ops with weights, by the place of the weight among their operands; the bias, if any, follows it. */
const weighted: ReadonlySet<string> = new Set(["conv", "convInputGrad", "linear", "matmul", "locallyConnected"]);

/** Linear in their operand with fixed coefficients: shares by contribution. */
const averaging: readonly string[] = ["avgPool", "globalAvgPool", "adaptiveAvgPool", "mean", "sum", "resize", "resample", "batchNorm"];

/** Move numbers about, or choose among them: the gradient hands relevance to where the numbers came from. */
const moving: ReadonlySet<string> = new Set([
  ...[
    "reshape",
    "transpose",
    "concat",
    "slice",
    "pad",
    "flip",
    "roll",
    "identity",
    "cast",
    "broadcastTo",
    "channelShuffle",
    "pixelShuffle",
  ],
  ...["maxPool", "globalMaxPool", "adaptiveMaxPool", "max", "dropout", "maximum", "take", "gather", "tile", "pixelUnshuffle"],
]);

/** What stands in for pools of maxima that are to be read as averages. */
const averagesFor: Readonly<Record<string, Op>> = {
  maxPool: avgPoolOp,
  globalMaxPool: globalAvgPoolOp,
  adaptiveMaxPool: adaptiveAvgPoolOp,
};

/** Act on every number for itself: relevance passes them unchanged. */
const activations: readonly string[] = [
  ...["relu", "relu6", "leakyRelu", "prelu", "elu", "selu", "celu", "gelu", "silu", "mish", "softplus", "softsign", "sigmoid", "tanh"],
  ...["hardSwish", "hardSigmoid", "hardTanh", "clip", "logSigmoid", "tanhshrink", "softshrink", "hardshrink", "threshold"],
];

export interface RelevanceSettings extends RuleSettings {
  /** The rule of each value with weights. */
  ruleOf(value: Value): LrpRule;
  /** "winner": the largest of a window takes its relevance; "average": all share it, as if the pool had averaged. */
  readonly maxPool: MaxPoolRule;
}

export type MaxPoolRule = "winner" | "average";
export const maxPoolRules: readonly MaxPoolRule[] = ["winner", "average"];

/** Is the value a pool of maxima? */
export const isMaxPool = ({ op }: Value): boolean => Object.hasOwn(averagesFor, op.name);

/** Is the value made by an op with weights that do not depend on `x`? */
export function isWeighted(value: Value, depends: ReadonlySet<Value>): boolean {
  return weighted.has(value.op.name) && depends.has(value.inputs[0]) && !depends.has(value.inputs[1]);
}

/** Everything between `x` and `y` that depends on `x`, in order. */
export function dependents(y: Value, x: Value): Set<Value> {
  const found = new Set<Value>([x]);
  for (const value of topological([y])) if (value.inputs.some((v) => found.has(v))) found.add(value);
  return found;
}

/**
 * The relevance of every number of `x` for Σ y · mask, which is what is handed out. Throws `UnsupportedOpError` that lists the ops through which
 * relevance has no way.
 */
export function relevanceOf(y: Value, x: Value, mask: Value, settings: RelevanceSettings): Value {
  const depends = dependents(y, x);
  const strange = [...depends].filter((value) => value !== x && !isKnown(value, depends)).map((value) => value.op.name);
  if (strange.length > 0) {
    throw new UnsupportedOpError(`lrp: there is no rule for ${[...new Set(strange)].join(", ")} between the picture and the target`);
  }
  return gradient(y, [x], { seed: mul(mask, y), rules: relevanceRules(depends, settings) })[0];
}

/**
 * The factor of a product that takes all of its relevance (summed where it was spread over more numbers): constants and gates only scale it. A gate is what a
 * squashing function made or what is smaller than the other factor; of two signals, the first is one. Arras, Montavon, Mueller, Samek 2017.
 */
function signalOf(x: Value, y: Value, depends: ReadonlySet<Value>): Value {
  if (!depends.has(x) || !depends.has(y)) return depends.has(x) ? x : y;
  if (sizeOf(x.shape) !== sizeOf(y.shape)) return sizeOf(x.shape) > sizeOf(y.shape) ? x : y;
  return squashing.has(x.op.name) && !squashing.has(y.op.name) ? y : x;
}

const squashing: ReadonlySet<string> = new Set(["sigmoid", "hardSigmoid", "tanh"]);

function isKnown(value: Value, depends: ReadonlySet<Value>): boolean {
  const { name } = value.op;
  if (weighted.has(name)) return isWeighted(value, depends);
  // Divided by what depends on the picture, as normalisation over a layer does, there is no share to speak of.
  if (name === "div") return !depends.has(value.inputs[1]);
  return averaging.includes(name) || moving.has(name) || activations.includes(name) || ["add", "sub", "mul"].includes(name);
}

function relevanceRules(depends: ReadonlySet<Value>, settings: RelevanceSettings): Readonly<Record<string, GradRule | GradRules>> {
  const { epsilon, maxPool } = settings;
  const layer: GradRule = (g, { all }, _, value) => {
    const [x, weight, bias] = all;
    return throughWeights(settings.ruleOf(value), { value, x, weight, bias }, g, settings);
  };
  const sharedBy =
    (as: (op: Op) => Op): GradRule =>
    (g, { all }, attrs, value) => {
      const z = record(as(value.op), [...all], definedOnly(attrs));
      const [x] = all;
      return mul(x, gradient(z, [x], { seed: stableDivide(g, z, epsilon) })[0]);
    };
  const average = sharedBy((op) => op);
  const averaged = sharedBy((op) => averagesFor[op.name]);
  /** A sum hands its relevance out by what each operand put in; what does not depend on the picture keeps its part. */
  const addend =
    (sign: 1 | -1): GradRule =>
    (g, { all }, _, value) => {
      const operand = sign === 1 ? all[0] : all[1];
      const share = mul(operand, sumTo(stableDivide(g, value, epsilon), operand.shape));
      return sign === -1 && value.op.name === "sub" ? mul(share, -1) : share;
    };
  const signal: GradRules = {
    x: (g, { x, y }) => (signalOf(x, y, depends) === x ? sumTo(g, x.shape) : mul(x, 0)),
    y: (g, { x, y }) => (signalOf(x, y, depends) === y && x !== y ? sumTo(g, y.shape) : mul(y, 0)),
  };
  const pass: GradRule = (g) => g;
  return {
    ...Object.fromEntries([...weighted].map((name) => [name, layer])),
    ...Object.fromEntries(averaging.map((name) => [name, average])),
    ...(maxPool === "average" && Object.fromEntries(Object.keys(averagesFor).map((name) => [name, averaged]))),
    ...Object.fromEntries(activations.map((name) => [name, pass])),
    add: { x: addend(1), y: addend(-1) },
    sub: { x: addend(1), y: addend(-1) },
    mul: signal,
    div: { x: (g, { x }) => sumTo(g, x.shape) },
  };
}
