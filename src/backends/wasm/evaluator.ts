// Eager calls at machine speed: an op on concrete tensors becomes a program of one node, kept for the next call of the same shape.
import { evaluateOp } from "../../graph/evaluate.ts";
import { createGraph } from "../../graph/graph.ts";
import { named, type Op } from "../../graph/op.ts";
import type { Program } from "../../graph/program.ts";
import { input, installEvaluator, record } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import { UnsupportedOpError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { compileWasmSync } from "./compile.ts";
import { probe } from "./support.ts";

const mostPrograms = 64;
const mostBytes = 256 * 2 ** 20;
/** Below this the reference loops are done before a program would be looked up. */
const worthCompiling = 20_000;

/** Least recently used first. `undefined` marks calls that are better left to the reference loops. */
const programs = new Map<string, Program | undefined>();
let heldBytes = 0;

/**
 * Makes eager calls of ops on large float32 tensors run as WebAssembly programs of one node, compiled at the first call of a shape and
 * kept; small, float64 and unsupported calls stay with the reference loops. Results are the same up to float32 rounding. Not installed
 * by itself, because eager calls are the oracle that backends are held against. Throws `UnsupportedOpError` without WebAssembly SIMD.
 */
export function installWasmEvaluator(): void {
  if (!probe().simd) throw new UnsupportedOpError("installWasmEvaluator: this engine has no WebAssembly SIMD");
  installEvaluator(evaluate);
}

/** Back to the reference loops; forgets all kept programs. */
export function removeWasmEvaluator(): void {
  installEvaluator(evaluateOp);
  for (const program of programs.values()) program?.release();
  programs.clear();
  heldBytes = 0;
}

function evaluate(op: Op, operands: readonly Tensor[], options: object): Tensor {
  if (operands.some(({ dtype }) => dtype === "float64")) return evaluateOp(op, operands, options);
  const key = keyOf(op, operands, options);
  const known = programs.get(key);
  const program = programs.has(key) ? known : keep(key, compileCall(op, operands, options));
  if (program === undefined) return evaluateOp(op, operands, options);
  programs.delete(key);
  programs.set(key, program);
  const feeds = Object.fromEntries([...program.graph.inputs.keys()].map((name) => [name, operands[Number(name)]]));
  return (program.runSync as NonNullable<Program["runSync"]>)(feeds).y;
}

function keyOf(op: Op, operands: readonly Tensor[], options: object): string {
  const attributes = JSON.stringify(options, (_, value: unknown) => {
    if (value instanceof Tensor) return [value.dtype, value.shape, [...value.data]];
    // JSON writes infinities and NaN as null and -0 as 0, and then pad with -Infinity would be served for pad with Infinity.
    if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)))
      return { number: Object.is(value, -0) ? "-0" : String(value) };
    return value;
  });
  return `${op.name} ${operands.map(({ dtype, shape }) => `${dtype}[${shape}]`).join(" ")} ${attributes}`;
}

function compileCall(op: Op, operands: readonly Tensor[], options: object): Program | undefined {
  const inputs = operands.map((tensor, i) => input(String(i), tensor.shape, tensor.dtype));
  const y = record(op, inputs, options);
  if (workOf(y) < worthCompiling) return undefined;
  const program = compileWasmSync(createGraph({ outputs: { y } }));
  if (program.explain().standIns === 0) return program;
  program.release();
  return undefined;
}

/** Multiply-adds or elements, whichever is more. */
function workOf(y: Value): number {
  const shapes = y.inputs.map((v) => v.shape);
  const elements = [y.shape, ...shapes].reduce((sum, shape) => sum + sizeOf(shape), 0);
  return Math.max(elements, y.op.cost(named(y.op, shapes), y.attrs, y.shape).macs);
}

function keep(key: string, program: Program | undefined): Program | undefined {
  programs.set(key, program);
  heldBytes += program?.memory.arenaBytes ?? 0;
  for (const [oldest, old] of programs) {
    if (programs.size <= mostPrograms && heldBytes <= mostBytes) break;
    if (oldest === key) continue;
    programs.delete(oldest);
    heldBytes -= old?.memory.arenaBytes ?? 0;
    old?.release();
  }
  return program;
}
