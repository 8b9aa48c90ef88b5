// Finds elementwise values that can be computed while the result of a kernel is still in registers: bias, normalisation, activation, residual.
import type { Graph } from "../../graph/graph.ts";
import type { Value } from "../../graph/value.ts";
import type { Expression } from "../../ops/expression.ts";
import { stepsOf, substituteOperands } from "../../ops/expression.ts";
import * as e from "../../ops/expression-build.ts";
import { sameShape } from "../../tensor/shape.ts";
import { elementwiseExpression, findRule } from "./kernels/index.ts";

export interface FusedEpilogue {
  /** The value whose kernel does the work; it is not stored itself. */
  readonly kernel: Value;
  /** Over the kernel's result (operand 0) and `operands` (1 and up). */
  readonly expression: Expression;
  readonly operands: readonly Value[];
}

export interface Epilogues {
  /** By the elementwise value that is stored. */
  readonly fused: ReadonlyMap<Value, FusedEpilogue>;
  /** kernel value -> the value that it is computed with. */
  readonly hosts: ReadonlyMap<Value, Value>;
}

/** Longer ones would push the kernel's accumulators out of the registers. */
const longestEpilogue = 12;

export function findEpilogues(graph: Graph): Epilogues {
  const readers = new Map<Value, Set<Value>>();
  for (const value of graph.order) {
    for (const operand of value.inputs) readers.set(operand, (readers.get(operand) ?? new Set()).add(value));
  }
  const kept = new Set([...graph.outputs.values(), ...graph.updates.values()]);
  const fused = new Map<Value, FusedEpilogue>();
  const hosts = new Map<Value, Value>();
  for (const kernel of graph.order) {
    const users = readers.get(kernel);
    if (kept.has(kernel) || users?.size !== 1 || !findRule(kernel)?.fuses?.(kernel)) continue;
    const [value] = users;
    const expression = elementwiseExpression(value);
    if (expression === undefined || fused.has(value) || value.dtype !== "float32") continue;
    if (!sameShape(value.shape, kernel.shape) || stepsOf(expression).length > longestEpilogue) continue;
    if (stepsOf(expression).some((step) => step.kind === "binary" && step.fn === "pow")) continue;
    const operands = [...new Set(value.inputs.filter((v) => v !== kernel))];
    if (operands.some((v) => v.dtype !== "float32")) continue;
    const renumbered = substituteOperands(expression, (i) =>
      e.operand(value.inputs[i] === kernel ? 0 : 1 + operands.indexOf(value.inputs[i])),
    );
    fused.set(value, { kernel, expression: renumbered, operands });
    hosts.set(kernel, value);
  }
  return { fused, hosts };
}
