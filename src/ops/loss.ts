// Losses. Classes lie along axis 1 as in feature maps: logits [N, C] with one label each, or [N, C, ...] with one per position.
import { type AttrSpec, choice } from "../graph/attrs.ts";
import { defineOp, type Ins, type Op, type OpCase } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { DTypeError, ShapeError } from "../tensor/errors.ts";
import { type Shape, sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import { type DType, Tensor } from "../tensor/tensor.ts";
import { div, sub } from "./arithmetic.ts";
import { map } from "./elementwise.ts";
import * as e from "./expression-build.ts";
import { checkLabels, eachClassLoss } from "./loss-loops.ts";
import { oneHot } from "./one-hot.ts";
import { checkOperand } from "./operands.ts";
import { mean, sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { logSoftmax, softmax } from "./softmax.ts";
import { square } from "./unary.ts";

export type Reduction = "mean" | "sum" | "none";
export interface LossOptions {
  /** Mean over all positions (default), their sum, or each on its own. */
  readonly reduction?: Reduction;
}

const reduction: AttrSpec<Reduction> = choice(["mean", "sum", "none"], "mean", "mean over all positions, their sum, or each on its own");

const reduced = (losses: Shape, how: Reduction): Shape => (how === "none" ? losses : []);
const reduceLosses = (losses: Value, how: Reduction): Value => (how === "none" ? losses : how === "sum" ? sum(losses) : mean(losses));

/** One loss per position: the logits' shape without the class axis. */
function classLossShape(x: Shape, target: Shape, how: Reduction, where: string): Shape {
  const positions = [x[0], ...x.slice(2)];
  if (x.length < 2 || (!sameShape(target, positions) && !sameShape(target, x))) {
    throw new ShapeError(
      `${where}: scores ${showShape(x)} need int32 labels ${x.length < 2 ? "and at least two axes [N, C]" : `${showShape(positions)} or probabilities ${showShape(x)}`}, but the target has shape ${showShape(target)}`,
    );
  }
  if (sizeOf(positions) === 0) throw new ShapeError(`${where}: scores ${showShape(x)} hold no sample to take a loss of`);
  if (x[1] === 0) throw new ShapeError(`${where}: scores ${showShape(x)} have no classes`);
  return reduced(positions, how);
}

/** Labels and probabilities can have the same shape, so the element type decides: int32 are labels. */
function targetProbabilities(x: Value, target: Value): Value {
  return target.dtype === "int32" ? oneHot(target, { classes: x.shape[1], axis: 1, dtype: x.dtype }) : target;
}

function checkTargetType(ins: Ins<DType>, x: DType, where: string): DType {
  if (x !== "float32" && x !== "float64") throw new DTypeError(`${where}: scores have dtype ${x}; expected a float type`);
  if (ins.all[1] !== "int32" && ins.all[1] !== x) {
    throw new DTypeError(`${where}: the target has dtype ${ins.all[1]}; expected int32 labels or ${x} probabilities`);
  }
  return x;
}

// A class of probability 0 costs nothing, even where its log-probability is minus infinity.
const [x0, x1] = [e.operand(0), e.operand(1)];
const surprise = e.select(e.eq(x0, 0), 0, e.neg(e.mul(x0, x1)));

function negativeLogLikelihood(logProbabilities: Value, target: Value, how: Reduction): Value {
  const probabilities = targetProbabilities(logProbabilities, target);
  return reduceLosses(sum(map(surprise, [probabilities, logProbabilities]), { axes: 1 }), how);
}

/** The loops of both losses. Unlike the decomposition, which backends run, they can refuse a label that is no class. */
function classLossLoops(name: string, normalised: boolean) {
  return ({ all: [scores, target] }: Ins<Tensor>, out: Tensor, attrs: { readonly reduction: Reduction }): void => {
    const positions = target.dtype === "int32" ? target.size : target.size / target.shape[1];
    let total = 0;
    eachClassLoss(name, scores, target, normalised, (position, loss) => {
      if (attrs.reduction === "none") out.data[position] = loss;
      total += loss;
    });
    if (attrs.reduction !== "none") out.data[0] = attrs.reduction === "sum" ? total : total / positions;
  };
}

const difference = e.sub(x0, x1);
/**
 * p − y, and 0 where that is below 2^-100: far less than a weight can feel. A net that knows its pictures by heart would make denormal numbers
 * of it in every layer on the way back, and processors take many times as long for those.
 */
const settled = e.select(e.lt(e.abs(difference), 2 ** -100), 0, difference);

/** The gradient that arrives at each position, with the class axis back as size 1. */
function perPosition(g: Value, x: Value, how: Reduction): Value {
  const positions = x.shape.map((n, axis) => (axis === 1 ? 1 : n));
  if (how === "none") return reshape(g, positions);
  return how === "sum" ? g : div(g, sizeOf(positions));
}

const labels = (shape: Shape, classes: number): { shape: Shape; dtype: "int32"; fill: { integers: number } } => ({
  shape,
  dtype: "int32",
  fill: { integers: classes },
});
const classCases: readonly OpCase[] = [
  { inputs: [[5, 7], labels([5], 7)] },
  { inputs: [[5, 7], labels([5], 7)], attrs: { reduction: "sum" } },
  { inputs: [[5, 7], labels([5], 7)], attrs: { reduction: "none" } },
  { title: "one label per pixel", inputs: [[2, 3, 4, 5], labels([2, 4, 5], 3)] },
  { title: "one label per pixel, unreduced", inputs: [[2, 3, 4, 5], labels([2, 4, 5], 3)], attrs: { reduction: "none" } },
  { title: "probabilities", inputs: [[4, 3], { shape: [4, 3], fill: "positive" }] },
  { title: "probabilities, unreduced", inputs: [[2, 3, 4], { shape: [2, 3, 4], fill: "positive" }], attrs: { reduction: "none" } },
];

export const crossEntropyOp: Op = defineOp({
  name: "crossEntropy",
  inputs: ["logits", "target"],
  attrs: { reduction },
  shape: ({ logits, target }, attrs, where) => classLossShape(logits, target, attrs.reduction, where),
  dtype: (ins) => checkTargetType(ins, ins.logits, "crossEntropy"),
  reference: classLossLoops("crossEntropy", false),
  decompose: ({ logits, target }, attrs) => negativeLogLikelihood(logSoftmax(logits, { axis: 1 }), target, attrs.reduction),
  grad: {
    logits(g, { logits, target }, attrs) {
      const p = softmax(logits, { axis: 1 });
      const arriving = perPosition(g, logits, attrs.reduction);
      const wanted = targetProbabilities(logits, target);
      if (target.dtype === "int32") {
        return map(e.mul(e.operand(2), logits.dtype === "float32" ? settled : difference), [p, wanted, arriving]);
      }
      const mass = sum(wanted, { axes: 1, keepDims: true });
      return map(e.mul(e.operand(2), e.sub(e.mul(x0, e.operand(3)), x1)), [p, wanted, arriving, mass]);
    },
    target: (g, { logits }, attrs) => map(e.neg(e.mul(x0, x1)), [logSoftmax(logits, { axis: 1 }), perPosition(g, logits, attrs.reduction)]),
  },
  doc: {
    text: "-Σ p · log softmax(logits) over the class axis 1, p being given probabilities or int32 labels. The gradient is softmax(logits) - p; for labels in float32, what is below 2^-100 of it counts as 0. A label that is no class is an error where the op is computed at once and in the reference loops; machine code cannot throw and counts 0 for it.",
    example: 'crossEntropy(logits, labels, { reduction: "mean" })',
  },
  cases: [
    ...classCases,
    { title: "large logits", inputs: [{ shape: [2, 3], fill: { values: [100, -100, 0, 90, 100, -50] } }, labels([2], 3)] },
  ],
});

export const nllLossOp: Op = defineOp({
  name: "nllLoss",
  inputs: ["logProbabilities", "target"],
  attrs: { reduction },
  shape: ({ logProbabilities, target }, attrs, where) => classLossShape(logProbabilities, target, attrs.reduction, where),
  dtype: (ins) => checkTargetType(ins, ins.logProbabilities, "nllLoss"),
  reference: classLossLoops("nllLoss", true),
  decompose: ({ logProbabilities, target }, attrs) => negativeLogLikelihood(logProbabilities, target, attrs.reduction),
  doc: {
    text: "-Σ p · x over the class axis 1, x being log-probabilities and p probabilities or int32 labels. Labels that are no class: as in crossEntropy.",
  },
  cases: classCases,
});

export const mseOp: Op = defineOp({
  name: "mse",
  inputs: ["x", "y"],
  attrs: { reduction },
  shape({ x, y }, attrs, where) {
    if (!sameShape(x, y)) throw new ShapeError(`${where}: shapes ${showShape(x)} and ${showShape(y)} differ; they must be equal`);
    if (sizeOf(x) === 0) throw new ShapeError(`${where}: there is nothing to compare in ${showShape(x)}`);
    return reduced(x, attrs.reduction);
  },
  decompose: ({ x, y }, attrs) => reduceLosses(square(sub(x, y)), attrs.reduction),
  doc: { text: "(x - y)², averaged over all elements, summed, or each on its own.", example: "mse(x, y)" },
  cases: [
    {
      inputs: [
        [4, 3],
        [4, 3],
      ],
    },
    { inputs: [[7], [7]], attrs: { reduction: "sum" } },
    {
      inputs: [
        [2, 5],
        [2, 5],
      ],
      attrs: { reduction: "none" },
    },
  ],
});

/**
 * What the shape and the element type of a target can only tell together: labels lack the class axis, probabilities have it. Labels that
 * are known already are checked here, so that no evaluator of eager calls can pass over a wrong one.
 */
function checkTarget(name: string, x: Operand, target: Operand): void {
  checkOperand(name, "the scores", x);
  checkOperand(name, "the target", target);
  const isLabels = target.dtype === "int32";
  const expected = isLabels ? [x.shape[0], ...x.shape.slice(2)] : x.shape;
  if (x.shape.length >= 2 && !sameShape(target.shape, expected)) {
    throw new ShapeError(
      `${name}: ${isLabels ? "int32 labels" : "probabilities"} for scores ${showShape(x.shape)} must have shape ${showShape(expected)}, not ${showShape(target.shape)}`,
    );
  }
  if (isLabels && target instanceof Tensor && x.shape[1] > 0) checkLabels(name, target, x.shape[1]);
}

/**
 * Cross-entropy of softmax(logits) along axis 1. `target`: int32 labels, shaped like logits without axis 1, or probabilities shaped like
 * logits. Throws `ShapeError` or `DTypeError` when it is neither, `ArgumentError` for labels that are no class (in a compiled program only
 * on the reference device: machine code counts 0 for them; `fit` and `evaluate` check the labels of every batch).
 */
export function crossEntropy<T extends Operand>(logits: T, target: T, options: LossOptions = {}): T {
  checkTarget("crossEntropy", logits, target);
  return apply(crossEntropyOp, [logits, target], options);
}

/** As `crossEntropy`, from log-probabilities instead of logits. */
export function nllLoss<T extends Operand>(logProbabilities: T, target: T, options: LossOptions = {}): T {
  checkTarget("nllLoss", logProbabilities, target);
  return apply(nllLossOp, [logProbabilities, target], options);
}

/** Mean (or sum) of squared differences of two tensors of one shape. */
export function mse<T extends Operand>(x: T, y: T, options: LossOptions = {}): T {
  return apply(mseOp, [x, y], options);
}
