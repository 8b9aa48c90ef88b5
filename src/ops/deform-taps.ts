// Where the taps of deformable windows read, as graph values: the four pixels around every moved tap and their bilinear weights. It is `mix` of
// ops/deform-sample.ts written as arithmetic, for backends that have no loops of their own for it.
import { constant } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { sizeOf } from "../tensor/shape.ts";
import { allocate, type DType, Tensor } from "../tensor/tensor.ts";
import { cast } from "./cast.ts";
import type { DeformGeometry } from "./deform-sample.ts";
import { map } from "./elementwise.ts";
import type { Expression } from "./expression.ts";
import * as e from "./expression-build.ts";
import { reshape } from "./reshape.ts";
import { slice } from "./slice.ts";

/** Row-major numbers within a plane (-1 for none) and weights, both [batch, groups, taps, positions]. */
export interface Taps {
  readonly indices: Value;
  readonly weights: Value;
}

/** Small whole numbers as a constant. */
export function numbers(values: readonly number[], shape: readonly number[], dtype: DType): Value {
  const data = allocate(dtype, sizeOf(shape));
  data.set(values);
  return constant(new Tensor(data, shape));
}

/** The share of neighbour `i` (0 or 1) at `part` of the way from neighbour 0 to 1, or its derivative. */
export function linearShare(part: Expression, i: Expression, differentiated: boolean): Expression {
  return differentiated ? e.sub(e.mul(2, i), 1) : e.select(i, part, e.sub(1, part));
}

/** Pixels beyond the plane and weights of exactly 0 do not count: 0 times infinity would. */
export function tapsOf(
  index: Expression,
  weight: Expression,
  inside: Expression,
  operands: readonly Value[],
  shape: readonly number[],
): Taps {
  const weights = map(weight, operands);
  const found = map(e.select(e.and(inside, e.ne(weight, 0)), index, -1), operands);
  return { indices: reshape(cast(found, { dtype: "int32" }), shape), weights: reshape(weights, shape) };
}

const within = (position: Expression, size: number): Expression => e.and(e.ge(position, 0), e.lt(position, size));

/** The four neighbours of every tap, by [N, groups, 4, kh·kw·oh·ow]. */
export function deformTaps(offset: Value, geometry: DeformGeometry, [byRow, byColumn]: readonly number[]): Taps {
  const { batch, offsetGroups, taps, rows, columns } = geometry;
  const space = [rows.output, columns.output];
  const { dtype } = offset;
  const shifts = reshape(offset, [batch, offsetGroups, taps, 2, sizeOf(space)]);
  const shift = (k: number): Value =>
    reshape(slice(shifts, { axes: [3], starts: [k], ends: [k + 1] }), [batch, offsetGroups, 1, taps, ...space]);
  // Where an unmoved tap reads: one term for the tap, one for the output position.
  const start = (tap: (t: number) => number, { dilation, before }: DeformGeometry["rows"]): Value =>
    numbers(
      Array.from({ length: taps }, (_, t) => tap(t) * dilation - before),
      [taps, 1, 1],
      dtype,
    );
  const steps = ({ output, stride }: DeformGeometry["rows"], shape: readonly number[]): Value =>
    numbers(
      Array.from({ length: output }, (_, o) => o * stride),
      shape,
      dtype,
    );
  const corner = (values: readonly number[]): Value => numbers(values, [4, 1, 1, 1], dtype);
  const operands = [
    shift(0),
    start((t) => Math.floor(t / columns.kernel), rows),
    steps(rows, [rows.output, 1]),
    corner([0, 0, 1, 1]),
    shift(1),
    start((t) => t % columns.kernel, columns),
    steps(columns, [columns.output]),
    corner([0, 1, 0, 1]),
  ];
  const along = (first: number, differentiated: boolean): { readonly at: Expression; readonly share: Expression } => {
    const [moved, tap, step, i] = [0, 1, 2, 3].map((k) => e.operand(first + k));
    const place = e.add(e.add(tap, step), moved);
    return { at: e.add(e.floor(place), i), share: linearShare(e.sub(place, e.floor(place)), i, differentiated) };
  };
  const row = along(0, byRow === 1);
  const column = along(4, byColumn === 1);
  return tapsOf(
    e.add(e.mul(row.at, columns.input), column.at),
    e.mul(row.share, column.share),
    e.and(within(row.at, rows.input), within(column.at, columns.input)),
    operands,
    [batch, offsetGroups, 4, taps * sizeOf(space)],
  );
}
