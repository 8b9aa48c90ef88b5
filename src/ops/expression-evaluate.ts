// Runs expressions in plain JavaScript without generating code, so that a strict content-security policy is no obstacle.
// Each step goes over a whole block of elements at a time: the choice of function is then made once per block, not per element.
import type { Expression, Step } from "./expression.ts";
import { stepsOf } from "./expression.ts";
import { binaryFunctions, unaryFunctions } from "./expression-functions.ts";

/** Elements per block: small enough for the registers of a long expression to stay in the second-level cache. */
export const blockLength = 512;

/** Fills `into` with elements start..start+count-1 of operand `index`, as broadcast to the result. */
export type OperandReader = (index: number, start: number, count: number, into: Float64Array) => void;

/** Evaluates `expression` for `size` elements in double precision, handing out one block after the other. */
export function evaluateExpression(
  expression: Expression,
  size: number,
  read: OperandReader,
  write: (start: number, block: Float64Array) => void,
): void {
  const steps = stepsOf(expression);
  const registers = steps.map(() => new Float64Array(Math.min(blockLength, size)));
  steps.forEach((step, i) => {
    if (step.kind === "number") registers[i].fill(step.value);
  });
  for (let start = 0; start < size; start += blockLength) {
    const count = Math.min(blockLength, size - start);
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i];
      if (step.kind === "operand") read(step.index, start, count, registers[i]);
      else if (step.kind !== "number") runStep(step, registers, registers[i], count);
    }
    write(start, registers[steps.length - 1].subarray(0, count));
  }
}

function runStep(
  step: Exclude<Step, { kind: "operand" | "number" }>,
  registers: readonly Float64Array[],
  out: Float64Array,
  count: number,
): void {
  const a = registers[step.a];
  if (step.kind === "unary") {
    const f = unaryFunctions[step.fn];
    for (let i = 0; i < count; i++) out[i] = f(a[i]);
    return;
  }
  const b = registers[step.b];
  if (step.kind === "binary") {
    const f = binaryFunctions[step.fn];
    for (let i = 0; i < count; i++) out[i] = f(a[i], b[i]);
    return;
  }
  const condition = registers[step.condition];
  for (let i = 0; i < count; i++) out[i] = condition[i] !== 0 ? a[i] : b[i];
}

/** The expression's value at one point. */
export function expressionAt(expression: Expression, operands: readonly number[]): number {
  let result = Number.NaN;
  evaluateExpression(
    expression,
    1,
    (index, _start, _count, into) => {
      into[0] = operands[index];
    },
    (_start, block) => {
      result = block[0];
    },
  );
  return result;
}
