// Every op's every case once more on the wasm backend, by the other path: nothing fused, two threads, the second run after a first.
// (test/backends/wasm-cases.test.ts runs them fused, on one thread, fresh.)
import { afterAll, describe, expect, it } from "vitest";
import { compileWasm, stopWorkers } from "../../src/backends/wasm/index.ts";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { type Op, type OpCase, registeredOps } from "../../src/graph/op.ts";
import { constant } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import type { DType, Tensor } from "../../src/tensor/tensor.ts";
import "../../src/ops/index.ts";
import { comparableCase, deviation } from "../support/backend-compare.ts";
import { caseBuild, caseOperands, caseTitle } from "../support/cases.ts";
import { inputsFor } from "../support/gradient-check.ts";

afterAll(() => stopWorkers());

interface SecondDerivatives {
  readonly known: ReadonlyMap<Value, Tensor>;
  /** "i j": the derivative in operand j of the derivative in operand i, each for a random arriving gradient. */
  readonly outputs: ReadonlyMap<string, Value>;
}

function secondDerivatives(op: Op, opCase: OpCase, float: "float32" | "float64"): SecondDerivatives {
  const tensors = caseOperands(op, opCase, float);
  const inputs = inputsFor(tensors);
  const y = caseBuild(op, opCase)(inputs);
  const outputs = new Map<string, Value>();
  const isFloat = (dtype: DType): boolean => dtype.startsWith("float");
  const floats = inputs.filter((v) => isFloat(v.dtype));
  const arriving = (v: Value, seed: number): Value => constant(randomNormal(v.shape, random(seed)).cast(v.dtype));
  if (isFloat(y.dtype) && opCase.gradient !== false) {
    gradient(y, floats, { seed: arriving(y, 1) }).forEach((g, i) => {
      gradient(g, floats, { seed: arriving(g, i + 2) }).forEach((h, j) => void outputs.set(`${i} ${j}`, h));
    });
  }
  return { known: new Map(inputs.map((v, i) => [v, tensors[i]])), outputs };
}

const ops = registeredOps().filter((op) => op.inputs.length > 0);

describe.each(ops.map((op) => [op.name, op] as const))("%s", (_, op) => {
  op.cases.forEach((opCase, index) => {
    it(`wasm, unfused, two threads, run again: ${caseTitle(op, opCase, index)}`, async () => {
      const { graph, feeds, expected } = comparableCase(op, opCase);
      const program = await compileWasm(graph, { threads: 2, optimise: false });
      const first = await program.run(feeds);
      const second = await program.run(feeds);
      for (const [name, wanted] of Object.entries(expected)) {
        expect(deviation(first[name], wanted), `${name}\n${program.explain()}`).toBeLessThan(2e-5);
        // Nothing is left behind in the arena that a later run could stumble over.
        expect(second[name].data, name).toEqual(first[name].data);
      }
      program.release();
    });

    if (secondDerivatives(op, opCase, "float32").outputs.size === 0) return;
    it(`ET1 wasm, second derivatives: ${caseTitle(op, opCase, index)}`, async () => {
      const exact = secondDerivatives(op, opCase, "float64");
      const wanted = evaluateValues([...exact.outputs.values()], exact.known);
      const { known, outputs } = secondDerivatives(op, opCase, "float32");
      const graph = createGraph({ outputs });
      const program = await compileWasm(graph, { threads: 1 });
      const feeds = [...known].map(([v, t]) => [v.attrs.name as string, t] as const).filter(([name]) => graph.inputs.has(name));
      const results = await program.run(Object.fromEntries(feeds));
      [...outputs.keys()].forEach((name, i) => void expect(deviation(results[name], wanted[i]), name).toBeLessThan(2e-5));
      program.release();
    });
  });
});
