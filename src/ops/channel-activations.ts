// Activations that know about channels: a learned slope per channel, and gates and maxima over pairs or groups of channels.
import { count } from "../graph/attrs.ts";
import { defineOp, type Op, pointwise, unknownField } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ShapeError } from "../tensor/errors.ts";
import { normaliseAxis, type Shape, showShape, sizeOf } from "../tensor/shape.ts";
import { sigmoid } from "./activations.ts";
import { mul } from "./arithmetic.ts";
import { map } from "./elementwise.ts";
import * as e from "./expression-build.ts";
import { max } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { slice } from "./slice.ts";

const [x0, slope] = [e.operand(0), e.operand(1)];
const preluExpression = e.select(e.gt(x0, 0), x0, e.mul(slope, x0));

export const preluOp: Op = defineOp({
  name: "prelu",
  inputs: ["x", "weight"],
  shape({ x, weight }, _, where) {
    const slopes = sizeOf(weight);
    if (weight.length > 1 || (slopes !== 1 && slopes !== x[1])) {
      throw new ShapeError(
        `${where}: weight ${showShape(weight)} does not fit the input ${showShape(x)}; expected [1], or one slope per channel, [${x[1] ?? 1}]`,
      );
    }
    return x;
  },
  field: () => ({ x: pointwise }),
  decompose({ x, weight }) {
    const perChannel = [sizeOf(weight.shape), ...new Array<number>(Math.max(0, x.rank - 2)).fill(1)];
    return map(preluExpression, [x, reshape(weight, sizeOf(weight.shape) === 1 ? [] : perChannel)]);
  },
  doc: { text: "x where x > 0, else weight · x with a learned slope, one for all or one per channel (axis 1).", cites: ["He et al. 2015"] },
  cases: [{ inputs: [[2, 3, 4, 5], [3]] }, { inputs: [[2, 3, 4], [1]] }, { title: "dense features", inputs: [[5, 4], [4]] }],
});

export const maxoutOp: Op = defineOp({
  name: "maxout",
  inputs: ["x"],
  attrs: { pieces: count(2, 1, "channels of which the largest is taken") },
  shape: ({ x }, { pieces }, where) => maxoutShape(x, pieces, where),
  field: () => ({ x: pointwise }),
  decompose({ x }, { pieces }) {
    const [batch, channels, ...rest] = x.shape;
    return max(reshape(x, [batch, channels / pieces, pieces, ...rest]), { axes: 2 });
  },
  doc: { text: "The largest of each run of `pieces` neighbouring channels.", cites: ["Goodfellow et al. 2013"] },
  cases: [{ inputs: [{ shape: [2, 6, 3, 3], fill: "distinct" }], attrs: { pieces: 3 } }, { inputs: [{ shape: [4, 8], fill: "distinct" }] }],
});

function maxoutShape(x: Shape, pieces: number, where: string): Shape {
  if (x.length < 2 || x[1] % pieces !== 0) {
    throw new ShapeError(`${where}: axis 1 of ${showShape(x)} does not divide into runs of ${pieces} channels`);
  }
  return [x[0], x[1] / pieces, ...x.slice(2)];
}

export const gluOp: Op = defineOp({
  name: "glu",
  inputs: ["x"],
  attrs: { axis: count(1, Number.MIN_SAFE_INTEGER, "axis to halve") },
  shape({ x }, { axis }, where) {
    const a = normaliseAxis(axis, x.length, where);
    if (x[a] % 2 !== 0) throw new ShapeError(`${where}: axis ${a} of ${showShape(x)} has odd size ${x[a]} and cannot be halved`);
    return x.map((n, i) => (i === a ? n / 2 : n));
  },
  field: ({ x }, { axis }) => ({ x: normaliseAxis(axis, x.length) < 2 ? pointwise : unknownField }),
  decompose({ x }, { axis }) {
    const a = normaliseAxis(axis, x.rank);
    const half = x.shape[a] / 2;
    const part = (start: number): Value => slice(x, { axes: [a], starts: [start], ends: [start + half] });
    return mul(part(0), sigmoid(part(half)));
  },
  doc: { text: "First half of the channels, gated by the sigmoid of the second.", cites: ["Dauphin et al. 2017"] },
  cases: [{ inputs: [[2, 6, 3, 3]] }, { inputs: [[3, 4]], attrs: { axis: -1 } }],
});

/** x where x > 0, else weight · x; weight [1] or one slope per channel [C]. Throws `ShapeError` when it is neither. */
export function prelu<T extends Operand>(x: T, weight: T): T {
  return apply(preluOp, [x, weight]);
}

/** Largest of each run of `pieces` (2) neighbouring channels: [N, C, ...] -> [N, C/pieces, ...]. */
export function maxout<T extends Operand>(x: T, options: { readonly pieces?: number } = {}): T {
  return apply(maxoutOp, [x], options);
}

/** First half along `axis` (1) times the sigmoid of the second half. */
export function glu<T extends Operand>(x: T, options: { readonly axis?: number } = {}): T {
  return apply(gluOp, [x], options);
}
