// Programs as a whole: state, threads, determinism, fallbacks, memory, and what explain() tells.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, describe, expect, it } from "vitest";
import { compileReference } from "../../src/backends/reference/index.ts";
import { compileWasm, probe, stopWorkers } from "../../src/backends/wasm/index.ts";
import { real } from "../../src/graph/attrs.ts";
import { gradient } from "../../src/graph/grad.ts";
import { createGraph, type Graph } from "../../src/graph/graph.ts";
import { defineOp } from "../../src/graph/op.ts";
import { apply, constant, input, variable } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import {
  add,
  batchNorm,
  channelMean,
  channelVariance,
  conv2d,
  crossEntropy,
  exp,
  linear,
  maxPool2d,
  mul,
  randomUniform as randomUniformOp,
  relu,
  reshape,
  roll,
  softmax,
  sub,
  sum,
  transpose,
} from "../../src/ops/index.ts";
import { random, randomNormal, randomUniform } from "../../src/tensor/random.ts";
import { full, Tensor, tensor, zeros } from "../../src/tensor/tensor.ts";
import { deviation } from "../support/backend-compare.ts";

afterAll(() => stopWorkers());

/** A small LeNet with its whole training step: forward, loss, backward, momentum, counter. */
function trainingStep(batch = 8): Graph {
  const generator = random(3);
  const x = input("x", [batch, 1, 14, 14]);
  const labels = input("labels", [batch], "int32");
  const weights = new Map<string, Value>();
  const parameter = (name: string, shape: number[], scale: number): Value => {
    const initial = randomNormal(shape, generator.fork(name), 0, scale);
    const value = variable(name, initial);
    weights.set(name, value);
    return value;
  };
  let h = maxPool2d(relu(conv2d(x, parameter("conv1.weight", [6, 1, 5, 5], 0.2), parameter("conv1.bias", [6], 0.1), { padding: 2 })), 2);
  h = maxPool2d(relu(conv2d(h, parameter("conv2.weight", [10, 6, 3, 3], 0.2), parameter("conv2.bias", [10], 0.1))), 2);
  const logits = linear(reshape(h, [batch, 40]), parameter("fc.weight", [10, 40], 0.2), parameter("fc.bias", [10], 0.1));
  const loss = crossEntropy(logits, labels);
  const parameters = [...weights.values()];
  const grads = gradient(loss, parameters);
  const updates: [Value, Value][] = parameters.flatMap((p, i) => {
    const momentum = variable(`${p.label}.momentum`, zeros(p.shape));
    const next = add(mul(momentum, 0.9), grads[i]);
    return [
      [momentum, next],
      [p, sub(p, mul(next, 0.05))],
    ];
  });
  const counter = variable("counter", new Tensor(new Int32Array(1), [1]));
  updates.push([counter, add(counter, 1)]);
  return createGraph({ outputs: { loss, logits }, updates });
}

function trainingFeeds(step: number, batch = 8): Record<string, Tensor> {
  const labels = Int32Array.from({ length: batch }, (_, i) => (i * 7 + step) % 10);
  return { x: randomNormal([batch, 1, 14, 14], random(step)), labels: new Tensor(labels, [batch]) };
}

