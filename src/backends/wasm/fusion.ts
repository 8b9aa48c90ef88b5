// Finds elementwise values that need no pass of their own: those computed while the result of a kernel is still in registers (bias,
// normalisation, activation, residual), and those computed while a reduction reads its operand.
import type { Graph } from "../../graph/graph.ts";
import { countUses } from "../../graph/passes/uses.ts";
import type { Value } from "../../graph/value.ts";
import type { Expression } from "../../ops/expression.ts";
import { stepsOf, substituteOperands } from "../../ops/expression.ts";
import * as e from "../../ops/expression-build.ts";
import { sameShape } from "../../tensor/shape.ts";
import { elementwiseExpression, findRule } from "./kernels/index.ts";

/** What happens to a kernel's result before it is stored. */
export interface FusedEpilogue {
  /** The value whose kernel does the work; it is not stored itself. */
  readonly kernel: Value;
  /** Over the kernel's result (operand 0) and `operands` (1 and up). */
  readonly expression: Expression;
  readonly operands: readonly Value[];
}

/** What a kernel reads in the place of its only operand. */
export interface FusedPrologue {
  readonly expression: Expression;
  readonly operands: readonly Value[];
}

export interface Fusions {
  /** By the elementwise value that is stored. */
  readonly epilogues: ReadonlyMap<Value, FusedEpilogue>;
  /** By the value whose kernel absorbs its operand. */
  readonly prologues: ReadonlyMap<Value, FusedPrologue>;
  /** A value that is not stored -> the value that it is computed with. */
  readonly hosts: ReadonlyMap<Value, Value>;
}

/** Longer ones would push the kernel's accumulators out of the registers. */
const longestEpilogue = 12;

/** `taken` are values that are computed elsewhere, with their hosts. */
export function findFusions(graph: Graph, taken: ReadonlyMap<Value, Value> = new Map()): Fusions {
  const uses = countUses(graph);
  const epilogues = new Map<Value, FusedEpilogue>();
  const prologues = new Map<Value, FusedPrologue>();
  const hosts = new Map([...taken].filter(([value, host]) => value !== host));
  for (const value of graph.order) {
    if (taken.has(value)) continue;
    const epilogue = epilogueOf(value, uses, hosts);
    if (epilogue !== undefined) {
      epilogues.set(value, epilogue);
      hosts.set(epilogue.kernel, value);
    }
  }
  for (const value of graph.order) {
    const [operand] = value.inputs;
    if (value.inputs.length !== 1 || epilogues.has(operand) || uses.get(operand) !== 1) continue;
    const expression = elementwiseExpression(operand);
    if (expression === undefined || !isFloat32([operand, ...operand.inputs]) || findRule(value)?.absorbs?.(value) !== true) continue;
    prologues.set(value, { expression, operands: operand.inputs });
    hosts.set(operand, value);
  }
  return { epilogues, prologues, hosts };
}

/** The kernel that can compute this elementwise value on the way, if one of its operands comes from such a kernel and goes nowhere else. */
function epilogueOf(value: Value, uses: ReadonlyMap<Value, number>, hosts: ReadonlyMap<Value, Value>): FusedEpilogue | undefined {
  const expression = elementwiseExpression(value);
  if (expression === undefined || !isFloat32([value, ...value.inputs])) return undefined;
  const steps = stepsOf(expression);
  if (steps.length > longestEpilogue || steps.some((step) => step.kind === "binary" && step.fn === "pow")) return undefined;
  // The last one is the one computed latest, so that the others are there when its kernel runs.
  const kernel = value.inputs.findLast((operand) => {
    const reads = value.inputs.filter((v) => v === operand).length;
    return (
      uses.get(operand) === reads &&
      !hosts.has(operand) &&
      sameShape(operand.shape, value.shape) &&
      findRule(operand)?.fuses?.(operand) === true
    );
  });
  if (kernel === undefined) return undefined;
  const operands = [...new Set(value.inputs.filter((v) => v !== kernel))];
  const place = (i: number): Expression => e.operand(value.inputs[i] === kernel ? 0 : 1 + operands.indexOf(value.inputs[i]));
  return { kernel, expression: substituteOperands(expression, place), operands };
}

function isFloat32(values: readonly Value[]): boolean {
  return values.every(({ dtype }) => dtype === "float32");
}
