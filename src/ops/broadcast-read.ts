// Reading a small tensor as if it had a larger shape: the common part of the reference loops of elementwise ops and broadcastTo.
import { type Shape, stridesOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A run of output axes that behaves as one: `size` positions, `stride` elements of the operand apart (0: repeated). */
export interface BroadcastAxis {
  size: number;
  stride: number;
}

/** The axes of `target` as an operand of shape `shape` sees them, outermost first; neighbours that can be walked as one are merged. */
export function broadcastAxes(shape: Shape, target: Shape): BroadcastAxis[] {
  const strides = stridesOf(shape);
  const missing = target.length - shape.length;
  const merged: BroadcastAxis[] = [];
  for (let axis = 0; axis < target.length; axis++) {
    const size = target[axis];
    if (size === 1) continue;
    const own = axis - missing;
    const stride = own < 0 || shape[own] === 1 ? 0 : strides[own];
    const outer = merged.at(-1);
    if (outer !== undefined && outer.stride === stride * size) {
      outer.size *= size;
      outer.stride = stride;
    } else {
      merged.push({ size, stride });
    }
  }
  return merged;
}

/** Returns a function that copies elements start..start+count-1 of `source`, broadcast to `target`, into an array. */
export function broadcastReader(source: Tensor, target: Shape): (start: number, count: number, into: Float64Array) => void {
  const axes = broadcastAxes(source.shape, target);
  const { data } = source;
  if (axes.every((a) => a.stride === 0)) return (_start, count, into) => void into.fill(data[0], 0, count);
  if (axes.length === 1) return (start, count, into) => into.set(data.subarray(start, start + count));
  return (start, count, into) => {
    for (let i = 0; i < count; i++) into[i] = data[offsetAt(axes, start + i)];
  };
}

/** Where element `i` of the large shape lies in the small one. */
export function offsetAt(axes: readonly BroadcastAxis[], i: number): number {
  let rest = i;
  let offset = 0;
  for (let k = axes.length - 1; k >= 0; k--) {
    const { size, stride } = axes[k];
    offset += (rest % size) * stride;
    rest = Math.floor(rest / size);
  }
  return offset;
}
