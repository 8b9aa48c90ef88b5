// Loop nests over strided arrays: axes that lie evenly in all arrays are merged, and a counter walks what is left without divisions.
import type { Shape } from "../../../tensor/shape.ts";
import { type FunctionBuilder, type I32, i32, type Local } from "../assembler.ts";

/** The axes of a loop nest, outermost first; `strides[k][j]` is how far array k moves along axis j, in elements. */
export interface Nest {
  readonly sizes: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/**
 * Orders the axes by how far they move the first array (ties: the others in turn), drops those of size 1 and merges neighbours that are one
 * axis in every array.
 */
export function nestOf(shape: Shape, arrays: readonly (readonly number[])[]): Nest {
  const axes = shape.map((_, axis) => axis).filter((axis) => shape[axis] !== 1);
  axes.sort((a, b) => {
    for (const strides of arrays) {
      const difference = Math.abs(strides[b]) - Math.abs(strides[a]);
      if (difference !== 0) return difference;
    }
    return a - b;
  });
  const sizes: number[] = [];
  const strides: number[][] = arrays.map(() => []);
  for (const axis of axes) {
    const last = sizes.length - 1;
    const merges = last >= 0 && arrays.every((own, k) => strides[k][last] === own[axis] * shape[axis]);
    if (merges) {
      sizes[last] *= shape[axis];
      for (let k = 0; k < arrays.length; k++) strides[k][last] = arrays[k][axis];
    } else {
      sizes.push(shape[axis]);
      for (let k = 0; k < arrays.length; k++) strides[k].push(arrays[k][axis]);
    }
  }
  return { sizes, strides };
}

/** A nest without its innermost axis, and that axis. A nest of no axes counts as one axis of size 1. */
export function splitInnermost({ sizes, strides }: Nest): {
  readonly outer: Nest;
  readonly size: number;
  readonly steps: readonly number[];
} {
  const last = sizes.length - 1;
  if (last < 0) return { outer: { sizes, strides }, size: 1, steps: strides.map(() => 1) };
  return {
    outer: { sizes: sizes.slice(0, last), strides: strides.map((own) => own.slice(0, last)) },
    size: sizes[last],
    steps: strides.map((own) => own[last]),
  };
}

/** Cuts the innermost axis into pieces of `piece` elements, which must divide it. */
export function cutInnermost({ sizes, strides }: Nest, piece: number): Nest {
  const last = sizes.length - 1;
  if (sizes[last] === piece) return { sizes, strides };
  return {
    sizes: [...sizes.slice(0, last), sizes[last] / piece, piece],
    strides: strides.map((own) => [...own.slice(0, last), own[last] * piece, own[last]]),
  };
}

/**
 * Runs `body` for the items start..end-1 of a nest, counted row by row, with `pointers[k]` at array k's element. The counter is set up with
 * divisions once and then carried along like an odometer.
 */
export function walkNest(
  f: FunctionBuilder,
  { sizes, strides }: Nest,
  pointers: readonly Local<"i32">[],
  elementBytes: readonly number[],
  [start, end]: readonly [Local<"i32">, Local<"i32">],
  body: () => void,
): void {
  const depth = sizes.length;
  if (depth === 0) {
    body();
    return;
  }
  const bytes = (k: number, axis: number): number => strides[k][axis] * elementBytes[k];
  const counters = f.locals("i32", depth);
  const rest = f.i32(start);
  for (let axis = depth - 1; axis >= 0; axis--) {
    f.set(counters[axis], axis === 0 ? rest : i32.remU(rest, sizes[axis]));
    if (axis > 0) f.set(rest, i32.divU(rest, sizes[axis]));
    pointers.forEach((pointer, k) => {
      if (bytes(k, axis) !== 0) f.advance(pointer, i32.mul(counters[axis], bytes(k, axis)));
    });
  }
  const carry = (axis: number): void => {
    pointers.forEach((pointer, k) => {
      f.advance(pointer, bytes(k, axis));
    });
    if (axis === 0) return;
    f.set(counters[axis], i32.add(counters[axis], 1));
    f.if(i32.eq(counters[axis], sizes[axis]), () => {
      f.set(counters[axis], i32.const(0));
      pointers.forEach((pointer, k) => {
        f.advance(pointer, -sizes[axis] * bytes(k, axis));
      });
      carry(axis - 1);
    });
  };
  const item = f.i32(start);
  f.doWhile(item, end, 1, () => {
    body();
    carry(depth - 1);
  });
}

/** Nested loops over a whole nest, moving the pointers along and back again. */
export function loopNest(
  f: FunctionBuilder,
  { sizes, strides }: Nest,
  pointers: readonly Local<"i32">[],
  elementBytes: readonly number[],
  body: () => void,
): void {
  const descend = (axis: number): void => {
    if (axis === sizes.length) {
      body();
      return;
    }
    f.repeat(sizes[axis], () => {
      descend(axis + 1);
      pointers.forEach((pointer, k) => {
        f.advance(pointer, strides[k][axis] * elementBytes[k]);
      });
    });
    pointers.forEach((pointer, k) => {
      f.advance(pointer, -sizes[axis] * strides[k][axis] * elementBytes[k]);
    });
  };
  descend(0);
}

/** A fresh pointer that starts where `base` points. */
export function pointersFrom(f: FunctionBuilder, bases: readonly I32[]): Local<"i32">[] {
  return bases.map((base) => f.i32(base));
}