describe("runs", () => {
  it("a training step gives the reference's losses and parameters", async () => {
    const graph = trainingStep();
    const reference = compileReference(graph);
    const program = await compileWasm(graph, { threads: 1 });
    for (let step = 0; step < 5; step++) {
      const expected = await reference.run(trainingFeeds(step));
      const actual = await program.run(trainingFeeds(step));
      for (const name of ["loss", "logits"]) expect(deviation(actual[name], expected[name])).toBeLessThan(1e-4);
    }
    for (const name of program.state.names) {
      expect(deviation(program.state.read(name), reference.state.read(name)), name).toBeLessThan(1e-4);
    }
    expect(program.state.read("counter").item()).toBe(5);
    program.release();
  });

  it("optimised and unoptimised programs agree", async () => {
    const graph = trainingStep();
    const plain = await compileWasm(graph, { threads: 1, optimise: false });
    const fused = await compileWasm(graph, { threads: 1 });
    for (let step = 0; step < 3; step++) {
      const [a, b] = [await plain.run(trainingFeeds(step)), await fused.run(trainingFeeds(step))];
      expect(deviation(a.loss, b.loss)).toBeLessThan(1e-5);
    }
    expect(plain.memory.arenaBytes).toBeGreaterThan(fused.memory.arenaBytes);
    plain.release();
    fused.release();
  });

  it("results belong to the caller: the next run does not change them", async () => {
    const x = input("x", [5]);
    const program = await compileWasm(createGraph({ outputs: { x, y: mul(x, 2) } }), { threads: 1 });
    const first = await program.run({ x: full([5], 1) });
    const second = await program.run({ x: full([5], 7) });
    expect(Array.from(first.y.data)).toEqual([2, 2, 2, 2, 2]);
    expect(Array.from(first.x.data)).toEqual([1, 1, 1, 1, 1]);
    expect(Array.from(second.y.data)).toEqual([14, 14, 14, 14, 14]);
  });

  it("updates happen together: two variables can change places, and an output shows the old value", async () => {
    const a = variable("a", tensor([1, 2, 3]));
    const b = variable("b", tensor([10, 20, 30]));
    const graph = createGraph({
      outputs: { a, sum: add(a, b) },
      updates: [
        [a, b],
        [b, a],
      ],
    });
    const program = await compileWasm(graph, { threads: 1 });
    const { a: old, sum: total } = await program.run();
    expect(Array.from(old.data)).toEqual([1, 2, 3]);
    expect(Array.from(total.data)).toEqual([11, 22, 33]);
    expect(Array.from(program.state.read("a").data)).toEqual([10, 20, 30]);
    expect(Array.from(program.state.read("b").data)).toEqual([1, 2, 3]);
  });

  it("an update whose old value is read after it in another order stays right", async () => {
    const a = variable("a", tensor([1, 2, 3, 4]));
    const next = add(a, 1);
    const reversed = transpose(reshape(a, [2, 2]));
    const graph = createGraph({ outputs: { late: add(reshape(mul(next, 10), [2, 2]), reversed) }, updates: [[a, next]] });
    const program = await compileWasm(graph, { threads: 1 });
    expect(Array.from((await program.run()).late.data)).toEqual([21, 33, 42, 54]);
    expect(Array.from(program.state.read("a").data)).toEqual([2, 3, 4, 5]);
  });

  it("state can be read and written between runs; bad names and shapes are refused", async () => {
    const w = variable("w", tensor([1, 2]));
    const program = await compileWasm(createGraph({ outputs: { y: mul(w, 3) }, updates: [[w, add(w, 1)]] }), { threads: 1 });
    await program.run();
    expect(Array.from(program.state.read("w").data)).toEqual([2, 3]);
    program.state.write("w", tensor([5, 6]));
    expect(Array.from((await program.run()).y.data)).toEqual([15, 18]);
    expect(() => program.state.read("v")).toThrow('no variable "v"');
    expect(() => program.state.write("w", tensor([1, 2, 3]))).toThrow("has shape [3]; expected [2]");
    expect(() => program.runSync?.({ z: tensor([1]) })).toThrow('no input "z"');
  });

  it("inputs that nothing reads, outputs that are constants, empty tensors", async () => {
    const x = input("x", [0, 3]);
    const c = constant(tensor([1, 2, 3]));
    const graph = createGraph({ outputs: { x, c, total: sum(x), row: sum(x, { axes: 0 }) } });
    const program = await compileWasm(graph, { threads: 1 });
    const { c: out, total, row, x: back } = await program.run({ x: zeros([0, 3]) });
    expect(Array.from(out.data)).toEqual([1, 2, 3]);
    expect(total.item()).toBe(0);
    expect(Array.from(row.data)).toEqual([0, 0, 0]);
    expect(back.shape).toEqual([0, 3]);
  });

  it("a released program refuses to run", async () => {
    const x = input("x", [2]);
    const program = await compileWasm(createGraph({ outputs: { y: exp(x) } }), { threads: 1 });
    program.release();
    expect(() => program.runSync?.({ x: tensor([1, 2]) })).toThrow("released");
  });
});

