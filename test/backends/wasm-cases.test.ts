// Every op's every case, value and gradient, on the wasm backend against the reference in double precision.
import { afterAll, describe, expect, it } from "vitest";
import { compileWasm, stopWorkers } from "../../src/backends/wasm/index.ts";
import { registeredOps } from "../../src/graph/op.ts";
import "../../src/ops/index.ts";
import { comparableCase, deviation } from "../support/backend-compare.ts";
import { caseTitle } from "../support/cases.ts";

afterAll(() => stopWorkers());

const ops = registeredOps().filter((op) => op.inputs.length > 0);

describe.each(ops.map((op) => [op.name, op] as const))("%s", (_, op) => {
  op.cases.forEach((opCase, index) => {
    it(`wasm ${caseTitle(op, opCase, index)}`, async () => {
      const { graph, feeds, expected } = comparableCase(op, opCase);
      const program = await compileWasm(graph, { threads: 1 });
      const results = await program.run(feeds);
      for (const [name, tensor] of Object.entries(expected)) {
        expect(results[name].shape).toEqual(tensor.shape);
        expect(deviation(results[name], tensor), `${name}\n${program.explain()}`).toBeLessThan(2e-5);
      }
      program.release();
    });
  });
});
