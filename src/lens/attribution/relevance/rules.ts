// How relevance is handed down through one layer with weights: each input gets the share of the output that it made, by one of several ways
// of counting shares. Bach et al. 2015; Montavon, Binder, Lapuschkin, Samek, Mueller 2019, "Layer-wise relevance propagation: an overview".
import { gradient } from "../../../graph/grad.ts";
import { fill, record } from "../../../graph/record.ts";
import type { Value } from "../../../graph/value.ts";
import { add, div, eq, gt, maximum, minimum, mul, sub, where } from "../../../ops/index.ts";
import { ArgumentError } from "../../../tensor/errors.ts";
import { showShape } from "../../../tensor/shape.ts";

export type LrpRule = "zero" | "epsilon" | "gamma" | "zPlus" | "alphaBeta" | "zBox" | "flat" | "wSquare" | "identity";

export const lrpRules: readonly LrpRule[] = ["zero", "epsilon", "gamma", "zPlus", "alphaBeta", "zBox", "flat", "wSquare", "identity"];

export interface RuleSettings {
  /** Added to denominators with their sign (default 1e-6). */
  readonly epsilon: number;
  /** How much more positive weights count under "gamma" (default 0.25). */
  readonly gamma: number;
  /** Share of the positive contributions under "alphaBeta" (default 2); the negative ones get 1 - alpha. */
  readonly alpha: number;
  /** The smallest and the largest that a layer's operand can be when the pixels are: for "zBox". */
  bounds(x: Value): readonly Value[];
}

/** A layer y = op(x, weight, bias) that is linear in x and in the weight. */
export interface WeightedLayer {
  readonly value: Value;
  readonly x: Value;
  readonly weight: Value;
  readonly bias: Value | undefined;
}

/** numerator / denominator, where the denominator is moved away from 0 by `epsilon` in its own direction; 0 where both are nothing. */
export function stableDivide(numerator: Value, denominator: Value, epsilon: number): Value {
  if (epsilon === 0) {
    const none = eq(denominator, 0);
    return div(where(none, mul(numerator, 0), numerator), add(denominator, none));
  }
  // A sign that is +1 at 0.
  const sign = sub(mul(add(gt(denominator, 0), eq(denominator, 0)), 2), 1);
  return div(numerator, add(denominator, mul(sign, epsilon)));
}

const positive = (v: Value): Value => maximum(v, 0);
const negative = (v: Value): Value => minimum(v, 0);

/** The layer again, with other operands. */
function again({ value }: WeightedLayer, x: Value, weight: Value, bias?: Value): Value {
  return record(value.op, bias === undefined ? [x, weight] : [x, weight, bias], attributesOf(value));
}

/** Attributes as options; absent ones must stay absent. */
function attributesOf({ attrs }: Value): object {
  return Object.fromEntries(Object.entries(attrs).filter(([, v]) => v !== undefined));
}

/** x ⊙ (what flows back through `z` when `s` arrives). */
function contribution(z: Value, x: Value, s: Value): Value {
  return mul(x, gradient(z, [x], { seed: s })[0]);
}

/** R_x = x ⊙ ∂(R / z) with z the layer under other weights: the pattern of most rules. */
function share(layer: WeightedLayer, x: Value, weight: Value, bias: Value | undefined, relevance: Value, epsilon: number): Value {
  const z = again(layer, x, weight, bias);
  return contribution(z, x, stableDivide(relevance, z, epsilon));
}

type Apply = (layer: WeightedLayer, relevance: Value, settings: RuleSettings) => Value;

const zPlus: Apply = (layer, relevance, { epsilon }) => {
  const { x, weight, bias } = layer;
  return share(layer, positive(x), positive(weight), bias && positive(bias), relevance, epsilon);
};

const alphaBeta: Apply = (layer, relevance, { alpha, epsilon }) => {
  const { x, weight, bias } = layer;
  const [xUp, xDown, wUp, wDown] = [positive(x), negative(x), positive(weight), negative(weight)];
  // What is positive comes from factors of equal signs, what is negative from factors of opposite ones.
  const half = (a: Value, b: Value, c: Value, d: Value, shift: Value | undefined): Value => {
    const [one, two] = [again(layer, a, b, shift), again(layer, c, d)];
    const s = stableDivide(relevance, add(one, two), epsilon);
    return add(contribution(one, a, s), contribution(two, c, s));
  };
  const up = half(xUp, wUp, xDown, wDown, bias && positive(bias));
  if (alpha === 1) return up;
  const down = half(xUp, wDown, xDown, wUp, bias && negative(bias));
  return add(mul(up, alpha), mul(down, 1 - alpha));
};

const zBox: Apply = (layer, relevance, { bounds, epsilon }) => {
  const { x, weight } = layer;
  const [low, high] = bounds(x);
  const [wUp, wDown] = [positive(weight), negative(weight)];
  const parts = [again(layer, x, weight), again(layer, low, wUp), again(layer, high, wDown)] as const;
  const s = stableDivide(relevance, sub(sub(parts[0], parts[1]), parts[2]), epsilon);
  return sub(sub(contribution(parts[0], x, s), contribution(parts[1], low, s)), contribution(parts[2], high, s));
};

/** Shares that do not depend on the input at all. */
function byWeightsAlone(layer: WeightedLayer, weight: Value, relevance: Value, epsilon: number): Value {
  return share(layer, fill(layer.x.shape, 1, layer.x.dtype), weight, undefined, relevance, epsilon);
}

const rules: Readonly<Record<LrpRule, Apply>> = {
  zero: (layer, relevance) => share(layer, layer.x, layer.weight, layer.bias, relevance, 0),
  epsilon: (layer, relevance, { epsilon }) => share(layer, layer.x, layer.weight, layer.bias, relevance, epsilon),
  gamma: (layer, relevance, { gamma, epsilon }) => {
    const raised = (v: Value): Value => add(v, mul(positive(v), gamma));
    return share(layer, layer.x, raised(layer.weight), layer.bias && raised(layer.bias), relevance, epsilon);
  },
  zPlus,
  alphaBeta,
  zBox,
  flat: (layer, relevance, { epsilon }) => byWeightsAlone(layer, fill(layer.weight.shape, 1, layer.weight.dtype), relevance, epsilon),
  wSquare: (layer, relevance, { epsilon }) => byWeightsAlone(layer, mul(layer.weight, layer.weight), relevance, epsilon),
  identity: ({ x, value }, relevance) => {
    if (x.shape.length === relevance.shape.length && x.shape.every((n, axis) => n === relevance.shape[axis])) return relevance;
    throw new ArgumentError(
      `lrp: the rule identity needs a layer whose output has the shape of its input; ${value.label ?? value.op.name} goes from ${showShape(x.shape)} to ${showShape(value.shape)}`,
    );
  },
};

/** The relevance of a layer's input, given that of its output. */
export function throughWeights(rule: LrpRule, layer: WeightedLayer, relevance: Value, settings: RuleSettings): Value {
  return rules[rule](layer, relevance, settings);
}