describe("threads", () => {
  it("one thread starts no worker; two threads and three give the same bits", async () => {
    const graph = trainingStep();
    const programs = await Promise.all([1, 2, 3].map((threads) => compileWasm(graph, { threads })));
    expect(programs.map((p) => p.explain().threads)).toEqual([1, 2, 3]);
    for (let step = 0; step < 6; step++) {
      const results = await Promise.all(programs.map((p) => p.run(trainingFeeds(step))));
      for (const other of results.slice(1)) {
        expect(other.loss.item()).toBe(results[0].loss.item());
        expect(other.logits.data).toEqual(results[0].logits.data);
      }
    }
    for (const name of programs[0].state.names) {
      for (const other of programs.slice(1)) expect(other.state.read(name).data).toEqual(programs[0].state.read(name).data);
    }
    for (const program of programs) program.release();
  });

  it("wide elementwise and reduction graphs give the same bits on any number of threads", async () => {
    const x = input("x", [4, 9, 65, 67]);
    const outputs = {
      channel: sum(mul(x, x), { axes: [0, 2, 3] }),
      total: sum(exp(x)),
      rows: softmax(transpose(x, { permutation: [0, 2, 3, 1] }), { axis: -1 }),
      noise: randomUniformOp(constant(new Tensor(Int32Array.of(4), [1])), { shape: [70_001], seed: 9 }),
    };
    const feeds = { x: randomNormal([4, 9, 65, 67], random(1)) };
    const programs = await Promise.all([1, 2, 4].map((threads) => compileWasm(createGraph({ outputs }), { threads })));
    const results = await Promise.all(programs.map((p) => p.run(feeds)));
    const expected = await compileReference(createGraph({ outputs })).run(feeds);
    for (const name of Object.keys(outputs)) {
      for (const other of results.slice(1)) expect(other[name].data).toEqual(results[0][name].data);
      expect(deviation(results[0][name], expected[name])).toBeLessThan(2e-6);
    }
    expect(results[0].noise.data).toEqual(expected.noise.data);
    for (const program of programs) program.release();
  });

  it("a program too small to share takes one thread and says so, unless more are asked for", async () => {
    const graph = trainingStep(1);
    const [left, asked] = await Promise.all([compileWasm(graph), compileWasm(graph, { threads: 2 })]);
    expect(left.explain().threads).toBe(1);
    expect(left.explain().notes.join()).toContain("small program");
    expect(asked.explain().threads).toBe(2);
    expect((await left.run(trainingFeeds(0, 1))).loss.item()).toBe((await asked.run(trainingFeeds(0, 1))).loss.item());
    left.release();
    asked.release();
  });

  it("a lost worker is noticed: the program goes on with one thread and says so", async () => {
    const graph = trainingStep();
    const program = await compileWasm(graph, { threads: 2 });
    const alone = await compileWasm(graph, { threads: 1 });
    const check = async (step: number): Promise<void> => {
      const [a, b] = [await program.run(trainingFeeds(step)), await alone.run(trainingFeeds(step))];
      expect(a.loss.item()).toBe(b.loss.item());
    };
    await check(0);
    await stopWorkers();
    await check(1);
    expect(program.explain().threads).toBe(1);
    expect(program.explain().notes.join()).toContain("worker was lost");
    const again = await compileWasm(graph, { threads: 2 });
    expect(again.explain().threads).toBe(2);
    await stopWorkers();
    // The workers that this program starts have never heard of the one before.
    const newer = await compileWasm(graph, { threads: 2 });
    expect((await again.run(trainingFeeds(0))).loss.item()).toBe((await newer.run(trainingFeeds(0))).loss.item());
    expect([again.explain().threads, newer.explain().threads]).toEqual([1, 2]);
    newer.release();
    again.release();
    program.release();
    alone.release();
  });

  it("probe tells what the engine can do", () => {
    expect(probe()).toMatchObject({ simd: true, threads: true, threadsReason: "" });
  });
});

