// Winograd's short convolutions F(m, 3) along one axis, for m = 4 (points 0, 1, -1, 2, -2, infinity) and m = 2 (0, 1, -1, infinity): m results
// from m + 2 products instead of 3 m. Two axes are one after the other. Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks", 2016.
import { type FunctionBuilder, f32x4, type Local, type V128 } from "../assembler.ts";
import type { Tier } from "../kernel.ts";
import { multiplyAdd } from "./vector-math.ts";

/** Results per axis and tile. */
export type WinogradSize = 2 | 4;

/** Products per axis and tile, which is also how many pixels a tile reads. */
export function windowOf(m: WinogradSize): number {
  return m + 2;
}

type Vector = Local<"v128">;
/** What one axis becomes; the numbers that come in may be used more than once. */
export type Transform = (c: TransformContext, x: readonly Vector[]) => readonly V128[];

export interface TransformContext {
  readonly f: FunctionBuilder;
  readonly tier: Tier;
}

const { add, sub, mul, splat } = f32x4;

/** a + factor · b */
function scaled({ tier }: TransformContext, a: V128, factor: number, b: V128): V128 {
  return multiplyAdd(tier, b, splat(factor), a);
}

/** m + 2 pixels -> m + 2 factors. */
export const inputTransform: Readonly<Record<WinogradSize, Transform>> = {
  2: (_, [d0, d1, d2, d3]) => [sub(d0, d2), add(d1, d2), sub(d2, d1), sub(d1, d3)],
  4: (c, [d0, d1, d2, d3, d4, d5]) => {
    const even = c.f.v128(scaled(c, d4, -4, d2));
    const odd = c.f.v128(scaled(c, d3, -4, d1));
    const evenHalf = c.f.v128(sub(d4, d2));
    const oddHalf = c.f.v128(mul(sub(d3, d1), splat(2)));
    return [
      scaled(c, scaled(c, d4, -5, d2), 4, d0),
      add(even, odd),
      sub(even, odd),
      add(evenHalf, oddHalf),
      sub(evenHalf, oddHalf),
      scaled(c, scaled(c, d5, -5, d3), 4, d1),
    ];
  },
};

/** Three weights -> m + 2 factors. */
export const filterTransform: Readonly<Record<WinogradSize, Transform>> = {
  2: ({ f }, [g0, g1, g2]) => {
    const even = f.v128(mul(add(g0, g2), splat(0.5)));
    const odd = f.v128(mul(g1, splat(0.5)));
    return [g0, add(even, odd), sub(even, odd), g2];
  },
  4: (c, [g0, g1, g2]) => {
    const even = c.f.v128(mul(add(g0, g2), splat(-1 / 6)));
    const odd = c.f.v128(mul(g1, splat(-1 / 6)));
    const far = c.f.v128(scaled(c, mul(g0, splat(1 / 24)), 1 / 6, g2));
    const farOdd = c.f.v128(mul(g1, splat(1 / 12)));
    return [mul(g0, splat(1 / 4)), add(even, odd), sub(even, odd), add(far, farOdd), sub(far, farOdd), g2];
  },
};

/** m + 2 products -> m results. */
export const outputTransform: Readonly<Record<WinogradSize, Transform>> = {
  2: (_, [p0, p1, p2, p3]) => [add(add(p0, p1), p2), sub(sub(p1, p2), p3)],
  4: (c, [p0, p1, p2, p3, p4, p5]) => {
    const near = c.f.v128(add(p1, p2));
    const nearOdd = c.f.v128(sub(p1, p2));
    const far = c.f.v128(add(p3, p4));
    const farOdd = c.f.v128(sub(p3, p4));
    return [add(add(p0, near), far), scaled(c, nearOdd, 2, farOdd), scaled(c, near, 4, far), add(scaled(c, nearOdd, 8, farOdd), p5)];
  },
};

/** Both axes of a square `x[row][column]`: down the columns, then along the rows. */
export function transformSquare(c: TransformContext, transform: Transform, x: readonly (readonly Vector[])[]): V128[][] {
  const columns = x[0].map((_, column) =>
    transform(
      c,
      x.map((row) => row[column]),
    ).map((v) => c.f.v128(v)),
  );
  return columns[0].map((_, row) => [
    ...transform(
      c,
      columns.map((column) => column[row]),
    ),
  ]);
}
