// Where a sampling grid reads, as graph values: the neighbours of every place along each axis and their weights, multiplied out. It is the walk
// over taps of ops/grid-sample.ts written as arithmetic, for backends that have no loops of their own for it.
import type { Value } from "../graph/value.ts";
import { type Shape, sizeOf, stridesOf } from "../tensor/shape.ts";
import { linearShare, numbers, type Taps, tapsOf } from "./deform-taps.ts";
import type { Expression } from "./expression.ts";
import * as e from "./expression-build.ts";
import type { GridAttrs } from "./grid-sample.ts";
import { reshape } from "./reshape.ts";
import { slice } from "./slice.ts";

/** Which neighbours an axis mixes, relative to the one below the place. */
const neighbours: Readonly<Record<GridAttrs["mode"], readonly number[]>> = { nearest: [0], bilinear: [0, 1], bicubic: [-1, 0, 1, 2] };

/** Keys' cubic convolution with a = -0.75 by falling powers of the distance: below 1, and from 1 to 2. */
const innerCubic = [1.25, -2.25, 0, 1];
const outerCubic = [-0.75, 3.75, -6, 3];

/** The polynomial of distances below 1 ("inner") or from 1 to 2, differentiated `order` times; falling powers. */
export function cubicPolynomial(part: "inner" | "outer", order: number): readonly number[] {
  let powers: readonly number[] = part === "inner" ? innerCubic : outerCubic;
  for (let i = 0; i < order; i++) powers = powers.slice(0, -1).map((factor, j) => factor * (powers.length - 1 - j));
  return powers;
}

interface Folded {
  readonly position: Expression;
  /** 1 where the place moves forwards with the coordinate, -1 backwards, 0 not at all. */
  readonly sign: Expression;
}

/** Mirrors a position between the centres (aligned corners) or the outer edges of the first and last elements. */
function reflected(position: Expression, size: number, alignCorners: boolean): Folded {
  const low = alignCorners ? 0 : -0.5;
  const span = alignCorners ? size - 1 : size;
  if (span === 0) return { position: e.number(0), sign: e.number(0) };
  const distance = e.abs(e.sub(position, low));
  const turns = e.floor(e.div(distance, span));
  const rest = e.sub(distance, e.mul(turns, span));
  const forward = e.eq(e.sub(turns, e.mul(2, e.floor(e.mul(turns, 0.5)))), 0);
  return {
    position: e.add(low, e.select(forward, rest, e.sub(span, rest))),
    sign: e.mul(e.select(e.lt(position, low), -1, 1), e.select(forward, 1, -1)),
  };
}

function folded(position: Expression, size: number, { paddingMode, alignCorners }: GridAttrs): Folded {
  if (paddingMode === "zeros") return { position, sign: e.number(1) };
  const back = paddingMode === "reflection" ? reflected(position, size, alignCorners) : { position, sign: e.number(1) };
  const clamped = e.min(e.max(back.position, 0), size - 1);
  return { position: clamped, sign: e.select(e.eq(clamped, back.position), back.sign, 0) };
}

/** Horner's rule. */
const polynomial = (powers: readonly number[], x: Expression): Expression =>
  powers.reduce<Expression>((sum, factor) => e.add(e.mul(sum, x), factor), e.number(0));

/** The share of element `k` (-1 .. 2) at `part` of the way from element 0 to element 1, differentiated `order` times by `part`. */
function cubicShare(part: Expression, k: Expression, order: number): Expression {
  const behind = e.le(k, 0);
  const distance = e.select(behind, e.sub(part, k), e.sub(k, part));
  const inner = e.and(e.ge(k, 0), e.le(k, 1));
  const share = e.select(
    inner,
    polynomial(cubicPolynomial("inner", order), distance),
    polynomial(cubicPolynomial("outer", order), distance),
  );
  return order % 2 === 0 ? share : e.select(behind, share, e.neg(share));
}

/** The element that neighbour `k` of a coordinate is, and its weight or the weight's derivative of some order. */
function axisTap(
  coordinate: Expression,
  k: Expression,
  size: number,
  order: number,
  attrs: GridAttrs,
): { readonly at: Expression; readonly share: Expression } {
  const slope = attrs.alignCorners ? (size - 1) / 2 : size / 2;
  const place = attrs.alignCorners
    ? e.mul(e.mul(e.add(coordinate, 1), 0.5), size - 1)
    : e.mul(e.sub(e.mul(e.add(coordinate, 1), size), 1), 0.5);
  // As in PyTorch, a cubic looks at the folded picture around the place itself; the others look around the folded place.
  if (attrs.mode === "bicubic") {
    const low = e.floor(place);
    const share = cubicShare(e.sub(place, low), k, order);
    return { at: folded(e.add(low, k), size, attrs).position, share: order === 0 ? share : e.mul(slope ** order, share) };
  }
  const { position, sign } = folded(place, size, attrs);
  if (attrs.mode === "nearest") return { at: e.round(position), share: e.number(1) };
  const low = e.floor(position);
  const share = linearShare(e.sub(position, low), k, order === 1);
  return { at: e.add(low, k), share: order === 0 ? share : e.mul(e.mul(slope, sign), share) };
}

/** All neighbours of every grid point in planes of sizes `spatial`, by [N, 1, neighbours, points]. */
export function gridTaps(grid: Value, spatial: Shape, attrs: GridAttrs): Taps {
  const axes = spatial.length;
  const points = sizeOf(grid.shape.slice(1, -1));
  const along = neighbours[attrs.mode];
  const count = along.length ** axes;
  const flat = reshape(grid, [grid.shape[0], 1, points, axes]);
  // Grid coordinates run backwards: the first one belongs to the last axis.
  const coordinates = spatial.map((_, axis) =>
    reshape(slice(flat, { axes: [3], starts: [axes - 1 - axis], ends: [axes - axis] }), [grid.shape[0], 1, points]),
  );
  const choices = spatial.map((_, axis) => {
    const run = along.length ** (axes - 1 - axis);
    return numbers(
      Array.from({ length: count }, (_, t) => along[Math.floor(t / run) % along.length]),
      [count, 1],
      grid.dtype,
    );
  });
  const taps = spatial.map((size, axis) =>
    axisTap(e.operand(axis), e.operand(axes + axis), size, attrs.derivative[axes - 1 - axis], attrs),
  );
  const strides = stridesOf(spatial);
  const index = taps.map(({ at }, axis) => e.mul(at, strides[axis])).reduce((sum, term) => e.add(sum, term));
  const weight = taps.map(({ share }) => share).reduce((product, share) => e.mul(product, share));
  const inside = taps.map(({ at }, axis) => e.and(e.ge(at, 0), e.lt(at, spatial[axis]))).reduce((all, one) => e.and(all, one));
  return tapsOf(index, weight, inside, [...coordinates, ...choices], [grid.shape[0], 1, count, points]);
}
