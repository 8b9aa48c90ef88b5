// Random numbers inside a graph. They depend on (seed, stream, step, position) alone, so every backend and every thread makes the same
// bits, and a mask can be made again in the backward pass instead of being kept.
import { choice, count, flag, integers, real } from "../graph/attrs.ts";
import { defineOp, type Ins, type Op, pointwise } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { DTypeError, ShapeError } from "../tensor/errors.ts";
import { hashLabel, threefry, unitInterval } from "../tensor/random.ts";
import { type Shape, showShape, sizeOf } from "../tensor/shape.ts";
import type { DType } from "../tensor/tensor.ts";
import { map } from "./elementwise.ts";
import * as e from "./expression-build.ts";

const anyInteger = Number.MIN_SAFE_INTEGER;
const keyAttrs = {
  seed: count(0, anyInteger, "first half of the key"),
  stream: count(0, anyInteger, "second half of the key: different streams are independent"),
};

function checkCounter(counter: Shape, where: string): void {
  if (sizeOf(counter) !== 1)
    throw new ShapeError(`${where}: the counter has shape ${showShape(counter)}; expected one int32, the step number`);
}

function checkCounterType(ins: Ins<DType>, where: string): void {
  if (ins.counter !== "int32") throw new DTypeError(`${where}: the counter has dtype ${ins.counter}; expected int32`);
}

const drawAttrs = {
  shape: integers(undefined, "shape of the result"),
  ...keyAttrs,
  dtype: choice(["float32", "float64"], "float32", "element type of the result"),
} as const;

const counterCase = { shape: [1], dtype: "int32", fill: { values: [3] } } as const;
const noGradient = "a counter has no gradient";

export const randomUniformOp: Op = defineOp({
  name: "randomUniform",
  inputs: ["counter"],
  attrs: drawAttrs,
  shape({ counter }, { shape }, where) {
    checkCounter(counter, where);
    return shape;
  },
  dtype(ins, { dtype }) {
    checkCounterType(ins, "randomUniform");
    return dtype;
  },
  reference({ counter }, out, { seed, stream }) {
    const pair = [0, 0];
    for (let i = 0; i < out.size; i++) {
      if (i % 2 === 0) threefry(seed, stream, i / 2, counter.data[0], pair);
      out.data[i] = unitInterval(pair[i % 2]);
    }
  },
  grad: { counter: null },
  doc: {
    text: "Uniform numbers in [0, 1) with 24 random bits. Element i is word i mod 2 of threefry2x32 with key (seed, stream) and counter (floor(i/2), step).",
    cites: ["Salmon et al. 2011"],
  },
  cases: [
    { title: noGradient, inputs: [counterCase], attrs: { shape: [3, 7], seed: 7, stream: 2 }, gradient: false },
    {
      title: `${noGradient}; an odd number of elements, negative keys`,
      inputs: [{ ...counterCase, fill: { values: [-5] } }],
      attrs: { shape: [1031], seed: -1, stream: -123456789 },
      gradient: false,
    },
  ],
});

export const randomNormalOp: Op = defineOp({
  name: "randomNormal",
  inputs: ["counter"],
  attrs: drawAttrs,
  shape({ counter }, { shape }, where) {
    checkCounter(counter, where);
    return shape;
  },
  dtype(ins, { dtype }) {
    checkCounterType(ins, "randomNormal");
    return dtype;
  },
  decompose({ counter }, attrs) {
    const radius = e.sqrt(e.mul(-2, e.log(e.sub(1, e.operand(0)))));
    const angle = e.mul(2 * Math.PI, e.operand(1));
    return map(e.mul(radius, e.cos(angle)), [
      randomUniform(counter, attrs),
      randomUniform(counter, { ...attrs, stream: hashLabel(`angle ${attrs.stream}`) }),
    ]);
  },
  grad: { counter: null },
  doc: { text: "Standard normal numbers, by the transformation of two uniform ones.", cites: ["Box & Muller 1958"] },
  cases: [{ title: noGradient, inputs: [counterCase], attrs: { shape: [5, 9], seed: 1 }, gradient: false }],
});

export const dropoutOp: Op = defineOp({
  name: "dropout",
  inputs: ["x", "counter"],
  attrs: {
    p: real(0.5, "probability of 0", { min: 0, max: 1 }),
    ...keyAttrs,
    perChannel: flag(false, "drop whole feature maps (axis 1) at once"),
  },
  shape({ x, counter }, _, where) {
    checkCounter(counter, where);
    return x;
  },
  dtype(ins) {
    checkCounterType(ins, "dropout");
    return ins.x;
  },
  field: () => ({ x: pointwise }),
  decompose({ x, counter }, { p, seed, stream, perChannel }) {
    const shape = perChannel ? x.shape.map((n, axis) => (axis < 2 ? n : 1)) : x.shape;
    const uniform = randomUniform(counter, { shape, seed, stream, dtype: x.dtype === "float64" ? "float64" : "float32" });
    // Uniform numbers are multiples of 2^-24. Rounding p up to one changes no comparison and makes p exact in float32.
    const bound = Math.ceil(p * 2 ** 24) * 2 ** -24;
    return map(e.select(e.lt(e.operand(1), bound), 0, e.mul(e.operand(0), 1 / (1 - p))), [x, uniform]);
  },
  // Linear with a diagonal matrix, hence its own adjoint: the same numbers make the same mask again.
  grad: { x: (g, { counter }, attrs) => apply(dropoutOp, [g, counter], attrs), counter: null },
  doc: {
    text: "Sets elements to 0 with probability p and multiplies the others by 1/(1-p), so that the expectation stays. For training only.",
    cites: ["Srivastava et al. 2014"],
    example: "dropout(x, counter, { p: 0.5, seed: 7 })",
  },
  cases: [
    { inputs: [[4, 33], counterCase], attrs: { p: 0.4, seed: 3 } },
    { title: "whole feature maps", inputs: [[3, 5, 4, 2], counterCase], attrs: { seed: 1, stream: 9, perChannel: true } },
    { title: "p 0 keeps everything", inputs: [[7], counterCase], attrs: { p: 0 } },
  ],
});

export interface RandomOptions {
  readonly shape: Shape;
  /** Key of the generator (default 0, 0): the same key and counter give the same numbers. */
  readonly seed?: number;
  readonly stream?: number;
  readonly dtype?: "float32" | "float64";
}

/** Uniform numbers in [0, 1). `counter` is an int32 of one element, the step number. */
export function randomUniform<T extends Operand>(counter: T, options: RandomOptions): T {
  return apply(randomUniformOp, [counter], options);
}

/** Standard normal numbers. `counter` is an int32 of one element, the step number. */
export function randomNormal<T extends Operand>(counter: T, options: RandomOptions): T {
  return apply(randomNormalOp, [counter], options);
}

export interface DropoutOptions {
  /** Probability of 0 (default 0.5). */
  readonly p?: number;
  readonly seed?: number;
  readonly stream?: number;
  /** Drop whole feature maps at once (default false). */
  readonly perChannel?: boolean;
}

/** Inverted dropout of `x`; `counter` is an int32 of one element, the step number, so that every step has another mask. */
export function dropout<T extends Operand>(x: T, counter: T, options: DropoutOptions = {}): T {
  return apply(dropoutOp, [x, counter], options);
}
