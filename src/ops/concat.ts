// Joining tensors along an axis: the branches of an Inception block, the features of a DenseNet.
import { count } from "../graph/attrs.ts";
import { defineOp, type Field, type Op, pointwise, unknownField } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ShapeError } from "../tensor/errors.ts";
import { expectList } from "../tensor/expect.ts";
import { normaliseAxis, type Shape, showShape, sizeOf } from "../tensor/shape.ts";
import { checkOperand } from "./operands.ts";
import { slice } from "./slice.ts";

function concatShape(shapes: readonly Shape[], given: number, where: string): Shape {
  const [first] = shapes;
  const axis = normaliseAxis(given, first.length, where);
  for (const shape of shapes) {
    if (shape.length !== first.length || shape.some((n, i) => i !== axis && n !== first[i])) {
      throw new ShapeError(`${where}: ${shapes.map(showShape).join(", ")} must agree on every axis but ${axis}`);
    }
  }
  return first.map((n, i) => (i === axis ? shapes.reduce((sum, shape) => sum + shape[axis], 0) : n));
}

export const concatOp: Op = defineOp({
  name: "concat",
  inputs: ["...xs"],
  attrs: { axis: count(1, Number.MIN_SAFE_INTEGER, "the axis along which tensors follow one another; negative counts from the end") },
  shape: ({ all }, { axis }, where) => concatShape(all, axis, where),
  field({ all }, { axis }) {
    const field: Field = normaliseAxis(axis, all[0].length) === 1 ? pointwise : unknownField;
    return all.map(() => field);
  },
  grad: {
    all(g, { all }, attrs) {
      const axis = normaliseAxis(attrs.axis, g.rank);
      let end = 0;
      return all.map((x) => {
        const start = end;
        end += x.shape[axis];
        return slice(g, { axes: [axis], starts: [start], ends: [end] });
      });
    },
  },
  reference({ all }, out, attrs) {
    const axis = normaliseAxis(attrs.axis, out.rank);
    const rows = sizeOf(out.shape.slice(0, axis));
    const rowLength = sizeOf(out.shape.slice(axis));
    let column = 0;
    for (const x of all) {
      const length = sizeOf(x.shape.slice(axis));
      for (let row = 0; row < rows; row++) out.data.set(x.data.subarray(row * length, (row + 1) * length), row * rowLength + column);
      column += length;
    }
  },
  doc: { text: "Joins tensors along one axis; all other sizes agree.", example: "concat([a, b], { axis: 1 })" },
  cases: [
    {
      inputs: [
        [2, 3, 4],
        [2, 1, 4],
        [2, 2, 4],
      ],
      attrs: { axis: 1 },
    },
    {
      inputs: [
        [2, 3],
        [5, 3],
      ],
      attrs: { axis: 0 },
    },
    {
      inputs: [
        [2, 3, 1],
        [2, 3, 4],
      ],
      attrs: { axis: -1 },
    },
    { title: "a single one", inputs: [[3, 2]] },
  ],
});

/** Joins `xs` along `axis` (default 1, the channels). */
export function concat<T extends Operand>(xs: readonly T[], options: { readonly axis?: number } = {}): T {
  expectList("concat", "xs", xs, "Tensors or graph Values");
  for (const x of xs) checkOperand("concat", "an entry of xs", x);
  return apply(concatOp, xs, options);
}
