// Engines that lack something: no SIMD, no WebAssembly, no threads. They say so, and still compute and train the right numbers.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { compile } from "../../src/backends/compile.ts";
import { stopWorkers } from "../../src/backends/wasm/index.ts";
import { createGraph, type Graph } from "../../src/graph/graph.ts";
import { constant, input } from "../../src/graph/record.ts";
import { conv2d, relu } from "../../src/ops/index.ts";
import { UnsupportedOpError } from "../../src/tensor/errors.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { adam, evaluate, fit } from "../../src/train/index.ts";
import { deviation } from "../support/backend-compare.ts";
import { barNet, bars } from "../train/tiny.ts";

type Threading = Pick<typeof import("../../src/platform/node.ts"), "sharedMemory" | "canBlock" | "startWorker">;

/** What the platform does in place of its own. */
const instead = vi.hoisted(() => ({}) as Partial<Threading>);

vi.mock("#platform", async (original) => {
  const own = await original<Threading>();
  const mocked: Threading = {
    sharedMemory: () => (instead.sharedMemory ?? own.sharedMemory)(),
    canBlock: () => (instead.canBlock ?? own.canBlock)(),
    startWorker: (source, options) => (instead.startWorker ?? own.startWorker)(source, options),
  };
  return { ...own, ...mocked };
});

afterEach(() => {
  vi.unstubAllGlobals();
  for (const name of ["sharedMemory", "canBlock", "startWorker"] as const) delete instead[name];
});

const feeds = { x: randomNormal([2, 3, 9, 9], random(1)) };
const weight = randomNormal([5, 3, 3, 3], random(2));
const graph: Graph = createGraph({
  outputs: { y: relu(conv2d(input("x", [2, 3, 9, 9]), constant(weight))) },
});

/** By eager calls: the ops' own loops. */
const truth = (): Tensor => relu(conv2d(feeds.x, weight));

describe.each([
  ["without SIMD", { Memory: WebAssembly.Memory, Module: WebAssembly.Module, Instance: WebAssembly.Instance, validate: () => false }],
  ["without WebAssembly", undefined],
])("an engine %s", (_, engine) => {
  beforeEach(() => void vi.stubGlobal("WebAssembly", engine));

  it("runs the reference loops, and says why", async () => {
    const program = await compile(graph);
    expect(program.backend).toBe("reference");
    expect(program.explain().notes.join()).toContain("no WebAssembly SIMD");
    expect(deviation((await program.run(feeds)).y, truth())).toBeLessThan(1e-6);
  });

  it("refuses the device that it has not", async () => {
    const refused = compile(graph, { device: "wasm" });
    await expect(refused).rejects.toThrow("this engine has no WebAssembly SIMD");
    await expect(refused).rejects.toMatchObject({ name: UnsupportedOpError.name });
  });

  it("trains", async () => {
    const fitted = await fit(barNet, bars(45), { epochs: 6, batchSize: 8, seed: 5, optimiser: adam(0.01) });
    expect((await evaluate(fitted, bars(30, 2))).accuracy).toBeGreaterThan(0.6);
  });
});

describe("an engine without threads", () => {
  const kinds: readonly [string, Partial<Threading>, string][] = [
    ["may not share memory", { sharedMemory: () => ({ available: false, reason: "no shared memory here" }) }, "no shared memory here"],
    ["may not wait", { canBlock: () => false }, "this thread may not wait"],
    [
      "cannot start a worker",
      {
        startWorker: () => {
          throw new Error("no workers here");
        },
      },
      "no workers here",
    ],
  ];
  it.each(kinds)("because it %s: one thread runs, with the bits of two, and the reason is named", async (_, lacking, reason) => {
    const options = { device: "wasm", threads: 2 } as const;
    const whole = await compile(graph, options);
    expect(whole.explain().threads).toBe(2);
    const { y: expected } = await whole.run(feeds);
    await stopWorkers();
    Object.assign(instead, lacking);
    const program = await compile(graph, options);
    const { threads, notes } = program.explain();
    expect(threads).toBe(1);
    expect(notes.join()).toMatch(/^one thread only: /);
    expect(notes.join()).toContain(reason);
    expect((await program.run(feeds)).y.data).toEqual(expected.data);
  });
});
