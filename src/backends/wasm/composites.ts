// Ops that are nothing but copies into parts of their result: they need no kernel of their own.
import type { Value } from "../../graph/value.ts";
import type { Pads } from "../../ops/pad.ts";
import { rollShifts } from "../../ops/roll.ts";
import { slicedAxes } from "../../ops/slice.ts";
import { normaliseAxis, sizeOf } from "../../tensor/shape.ts";
import { bytesPerElement } from "../../tensor/tensor.ts";
import type { Placement } from "./kernel.ts";
import { noBorder } from "./layout.ts";
import type { Located } from "./steps.ts";

/** What lowering lends to a composite. */
export interface CompositeBuilder {
  want(value: Value, wish: "any"): Located;
  naturalOrder(value: Value, operands: readonly Located[]): readonly number[];
  newLocated(like: Pick<Placement, "shape" | "dtype">, order: readonly number[], border: undefined, role: "working"): Located;
  copy(from: Located, to: Located): void;
  fill(to: Located, value: number): void;
}

/** Emits the steps and says where the result lies; undefined when the attributes are beyond it. */
type Composite = (value: Value) => ((lowering: CompositeBuilder) => Located) | undefined;

/** Part of a located tensor, as a tensor of its own. */
function part(whole: Located, starts: readonly number[], shape: readonly number[]): Located {
  const { dtype, strides } = whole.placement;
  const elements = starts.reduce((sum, start, axis) => sum + start * strides[axis], 0);
  return {
    buffer: whole.buffer,
    offset: whole.offset + elements * bytesPerElement(dtype),
    placement: { shape, dtype, strides, border: noBorder(shape.length) },
  };
}

export const composites: Readonly<Record<string, Composite>> = {
  concat: (value) => (lowering) => {
    const axis = normaliseAxis(value.attrs.axis as number, value.rank);
    const operands = value.inputs.map((operand) => lowering.want(operand, "any"));
    const result = lowering.newLocated(value, lowering.naturalOrder(value, operands), undefined, "working");
    let position = 0;
    for (const operand of operands) {
      const { shape } = operand.placement;
      const target = part(
        result,
        shape.map((_, a) => (a === axis ? position : 0)),
        shape,
      );
      if (shape.every((n) => n > 0)) lowering.copy(operand, target);
      position += shape[axis];
    }
    return result;
  },

  roll: (value) => {
    const shifts = rollShifts(value.shape, value.attrs as unknown as Parameters<typeof rollShifts>[1]);
    const moved = shifts.flatMap((shift, axis) => (shift === 0 ? [] : [axis]));
    // Every moved axis falls into two pieces.
    if (moved.length > 3 || sizeOf(value.shape) === 0) return undefined;
    return (lowering) => {
      const operand = lowering.want(value.inputs[0], "any");
      const result = lowering.newLocated(value, lowering.naturalOrder(value, [operand]), undefined, "working");
      for (let piece = 0; piece < 2 ** moved.length; piece++) {
        const wraps = (axis: number): boolean => moved.includes(axis) && ((piece >> moved.indexOf(axis)) & 1) === 1;
        const sizes = value.shape.map((n, axis) => (wraps(axis) ? shifts[axis] : n - shifts[axis]));
        const from = value.shape.map((n, axis) => (wraps(axis) ? n - shifts[axis] : 0));
        const to = shifts.map((shift, axis) => (wraps(axis) ? 0 : shift));
        lowering.copy(part(operand, from, sizes), part(result, to, sizes));
      }
      return result;
    };
  },

  sliceGrad: (value) => (lowering) => {
    const operand = lowering.want(value.inputs[0], "any");
    const result = lowering.newLocated(value, lowering.naturalOrder(value, [operand]), undefined, "working");
    const axes = slicedAxes(value.shape, value.attrs as unknown as Parameters<typeof slicedAxes>[1]);
    const target = part(
      result,
      axes.map(({ start }) => start),
      operand.placement.shape,
    );
    const strides = target.placement.strides.map((stride, axis) => stride * axes[axis].step);
    lowering.fill(result, 0);
    if (sizeOf(operand.placement.shape) > 0) lowering.copy(operand, { ...target, placement: { ...target.placement, strides } });
    return result;
  },

  pad: (value) => {
    if (value.attrs.mode !== "constant") return undefined;
    return (lowering) => {
      const pads = value.attrs.pads as Pads;
      const operand = lowering.want(value.inputs[0], "any");
      const result = lowering.newLocated(value, lowering.naturalOrder(value, [operand]), undefined, "working");
      const { shape } = operand.placement;
      const kept = shape.map((n, axis) => n + Math.min(0, pads[axis][0]) + Math.min(0, pads[axis][1]));
      const from = pads.map(([before]) => Math.max(0, -before));
      const to = pads.map(([before]) => Math.max(0, before));
      if (pads.some(([before, after]) => before > 0 || after > 0)) lowering.fill(result, value.attrs.value as number);
      if (kept.every((n) => n > 0)) lowering.copy(part(operand, from, kept), part(result, to, kept));
      return result;
    };
  },
};
