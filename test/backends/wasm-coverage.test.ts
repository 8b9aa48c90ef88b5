// Nothing that a net of the zoo runs, and nothing in a training step, is left to the reference loops. Only lowering is needed to know that.
import { describe, expect, test } from "vitest";
import { compileWasm, stopWorkers } from "../../src/backends/wasm/index.ts";
import { lower } from "../../src/backends/wasm/lower.ts";
import { prepare } from "../../src/backends/wasm/prepare.ts";
import { createGraph, type Graph } from "../../src/graph/graph.ts";
import { showValue } from "../../src/graph/value.ts";
import { traceModule } from "../../src/nn/trace.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { adam, sgd } from "../../src/train/optimisers.ts";
import { trainingStep } from "../../src/train/step.ts";
import * as zoo from "../../src/zoo/index.ts";

/** The nodes that the reference loops would compute. */
function standInsOf(graph: Graph): string[] {
  return lower(prepare(graph, true), { tier: "simd", strict: false, precision: "fast" }).standIns.map(showValue);
}

describe("inference", () => {
  test.each(zoo.architectures.map((a) => [a.name, a] as const))("PR11 %s runs in kernels alone", (_, { build, inputShape, classes }) => {
    const traced = traceModule(build(inputShape, classes), {
      shape: [1, ...inputShape],
      dtype: "float32",
      training: false,
      frozen: true,
      seed: 0,
      // No numbers: parameters become inputs, so that the largest net costs nothing.
      store: { parameter: () => undefined, buffer: () => undefined },
    });
    expect(standInsOf(createGraph({ outputs: { y: traced.output } }))).toEqual([]);
  });
});

describe("training steps", () => {
  test.each([
    ["lenet5", [1, 32, 32]],
    ["resnet20-cifar", [3, 32, 32]],
    ["mobilenet-v2", [3, 32, 32]],
  ] as const)("PR11 a step of %s runs in kernels alone", (name, inputShape) => {
    const model = zoo.zooModel(name, { inputShape, outputs: 10 });
    for (const optimiser of [sgd(0.1, { momentum: 0.9, weightDecay: 1e-4 }), adam(1e-3)]) {
      const { graph } = trainingStep(model, { batch: 4, optimiser, clip: { norm: 1 } });
      expect(standInsOf(graph)).toEqual([]);
    }
  });
});

test("explain() measures every node of a training step and leaves the state alone", async () => {
  const model = zoo.zooModel("lenet5", { seed: 1 });
  const { graph } = trainingStep(model, { batch: 4, optimiser: sgd(0.1, { momentum: 0.9 }) });
  const program = await compileWasm(graph, { threads: 2 });
  const feeds = {
    x: randomNormal([4, 1, 32, 32], random(1)),
    y: new Tensor(Int32Array.of(1, 5, 2, 7), [4]),
    learningRate: new Tensor(Float32Array.of(0.1), []),
  };
  await program.run(feeds);
  const before = program.state.names.map((name) => program.state.read(name).data);
  const measured = program.explain({ measure: feeds });
  expect(program.state.names.map((name) => program.state.read(name).data)).toEqual(before);
  expect(measured.standIns).toBe(0);
  for (const { kernel, milliseconds, gigaflops, tier } of measured.nodes) {
    expect(tier).toBe(measured.engine?.tier);
    if (/^(conv|matmul|linear)/.test(kernel)) {
      expect(milliseconds).toBeGreaterThan(0);
      expect(gigaflops).toBeGreaterThan(0);
    }
  }
  expect(String(measured)).toContain("GFLOP/s");
  expect(String(program.explain())).not.toContain("  GFLOP/s");
  program.release();
  await stopWorkers();
});
