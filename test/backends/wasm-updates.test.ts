// All elementwise updates of state are one pass over memory; it computes what kernels for each variable compute, bit by bit.
import { afterAll, describe, expect, it } from "vitest";
import { compileReference } from "../../src/backends/reference/index.ts";
import { compileWasm, stopWorkers } from "../../src/backends/wasm/index.ts";
import type { Tier } from "../../src/backends/wasm/kernel.ts";
import { requireTier, tiers } from "../../src/backends/wasm/tier.ts";
import { createGraph, type Graph } from "../../src/graph/graph.ts";
import type { Program } from "../../src/graph/program.ts";
import { input, variable } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import { nn } from "../../src/nn/index.ts";
import { createModel } from "../../src/nn/model.ts";
import { add, mul, reshape, sub, sum, transpose } from "../../src/ops/index.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import { full, Tensor, tensor } from "../../src/tensor/tensor.ts";
import { adam, adamW, type Optimiser, rmsProp, sgd } from "../../src/train/optimisers.ts";
import { trainingStep } from "../../src/train/step.ts";
import { deviation } from "../support/backend-compare.ts";

afterAll(() => stopWorkers());

const batch = 4;

function isThere(tier: Tier): boolean {
  try {
    requireTier(tier);
    return true;
  } catch {
    return false;
  }
}

/** Odd sizes, so that stretches end in the middle of vectors; batch norm, so that there are statistics and products of sums. */
function step(optimiser: Optimiser, clipped = false): Graph {
  const net = nn.sequential({
    conv1: nn.conv2d(3, 5, 3, { padding: 1 }),
    norm: nn.batchNorm2d(5),
    relu1: nn.relu(),
    pool: nn.maxPool2d(2),
    conv2: nn.conv2d(5, 7, 3),
    relu2: nn.relu(),
    flatten: nn.flatten(),
    hidden: nn.linear(7 * 4 * 4, 150),
    relu3: nn.relu(),
    logits: nn.linear(150, 10),
  });
  const model = createModel(net, [3, 12, 12], { seed: 1 });
  return trainingStep(model, { batch, optimiser, ...(clipped && { clip: { norm: 1 } }) }).graph;
}

function feeds(i: number): Record<string, Tensor> {
  return {
    x: randomNormal([batch, 3, 12, 12], random(i)),
    y: new Tensor(
      Int32Array.from({ length: batch }, (_, k) => (3 * k + i) % 10),
      [batch],
    ),
    learningRate: full([], 0.01),
  };
}

