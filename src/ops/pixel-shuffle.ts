// Channels become pixels, and pixels channels. A convolution to r² times as many channels followed by this shuffle enlarges a picture
// without ever multiplying stuffed-in zeros (Shi et al. 2016); it equals a transposed convolution with the kernel rearranged.
import { count } from "../graph/attrs.ts";
import { defineOp, type Field, type Op } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape } from "../tensor/shape.ts";
import { flip } from "./flip.ts";
import { spatialAxes } from "./operands.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";

const factorAttr = { factor: count(1, 1, "how many times larger every spatial axis becomes") };

function checkRank(x: Shape, where: string): void {
  if (x.length < 3) throw new ShapeError(`${where}: input has shape ${showShape(x)}; expected [batch, channels, ...spatial]`);
}

function shuffledShape(x: Shape, factor: number, where: string): number[] {
  checkRank(x, where);
  const pixels = factor ** (x.length - 2);
  if (x[1] % pixels !== 0) {
    throw new ShapeError(`${where}: ${x[1]} channels do not divide into blocks of ${factor}^${x.length - 2} = ${pixels} pixels`);
  }
  return [x[0], x[1] / pixels, ...x.slice(2).map((n) => n * factor)];
}

function unshuffledShape(x: Shape, factor: number, where: string): number[] {
  checkRank(x, where);
  x.slice(2).forEach((n, axis) => {
    if (n % factor !== 0)
      throw new ShapeError(`${where}: size ${n} of spatial axis ${axis} of ${showShape(x)} is no multiple of ${factor}`);
  });
  return [x[0], x[1] * factor ** (x.length - 2), ...x.slice(2).map((n) => n / factor)];
}

/** Pixel o of the shuffled picture reads position floor(o / r): between o/r - (r-1)/r and o/r. */
function shuffleField(x: Shape, factor: number): Field {
  const reach = (factor - 1) / factor;
  const axes = x.slice(2).map(() => ({ size: 1 + reach, stride: 1 / factor, before: reach }));
  return { kind: "window", axes, bound: factor > 1 };
}

export const pixelShuffleOp: Op = defineOp({
  name: "pixelShuffle",
  inputs: ["x"],
  attrs: factorAttr,
  shape: ({ x }, { factor }, where) => shuffledShape(x, factor, where),
  field: ({ x }, { factor }) => ({ x: shuffleField(x, factor) }),
  // [N, C, r, r, H, W] -> [N, C, H, r, W, r]
  decompose({ x }, { factor }) {
    const rank = x.rank - 2;
    const shape = shuffledShape(x.shape, factor, "pixelShuffle");
    const blocks = reshape(x, [x.shape[0], shape[1], ...new Array<number>(rank).fill(factor), ...x.shape.slice(2)]);
    const woven = Array.from({ length: rank }, (_, axis) => [2 + rank + axis, 2 + axis]).flat();
    return reshape(transpose(blocks, { permutation: [0, 1, ...woven] }), shape);
  },
  doc: {
    text: "[N, C·r², H, W] -> [N, C, rH, rW]: channel c·r² + a·r + b becomes row a, column b of each r x r block. Any number of spatial axes.",
    cites: ["Shi et al., Real-time super-resolution using an efficient sub-pixel CNN, arXiv 1609.05158"],
    example: "pixelShuffle(x, { factor: 2 })",
  },
  cases: [
    { inputs: [[2, 8, 3, 2]], attrs: { factor: 2 } },
    { inputs: [[1, 9, 2, 3]], attrs: { factor: 3 } },
    { title: "1d", inputs: [[2, 4, 5]], attrs: { factor: 2 } },
    { title: "3d", inputs: [[1, 8, 2, 1, 3]], attrs: { factor: 2 } },
  ],
});

export const pixelUnshuffleOp: Op = defineOp({
  name: "pixelUnshuffle",
  inputs: ["x"],
  attrs: factorAttr,
  shape: ({ x }, { factor }, where) => unshuffledShape(x, factor, where),
  field: ({ x }, { factor }) => ({ x: { kind: "window", axes: x.slice(2).map(() => ({ size: factor, stride: factor, before: 0 })) } }),
  decompose({ x }, { factor }) {
    const rank = x.rank - 2;
    const shape = unshuffledShape(x.shape, factor, "pixelUnshuffle");
    const blocks = reshape(x, [x.shape[0], x.shape[1], ...shape.slice(2).flatMap((n) => [n, factor])]);
    const axes = Array.from({ length: rank }, (_, axis) => 2 + 2 * axis);
    return reshape(transpose(blocks, { permutation: [0, 1, ...axes.map((a) => a + 1), ...axes] }), shape);
  },
  doc: { text: "The inverse of pixelShuffle: [N, C, rH, rW] -> [N, C·r², H, W].", example: "pixelUnshuffle(x, { factor: 2 })" },
  cases: [
    { inputs: [[2, 2, 6, 4]], attrs: { factor: 2 } },
    { title: "1d", inputs: [[1, 3, 9]], attrs: { factor: 3 } },
  ],
});

/** [N, C·r², H, W] -> [N, C, rH, rW] with r = `factor`, in PyTorch's order of channels. Throws `ShapeError` when channels do not divide. */
export function pixelShuffle<T extends Operand>(x: T, options: { readonly factor: number }): T {
  return apply(pixelShuffleOp, [x], options);
}

/** The inverse of `pixelShuffle`. Throws `ShapeError` when sizes do not divide by `factor`. */
export function pixelUnshuffle<T extends Operand>(x: T, options: { readonly factor: number }): T {
  return apply(pixelUnshuffleOp, [x], options);
}

/**
 * The kernel with which a transposed convolution does what a convolution followed by a shuffle does:
 * pixelShuffle(conv2d(x, w, { padding: p })) = convTranspose2d(x, subPixelKernel(w), { stride: r, padding: r·(k - 1 - p) }).
 * weight [C·r², Cin, k, k] -> [Cin, C, r·k, r·k].
 */
export function subPixelKernel<T extends Operand>(weight: T, options: { readonly factor: number }): T {
  const turned = flip(weight, { axes: spatialAxes(weight.shape) });
  return pixelShuffle(transpose(turned, { permutation: [1, 0, ...spatialAxes(weight.shape)] }), options);
}
