// Whole programs on random shapes, on every tier that this engine has: values and gradients against the reference loops in double precision,
// fused against unfused, one thread against two, a run against the next one, "fast" sums against "exact" ones.
import { afterAll, describe, expect, it } from "vitest";
import { compileReference } from "../../src/backends/reference/index.ts";
import { compileWasm, stopWorkers } from "../../src/backends/wasm/index.ts";
import type { Tier } from "../../src/backends/wasm/kernel.ts";
import { requireTier, tiers } from "../../src/backends/wasm/tier.ts";
import { gradient } from "../../src/graph/grad.ts";
import { createGraph, type Graph } from "../../src/graph/graph.ts";
import type { Results } from "../../src/graph/program.ts";
import { input } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import { add, avgPool2d, batchNormTraining, conv2d, crossEntropy, linear, maxPool2d, reshape, tanh } from "../../src/ops/index.ts";
import { type Random, random, randomNormal } from "../../src/tensor/random.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { type DType, Tensor } from "../../src/tensor/tensor.ts";
import { deviation } from "../support/backend-compare.ts";
import { rounds } from "../support/long.ts";

afterAll(() => stopWorkers());

function isThere(tier: Tier): boolean {
  try {
    requireTier(tier);
    return true;
  } catch {
    console.warn(`this engine has no tier "${tier}": its tests are skipped`);
    return false;
  }
}

/** What a block computes, and the shapes of its operands; integers are classes below the number given. */
interface Block {
  readonly title: string;
  readonly shapes: readonly Shape[];
  readonly classes?: { readonly shape: Shape; readonly below: number };
  build(operands: readonly Value[]): Value;
}

const between = (generator: Random, low: number, high: number): number => low + generator.integer(high - low + 1);
const pick = <T>(generator: Random, from: readonly T[]): T => from[generator.integer(from.length)];
const mostMacs = 600_000;

/** A convolution with what follows it in a net: bias, a shortcut, an activation. */
function convBlock(generator: Random): Block {
  for (;;) {
    const groups = pick(generator, [1, 1, 1, 1, 2, 3, 5, "depthwise" as const]);
    const parts = groups === "depthwise" ? between(generator, 1, 70) : groups;
    const own = groups === "depthwise" ? 1 : between(generator, 1, Math.floor(70 / parts));
    const made =
      groups === "depthwise" ? between(generator, 1, Math.min(2, Math.floor(70 / parts))) : between(generator, 1, Math.floor(70 / parts));
    const [height, width] = [between(generator, 1, 19), between(generator, 1, 19)];
    const kernel = pick(generator, [
      [1, 1],
      [3, 3],
      [3, 3],
      [5, 5],
      [7, 7],
      [2, 4],
      [1, 3],
    ] as const);
    const stride = pick(generator, [1, 1, 2, 3, [2, 1]] as const);
    const dilation = pick(generator, [1, 1, 1, 2, [1, 3]] as const);
    const padding = [0, 1].map(() => [between(generator, 0, 3), between(generator, 0, 3)] as const);
    const options = { stride, dilation, padding, groups: parts };
    const x: Shape = [between(generator, 1, 4), own * parts, height, width];
    const weight: Shape = [made * parts, own, ...kernel];
    let shape: Shape;
    try {
      ({ shape } = conv2d(input("x", x), input("w", weight), undefined, options));
    } catch {
      // The kernel does not fit into the map.
      continue;
    }
    if (sizeOf(shape) * own * kernel[0] * kernel[1] > mostMacs) continue;
    return {
      title: `conv [${x}] * [${weight}] ${JSON.stringify(options)}`,
      shapes: [x, weight, [weight[0]], shape],
      build: ([a, b, c, shortcut]) => tanh(add(conv2d(a, b, c, options), shortcut)),
    };
  }
}

/** A pool, statistics of the batch, an activation. Nothing here has a kink behind rounded sums: rounding would decide a gradient. */
function normBlock(generator: Random): Block {
  const x: Shape = [between(generator, 1, 5), between(generator, 1, 70), between(generator, 3, 15), between(generator, 3, 15)];
  const options = { stride: between(generator, 1, 3), padding: between(generator, 0, 1) };
  const kernel = between(generator, 2, 3);
  const pool = pick(generator, [maxPool2d, avgPool2d]);
  return {
    title: `${pool.name} ${kernel} and batch norm of [${x}] ${JSON.stringify(options)}`,
    shapes: [x, [x[1]], [x[1]]],
    build: ([a, weight, bias]) => tanh(batchNormTraining(pool(a, kernel, options), weight, bias)),
  };
}

