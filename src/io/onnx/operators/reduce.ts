// Reductions, positions and running sums. The axes were an attribute until version 12 (ReduceSum) or 17 (the others), and are input 1 since.
import type { Operand } from "../../../graph/record.ts";
import { cumSum } from "../../../ops/cum-sum.ts";
import { argMax, argMin, max, mean, min, type PositionOptions, type ReduceOptions, sum } from "../../../ops/reduce.ts";
import { l1Norm, l2Norm, logSumExp, prod } from "../../../ops/reduce-composed.ts";
import { log, square } from "../../../ops/unary.ts";
import type { OnnxNode, OnnxReader, OnnxReaders } from "../operator.ts";
import { asInt64, axesOf, axisOf, integerOf, keepingType, operandOf } from "./reading.ts";

function reduction(compute: (x: Operand, options: ReduceOptions) => Operand, axesAreInputSince = 18): OnnxReader {
  return keepingType((x, node) => {
    const given = axesOf(node, axesAreInputSince);
    const none = given === undefined || given.length === 0;
    if (none && node.int("noop_with_empty_axes", 0) !== 0) return x;
    return compute(x, { axes: none ? undefined : given, keepDims: node.int("keepdims", 1) !== 0 });
  });
}

function position(find: (x: Operand, options: PositionOptions) => Operand): OnnxReader {
  return (node) => {
    const x = operandOf(node, 0);
    const axis = axisOf(node, x.shape.length, 0);
    return asInt64(find(x, { axis, keepDims: node.int("keepdims", 1) !== 0, selectLast: node.int("select_last_index", 0) !== 0 }));
  };
}

function runningSum(x: Operand, node: OnnxNode): Operand {
  return cumSum(x, { axis: integerOf(node, 1), exclusive: node.int("exclusive", 0) !== 0, reverse: node.int("reverse", 0) !== 0 });
}

export const reduceReaders: OnnxReaders = {
  ReduceSum: reduction(sum, 13),
  ReduceMean: reduction(mean),
  ReduceMax: reduction(max),
  ReduceMin: reduction(min),
  ReduceProd: reduction(prod),
  ReduceL1: reduction(l1Norm),
  ReduceL2: reduction(l2Norm),
  ReduceLogSum: reduction((x, options) => log(sum(x, options))),
  ReduceLogSumExp: reduction(logSumExp),
  ReduceSumSquare: reduction((x, options) => sum(square(x), options)),
  ArgMax: position(argMax),
  ArgMin: position(argMin),
  CumSum: keepingType(runningSum),
};