async function bitsAfter(program: Program, steps = 4): Promise<Map<string, string>> {
  for (let i = 0; i < steps; i++) await program.run(feeds(i));
  const state = new Map(
    program.state.names.map((name) => {
      const { data } = program.state.read(name);
      return [name, Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64")];
    }),
  );
  program.release();
  return state;
}

const optimisers: Readonly<Record<string, Optimiser>> = {
  sgd: sgd(0.01),
  "sgd with decay": sgd(0.01, { weightDecay: 1e-3 }),
  momentum: sgd(0.01, { momentum: 0.9, dampening: 0.1 }),
  nesterov: sgd(0.01, { momentum: 0.9, nesterov: true, weightDecay: 1e-3 }),
  "keras nesterov": sgd(0.01, { momentum: 0.9, nesterov: true, form: "keras" }),
  adam: adam(),
  "adam with decay": adam(1e-3, { weightDecay: 1e-2 }),
  amsgrad: adam(1e-3, { amsgrad: true }),
  adamW: adamW(),
  rmsProp: rmsProp(1e-3, { centred: true, momentum: 0.5 }),
};

describe("all parameters in one pass", () => {
  it.each(Object.keys(optimisers))("%s: the same bits as kernels of their own, on any number of threads", async (name) => {
    const graph = step(optimisers[name]);
    const apart = await bitsAfter(await compileWasm(graph, { threads: 1, updatesApart: true }));
    for (const threads of [1, 2, 3]) expect(await bitsAfter(await compileWasm(graph, { threads })), `${threads} threads`).toEqual(apart);
    expect(await bitsAfter(await compileWasm(graph, { threads: 1, optimise: false }))).toEqual(
      await bitsAfter(await compileWasm(graph, { threads: 1, optimise: false, updatesApart: true })),
    );
  });

  it.each(tiers.filter(isThere))("the same bits on tier %s", async (tier) => {
    const graph = step(optimisers.adamW, true);
    const options = { threads: 1, tier };
    expect(await bitsAfter(await compileWasm(graph, options))).toEqual(
      await bitsAfter(await compileWasm(graph, { ...options, updatesApart: true })),
    );
  });

  it.each(["momentum", "adam"])("%s: explain shows one node that updates everything", async (name) => {
    const program = await compileWasm(step(optimisers[name]), { threads: 1 });
    const nodes = program.explain().nodes.filter(({ kernel }) => kernel.includes("in one pass"));
    // Weights and biases of two convolutions and two dense layers, scale and shift, each with its moments; both statistics.
    const moments = name === "adam" ? 3 : 2;
    expect(nodes.map(({ kernel }) => kernel)).toEqual([`updates of ${10 * moments + 2} variables in one pass`]);
    const steps: string[] = [];
    const walked = await compileWasm(step(optimisers[name]), { threads: 1, onStep: (step) => steps.push(step) });
    await walked.run(feeds(0));
    expect(steps.filter((step) => step.startsWith("updates"))).toHaveLength(1);
    program.release();
    walked.release();
  });

  it("what is read and written by name is what the next step uses", async () => {
    const graph = step(optimisers.adam);
    const [first, second] = [await compileWasm(graph, { threads: 2 }), await compileWasm(graph, { threads: 1 })];
    for (let i = 0; i < 3; i++) await first.run(feeds(i));
    for (const name of first.state.names) second.state.write(name, first.state.read(name));
    await first.run(feeds(3));
    await second.run(feeds(3));
    for (const name of first.state.names) expect(second.state.read(name), name).toEqual(first.state.read(name));
    first.release();
    second.release();
  });
});

describe("updates that read each other", () => {
  const a = (): Value => variable("a", randomNormal([37, 41], random(1)));
  const b = (): Value => variable("b", randomNormal([37, 41], random(2)));
  const graphs: Readonly<Record<string, () => Graph>> = {
    "each takes in the old value of the other": () => {
      const [x, y] = [a(), b()];
      return createGraph({
        outputs: { sum: sum(add(x, y)) },
        updates: [
          [x, add(x, mul(y, 0.5))],
          [y, sub(y, mul(x, 0.25))],
        ],
      });
    },
    "one takes in the other transposed, and seen as another shape": () => {
      const [x, y] = [a(), b()];
      return createGraph({
        outputs: { sum: sum(x) },
        updates: [
          [x, add(mul(x, 0.5), reshape(transpose(y), [37, 41]))],
          [y, add(mul(y, 0.5), reshape(reshape(x, [41, 37]), [37, 41]))],
        ],
      });
    },
    "an average follows the new value, another the old one": () => {
      const [x, mean] = [a(), b()];
      const old = variable("old", full([37, 41], 1));
      const next = mul(x, 0.9);
      return createGraph({
        outputs: {},
        updates: [
          [mean, add(mul(mean, 0.9), mul(next, 0.1))],
          [x, next],
          [old, add(mul(old, 0.9), mul(x, 0.1))],
        ],
      });
    },
    "a number that is updated itself scales the others": () => {
      const [x, y] = [a(), b()];
      const scale = variable("scale", tensor([2]));
      return createGraph({
        outputs: { scale },
        updates: [
          [scale, mul(scale, 0.5)],
          [x, mul(x, scale)],
          [y, add(y, scale)],
        ],
      });
    },
    "two variables become the same value, which also goes out in another form": () => {
      const [x, y] = [a(), b()];
      const next = add(x, mul(y, 2));
      const seen = sub(x, y);
      return createGraph({
        outputs: { seen: mul(seen, 3) },
        updates: [
          [x, next],
          [y, next],
        ],
      });
    },
    "a row is spread over a variable, and one variable becomes another": () => {
      const [x, y] = [a(), b()];
      const row = variable("row", randomNormal([41], random(3)));
      const z = variable("z", randomNormal([37, 41], random(4)));
      return createGraph({
        outputs: {},
        updates: [
          [x, add(x, row)],
          [row, mul(row, 0.5)],
          [y, mul(y, 0.5)],
          [z, y],
        ],
      });
    },
    "integers and scalars": () => {
      const count = variable("count", new Tensor(Int32Array.of(3), [1]));
      const rate = variable("rate", new Tensor(Float32Array.of(3), []));
      const fed = input("fed", []);
      return createGraph({
        outputs: { fed },
        updates: [
          [count, add(count, 1)],
          [rate, mul(rate, fed)],
        ],
      });
    },
  };

  it.each(Object.keys(graphs))("%s", async (name) => {
    const graph = graphs[name]();
    const given = graph.inputs.size > 0 ? { fed: full([], 0.5) } : {};
    const reference = compileReference(graph);
    const programs = await Promise.all([1, 2, 3].map((threads) => compileWasm(graph, { threads })));
    for (let i = 0; i < 3; i++) for (const program of [reference, ...programs]) await program.run(given);
    for (const program of programs) {
      for (const variableName of reference.state.names) {
        expect(deviation(program.state.read(variableName), reference.state.read(variableName)), variableName).toBeLessThan(1e-6);
      }
      program.release();
    }
  });
});