/** The end of a net: a dense layer and its loss. */
function lossBlock(generator: Random): Block {
  const [batch, channels, side, classes] = [9, 70, 4, 35].map((most) => between(generator, 1, most));
  const features = channels * side * side;
  return {
    title: `dense layer and loss: ${batch} x ${features} -> ${classes}`,
    shapes: [[batch, channels, side, side], [classes, features], [classes]],
    classes: { shape: [batch], below: classes },
    build: ([x, weight, bias, labels]) => crossEntropy(linear(reshape(x, [batch, features]), weight, bias), labels),
  };
}

function operandsOf({ shapes, classes }: Block, generator: Random): Tensor[] {
  const floats = shapes.map((shape) => randomNormal(shape, generator, 0, 1 / Math.sqrt(Math.max(1, sizeOf(shape.slice(1)) / 4))));
  if (classes === undefined) return floats;
  return [
    ...floats,
    new Tensor(
      Int32Array.from({ length: sizeOf(classes.shape) }, () => generator.integer(classes.below)),
      classes.shape,
    ),
  ];
}

/** The block's value and the gradients of all its operands, or the value alone. */
function graphOf({ build }: Block, operands: readonly Tensor[], float: DType, withGradients: boolean): Graph {
  const dtypeOf = ({ dtype }: Tensor): DType => (dtype === "float32" ? float : dtype);
  const inputs = operands.map((t, i) => input(`x${i}`, t.shape, dtypeOf(t)));
  const y = build(inputs);
  const outputs: Record<string, Value> = { y };
  if (withGradients) {
    const seed = input("seed", y.shape, float);
    const wrt = inputs.filter(({ dtype }) => dtype === float);
    gradient(y, wrt, { seed }).forEach((g, i) => {
      outputs[`gradient ${i}`] = g;
    });
  }
  return createGraph({ outputs });
}

function expectSame(found: Results, wanted: Results, about: string): void {
  for (const name of Object.keys(wanted)) expect(found[name].data, `${name} ${about}`).toEqual(wanted[name].data);
}

function expectClose(found: Results, wanted: Results, most: number, about: string): void {
  for (const name of Object.keys(found)) expect(deviation(found[name], wanted[name]), `${name} ${about}`).toBeLessThan(most);
}

async function check(block: Block, tier: Tier, generator: Random): Promise<void> {
  const operands = operandsOf(block, generator);
  const feeds = Object.fromEntries(operands.map((t, i) => [`x${i}`, t]));
  const whole = graphOf(block, operands, "float32", true);
  const all = { ...feeds, seed: randomNormal(whole.outputs.get("y")?.shape ?? [], generator) };
  const wide = Object.fromEntries(Object.entries(all).map(([name, t]) => [name, t.dtype === "float32" ? t.cast("float64") : t]));
  const truth = await compileReference(graphOf(block, operands, "float64", true)).run(wide);
  const run = async (graph: Graph, given: typeof feeds, options: object): Promise<Results> => {
    const program = await compileWasm(graph, { tier, eager: true, ...options });
    const first = await program.run(given);
    expectSame(await program.run(given), first, "of the second run");
    expect(program.explain().standIns).toBe(0);
    program.release();
    return first;
  };
  const one = await run(whole, all, { threads: 1 });
  expectClose(one, truth, 2e-5, "with gradients");
  expectSame(await run(whole, all, { threads: 2 }), one, "on two threads");
  expectClose(await run(whole, all, { threads: 1, optimise: false }), truth, 2e-5, "unfused");
  const alone = graphOf(block, operands, "float32", false);
  expectClose(await run(alone, feeds, { threads: 2, precision: "fast" }), truth, 1e-4, "alone, fast");
  expectClose(await run(alone, feeds, { threads: 2, precision: "exact" }), truth, 2e-5, "alone, exact");
}

describe.each(tiers.filter(isThere))("tier %s", (tier) => {
  const kinds: readonly (readonly [string, number, (generator: Random) => Block])[] = [
    ["convolutions", 4, convBlock],
    ["pools and norms", 1, normBlock],
    ["dense layers and losses", 1, lossBlock],
  ];
  const blocks = kinds.flatMap(([title, usual, make]) =>
    Array.from({ length: rounds(usual) }, (_, block) => [title, block, make] as const),
  );
  it.each(blocks)("PR9 PR10 %s of random shapes, block %i", async (_, block, make) => {
    for (let seed = 6 * block; seed < 6 * block + 6; seed++) {
      const generator = random(seed, 20261123);
      const made = make(generator);
      try {
        await check(made, tier, generator);
      } catch (error) {
        throw new Error(`seed ${seed}, ${made.title}`, { cause: error });
      }
    }
  });
});
