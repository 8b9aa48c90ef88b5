// Random graphs with state: what lowering, memory plan and schedule make of them must compute what the reference computes, on any number
// of threads, run after run. Shapes are small, so that hundreds of graphs fit; splitting is exercised by the larger ones.
import { afterAll, describe, expect, it } from "vitest";
import { compileReference } from "../../src/backends/reference/index.ts";
import { compileWasm, stopWorkers } from "../../src/backends/wasm/index.ts";
import { createGraph, type Graph } from "../../src/graph/graph.ts";
import { constant, input, variable } from "../../src/graph/record.ts";
import { showValue, type Value } from "../../src/graph/value.ts";
import {
  add,
  argMax,
  broadcastTo,
  cast,
  concat,
  conv2d,
  flip,
  max,
  maxPool2d,
  mul,
  pad,
  relu,
  reshape,
  roll,
  sigmoid,
  slice,
  softmax,
  sub,
  sum,
  sumTo,
  tanh,
  transpose,
} from "../../src/ops/index.ts";
import { type Random, random, randomNormal } from "../../src/tensor/random.ts";
import { type Shape, sameShape, sizeOf } from "../../src/tensor/shape.ts";
import { deviation } from "../support/backend-compare.ts";
import { rounds } from "../support/long.ts";

afterAll(() => stopWorkers());

const pick = <T>(generator: Random, from: readonly T[]): T => from[generator.integer(from.length)];

/** A new value from those there are. Everything stays in a modest range, so that float32 and order of summation hardly show. */
function grow(generator: Random, values: readonly Value[]): Value | undefined {
  const x = pick(generator, values);
  const axis = x.rank === 0 ? 0 : generator.integer(x.rank);
  const alike = pick(
    generator,
    values.filter((v) => sameShape(v.shape, x.shape)),
  );
  switch (generator.integer(20)) {
    case 0:
      return tanh(add(x, alike));
    case 1:
      return mul(sigmoid(x), alike);
    case 2:
      return relu(sub(x, alike));
    case 3:
      return transpose(x, { permutation: Array.from(generator.permutation(x.rank)) });
    case 4:
      return reshape(x, [-1]);
    case 5:
      return x.rank === 0 ? undefined : tanh(sum(x, { axes: axis, keepDims: generator.uniform() < 0.5 }));
    case 6:
      return x.rank === 0 ? undefined : max(x, { axes: [axis] });
    case 7:
      return x.rank === 0 ? undefined : softmax(x, { axis });
    case 8:
      return x.rank === 0 || x.shape[axis] < 2 ? undefined : slice(x, { axes: [axis], starts: [1], steps: [1 + generator.integer(2)] });
    case 9:
      return x.rank === 0 ? undefined : flip(x, { axes: [axis] });
    case 10:
      return x.rank === 0 ? undefined : roll(x, { shifts: 1 + generator.integer(3), axes: axis });
    case 11:
      return x.rank === 0 ? undefined : concat([x, tanh(alike), x], { axis });
    case 12:
      return x.rank === 0 ? undefined : pad(x, [[generator.integer(3), generator.integer(2)]], { value: 0.5 });
    case 13:
      return broadcastTo(x, [2, ...x.shape]);
    case 14:
      return x.rank === 0 ? undefined : tanh(sumTo(x, [1, ...x.shape.slice(1)]));
    case 15:
    case 16: {
      if (x.rank !== 4 || x.shape[2] < 3 || x.shape[3] < 3) return undefined;
      const weight = constant(randomNormal([1 + generator.integer(9), x.shape[1], 3, 3], generator, 0, 0.2));
      const y = conv2d(x, weight, undefined, { padding: generator.integer(3), stride: 1 + generator.integer(2) });
      return generator.uniform() < 0.5 ? tanh(y) : y;
    }
    case 17:
      return x.rank !== 4 || x.shape[2] < 2 || x.shape[3] < 2 ? undefined : maxPool2d(x, 2, { stride: 1 + generator.integer(2) });
    case 18:
      return x.rank === 0 ? undefined : mul(cast(argMax(tanh(x), { axis, keepDims: true }), { dtype: "float32" }), 0.1);
    default:
      return x.rank < 3 ? undefined : pad(x, [[1, 1]], { mode: "reflect" });
  }
}

function randomGraph(seed: number, side: number): Graph {
  const generator = random(seed, 77);
  const channels = 1 + generator.integer(6);
  const shape: Shape = [2, channels, side, side + 1];
  const state = variable("state", randomNormal(shape, generator, 0, 0.5));
  const other = variable("other", randomNormal(shape, generator, 0, 0.5));
  const values: Value[] = [input("x", shape), state, other, constant(randomNormal(shape, generator))];
  for (let tries = 0; values.length < 16 && tries < 200; tries++) {
    let grown: Value | undefined;
    try {
      grown = grow(generator, values);
    } catch {
      // Some choices do not fit, such as reflecting a single element.
      continue;
    }
    if (grown !== undefined && sizeOf(grown.shape) < 40 * side * side * channels) values.push(grown);
  }
  const fitting = values.filter((v) => sameShape(v.shape, shape));
  const outputs = Object.fromEntries(values.slice(-4).map((v, i) => [`y${i}`, v]));
  return createGraph({
    outputs: { ...outputs, any: pick(generator, values), x: values[0] },
    updates: [
      [state, tanh(pick(generator, fitting))],
      [other, pick(generator, fitting)],
    ],
  });
}

async function compare(seed: number, side: number, threads: readonly number[]): Promise<void> {
  const graph = randomGraph(seed, side);
  const reference = compileReference(graph);
  const programs = await Promise.all(threads.map((n) => compileWasm(graph, { threads: n })));
  const told = (): string => `seed ${seed}: ${graph.order.map(showValue).join(" ")}\n${programs[0].explain()}`;
  for (let run = 0; run < 3; run++) {
    const x = graph.inputs.get("x")?.shape ?? [];
    const feeds = { x: randomNormal(x, random(seed, run)) };
    const expected = await reference.run(feeds);
    const results = await Promise.all(programs.map((p) => p.run(feeds)));
    for (const name of Object.keys(expected)) {
      expect(deviation(results[0][name], expected[name]), `${name}, run ${run}, ${told()}`).toBeLessThan(1e-3);
      for (const result of results.slice(1)) expect(result[name].data, `${name}, run ${run}, ${told()}`).toEqual(results[0][name].data);
    }
    for (const program of programs) {
      for (const name of program.state.names) {
        expect(deviation(program.state.read(name), reference.state.read(name)), `${name}, run ${run}, ${told()}`).toBeLessThan(1e-3);
        // Rounding must not decide a maximum differently in the next run.
        program.state.write(name, reference.state.read(name));
      }
    }
  }
  for (const program of programs) program.release();
}

describe("random graphs", () => {
  for (let block = 0; block < rounds(6); block++) {
    it(`G3 seeds ${block * 25}..${block * 25 + 24}, small, one thread and three`, async () => {
      for (let seed = block * 25; seed < block * 25 + 25; seed++) await compare(seed, 5, [1, 3]);
    });
  }

  it("G3 larger ones, whose steps are split between threads", async () => {
    for (let seed = 1000; seed < 1000 + rounds(12); seed++) await compare(seed, 40, [1, 2]);
  });
});
