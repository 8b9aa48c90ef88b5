// Pad, slice, flip, roll and nearest resize are one thing: along every axis, each output position reads one input position or none.
// The maps say which; these two loops do the moving, and each is the adjoint of the other.
import { type Field, unknownField } from "../graph/op.ts";
import { stridesOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Per axis, the input position that each output position reads; -1 where it reads none. */
export type AxisMaps = readonly Int32Array[];

/** 0, 1, ... size-1: an axis that stays as it is. */
export function identityMap(size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => i);
}

/** Calls `visit(outer, inner)` with the flat offsets in the mapped (outer) and the original (inner) tensor; inner is -1 for none. */
function walk(maps: AxisMaps, innerStrides: readonly number[], visit: (outer: number, inner: number) => void): void {
  let outer = 0;
  const descend = (axis: number, inner: number): void => {
    if (axis === maps.length) {
      visit(outer++, inner);
      return;
    }
    for (const source of maps[axis]) descend(axis + 1, inner < 0 || source < 0 ? -1 : inner + source * innerStrides[axis]);
  };
  descend(0, 0);
}

/** out[o] = x[map(o)], or `fill` where the map reads nothing. */
export function gatherAlong(x: Tensor, out: Tensor, maps: AxisMaps, fill = 0): void {
  walk(maps, stridesOf(x.shape), (to, from) => {
    out.data[to] = from < 0 ? fill : x.data[from];
  });
}

/** out[map(o)] += g[o]: the adjoint of `gatherAlong` with fill 0. */
export function scatterAlong(g: Tensor, out: Tensor, maps: AxisMaps): void {
  walk(maps, stridesOf(out.shape), (from, to) => {
    if (to >= 0) out.data[to] += g.data[from];
  });
}

/**
 * What output position o reads, as a window around o - offset. Positions that are mirrored or wrapped round read elsewhere; then the window
 * reaches as far as any of them to both sides, so that its centre stays. A map of axis 0 mixes pictures and has no field.
 */
export function fieldOfMaps(maps: AxisMaps, offsets: readonly number[]): Field {
  if (maps[0]?.some((from, to) => from !== to)) return unknownField;
  const reaches = maps.map((map, axis) =>
    map.reduce((most, from, o) => (from < 0 ? most : Math.max(most, Math.abs(from - o + offsets[axis]))), 0),
  );
  const axes = reaches.map((reach, axis) => ({ size: 1 + 2 * reach, stride: 1, before: offsets[axis] + reach })).slice(2);
  return { kind: "window", axes, ...(axes.some(({ size }) => size > 1) && { bound: true }) };
}
