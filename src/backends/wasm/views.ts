// Ops that move nothing: their result is the operand's memory under other strides. Transposes, broadcasts, slices and most reshapes cost nothing.
import type { Value } from "../../graph/value.ts";
import { slicedAxes } from "../../ops/slice.ts";
import { resolvePermutation } from "../../ops/transpose.ts";
import type { Shape } from "../../tensor/shape.ts";
import { normaliseAxes, sizeOf } from "../../tensor/shape.ts";
import type { Placement } from "./kernel.ts";
import { broadcastStrides, noBorder } from "./layout.ts";

export interface View {
  readonly strides: readonly number[];
  /** In elements, from the operand's element [0, 0, ...] to the result's. */
  readonly offset: number;
}

type ViewRule = (value: Value, operand: Placement) => View | undefined;

const unmoved: ViewRule = (_, { strides }) => ({ strides, offset: 0 });

const rules: Readonly<Record<string, ViewRule>> = {
  identity: unmoved,
  stopGradient: unmoved,
  reshape: ({ shape }, operand) => {
    const strides = reshapedStrides(operand.shape, operand.strides, shape);
    return strides === undefined ? undefined : { strides, offset: 0 };
  },
  flatten: ({ shape }, operand) => {
    const strides = reshapedStrides(operand.shape, operand.strides, shape);
    return strides === undefined ? undefined : { strides, offset: 0 };
  },
  transpose: ({ attrs }, { shape, strides }) => ({
    strides: resolvePermutation(shape.length, attrs.permutation as readonly number[] | undefined).map((axis) => strides[axis]),
    offset: 0,
  }),
  broadcastTo: ({ shape }, operand) => ({ strides: broadcastStrides(operand, shape), offset: 0 }),
  slice: ({ attrs }, { shape, strides }) => {
    const axes = slicedAxes(shape, attrs as unknown as Parameters<typeof slicedAxes>[1]);
    if (axes.some(({ size }) => size === 0)) return undefined;
    return {
      strides: axes.map(({ step }, axis) => step * strides[axis]),
      offset: axes.reduce((sum, { start }, axis) => sum + start * strides[axis], 0),
    };
  },
  flip: ({ attrs }, { shape, strides }) => {
    const flipped = new Set(normaliseAxes(attrs.axes as readonly number[], shape.length));
    return {
      strides: strides.map((stride, axis) => (flipped.has(axis) ? -stride : stride)),
      offset: strides.reduce((sum, stride, axis) => (flipped.has(axis) ? sum + (shape[axis] - 1) * stride : sum), 0),
    };
  },
};

/** Whether the op is one that may be a view; a reshape of awkward strides still needs its operand copied first. */
export function isViewOp(value: Value): boolean {
  return value.op.name in rules && value.inputs.length === 1 && value.dtype === value.inputs[0].dtype && sizeOf(value.shape) > 0;
}

/** The value as a view of its operand, or undefined when the elements would have to move. */
export function viewOf(value: Value, operand: Placement): { readonly placement: Placement; readonly offset: number } | undefined {
  const view = rules[value.op.name]?.(value, operand);
  if (view === undefined) return undefined;
  const kept = rules[value.op.name] === unmoved ? operand.border : noBorder(value.rank);
  return { placement: { shape: value.shape, dtype: value.dtype, strides: view.strides, border: kept }, offset: view.offset };
}

/**
 * Strides under which the same memory has another shape, or undefined. Axes are taken in groups of equal size on both sides; a group can be
 * cut anew only when its own axes follow each other without gaps.
 */
export function reshapedStrides(from: Shape, strides: readonly number[], to: Shape): number[] | undefined {
  const axes = from.map((size, axis) => ({ size, stride: strides[axis] })).filter(({ size }) => size !== 1);
  const out = new Array<number>(to.length).fill(1);
  let next = 0;
  let axis = 0;
  while (axis < to.length) {
    if (to[axis] === 1) {
      axis++;
      continue;
    }
    let oldSize = 1;
    let newSize = 1;
    const oldStart = next;
    const newStart = axis;
    while (oldSize === 1 || newSize === 1 || oldSize !== newSize) {
      if (newSize <= oldSize && axis < to.length) newSize *= to[axis++];
      else if (next < axes.length) oldSize *= axes[next++].size;
      else return undefined;
    }
    for (let i = oldStart; i + 1 < next; i++) if (axes[i].stride !== axes[i + 1].stride * axes[i + 1].size) return undefined;
    let step = axes[next - 1].stride;
    for (let i = axis - 1; i >= newStart; i--) {
      out[i] = step;
      step *= to[i];
    }
  }
  return out;
}
