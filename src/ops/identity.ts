// Ops that change nothing: one that a name or a gradient rule can be hung on, and one that gradients do not pass.
import { defineOp, type Op, pointwise } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";

export const identityOp: Op = defineOp({
  name: "identity",
  inputs: ["x"],
  shape: ({ x }) => x,
  field: () => ({ x: pointwise }),
  grad: { x: (g) => g },
  reference: ({ x }, out) => out.data.set(x.data),
  doc: { text: "The operand itself: a place for a label or for a gradient rule of one's own." },
  cases: [{ inputs: [[2, 3]] }],
});

export const stopGradientOp: Op = defineOp({
  name: "stopGradient",
  inputs: ["x"],
  shape: ({ x }) => x,
  field: () => ({ x: pointwise }),
  grad: { x: null },
  reference: ({ x }, out) => out.data.set(x.data),
  doc: { text: "The operand itself, taken for a constant by every derivative (PyTorch's detach)." },
  cases: [{ title: "the gradient is zero by definition, not by limit", inputs: [[2, 3]], gradient: false }],
});

/** x itself under another value: a place for a name. */
export function identity<T extends Operand>(x: T): T {
  return apply(identityOp, [x]);
}

/** `x`, taken for a constant by every derivative. */
export function stopGradient<T extends Operand>(x: T): T {
  return apply(stopGradientOp, [x]);
}
