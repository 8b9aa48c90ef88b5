// Reductions, matrix products and remainders.
import type { Value } from "../../../../graph/value.ts";
import { sum } from "../../../../ops/reduce.ts";
import { reshape } from "../../../../ops/reshape.ts";
import { normaliseAxes } from "../../../../tensor/shape.ts";
import type { OnnxWriter, OnnxWriters } from "../emission.ts";
import { elementType } from "../expression.ts";

/** `since` is the version from which the axes are an input. */
const reduction =
  (type: string, since: number): OnnxWriter =>
  ({ value, x, node, integers, opset }) => {
    const axes = normaliseAxes(value.attrs.axes as readonly number[] | undefined, value.inputs[0].rank);
    const keepdims = value.attrs.keepDims === true ? 1 : 0;
    if (axes.length === 0) return node("Identity", x);
    return opset >= since ? node(type, [x[0], integers(axes)], { keepdims }) : node(type, x, { axes, keepdims });
  };

const position =
  (type: string): OnnxWriter =>
  ({ value, x, node }) => {
    const [axis] = normaliseAxes(value.attrs.axes as readonly number[] | undefined, value.inputs[0].rank);
    const last = value.attrs.selectLast === true ? { select_last_index: 1 } : {};
    const found = node(type, x, { axis, keepdims: value.attrs.keepDims === true ? 1 : 0, ...last });
    return node("Cast", [found], { to: elementType("int32") });
  };

/** Sums over the axes that broadcasting would have repeated. */
const sumTo: OnnxWriter = ({ value }): Value => {
  const [x] = value.inputs;
  const missing = x.rank - value.rank;
  const axes = x.shape.flatMap((n, axis) => (axis < missing || value.shape[axis - missing] !== n ? [axis] : []));
  return reshape(sum(x, { axes, keepDims: true }), value.shape);
};

const swapLast = (rank: number): number[] => [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2];

const matmul: OnnxWriter = ({ value, x, node }) => {
  const turned = [value.attrs.transposeA, value.attrs.transposeB].map((t) => t === true);
  if (value.inputs.every((v) => v.rank === 2) && turned.includes(true)) {
    return node("Gemm", x, { ...(turned[0] && { transA: 1 }), ...(turned[1] && { transB: 1 }) });
  }
  return node(
    "MatMul",
    x.map((name, i) => (turned[i] ? node("Transpose", [name], { perm: swapLast(value.inputs[i].rank) }) : name)),
  );
};

const cumSum: OnnxWriter = ({ value, x, node, number }) => {
  const { axis, exclusive, reverse } = value.attrs as { axis: number; exclusive: boolean; reverse: boolean };
  return node("CumSum", [x[0], number(axis, "int32")], { ...(exclusive && { exclusive: 1 }), ...(reverse && { reverse: 1 }) });
};

/** The standard's remainder of floats is C's; the other one, with the sign of the divisor, it has for whole numbers only. */
const mod: OnnxWriter = ({ value, x, node }) => (value.dtype.startsWith("float") ? undefined : node("Mod", x));
const fmod: OnnxWriter = ({ x, node }) => node("Mod", x, { fmod: 1 });

const linear: OnnxWriter = ({ value, x, node }) => {
  const [input, weight, bias] = x;
  if (value.rank === 2) return node("Gemm", x, { transB: 1 });
  const product = node("MatMul", [input, node("Transpose", [weight], { perm: [1, 0] })]);
  return bias === undefined ? product : node("Add", [product, bias]);
};

export const reduceWriters: OnnxWriters = {
  sum: reduction("ReduceSum", 13),
  max: reduction("ReduceMax", 18),
  min: reduction("ReduceMin", 18),
  mean: reduction("ReduceMean", 18),
  argMax: position("ArgMax"),
  argMin: position("ArgMin"),
  sumTo,
  matmul,
  cumSum,
  mod,
  fmod,
  linear,
};