describe("fallback", () => {
  // An op of this test's own, which no backend can have a kernel for.
  const backwards = defineOp({
    name: "testBackwards",
    inputs: ["x"],
    attrs: { times: real(1, "factor") },
    shape: ({ x }) => x,
    reference({ x }, out, { times }) {
      for (let i = 0; i < x.size; i++) out.data[i] = times * x.data[x.size - 1 - i];
    },
    doc: { text: "Every number in the place of its opposite." },
  });
  const x = input("x", [1, 2, 5, 4]);
  const graph = createGraph({ outputs: { y: relu(apply(backwards, [exp(x)], { times: 2 })) } });

  it("PR11 an op without a kernel runs in the reference loops, counted and named", async () => {
    const program = await compileWasm(graph, { threads: 2 });
    const feeds = { x: randomNormal([1, 2, 5, 4], random(1)) };
    const explanation = program.explain();
    expect(explanation.standIns).toBe(1);
    expect(explanation.nodes.find(({ op }) => op === "testBackwards")?.kernel).toBe("reference");
    expect(explanation.notes.join()).toContain("testBackwards");
    const expected = await compileReference(graph).run(feeds);
    expect(deviation((await program.run(feeds)).y, expected.y)).toBeLessThan(1e-6);
    program.release();
  });

  it("PR11 strict refuses it with op, backend and attributes", async () => {
    await expect(compileWasm(graph, { strict: true })).rejects.toThrow(/wasm has no kernel for testBackwards.*times.*strict/);
  });
});

describe("statistics in one sweep", () => {
  it.each([
    ["far from zero", (n: number) => 1e4 + n],
    ["with a first picture of its own", (n: number, picture: number) => (picture === 0 ? 1e3 : 0) + n],
    ["all equal", () => 7.3],
  ])("of numbers %s are those of double precision", async (_, number) => {
    const shape = [16, 3, 9, 9];
    const size = 3 * 81;
    const values = randomNormal(shape, random(5)).data.map((n, i) => number(n, Math.floor(i / size)));
    const x = new Tensor(Float32Array.from(values), shape);
    const graph = (type: "float32" | "float64"): Graph => {
      const given = input("x", shape, type);
      return createGraph({ outputs: { mean: channelMean(given), variance: channelVariance(given) } });
    };
    const truth = await compileReference(graph("float64")).run({ x: x.cast("float64") });
    for (const threads of [1, 2]) {
      const found = await (await compileWasm(graph("float32"), { threads })).run({ x });
      expect(deviation(found.mean, truth.mean)).toBeLessThan(3e-6);
      expect(deviation(found.variance, truth.variance)).toBeLessThan(1e-5);
    }
  });
});

