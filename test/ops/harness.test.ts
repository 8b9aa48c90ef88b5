// The checkers themselves: a gradient check that cannot fail proves nothing, so wrong rules are planted and must be found.
import { describe, expect, it } from "vitest";
import { evaluateOp } from "../../src/graph/evaluate.ts";
import type { GradRule, GradRules } from "../../src/graph/op.ts";
import { constant, fill } from "../../src/graph/record.ts";
import {
  conv2d,
  convFilterGrad,
  convInputGrad,
  convOp,
  flip,
  maxPool2d,
  mul,
  neg,
  relu,
  sin,
  softmax,
  sum,
  transpose,
} from "../../src/ops/index.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { full, type Tensor } from "../../src/tensor/tensor.ts";
import { adjointPair, type Build, checkGradient, checkSecondGradient } from "../support/gradient-check.ts";

const normal = (shape: Shape, seed: number): Tensor => randomNormal(shape, random(seed)).cast("float64");
const convolution: Build = ([x, w]) => conv2d(x, w, undefined, { padding: 1 });
const pictures = [normal([1, 2, 5, 5], 1), normal([3, 2, 3, 3], 2)];
const spatial = { padding: 1 };

type Rules = Readonly<Record<string, GradRule | GradRules>>;
const planted: readonly (readonly [string, Rules])[] = [
  [
    "a transposed kernel",
    {
      conv: {
        x: (g, { x, weight }) =>
          convInputGrad(g, transpose(weight, { permutation: [0, 1, 3, 2] }), { ...spatial, inputSize: x.shape.slice(2) }),
      },
    },
  ],
  [
    "a kernel flipped twice",
    { conv: { x: (g, { x, weight }) => convInputGrad(g, flip(weight, { axes: [2, 3] }), { ...spatial, inputSize: x.shape.slice(2) }) } },
  ],
  ["a wrong sign", { conv: { weight: (g, { x }) => neg(convFilterGrad(x, g, { ...spatial, kernelSize: [3, 3] })) } }],
  [
    "a factor of 1.00001",
    { conv: { weight: (g, { x }) => mul(convFilterGrad(x, g, { ...spatial, kernelSize: [3, 3] }), fill([], 1.00001, "float64")) } },
  ],
];

describe("E3 the gradient checker", () => {
  it("passes right rules", () => {
    expect(checkGradient(convolution, pictures).error).toBeLessThan(1e-6);
    expect(checkSecondGradient(convolution, pictures).error).toBeLessThan(1e-6);
  });

  it.each(planted)("finds a planted bug: %s", (_, rules) => {
    const { error, worst } = checkGradient(convolution, pictures, { rules });
    expect(error).toBeGreaterThan(5e-6);
    expect(worst).toMatch(/operand \d, entry \d+: analytic .* numeric/);
  });

  it("finds a rule that is right for first derivatives and wrong for second ones", () => {
    const sine: Build = ([x]) => sum(sin(x));
    // The derivative of sin is recorded as a "map", which only a second derivative differentiates.
    const rules: Rules = { map: { all: (_g, { all }) => all.map((v) => fill(v.shape, 0.5, "float64")) } };
    expect(checkGradient(sine, [normal([3], 3)], { rules }).error).toBeLessThan(1e-6);
    expect(checkSecondGradient(sine, [normal([3], 3)]).error).toBeLessThan(1e-6);
    expect(checkSecondGradient(sine, [normal([3], 3)], { rules }).error).toBeGreaterThan(0.1);
  });

  it("finds a NaN", () => {
    const rules: Rules = { relu: (g) => mul(g, constant(full(g.shape, Number.NaN, "float64"))) };
    expect(checkGradient(([x]) => relu(x), [normal([3], 4)], { rules }).error).toBe(Number.POSITIVE_INFINITY);
  });

  it("checks whole nets as well as single ops", () => {
    const net: Build = ([x, w]) => softmax(maxPool2d(relu(conv2d(x, w)), 3), { axis: 1 });
    expect(checkGradient(net, pictures).error).toBeLessThan(1e-6);
    expect(checkSecondGradient(net, pictures).error).toBeLessThan(1e-6);
  });
});

describe("the adjoint pair", () => {
  it("agrees for linear maps and would not for a wrong transpose", () => {
    const [forward, backward] = adjointPair(convolution, pictures, 0);
    expect(Math.abs(forward - backward)).toBeLessThan(1e-11);
    const lopsided: Build = ([x]) => mul(sin(x), fill([], 1, "float64"));
    const [a, b] = adjointPair(lopsided, [normal([4], 5)], 0);
    expect(Math.abs(a - b)).toBeGreaterThan(1e-3);
  });
});

describe("eager calls", () => {
  it("are the same op run at once", () => {
    const [x, w] = pictures;
    const eager = conv2d(x, w, undefined, { padding: 1 });
    expect(eager.data).toEqual(evaluateOp(convOp, [x, w], { padding: 1 }).data);
  });
});
