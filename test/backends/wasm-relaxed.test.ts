// The relaxed tier: fused multiply-add where the engine has it. A process of its own, because engine flags cannot be taken back.
import { afterAll, describe, expect, it } from "vitest";
import { setEngineFlag } from "#platform";
import { compileReference } from "../../src/backends/reference/index.ts";
import { compileWasm, probe, stopWorkers } from "../../src/backends/wasm/index.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { registeredOps } from "../../src/graph/op.ts";
import { input } from "../../src/graph/record.ts";
import { conv2d, linear, relu, reshape, sum, tanh } from "../../src/ops/index.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import { comparableCase, deviation } from "../support/backend-compare.ts";
import { caseTitle } from "../support/cases.ts";

const [major] = process.versions.node.split(".").map(Number);
if (major < 22) setEngineFlag("--experimental-wasm-relaxed-simd");
const absent = !probe().relaxedSimd;
if (absent) console.warn("this engine has no relaxed SIMD: its tests are skipped");

const ops = registeredOps().filter(({ inputs }) => inputs.length > 0);

afterAll(() => stopWorkers());

describe.skipIf(absent)("relaxed tier", () => {
  it("gives the reference's numbers", async () => {
    const x = input("x", [2, 5, 9, 11]);
    const w = input("w", [12, 5, 3, 3]);
    const m = input("m", [7, 12 * 7 * 9]);
    const h = relu(conv2d(x, w));
    const graph = createGraph({ outputs: { y: tanh(linear(reshape(h, [2, 12 * 7 * 9]), m)), total: sum(h, { axes: [0, 2, 3] }) } });
    const feeds = {
      x: randomNormal([2, 5, 9, 11], random(1)),
      w: randomNormal([12, 5, 3, 3], random(2), 0, 0.2),
      m: randomNormal([7, 12 * 7 * 9], random(3), 0, 0.05),
    };
    const expected = await compileReference(graph).run(feeds);
    const program = await compileWasm(graph, { tier: "relaxed", threads: 1 });
    const actual = await program.run(feeds);
    for (const name of ["y", "total"]) expect(deviation(actual[name], expected[name])).toBeLessThan(1e-5);
    program.release();
  });

  it.each(ops.map((op) => [op.name, op] as const))(
    "gives the reference's numbers for every case of %s and its gradients",
    async (_, op) => {
      for (const [index, opCase] of op.cases.entries()) {
        const { graph, feeds, expected } = comparableCase(op, opCase);
        const program = await compileWasm(graph, { tier: "relaxed", threads: 2 });
        const results = await program.run(feeds);
        for (const [name, wanted] of Object.entries(expected)) {
          expect(deviation(results[name], wanted), `${caseTitle(op, opCase, index)}: ${name}`).toBeLessThan(2e-5);
        }
        program.release();
      }
    },
  );
});
