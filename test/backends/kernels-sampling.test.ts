// Kernels that read and write where indices or coordinates say: shapes large and odd enough to be shared between threads, which must not change
// a bit; against the reference loops in double precision.
import { afterAll, describe, expect, it } from "vitest";
import { compileWasm, stopWorkers } from "../../src/backends/wasm/index.ts";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { createGraph } from "../../src/graph/graph.ts";
import type { Results } from "../../src/graph/program.ts";
import { constant, input } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import * as ops from "../../src/ops/index.ts";
import { random, randomNormal, randomUniform } from "../../src/tensor/random.ts";
import { type Tensor, tensor, zeros } from "../../src/tensor/tensor.ts";
import { deviation } from "../support/backend-compare.ts";

afterAll(() => stopWorkers());

type Build = (operands: readonly Value[]) => Value;
interface Configuration {
  readonly operands: readonly Tensor[];
  readonly build: Build;
  readonly tolerance?: number;
}

const generator = random(21);
const normal = (...shape: number[]): Tensor => randomNormal(shape, generator);
const integers = (below: number, ...shape: number[]): Tensor => {
  const t = zeros(shape, "int32");
  for (let i = 0; i < t.size; i++) t.data[i] = generator.integer(below);
  return t;
};
const boxes = tensor(
  Array.from({ length: 23 }, (_, k) => {
    const [x, y, w, h] = [generator.uniform() * 30 - 4, generator.uniform() * 20 - 4, generator.uniform() * 20, generator.uniform() * 15];
    return [k % 3, x, y, x + w, y + h];
  }),
);
const grid = randomUniform([2, 19, 23, 2], generator, -1.3, 1.3);
const picture = normal(3, 37, 19, 23);
const rows = integers(61, 31, 17);
const places = integers(53, 53, 41);

const configurations: Readonly<Record<string, Configuration>> = {
  "deformable convolution, groups": {
    operands: [normal(2, 30, 19, 23), normal(2, 54, 19, 23), normal(14, 15, 3, 3), normal(14), normal(2, 27, 19, 23)],
    build: ([x, offset, weight, bias, mask]) => ops.deformConv2d(x, offset, weight, bias, mask, { padding: 1 }),
    tolerance: 1e-4,
  },
  "grid, bilinear": { operands: [normal(2, 37, 19, 23), grid], build: ([x, g]) => ops.gridSample(x, g), tolerance: 1e-4 },
  "grid, bicubic, reflected": {
    operands: [normal(2, 18, 19, 23), grid],
    build: ([x, g]) => ops.gridSample(x, g, { mode: "bicubic", paddingMode: "reflection" }),
    tolerance: 3e-4,
  },
  "grid of three axes, border": {
    operands: [normal(1, 6, 7, 9, 11), randomUniform([1, 9, 10, 11, 3], generator, -1.2, 1.2)],
    build: ([x, g]) => ops.gridSample(x, g, { paddingMode: "border", alignCorners: true }),
    tolerance: 1e-4,
  },
  "RoI align": { operands: [picture], build: ([x]) => ops.roiAlign(x, constant(boxes), { outputSize: [5, 7], aligned: true }) },
  "RoI align, two samples, scaled": {
    operands: [picture],
    build: ([x]) => ops.roiAlign(x, constant(boxes), { outputSize: 7, samplingRatio: 2, spatialScale: 0.5 }),
  },
  "RoI pool": { operands: [picture], build: ([x]) => ops.roiPool(x, constant(boxes), { outputSize: [5, 7] }) },
  "RoI pool, disjoint": { operands: [picture], build: ([x]) => ops.roiPool(x, constant(boxes), { outputSize: 3, bins: "disjoint" }) },
  "adaptive maxima": { operands: [picture], build: ([x]) => ops.adaptiveMaxPool2d(x, [7, 9]) },
  "gathered rows": { operands: [normal(61, 97)], build: ([x]) => ops.gather(x, constant(rows)) },
  "added elements": {
    operands: [normal(53, 41), normal(200, 41)],
    build: ([x, u]) => ops.scatterElements(x, constant(places), ops.slice(u, { starts: [0], ends: [53] }), { reduction: "add" }),
  },
  "running sums": { operands: [normal(37, 61, 13)], build: ([x]) => ops.cumSum(x, { axis: 1, reverse: true }) },
  ranks: { operands: [normal(29, 301, 3)], build: ([x]) => ops.topKValues(x, { k: 17, axis: 1, largest: false }) },
  "the whole order, with ties": { operands: [integers(9, 7, 2003).cast("float32")], build: ([x]) => ops.topKValues(x, { k: 2003 }) },
};

describe.each(Object.entries(configurations))("ET1 %s", (_, { operands, build, tolerance = 2e-5 }) => {
  const written = (float: "float32" | "float64"): { inputs: Value[]; outputs: Record<string, Value> } => {
    const inputs = operands.map((t, i) => input(`x${i}`, t.shape, float));
    const y = build(inputs);
    const seed = constant(randomNormal(y.shape, random(4)).cast(float));
    const outputs = Object.fromEntries([y, ...gradient(y, inputs, { seed })].map((v, i) => [i === 0 ? "y" : `gradient ${i - 1}`, v]));
    return { inputs, outputs };
  };

  it("agrees with the loops, and with itself on any number of threads", async () => {
    const exact = written("float64");
    const wanted = evaluateValues(Object.values(exact.outputs), new Map(exact.inputs.map((v, i) => [v, operands[i].cast("float64")])));
    const graph = createGraph({ outputs: written("float32").outputs });
    const feeds = Object.fromEntries(operands.map((t, i) => [`x${i}`, t] as const).filter(([name]) => graph.inputs.has(name)));
    const results: Results[] = [];
    for (const threads of [1, 2, 3]) {
      const program = await compileWasm(graph, { threads });
      expect(program.explain().standIns).toBe(0);
      results.push(await program.run(feeds));
      program.release();
    }
    Object.keys(exact.outputs).forEach((name, i) => {
      expect(deviation(results[0][name], wanted[i]), name).toBeLessThan(tolerance);
      for (const other of results.slice(1)) expect(other[name].data, name).toEqual(results[0][name].data);
    });
  });
});
