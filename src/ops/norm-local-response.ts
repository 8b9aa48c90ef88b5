// Local response normalisation: each channel is divided by the energy of its neighbours.
import { choice, count, real } from "../graph/attrs.ts";
import { defineOp, type Op, pointwise } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { showShape, sizeOf } from "../tensor/shape.ts";
import { map } from "./elementwise.ts";
import * as e from "./expression-build.ts";
import { oneFloatType } from "./operands.ts";
import { avgPool2d } from "./pool-average.ts";
import { reshape } from "./reshape.ts";
import { square } from "./unary.ts";

export const localResponseNormOp: Op = defineOp({
  name: "localResponseNorm",
  inputs: ["x"],
  attrs: {
    size: count(5, 1, "channels in the window"),
    alpha: real(1e-4, "factor of the squares"),
    beta: real(0.75, "exponent"),
    k: real(1, "added to the squares"),
    alphaForm: choice(["mean", "sum"], "mean", "alpha multiplies the mean of the squares (PyTorch, ONNX) or their sum (the AlexNet paper)"),
    window: choice(["pytorch", "onnx"], "pytorch", "which side gets the odd channel when the size is even"),
  },
  shape({ x }, _, where) {
    if (x.length < 2 || x[1] === 0) throw new ShapeError(`${where}: input has shape ${showShape(x)}; expected [batch, channels, ...]`);
    return x;
  },
  dtype: ({ all }) => oneFloatType("localResponseNorm", all),
  field: () => ({ x: pointwise }),
  decompose({ x }, { size, alpha, beta, k, alphaForm, window }) {
    const [batch, channels, ...rest] = x.shape;
    const [less, more] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
    const sides = window === "pytorch" ? ([more, less] as const) : ([less, more] as const);
    // As a picture whose rows are channels, a window over channels is a pooling window; the border of zeros counts in its mean.
    const rows = reshape(square(x), [batch, 1, channels, sizeOf(rest)]);
    const energy = reshape(avgPool2d(rows, [size, 1], { stride: 1, padding: [sides, [0, 0]], countIncludePad: true }), x.shape);
    const factor = alphaForm === "mean" ? alpha : alpha * size;
    return map(e.mul(e.operand(0), e.pow(e.add(k, e.mul(factor, e.operand(1))), -beta)), [x, energy]);
  },
  doc: {
    text: "x / (k + alpha · mean of x² over `size` neighbouring channels)^beta; channels beyond the first and last count as 0.",
    cites: ["Krizhevsky, Sutskever & Hinton 2012, section 3.3"],
  },
  cases: [
    { inputs: [[2, 7, 3, 2]], attrs: { alpha: 0.3 } },
    { title: "even window, sum form", inputs: [[2, 5, 4]], attrs: { size: 4, alpha: 0.2, k: 2, alphaForm: "sum" } },
    { title: "even window as in ONNX", inputs: [[3, 6]], attrs: { size: 2, alpha: 0.5, window: "onnx" } },
    { title: "window wider than the channels", inputs: [[1, 3, 2, 2]], attrs: { size: 7, alpha: 0.5 } },
  ],
});

export interface LocalResponseNormOptions {
  /** Channels in the window (default 5). */
  readonly size?: number;
  readonly alpha?: number;
  readonly beta?: number;
  readonly k?: number;
  /** Whether alpha multiplies the mean of the squares (PyTorch, ONNX; default) or their sum (the AlexNet paper). */
  readonly alphaForm?: "mean" | "sum";
  /** Window of an even size: c - size/2 .. (PyTorch; default) or c - (size/2 - 1) .. (ONNX). */
  readonly window?: "pytorch" | "onnx";
}

/** x / (k + alpha · mean of the neighbours' squares)^beta over channels (axis 1). Throws `ArgumentError` when k is not positive. */
export function localResponseNorm<T extends Operand>(x: T, options: LocalResponseNormOptions = {}): T {
  if (!((options.k ?? 1) > 0)) throw new ArgumentError(`localResponseNorm: k is ${options.k}; expected a number above 0`);
  return apply(localResponseNormOp, [x], options);
}
