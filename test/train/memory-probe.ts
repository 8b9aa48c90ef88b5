// What test/train/memory.test.ts runs in a process of its own, started with --expose-gc: what the memory of the process is at several
// moments, after a collection. Nothing else may live in that process.
import { compile } from "../../src/backends/index.ts";
import { createGraph } from "../../src/graph/graph.ts";
import type { Program } from "../../src/graph/program.ts";
import { constant, input, variable } from "../../src/graph/record.ts";
import { createModel } from "../../src/nn/index.ts";
import { conv2d, relu } from "../../src/ops/index.ts";
import { full, ones, zeros } from "../../src/tensor/tensor.ts";
import { adam, fit, trainingStep } from "../../src/train/index.ts";
import { barNet, bars } from "./tiny.ts";

export interface Sample {
  /** Steps or programs so far. */
  readonly count: number;
  /** Bytes that JavaScript objects, their buffers and ordinary WebAssembly memories take. */
  readonly held: number;
  /** Bytes of the whole process in RAM: the only place where a forgotten shared memory shows. */
  readonly resident: number;
}

declare const gc: () => void;

function sample(count: number): Sample {
  gc();
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  return { count, held: heapUsed + external + arrayBuffers, resident: rss };
}

/** Finalisers and workers get their turns, and what they let go is collected. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** 100 epochs of 20 steps, each with an evaluation and a checkpoint. */
async function training(threads: number, folder: string): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  await fit(barNet, bars(160), {
    epochs: 100,
    batchSize: 8,
    seed: 1,
    optimiser: adam(1e-3),
    validation: bars(45, 2),
    checkpoint: { folder },
    device: "wasm",
    threads,
    onEpoch: ({ step }) => void samples.push(sample(step)),
  });
  return samples;
}

/** 10,000 bare steps of one program. */
async function steps(threads: number): Promise<readonly Sample[]> {
  const { graph } = trainingStep(createModel(barNet, [1, 8, 8]), { batch: 8, optimiser: adam(1e-3) });
  const program = await compile(graph, { device: "wasm", threads });
  const { x, y } = bars(8).batch(Int32Array.from({ length: 8 }, (_, i) => i));
  const samples: Sample[] = [];
  for (let count = 1; count <= 10_000; count++) {
    await program.run({ x, y, learningRate: full([], 1e-3) });
    if (count % 100 === 0) samples.push(sample(count));
  }
  return samples;
}

/** A program whose arena is some 12 MB, all of it touched by a run. */
async function bigProgram(threads: number): Promise<Program> {
  const x = input("x", [1, 8, 256, 256]);
  const state = variable("state", zeros([1, 8, 256, 256]));
  const y = relu(conv2d(x, constant(ones([8, 8, 3, 3])), undefined, { padding: 1 }));
  const program = await compile(createGraph({ outputs: { y }, updates: [[state, y]] }), { device: "wasm", threads });
  await program.run({ x: ones([1, 8, 256, 256]) });
  return program;
}

async function programs(threads: number, after: (program: Program) => void): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (let count = 1; count <= 40; count++) {
    after(await bigProgram(threads));
    await settle();
    samples.push(sample(count));
  }
  return samples;
}

/** What the command line of the process asks for. */
export async function probe([what, threads, folder]: readonly string[]): Promise<readonly Sample[]> {
  if (what === "steps") return steps(Number(threads));
  if (what === "training") return training(Number(threads), folder);
  return programs(Number(threads), (program) => {
    if (what === "released") program.release();
  });
}
