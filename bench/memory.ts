// `npm run bench -- memory`: the memory that a training step's program holds against what its tensors need at the step's fullest moment.

import { compile } from "../src/backends/compile.ts";
import { stopWorkers } from "../src/backends/wasm/index.ts";
import { prepare } from "../src/backends/wasm/prepare.ts";
import { isViewOp } from "../src/backends/wasm/views.ts";
import type { Graph } from "../src/graph/graph.ts";
import { variableOp } from "../src/graph/record.ts";
import type { Value } from "../src/graph/value.ts";
import "../src/ops/index.ts";
import { sizeOf } from "../src/tensor/shape.ts";
import { sgd } from "../src/train/optimisers.ts";
import { trainingStep } from "../src/train/step.ts";
import { machine } from "./machine.ts";
import { type BenchOptions, table } from "./rounds.ts";
import { trainingCases } from "./train.ts";

/** No thread shares memory, no tensor is padded: 4 bytes per element (int32 too). */
const bytesOf = (value: Value): number => 4 * sizeOf(value.shape);

/**
 * State, plus the most bytes of tensors that are alive at one step: from the step that computes them to the last that reads them, operands and
 * result of a step together. Results that only look at their operand's memory in another way (reshape) are that operand.
 */
export function liveBytesAtPeak({ order, outputs, updates }: Graph): { readonly state: number; readonly peak: number } {
  const owner = (value: Value): Value => (isViewOp(value) && value.inputs.length === 1 ? owner(value.inputs[0]) : value);
  const lastUse = new Map<Value, number>();
  order.forEach((value, at) => {
    lastUse.set(owner(value), at);
    for (const operand of value.inputs) lastUse.set(owner(operand), at);
  });
  for (const value of [...outputs.values(), ...updates.values()]) lastUse.set(owner(value), order.length);
  let live = 0;
  let peak = 0;
  let state = 0;
  const dying = new Map<number, number>();
  order.forEach((value, at) => {
    if (value.op === variableOp) state += bytesOf(value);
    else if (owner(value) === value && !updatesInPlace(value, updates)) {
      live += bytesOf(value);
      const end = lastUse.get(value) as number;
      dying.set(end, (dying.get(end) ?? 0) + bytesOf(value));
    }
    peak = Math.max(peak, live);
    live -= dying.get(at) ?? 0;
  });
  return { state, peak };
}

/** The next value of a variable, computed from it element by element, needs no memory but the variable's. */
function updatesInPlace(value: Value, updates: Graph["updates"]): boolean {
  return [...updates].some(([variable, next]) => next === value && value.inputs.includes(variable));
}

export async function benchMemory({ json, cases = Object.keys(trainingCases), threads = [2] }: BenchOptions): Promise<void> {
  const rows: string[][] = [];
  const lines: object[] = [];
  for (const name of cases) {
    const { title, batch, model } = trainingCases[name];
    const { graph } = trainingStep(model(), { batch, optimiser: sgd(0.01, { momentum: 0.9 }) });
    const { state, peak } = liveBytesAtPeak(prepare(graph, true));
    const program = await compile(graph, { device: "wasm", threads: threads[0] });
    const { arenaBytes } = program.memory;
    const ratio = arenaBytes / (state + peak);
    const megabytes = (n: number): string => (n / 1e6).toFixed(2);
    rows.push([title, megabytes(arenaBytes), megabytes(state), megabytes(peak), ratio.toFixed(2)]);
    lines.push({
      bench: "memory",
      case: title,
      rival: "sum of live tensors",
      threads: threads[0],
      ratio: Number(ratio.toFixed(3)),
      arena_bytes: arenaBytes,
      state_bytes: state,
      live_bytes_at_peak: peak,
    });
    program.release();
  }
  stopWorkers();
  if (!json) {
    console.log(`${machine()}. Memory of a training step; the goal is a ratio of at most 1.2.\n`);
    console.log(table(["case", "arena MB", "state MB", "live tensors at peak MB", "arena / (state + live)"], rows));
    console.log();
  }
  for (const line of lines) console.log(JSON.stringify(line));
}
