// What PyTorch computes for the same calls (tools/golden.py made the files): forward and every gradient, in float64 on the reference
// loops and in float32 on the wasm backend.
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { compileWasm, stopWorkers } from "../../src/backends/wasm/index.ts";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { constant, type Operand } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import * as ops from "../../src/ops/index.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { inputsFor } from "../support/gradient-check.ts";

interface GoldenTensor {
  readonly shape: Shape;
  readonly data: readonly number[];
  readonly dtype?: "int32";
}
interface GoldenRow {
  readonly call: string;
  readonly title: string;
  readonly operands: readonly (GoldenTensor | null)[];
  readonly arguments?: readonly unknown[];
  readonly options?: object;
  readonly y: GoldenTensor;
  readonly g?: GoldenTensor;
  readonly gradients?: readonly (GoldenTensor | null)[];
  /** Where PyTorch itself is less exact than float64. */
  readonly tolerance?: number;
}

const read = (name: string): { torch: string; rows: readonly GoldenRow[] } =>
  JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), "utf8"));
type Float = "float32" | "float64";
const toTensor = ({ shape, data, dtype }: GoldenTensor, float: Float): Tensor => tensor(data, shape, dtype ?? float);

type AnyCall = (...given: unknown[]) => Operand;
const calls = {
  ...ops,
  /** The only call that does not start with its operands. */
  einsum: (...given: unknown[]): Operand => ops.einsum((given.at(-1) as { equation: string }).equation, given.slice(0, -1) as Value[]),
} as unknown as Record<string, AnyCall>;

function isTensor(a: unknown): a is GoldenTensor {
  return typeof a === "object" && a !== null && "data" in a;
}

interface Recorded {
  readonly known: ReadonlyMap<Value, Tensor>;
  /** What is computed, and what PyTorch says it is. */
  readonly outputs: Readonly<Record<string, readonly [Value, GoldenTensor]>>;
}

/** Records a row's call and its gradients. Extra arguments stand before the options; an index operand among them is a constant. */
function recordRow(row: GoldenRow, float: Float): Recorded {
  const tensors = row.operands.flatMap((o) => (o === null ? [] : [toTensor(o, float)]));
  const inputs = inputsFor(tensors);
  const rest = [...inputs];
  const operands = row.operands.map((o) => (o === null ? undefined : rest.shift()));
  const extra = (row.arguments ?? []).map((a) => (isTensor(a) ? constant(toTensor(a, float)) : a));
  const y = calls[row.call](...operands, ...extra, ...(row.options === undefined ? [] : [row.options])) as Value;
  const known = new Map(inputs.map((v, i) => [v, tensors[i]]));
  if (row.g === undefined) return { known, outputs: { y: [y, row.y] } };
  const present = (row.gradients ?? []).filter((_g, i) => row.operands[i] !== null);
  const wanted = inputs.flatMap((v, i) => (present[i] ? [[v, present[i]] as const] : []));
  const grads = gradient(
    y,
    wanted.map(([v]) => v),
    { seed: constant(toTensor(row.g, float)) },
  );
  return { known, outputs: { y: [y, row.y], ...Object.fromEntries(grads.map((g, k) => [`gradient ${k}`, [g, wanted[k][1]]])) } };
}

/** Differences are measured in units of `unit(entry, largest entry)`: sums of another order differ in their last bits. */
function expectClose(
  what: string,
  got: Tensor,
  wanted: GoldenTensor,
  tolerance: number,
  unit: (entry: number, largest: number) => number,
): void {
  expect(got.shape, what).toEqual(wanted.shape);
  const largest = Math.max(...wanted.data.map(Math.abs));
  wanted.data.forEach((v, i) => {
    const allowed = tolerance * unit(Math.abs(v), largest);
    if (!(Math.abs(got.data[i] - v) <= allowed)) expect.fail(`${what}, entry ${i}: ${got.data[i]}, PyTorch has ${v}`);
  });
}

afterAll(() => stopWorkers());

describe.each(["convolutions", "pools", "norms", "activations", "losses", "resampling", "variants", "indexing", "onnx-ops"])(
  "golden %s",
  (file) => {
    const rows = read(file).rows.map((row) => [`${row.call} ${row.title}`, row] as const);

    it.each(rows)("%s", (_, row) => {
      const { known, outputs } = recordRow(row, "float64");
      const results = evaluateValues(
        Object.values(outputs).map(([value]) => value),
        known,
      );
      Object.entries(outputs).forEach(([name, [, wanted]], i) => {
        expectClose(name, results[i], wanted, row.tolerance ?? 1e-10, (_entry, largest) => Math.max(1e-3, largest));
      });
    });

    it.each(rows)("wasm %s", async (_, row) => {
      const { known, outputs } = recordRow(row, "float32");
      const graph = createGraph({ outputs: Object.fromEntries(Object.entries(outputs).map(([name, [value]]) => [name, value])) });
      const program = await compileWasm(graph, { threads: 1 });
      const feeds = [...known].map(([v, t]) => [v.attrs.name as string, t] as const).filter(([name]) => graph.inputs.has(name));
      const results = await program.run(Object.fromEntries(feeds));
      // The operands themselves are rounded to float32; where exponents of thousands are taken, that alone shows in the fourth digit.
      const tolerance = row.title.includes("far from 0") ? 1e-3 : 2e-5;
      for (const [name, [, wanted]] of Object.entries(outputs)) {
        expectClose(name, results[name], wanted, tolerance, (entry, largest) => Math.max(entry, Math.min(1, largest)));
      }
      program.release();
    });
  },
);
