// Guided backpropagation and the deconvnet differ from the gradient in one thing only: what happens at a ReLU. So each is a set of
// replacement rules, and everything else stays the ordinary gradient.
// Springenberg, Dosovitskiy, Brox, Riedmiller, "Striving for simplicity", 2015, figure 1; Zeiler and Fergus 2014, section 2.1.
import type { GradRule } from "../graph/op.ts";
import type { Value } from "../graph/value.ts";
import { add, ge, gt, le, lt, mul, reshape, sum } from "../ops/index.ts";

export type ReluRule = "gradient" | "guided" | "deconvnet";

/** What passes a plain ReLU with input z when g arrives: backprop g·[z>0], deconvnet g·[g>0], guided g·[z>0]·[g>0]. */
const throughRelu: Readonly<Record<ReluRule, (g: Value, z: Value) => Value>> = {
  gradient: (g, z) => mul(g, gt(z, 0)),
  deconvnet: (g) => mul(g, gt(g, 0)),
  guided: (g, z) => mul(mul(g, gt(z, 0)), gt(g, 0)),
};

/** Replacement rules for every op that has a ReLU in it, by op name: pass them to `gradient(y, wrt, { rules })`. */
export function reluRules(rule: ReluRule): Readonly<Record<string, GradRule>> {
  const pass = throughRelu[rule];
  // leaky(z) = slope · z + (1 - slope) · relu(z): the linear part keeps its own gradient.
  const leaky = (g: Value, z: Value, slope: Value | number): Value =>
    add(mul(g, slope), mul(pass(g, z), typeof slope === "number" ? 1 - slope : add(mul(slope, -1), 1)));
  return {
    relu: (g, { x }) => pass(g, x),
    // The upper limit of ReLU6 is not its ReLU part and keeps its own derivative.
    relu6: (g, { x }) => mul(pass(g, x), lt(x, 6)),
    // As nets from files write ReLU and ReLU6.
    clip: (g, { x }, { min, max }) =>
      min === 0 ? mul(pass(g, x), le(x, max as number)) : mul(g, mul(ge(x, min as number), le(x, max as number))),
    leakyRelu: (g, { x }, attrs) => leaky(g, x, attrs.slope as number),
    prelu: (g, { x, weight }) => leaky(g, x, reshape(weight, [-1, ...x.shape.slice(2).map(() => 1)])),
  };
}

/**
 * The ordinary gradient, except that a ReLU (plain, capped, or written as a clip from 0) through which nothing would pass for a whole picture lets those
 * values pass that would push its input up. Without it, a unit behind dead ReLUs has no gradient to climb. Olah et al. 2017.
 */
export function redirectedRules(): Readonly<Record<string, GradRule>> {
  const redirected = (ordinary: Value, g: Value, x: Value): Value => {
    const blocked = le(perPicture(mul(ordinary, ordinary)), 0);
    return add(ordinary, mul(mul(mul(g, gt(g, 0)), le(x, 0)), blocked));
  };
  return {
    relu: (g, { x }) => redirected(mul(g, gt(x, 0)), g, x),
    relu6: (g, { x }) => redirected(mul(g, mul(gt(x, 0), lt(x, 6))), g, x),
    clip(g, { x }, { min, max }) {
      const ordinary = mul(g, mul(ge(x, min as number), le(x, max as number)));
      return min === 0 ? redirected(ordinary, g, x) : ordinary;
    },
  };
}

const perPicture = (v: Value): Value => sum(v, { axes: v.shape.map((_, axis) => axis).slice(1), keepDims: true });
