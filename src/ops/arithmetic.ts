// Arithmetic and comparisons of two operands, with numpy's broadcasting.
import type { Op } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { cast } from "./cast.ts";
import { defineElementwise, liftNumber } from "./elementwise.ts";
import type { BinaryFunction } from "./expression.ts";
import { binary, select } from "./expression-build.ts";
import { checkOperand } from "./operands.ts";

const shapes = [
  [
    [2, 3, 4, 5],
    [1, 3, 1, 1],
  ] as const,
  [[3, 1], [4]] as const,
  [
    [7, 9],
    [7, 9],
  ] as const,
];

function binaryOp(
  name: string,
  fn: BinaryFunction,
  text: string,
  fills: readonly ("normal" | "positive" | "distinct")[] = ["normal", "normal"],
): Op {
  return defineElementwise({
    name,
    inputs: ["x", "y"],
    expression: ([x, y]) => binary(fn, x, y),
    doc: { text },
    cases: shapes.map((pair) => ({ inputs: pair.map((shape, i) => ({ shape, fill: fills[i] })) })),
  });
}

/** A case in which some elements are equal, so that both answers of a comparison occur. */
function comparisonOp(name: string, fn: BinaryFunction, text: string): Op {
  return defineElementwise({
    name,
    inputs: ["x", "y"],
    expression: ([x, y]) => binary(fn, x, y),
    doc: { text: `${text} 1 where it holds, else 0, in the operands' element type; nothing holds for NaN but "unequal". No gradient.` },
    cases: [
      {
        title: "equal, smaller and larger elements; a step, so finite differences make no sense",
        inputs: [
          { shape: [3, 3], fill: { values: [-1, 0, 1, 2, 3, 4, 5, 6, 7] } },
          { shape: [3], fill: { values: [0, 3, 1] } },
        ],
        gradient: false,
      },
    ],
  });
}

export const addOp: Op = binaryOp("add", "add", "x + y.");
export const subOp: Op = binaryOp("sub", "sub", "x - y.");
export const mulOp: Op = binaryOp("mul", "mul", "x · y, element by element.");
export const divOp: Op = binaryOp("div", "div", "x / y, element by element.", ["normal", "positive"]);
export const powOp: Op = binaryOp("pow", "pow", "x to the power y. The gradient in x is 0 where y is 0, that in y where x is 0.", [
  "positive",
  "normal",
]);
export const maximumOp: Op = binaryOp(
  "maximum",
  "max",
  "The larger of x and y; NaN where either is NaN. At a tie each gets half the gradient.",
  ["distinct", "normal"],
);
export const minimumOp: Op = binaryOp(
  "minimum",
  "min",
  "The smaller of x and y; NaN where either is NaN. At a tie each gets half the gradient.",
  ["distinct", "normal"],
);

export const ltOp: Op = comparisonOp("lt", "lt", "x < y:");
export const leOp: Op = comparisonOp("le", "le", "x <= y:");
export const gtOp: Op = comparisonOp("gt", "gt", "x > y:");
export const geOp: Op = comparisonOp("ge", "ge", "x >= y:");
export const eqOp: Op = comparisonOp("eq", "eq", "x = y:");
export const neOp: Op = comparisonOp("ne", "ne", "x unequal to y:");

export const whereOp: Op = defineElementwise({
  name: "where",
  inputs: ["condition", "x", "y"],
  expression: ([condition, x, y]) => select(condition, x, y),
  doc: { text: "x where the condition is not 0, else y. What is not chosen has no influence on the result or the gradient." },
  cases: [
    { inputs: [{ shape: [2, 3], fill: { values: [0, 1, 1, 0, 0, 1] } }, [2, 3], [2, 3]] },
    { title: "broadcast condition", inputs: [{ shape: [3, 1], fill: { values: [1, 0, 1] } }, [2, 3, 4], [4]] },
  ],
});

function applyBinary<T extends Operand>(op: Op, x: T | number, y: T | number): T {
  return apply(op, [liftNumber(x, y, op.name), liftNumber(y, x, op.name)]);
}

/** x + y, broadcast as in numpy; either may be a number. */
export function add<T extends Operand>(x: T | number, y: T | number): T {
  return applyBinary(addOp, x, y);
}
/** x - y, broadcast as in numpy; either may be a number. */
export function sub<T extends Operand>(x: T | number, y: T | number): T {
  return applyBinary(subOp, x, y);
}
/** x · y element by element, broadcast as in numpy; either may be a number. */
export function mul<T extends Operand>(x: T | number, y: T | number): T {
  return applyBinary(mulOp, x, y);
}
/** x / y element by element, broadcast as in numpy; either may be a number. Integers are cut towards 0. */
export function div<T extends Operand>(x: T | number, y: T | number): T {
  return applyBinary(divOp, x, y);
}
/** x to the power y; either may be a number. */
export function pow<T extends Operand>(x: T | number, y: T | number): T {
  return applyBinary(powOp, x, y);
}
/** The larger of x and y; NaN wins; a tie splits the gradient equally. */
export function maximum<T extends Operand>(x: T | number, y: T | number): T {
  return applyBinary(maximumOp, x, y);
}
/** The smaller of x and y; NaN wins; a tie splits the gradient equally. */
export function minimum<T extends Operand>(x: T | number, y: T | number): T {
  return applyBinary(minimumOp, x, y);
}
/** 1 where x < y, else 0, in the operands' element type. */
export function lt<T extends Operand>(x: T | number, y: T | number): T {
  return applyBinary(ltOp, x, y);
}
/** 1 where x <= y, else 0, in the operands' element type. */
export function le<T extends Operand>(x: T | number, y: T | number): T {
  return applyBinary(leOp, x, y);
}
/** 1 where x > y, else 0, in the operands' element type. */
export function gt<T extends Operand>(x: T | number, y: T | number): T {
  return applyBinary(gtOp, x, y);
}
/** 1 where x >= y, else 0, in the operands' element type. */
export function ge<T extends Operand>(x: T | number, y: T | number): T {
  return applyBinary(geOp, x, y);
}
/** 1 where x equals y, else 0, in the operands' element type. */
export function eq<T extends Operand>(x: T | number, y: T | number): T {
  return applyBinary(eqOp, x, y);
}
/** 1 where x differs from y, else 0, in the operands' element type. */
export function ne<T extends Operand>(x: T | number, y: T | number): T {
  return applyBinary(neOp, x, y);
}
/**
 * x where `condition` is not 0, else y. x and y are of one element type, and one of them may be a number; the condition may be of any type.
 */
export function where<T extends Operand>(condition: T, x: T | number, y: T | number): T {
  checkOperand("where", "condition", condition);
  for (const [name, given] of Object.entries({ x, y })) if (typeof given !== "number") checkOperand("where", name, given);
  const like = typeof x !== "number" ? x : typeof y !== "number" ? y : condition;
  const truth = condition.dtype === like.dtype ? condition : cast(applyBinary(neOp, condition, 0), { dtype: like.dtype });
  return apply(whereOp, [truth, liftNumber(x, like, "where"), liftNumber(y, like, "where")]);
}
