// Where values lie: strides from an axis order and a border, and whether what is there already is what a kernel wishes.

import type { Shape } from "../../tensor/shape.ts";
import type { DType } from "../../tensor/tensor.ts";
import type { Border, Placement, Wish } from "./kernel.ts";

export interface Laid {
  readonly placement: Placement;
  /** Elements before element [0, 0, ...]: what lies in the border. */
  readonly origin: number;
  /** Elements in all, border included. */
  readonly elements: number;
}

export function noBorder(rank: number): Border {
  return new Array<readonly [number, number]>(rank).fill([0, 0]);
}

export function hasBorder(border: Border): boolean {
  return border.some(([before, after]) => before !== 0 || after !== 0);
}

/** The larger border of two, axis by axis. */
export function widestBorder(a: Border, b: Border): Border {
  return a.map(([before, after], axis) => [Math.max(before, b[axis][0]), Math.max(after, b[axis][1])]);
}

/** Lays a tensor out densely: axes from outermost to innermost as in `order`, with room for a border. */
export function layOut(shape: Shape, dtype: DType, order: readonly number[], border: Border = noBorder(shape.length)): Laid {
  const strides = new Array<number>(shape.length).fill(1);
  let step = 1;
  let origin = 0;
  for (let i = order.length - 1; i >= 0; i--) {
    const axis = order[i];
    const [before, after] = border[axis];
    strides[axis] = step;
    origin += before * step;
    step *= before + shape[axis] + after;
  }
  return { placement: { shape, dtype, strides, border }, origin, elements: step };
}

/** First and one-past-last element, relative to element [0, 0, ...], without the border. */
export function extentOf({ shape, strides }: Placement): readonly [from: number, to: number] {
  let from = 0;
  let to = 1;
  shape.forEach((size, axis) => {
    const reach = (size - 1) * strides[axis];
    if (reach < 0) from += reach;
    else to += reach;
  });
  return [from, to];
}

/** Whether every element is where the order says, axes of size 1 aside. `gaps` allows outer strides to be larger than dense. */
export function followsOrder({ shape, strides }: Placement, order: readonly number[], gaps: boolean): boolean {
  let needed = 1;
  let innermost = true;
  for (let i = order.length - 1; i >= 0; i--) {
    const axis = order[i];
    if (shape[axis] === 1) continue;
    const fits = innermost || !gaps ? strides[axis] === needed : strides[axis] >= needed;
    if (!fits) return false;
    needed = shape[axis] * strides[axis];
    innermost = false;
  }
  return true;
}

export function satisfies(placement: Placement, wish: Wish): boolean {
  if (wish === "any") return true;
  const { order, border, dense = false } = wish;
  if (!followsOrder(placement, order, !dense)) return false;
  return (
    border === undefined ||
    border.every(([before, after], axis) => placement.border[axis][0] >= before && placement.border[axis][1] >= after)
  );
}

/** The same placement with the strides of size-1 axes as the order would have them, because kernels may compute with them. */
export function normalised(placement: Placement, order: readonly number[]): Placement {
  const { shape, border } = placement;
  if (!shape.some((size, axis) => size === 1 && border[axis][0] + border[axis][1] === 0)) return placement;
  const strides = [...placement.strides];
  let step = 1;
  for (let i = order.length - 1; i >= 0; i--) {
    const axis = order[i];
    if (shape[axis] === 1 && border[axis][0] + border[axis][1] === 0) strides[axis] = step;
    step = Math.max(step, strides[axis] * (border[axis][0] + shape[axis] + border[axis][1]));
  }
  return { ...placement, strides };
}

/** The order in which the axes lie, outermost first, as the strides tell it. */
export function orderOf({ shape, strides }: Placement): number[] {
  return shape.map((_, axis) => axis).sort((a, b) => Math.abs(strides[b]) - Math.abs(strides[a]) || a - b);
}

export function isRowMajor(placement: Placement): boolean {
  return followsOrder(
    placement,
    placement.shape.map((_, axis) => axis),
    false,
  );
}

/** Strides of an operand as seen by a result that it broadcasts to: missing and stretched axes do not move. */
export function broadcastStrides({ shape, strides }: Placement, to: Shape): number[] {
  const missing = to.length - shape.length;
  return to.map((size, axis) => (axis < missing || (shape[axis - missing] === 1 && size !== 1) ? 0 : strides[axis - missing]));
}
