// Changes of element type.
import { choice } from "../graph/attrs.ts";
import { defineOp, type Op, pointwise } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import type { DType } from "../tensor/tensor.ts";

const dtypes: readonly DType[] = ["float32", "float64", "int32", "uint8"];

export const castOp: Op = defineOp({
  name: "cast",
  inputs: ["x"],
  attrs: { dtype: choice(dtypes, "float32", "the new element type") },
  shape: ({ x }) => x,
  dtype: (_, { dtype }) => dtype,
  field: () => ({ x: pointwise }),
  grad: { x: (g, { x }) => cast(g, { dtype: x.dtype }) },
  reference: ({ x }, out) => out.data.set(x.data),
  doc: { text: "Converts elements to another type. Fractions are cut off towards zero when integers are asked for." },
  cases: [
    { inputs: [{ shape: [2, 5], dtype: "int32", fill: { integers: 100 } }], attrs: { dtype: "float32" } },
    {
      title: "to integers, which have no gradient",
      inputs: [{ shape: [5], fill: { values: [-2.7, -0.4, 0, 0.6, 3.2] } }],
      attrs: { dtype: "int32" },
      gradient: false,
    },
  ],
});

/** `x` with elements of another type; fractions are cut off towards zero when integers are asked for. */
export function cast<T extends Operand>(x: T, options: { readonly dtype: DType }): T {
  return apply(castOp, [x], options);
}
