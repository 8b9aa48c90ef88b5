// What PyTorch computes for the same calls (tools/golden.py made the files): forward and every gradient, in float64.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
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
const toTensor = ({ shape, data, dtype }: GoldenTensor): Tensor => tensor(data, shape, dtype ?? "float64");

type AnyCall = (...given: unknown[]) => Operand;
const calls = ops as unknown as Record<string, AnyCall>;

/** Rows give extra arguments before the options where our functions take them; an index operand among them is a constant. */
function call(row: GoldenRow, inputs: readonly Value[]): Value {
  const rest = [...inputs];
  const operands = row.operands.map((o) => (o === null ? undefined : rest.shift()));
  const extra = (row.arguments ?? []).map((a) => (isTensor(a) ? constant(toTensor(a)) : a));
  return calls[row.call](...operands, ...extra, ...(row.options === undefined ? [] : [row.options])) as Value;
}

function isTensor(a: unknown): a is GoldenTensor {
  return typeof a === "object" && a !== null && "data" in a;
}

/** Relative to the largest entry: sums of different order differ in their last bits. */
function expectClose(got: Tensor, wanted: GoldenTensor, what: string, tolerance = 1e-10): void {
  expect(got.shape, what).toEqual(wanted.shape);
  const scale = Math.max(1e-3, ...wanted.data.map(Math.abs));
  wanted.data.forEach((v, i) => {
    if (!(Math.abs(got.data[i] - v) <= tolerance * scale)) expect.fail(`${what}, entry ${i}: ${got.data[i]}, PyTorch has ${v}`);
  });
}

describe.each(["convolutions", "pools", "norms", "activations", "losses", "resampling"])("golden %s", (file) => {
  it.each(read(file).rows.map((row) => [`${row.call} ${row.title}`, row] as const))("%s", (_, row) => {
    const tensors = row.operands.flatMap((o) => (o === null ? [] : [toTensor(o)]));
    const inputs = inputsFor(tensors);
    const known = new Map(inputs.map((v, i) => [v, tensors[i]]));
    const y = call(row, inputs);
    expectClose(evaluateValues([y], known)[0], row.y, "y", row.tolerance);
    if (row.g === undefined) return;
    const present = (row.gradients ?? []).filter((_g, i) => row.operands[i] !== null);
    const wanted = inputs.flatMap((v, i) => (present[i] ? [[v, present[i]] as const] : []));
    const grads = gradient(
      y,
      wanted.map(([v]) => v),
      { seed: constant(toTensor(row.g)) },
    );
    evaluateValues(grads, known).forEach((g, k) => void expectClose(g, wanted[k][1], `gradient ${k}`, row.tolerance));
  });
});
