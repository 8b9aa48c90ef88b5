// Every op's every case on the wasm backend, value and gradients, against the reference loops in float64 on the same numbers.
import { afterAll, describe, expect, it } from "vitest";
import { compileWasm, stopWorkers } from "../../src/backends/wasm/index.ts";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { type Op, type OpCase, registeredOps } from "../../src/graph/op.ts";
import { input } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import type { DType, Tensor } from "../../src/tensor/tensor.ts";
import "../../src/ops/index.ts";
import { caseBuild, caseOperands, caseTitle } from "../support/cases.ts";
import { inputsFor } from "../support/gradient-check.ts";

interface Experiment {
  readonly inputs: readonly Value[];
  readonly tensors: readonly Tensor[];
  /** "y", and "gradient 0", ... for every float operand, for an arriving gradient that is fed as well. */
  readonly outputs: Readonly<Record<string, Value>>;
}

const isFloat = (dtype: DType): boolean => dtype.startsWith("float");

function experiment(op: Op, opCase: OpCase, float: "float32" | "float64"): Experiment {
  const tensors = caseOperands(op, opCase, float);
  const inputs = inputsFor(tensors);
  const y = caseBuild(op, opCase)(inputs);
  const floats = inputs.filter((v) => isFloat(v.dtype));
  if (!isFloat(y.dtype) || floats.length === 0 || opCase.gradient === false) return { inputs, tensors, outputs: { y } };
  const seed = input("arriving", y.shape, y.dtype);
  const grads = gradient(y, floats, { seed });
  return {
    inputs: [...inputs, seed],
    tensors: [...tensors, randomNormal(y.shape, random(3)).cast(y.dtype)],
    outputs: { y, ...Object.fromEntries(grads.map((g, i) => [`gradient ${i}`, g])) },
  };
}

/** The oracle: in float64 where the op itself does not say float32. */
function oracle(op: Op, opCase: OpCase): Record<string, Tensor> {
  const { inputs, tensors, outputs } = experiment(op, opCase, "float64");
  const results = evaluateValues(Object.values(outputs), new Map(inputs.map((v, i) => [v, tensors[i]])));
  return Object.fromEntries(Object.keys(outputs).map((name, i) => [name, results[i]]));
}

/** Float32 sums of some hundred terms differ from float64 ones by about 1e-6 of the largest result; integers not at all. */
function expectAgreement(name: string, got: Tensor, wanted: Tensor): void {
  expect(got.shape, name).toEqual(wanted.shape);
  expect(got.data.length, name).toBe(wanted.data.length);
  const scale = Math.max(0.1, ...Array.from(wanted.data, Math.abs).filter(Number.isFinite));
  const tolerance = isFloat(got.dtype) ? 2e-5 * scale : 0;
  wanted.data.forEach((v, i) => {
    const same = Object.is(got.data[i], v) || Math.abs(got.data[i] - v) <= tolerance;
    if (!same) expect.fail(`${name}, entry ${i}: wasm ${got.data[i]}, reference ${v}`);
  });
}

afterAll(() => stopWorkers());

const ops = registeredOps().filter((op) => op.inputs.length > 0);

describe.each(ops.map((op) => [op.name, op] as const))("wasm %s", (_, op) => {
  op.cases.forEach((opCase, index) => {
    it(caseTitle(op, opCase, index), async () => {
      const { inputs, tensors, outputs } = experiment(op, opCase, "float32");
      const program = await compileWasm(createGraph({ outputs }), { threads: 1 });
      const feeds = Object.fromEntries(
        inputs.map((v, i) => [v.attrs.name as string, tensors[i]] as const).filter(([name]) => program.graph.inputs.has(name)),
      );
      const results = await program.run(feeds);
      const again = await program.run(feeds);
      for (const [name, wanted] of Object.entries(oracle(op, opCase))) {
        expectAgreement(name, results[name], wanted);
        // Nothing is left behind in the arena that a second run could stumble over.
        expect(again[name].data, name).toEqual(results[name].data);
      }
      program.release();
    });
  });
});
