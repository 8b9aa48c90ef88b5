// One expression per elementwise op. From it come the reference loop, the WASM and WGSL kernels, the derivative and the printed formula.
// An expression is a plain tree over the op's operands; whole chains of elementwise ops fuse by putting trees into trees.

export type UnaryFunction =
  | "neg"
  | "abs"
  | "sign"
  | "exp"
  | "expm1"
  | "log"
  | "log1p"
  | "sqrt"
  | "rsqrt"
  | "reciprocal"
  | "square"
  | "sin"
  | "cos"
  | "tan"
  | "atan"
  | "tanh"
  | "sigmoid"
  | "erf"
  | "floor"
  | "ceil"
  | "round"
  | "not";
/** Comparisons and logic give 1 or 0. `min` and `max` return NaN when either side is NaN. */
export type BinaryFunction = "add" | "sub" | "mul" | "div" | "pow" | "min" | "max" | "lt" | "le" | "gt" | "ge" | "eq" | "ne" | "and" | "or";

export type Expression =
  | { readonly kind: "operand"; readonly index: number }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "unary"; readonly fn: UnaryFunction; readonly a: Expression }
  | { readonly kind: "binary"; readonly fn: BinaryFunction; readonly a: Expression; readonly b: Expression }
  /** `condition` non-zero ? a : b, both computed, the unchosen one without influence (not even NaN). */
  | { readonly kind: "select"; readonly condition: Expression; readonly a: Expression; readonly b: Expression };
