// Every op's every case once more on the wasm backend, by the other path: nothing fused, two threads, the second run after a first.
// (test/backends/wasm-cases.test.ts runs them fused, on one thread, fresh.)
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
  });
});