describe("memory", () => {
  it("weights that are packed once do not stay in their first form", async () => {
    const x = input("x", [1, 64, 3, 3]);
    const weight = randomNormal([256, 64, 3, 3], random(1), 0, 0.1);
    const program = await compileWasm(createGraph({ outputs: { y: conv2d(x, constant(weight)) } }), { threads: 1 });
    expect(program.memory.arenaBytes).toBeLessThan(2.2 * weight.data.byteLength);
    const feeds = { x: randomNormal([1, 64, 3, 3], random(2)) };
    const expected = await compileReference(program.graph).run(feeds);
    for (let run = 0; run < 2; run++) expect(deviation((await program.run(feeds)).y, expected.y)).toBeLessThan(1e-5);
  });

  it("EN6 batch norms are folded into large weights by kernels, once before the first run", async () => {
    const x = input("x", [1, 64, 3, 3]);
    const weight = randomNormal([256, 64, 3, 3], random(1), 0, 0.1);
    const [mean, bias] = [2, 3].map((seed) => constant(randomNormal([256], random(seed))));
    const [variance, scale] = [4, 5].map((seed) => constant(randomUniform([256], random(seed), 0.5, 2)));
    const graph = createGraph({ outputs: { y: batchNorm(conv2d(x, constant(weight)), mean, variance, scale, bias) } });
    const feeds = { x: randomNormal([1, 64, 3, 3], random(6)) };
    const expected = await compileReference(graph).run(feeds);
    for (const threads of [1, 2]) {
      const program = await compileWasm(graph, { threads });
      const kernels = program.explain().nodes.map(({ op, kernel }) => [op, /, once$/.test(kernel)]);
      expect(kernels).toEqual([
        ["mul", true],
        ["conv", false],
      ]);
      // The scaled weights give their place away as the plain ones do.
      expect(program.memory.arenaBytes).toBeLessThan(3.3 * weight.data.byteLength);
      for (let run = 0; run < 2; run++) expect(deviation((await program.run(feeds)).y, expected.y)).toBeLessThan(1e-5);
      program.release();
    }
  });

  it("10,000 steps leave memory flat, and give the same bits again", { timeout: 120_000 }, async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const held = (): number => {
      collect();
      const { heapUsed, arrayBuffers, external } = process.memoryUsage();
      return heapUsed + arrayBuffers + external;
    };
    const feeds = [0, 1, 2, 3].map((step) => trainingFeeds(step, 1));
    const losses: number[] = [];
    for (let time = 0; time < 2; time++) {
      const program = await compileWasm(trainingStep(1), { threads: 2 });
      const { arenaBytes } = program.memory;
      let before = 0;
      for (let step = 0; step < 10_000; step++) {
        if (step === 1000) before = held();
        const { loss } = await program.run(feeds[step % 4]);
        if (step % 2500 === 2499) losses.push(loss.item());
      }
      expect(held() - before).toBeLessThan(2 ** 20);
      expect(program.memory.arenaBytes).toBe(arenaBytes);
      program.release();
    }
    expect(losses.slice(4)).toEqual(losses.slice(0, 4));
    expect(losses.every(Number.isFinite)).toBe(true);
  });

  it("results take over dying operands, and state is updated where it lies", async () => {
    const x = input("x", [1 << 16]);
    const chain = [1, 2, 3, 4, 5].reduce<Value>((v) => roll(exp(v), { shifts: 1, axes: 0 }), x);
    const program = await compileWasm(createGraph({ outputs: { y: chain } }), { threads: 1 });
    expect(program.memory.arenaBytes).toBeLessThan(2.1 * 4 * (1 << 16));
    const w = variable("w", zeros([1 << 16]));
    const update = await compileWasm(createGraph({ outputs: { s: sum(w) }, updates: [[w, add(mul(w, 0.5), 1)]] }), { threads: 1 });
    expect(update.memory.arenaBytes - update.memory.stateBytes).toBeLessThan(70_000);
    await update.run();
    expect((await update.run()).s.item()).toBe(1 << 16);
  });
});

describe("explain", () => {
  it("names the kernel of every node and what was fused into what", async () => {
    const program = await compileWasm(trainingStep(), { threads: 1 });
    const explanation = program.explain();
    expect(explanation.backend).toBe("wasm");
    expect(explanation.standIns).toBe(0);
    expect(explanation.nodes.every(({ kernel }) => kernel !== "none")).toBe(true);
    expect(explanation.nodes.some(({ kernel }) => kernel.startsWith("fused into"))).toBe(true);
    expect(explanation.toString()).toContain("multiply-adds");
    program.release();
  });
});
