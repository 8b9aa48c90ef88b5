// Reversing axes: what turns cross-correlation into convolution, and half of all pictures in augmentation into their mirror images.
import { custom, integers } from "../graph/attrs.ts";
import { defineOp, type Op } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { normaliseAxes, type Shape } from "../tensor/shape.ts";
import { type AxisMaps, fieldOfMaps, gatherAlong, identityMap } from "./axis-maps.ts";

function flipMaps(shape: Shape, axes: readonly number[]): AxisMaps {
  const flipped = new Set(normaliseAxes(axes, shape.length));
  return shape.map((size, axis) => (flipped.has(axis) ? identityMap(size).reverse() : identityMap(size)));
}

export const flipOp: Op = defineOp({
  name: "flip",
  inputs: ["x"],
  attrs: {
    axes: custom(
      (given, context) => integers().parse(typeof given === "number" ? [given] : given, context),
      "axes to reverse; negative ones count from the end",
    ),
  },
  shape({ x }, { axes }, where) {
    normaliseAxes(axes, x.length, where);
    return x;
  },
  field: ({ x }, { axes }) => ({
    x: fieldOfMaps(
      flipMaps(x, axes),
      x.map(() => 0),
    ),
  }),
  grad: { x: (g, _, { axes }) => flip(g, { axes }) },
  reference: ({ x }, out, { axes }) => gatherAlong(x, out, flipMaps(x.shape, axes)),
  doc: { text: "Reverses the order of elements along axes.", example: "flip(x, { axes: [-1] })   // left and right change places" },
  cases: [
    { inputs: [[2, 3, 4]], attrs: { axes: [-1] } },
    { inputs: [[2, 3, 4]], attrs: { axes: [0, 2] } },
    { inputs: [[5]], attrs: { axes: 0 } },
  ],
});

/** Reverses `x` along `axes`. */
export function flip<T extends Operand>(x: T, options: { readonly axes: number | readonly number[] }): T {
  return apply(flipOp, [x], options);
}
