// Class numbers as rows of zeros and a one, so that a choice by index becomes arithmetic.
import { choice, count } from "../graph/attrs.ts";
import { defineOp, type Op } from "../graph/op.ts";
import { apply, constant, type Operand } from "../graph/record.ts";
import { DTypeError } from "../tensor/errors.ts";
import { normaliseAxis, type Shape, sizeOf } from "../tensor/shape.ts";
import { arange, type DType } from "../tensor/tensor.ts";
import { eq } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { reshape } from "./reshape.ts";

function oneHotShape(labels: Shape, classes: number, axis: number, where: string): { shape: number[]; at: number } {
  const at = normaliseAxis(axis, labels.length + 1, where);
  return { shape: [...labels.slice(0, at), classes, ...labels.slice(at)], at };
}

export const oneHotOp: Op = defineOp({
  name: "oneHot",
  inputs: ["labels"],
  attrs: {
    classes: count(1, 1, "size of the new axis"),
    axis: count(-1, Number.MIN_SAFE_INTEGER, "where the new axis goes in the result (default the end)"),
    dtype: choice(["float32", "float64", "int32"], "float32", "element type of the result"),
  },
  shape: ({ labels }, { classes, axis }, where) => oneHotShape(labels, classes, axis, where).shape,
  dtype({ labels }, { dtype }) {
    if (labels !== "int32") throw new DTypeError(`oneHot: labels have dtype ${labels}; class numbers are int32`);
    return dtype;
  },
  decompose({ labels }, { classes, axis, dtype }) {
    const { at } = oneHotShape(labels.shape, classes, axis, "oneHot");
    const column = [...labels.shape.slice(0, at), 1, ...labels.shape.slice(at)];
    const numbers = constant(arange(classes, [classes, ...new Array<number>(labels.rank - at).fill(1)], dtype));
    return eq(cast(reshape(labels, column), { dtype }), numbers);
  },
  reference({ labels }, out, { classes, axis }) {
    const { at } = oneHotShape(labels.shape, classes, axis, "oneHot");
    const inner = sizeOf(labels.shape.slice(at));
    for (let i = 0; i < labels.size; i++) {
      const label = labels.data[i];
      if (label >= 0 && label < classes) out.data[Math.floor(i / inner) * inner * classes + label * inner + (i % inner)] = 1;
    }
  },
  grad: { labels: null },
  doc: {
    text: "1 at the position of the label along a new axis, else 0. A label outside 0..classes-1 gives zeros alone.",
    example: "oneHot(labels, { classes: 10 })",
  },
  cases: [
    {
      title: "labels have no gradient",
      inputs: [{ shape: [5], dtype: "int32", fill: { integers: 4 } }],
      attrs: { classes: 4 },
      gradient: false,
    },
    {
      title: "a class axis in the middle; labels have no gradient",
      inputs: [{ shape: [2, 3, 2], dtype: "int32", fill: { integers: 3 } }],
      attrs: { classes: 3, axis: 1 },
      gradient: false,
    },
    {
      title: "labels outside the classes; labels have no gradient",
      inputs: [{ shape: [4], dtype: "int32", fill: { values: [-1, 0, 2, 3] } }],
      attrs: { classes: 3 },
      gradient: false,
    },
  ],
});

export interface OneHotOptions {
  readonly classes: number;
  /** Where the new axis goes in the result (default -1, the end). */
  readonly axis?: number;
  readonly dtype?: DType;
}

/** int32 labels of any shape -> 0/1 with a new axis of `classes`. Throws `DTypeError` for labels that are not int32. */
export function oneHot<T extends Operand>(labels: T, options: OneHotOptions): T {
  return apply(oneHotOp, [labels], options);
}
