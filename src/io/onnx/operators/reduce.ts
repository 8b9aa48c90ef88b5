// Reductions. The axes were an attribute until version 12 (ReduceSum) or 17 (the others), and are input 1 since.
import type { Operand } from "../../../graph/record.ts";
import { sub } from "../../../ops/arithmetic.ts";
import { map } from "../../../ops/elementwise.ts";
import * as e from "../../../ops/expression-build.ts";
import { argMax, max, mean, min, type ReduceOptions, sum } from "../../../ops/reduce.ts";
import { reshape } from "../../../ops/reshape.ts";
import { abs, exp, log, neg, sqrt, square } from "../../../ops/unary.ts";
import type { OnnxNode, OnnxReader, OnnxReaders } from "../operator.ts";
import { asInt64, axesOf, axisOf, castTo, keepingType, operandOf, reversed } from "./reading.ts";

const [x0, x1] = [e.operand(0), e.operand(1)];

function reduction(compute: (x: Operand, options: ReduceOptions) => Operand, axesAreInputSince = 18): OnnxReader {
  return keepingType((x, node) => {
    const given = axesOf(node, axesAreInputSince);
    const none = given === undefined || given.length === 0;
    if (none && node.int("noop_with_empty_axes", 0) !== 0) return x;
    return compute(x, { axes: none ? undefined : given, keepDims: node.int("keepdims", 1) !== 0 });
  });
}

/** The largest exponent is taken out first, so that no exponential overflows; an infinite one cannot be. */
function logSumExp(x: Operand, options: ReduceOptions): Operand {
  const largest = max(x, { axes: options.axes, keepDims: true });
  const shift = map(e.select(e.eq(e.abs(x0), Number.POSITIVE_INFINITY), 0, x0), [largest]);
  const total = sum(exp(sub(x, shift)), options);
  return map(e.add(x0, e.log(x1)), [reshape(shift, total.shape), total]);
}

/** Positions of the largest: the first of equal ones, or the last. */
function position(x: Operand, node: OnnxNode): Operand {
  const axis = axisOf(node, x.shape.length, 0);
  const options = { axis, keepDims: node.int("keepdims", 1) !== 0 };
  if (node.int("select_last_index", 0) === 0) return argMax(x, options);
  return sub(x.shape[axis] - 1, argMax(reversed(x, axis), options));
}

/** Negated as signed numbers: an unsigned byte has no negative. */
const negated = (x: Operand): Operand => neg(castTo(x, x.dtype === "uint8" ? "int32" : x.dtype));

export const reduceReaders: OnnxReaders = {
  ReduceSum: reduction(sum, 13),
  ReduceMean: reduction(mean),
  ReduceMax: reduction(max),
  ReduceMin: reduction(min),
  ReduceL1: reduction((x, options) => sum(abs(x), options)),
  ReduceL2: reduction((x, options) => sqrt(sum(square(x), options))),
  ReduceLogSum: reduction((x, options) => log(sum(x, options))),
  ReduceLogSumExp: reduction(logSumExp),
  ReduceSumSquare: reduction((x, options) => sum(square(x), options)),
  ArgMax: (node) => asInt64(position(operandOf(node, 0), node)),
  ArgMin: (node) => asInt64(position(negated(operandOf(node, 0)), node)),
};
