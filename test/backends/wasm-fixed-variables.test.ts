// Weights that no run updates are packed when they are written, not in every run.
import { afterAll, describe, expect, it } from "vitest";
import { compileReference } from "../../src/backends/reference/index.ts";
import { compileWasm, stopWorkers } from "../../src/backends/wasm/index.ts";
import { createGraph, type Graph } from "../../src/graph/graph.ts";
import type { Program } from "../../src/graph/program.ts";
import { constant, input, variable } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import { add, conv2d, linear, maxPool2d, mul, relu, reshape } from "../../src/ops/index.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import { full, Tensor } from "../../src/tensor/tensor.ts";
import { sgd } from "../../src/train/optimisers.ts";
import { trainingStep } from "../../src/train/step.ts";
import { lenet5 } from "../../src/zoo/lenet.ts";
import { deviation } from "../support/backend-compare.ts";

afterAll(() => stopWorkers());

const shapes = { w1: [20, 3, 3, 3], w2: [24, 20, 3, 3], scale: [24, 1, 1, 1], w3: [10, 600], b3: [10] } as const;

function weights(seed: number): Map<string, Tensor> {
  return new Map(Object.entries(shapes).map(([name, shape]) => [name, randomNormal(shape, random(seed).fork(name), 0, 0.2)]));
}

/** Two convolutions, the second one's weights made of a constant and two variables, and a dense layer. */
function net(seed: number): Graph {
  const [w1, w2, scale, w3, b3] = [...weights(seed)].map(([name, tensor]): Value => variable(name, tensor));
  const base = constant(randomNormal(shapes.w2, random(7), 0, 0.2));
  const h = relu(conv2d(input("x", [2, 3, 12, 12]), w1, undefined, { padding: 1 }));
  const pooled = maxPool2d(relu(conv2d(h, mul(add(w2, base), scale))), 2);
  return createGraph({ outputs: { y: linear(reshape(pooled, [2, 600]), w3, b3), b3 } });
}

const x = randomNormal([2, 3, 12, 12], random(5));

/** The names of the steps of one run. */
async function stepsOfRun(program: Program, told: string[], feeds: Record<string, Tensor>): Promise<readonly string[]> {
  told.length = 0;
  await program.run(feeds);
  return told.join(", ").split(", ");
}

describe("variables that no run updates", () => {
  it.each([
    ["exact", 1],
    ["exact", 2],
    ["fast", 1],
    ["fast", 2],
  ] as const)("are packed before the first run and when they are written (%s, threads: %i)", async (precision, threads) => {
    const told: string[] = [];
    const program = await compileWasm(net(1), { threads, precision, onStep: (name) => told.push(name) });
    const before = told.join(", ").split(", ");
    const packs = (steps: readonly string[]): number => steps.filter((name) => name.startsWith("pack ")).length;
    expect(packs(before)).toBeGreaterThanOrEqual(2);

    for (let run = 0; run < 2; run++) {
      const steps = await stepsOfRun(program, told, { x });
      expect(packs(steps)).toBe(0);
      expect(steps.filter((name) => name.includes("conv"))).not.toEqual([]);
    }
    for (const [name, tensor] of weights(2)) program.state.write(name, tensor);
    expect(packs(await stepsOfRun(program, told, { x }))).toBe(packs(before));
    expect(packs(await stepsOfRun(program, told, { x }))).toBe(0);

    const fresh = await compileWasm(net(2), { threads, precision });
    expect((await program.run({ x })).y.data).toEqual((await fresh.run({ x })).y.data);
    program.release();
    fresh.release();
  });

  it("count when they are written one by one, between runs that use all of the memory", async () => {
    const program = await compileWasm(net(1), { threads: 1 });
    const reference = compileReference(net(1));
    for (const [name, tensor] of weights(3)) {
      for (const p of [program, reference]) p.state.write(name, tensor);
      const [actual, expected] = [await program.run({ x }), await reference.run({ x })];
      expect(deviation(actual.y, expected.y), name).toBeLessThan(1e-4);
      expect(actual.b3.data).toEqual(reference.state.read("b3").data);
      expect(program.state.read(name).data).toEqual(tensor.data);
    }
    program.release();
  });

  it("explain says what is made of them once", async () => {
    const program = await compileWasm(net(1), { threads: 1 });
    const once = program.explain().nodes.filter(({ kernel }) => kernel.endsWith(", when state is written"));
    expect(once.map(({ shape }) => shape)).toContainEqual(shapes.w2);
    program.release();
  });

  it("may become the new value of another one", async () => {
    const [from, to] = [variable("from", full([3], 1)), variable("to", full([3], 2))];
    const program = await compileWasm(createGraph({ outputs: { doubled: mul(from, 2) }, updates: [[to, from]] }), { threads: 1 });
    program.state.write("from", full([3], 5));
    expect((await program.run()).doubled.data).toEqual(Float32Array.of(10, 10, 10));
    expect(program.state.read("to").data).toEqual(Float32Array.of(5, 5, 5));
    program.release();
  });
});

it("frozen layers of a training step are not packed in every step, learning ones are", async () => {
  const told: string[] = [];
  const frozen = ["conv1", "conv2", "fc1"];
  const { graph } = trainingStep(lenet5({ seed: 1 }), {
    batch: 8,
    optimiser: sgd(0.1),
    trainable: (name) => !frozen.some((layer) => name.startsWith(layer)),
  });
  const values: (string | undefined)[] = [];
  const program = await compileWasm(graph, {
    threads: 1,
    onStep(name, _, value) {
      told.push(name);
      if (name.startsWith("pack ")) values.push(value?.label ?? value?.inputs.map(({ label }) => label).join());
    },
  });
  const reference = compileReference(graph);
  values.length = 0;
  const feeds = {
    x: randomNormal([8, 1, 32, 32], random(1)),
    y: new Tensor(
      Int32Array.from({ length: 8 }, (_, i) => i),
      [8],
    ),
    learningRate: full([], 0.1),
  };
  await stepsOfRun(program, told, feeds);
  // Weights of the two learning layers, and gradients; no convolution.
  expect(values.length).toBeGreaterThanOrEqual(2);
  expect(values.join()).not.toMatch(/conv|relu1|relu2/);
  await reference.run(feeds);
  const [actual, expected] = [await program.run(feeds), await reference.run(feeds)];
  expect(deviation(actual.loss, expected.loss)).toBeLessThan(1e-5);
  program.release();
});
