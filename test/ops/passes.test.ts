// Passes must find what they are for, leave alone what they must not touch, and never change a result.
import { describe, expect, it } from "vitest";
import { compileReference } from "../../src/backends/reference/index.ts";
import { gradient } from "../../src/graph/grad.ts";
import { createGraph, type Graph } from "../../src/graph/graph.ts";
import { foldConstants, mergeDuplicates } from "../../src/graph/passes/index.ts";
import { constant, fill, input, variable } from "../../src/graph/record.ts";
import { label, type Value } from "../../src/graph/value.ts";
import {
  abs,
  add,
  batchNorm,
  conv2d,
  convTranspose2d,
  div,
  expressionOf,
  flatten,
  foldBatchNorm,
  fuseElementwise,
  identity,
  linear,
  mul,
  neg,
  optimise,
  pad,
  relu,
  removeIdle,
  reshape,
  sigmoid,
  sin,
  slice,
  stopGradient,
  sub,
  sum,
  tanh,
  transpose,
} from "../../src/ops/index.ts";
import { hashLabel, random, randomNormal } from "../../src/tensor/random.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { arange, Tensor } from "../../src/tensor/tensor.ts";
import { rounds } from "../support/long.ts";

const normal = (shape: Shape, seed: number): Tensor => randomNormal(shape, random(seed)).cast("float64");
const opsOf = (graph: Graph): string[] => graph.order.filter((v) => v.inputs.length > 0).map((v) => v.op.name);

/** The results of both graphs on the same random feeds, as flat numbers. */
function results(graph: Graph): Record<string, number[]> {
  const feeds = Object.fromEntries([...graph.inputs].map(([name, v]) => [name, normal(v.shape, hashLabel(name))]));
  const program = compileReference(graph);
  const outputs = program.runSync?.(feeds) ?? {};
  const all = [...Object.entries(outputs), ...program.state.names.map((n) => [n, program.state.read(n)] as const)];
  return Object.fromEntries(all.map(([name, t]) => [name, Array.from(t.data)]));
}

function expectSameResults(before: Graph, after: Graph): void {
  const [a, b] = [results(before), results(after)];
  expect(Object.keys(b)).toEqual(Object.keys(a));
  for (const [name, values] of Object.entries(a)) values.forEach((v, i) => void expect(b[name][i]).toBeCloseTo(v, 11));
}

const x = input("x", [2, 3, 4, 4], "float64");

describe("constant folding", () => {
  it("computes what depends on constants alone, once", () => {
    const weight = mul(constant(normal([5, 3, 3, 3], 1)), fill([], 2, "float64"));
    const graph = createGraph({ outputs: { y: conv2d(x, weight) } });
    const folded = foldConstants(graph);
    expect(opsOf(folded)).toEqual(["conv"]);
    expectSameResults(graph, folded);
  });
  it("leaves variables alone, and repeated numbers that would become large tensors", () => {
    const w = variable("w", arange(2));
    expect(opsOf(foldConstants(createGraph({ outputs: { y: mul(w, w) } })))).toEqual(["mul"]);
    const large = neg(fill([1 << 15], 1));
    expect(opsOf(foldConstants(createGraph({ outputs: { y: large } })))).toEqual(["neg"]);
  });
  it("leaves large values to a backend that computes them once by itself", () => {
    const small = neg(constant(normal([1 << 14], 1)));
    const large = neg(constant(normal([1 << 15], 1)));
    const graph = createGraph({ outputs: { small, large } });
    expect(opsOf(foldConstants(graph))).toEqual([]);
    expect(opsOf(foldConstants(graph, { computesOnce: () => true }))).toEqual(["neg"]);
    expect(opsOf(foldConstants(graph, { computesOnce: () => false }))).toEqual([]);
  });
});

describe("merging of duplicates", () => {
  it("finds equal ops with equal attributes on equal operands, however deep", () => {
    const branch = (): Value => tanh(pad(sin(x), [[1, 1]], { mode: "reflect" }));
    const graph = createGraph({ outputs: { y: add(branch(), branch()) } });
    const merged = mergeDuplicates(graph);
    expect(opsOf(merged)).toEqual(["sin", "pad", "tanh", "add"]);
    expectSameResults(graph, merged);
  });
  it("keeps different attributes and different constants apart", () => {
    const pads = add(pad(x, [[1, 1]]), pad(x, [[1, 1]], { value: -0 }));
    expect(opsOf(mergeDuplicates(createGraph({ outputs: { y: pads } })))).toEqual(["pad", "pad", "add"]);
    const constants = add(constant(arange(3)), constant(arange(3)));
    expect(mergeDuplicates(createGraph({ outputs: { y: constants } })).order).toHaveLength(3);
  });
});

describe("idle ops", () => {
  it("disappear, and reshapes and transposes merge", () => {
    const t = transpose(transpose(identity(x), { permutation: [0, 2, 3, 1] }), { permutation: [0, 3, 1, 2] });
    const r = reshape(reshape(t, [6, 16]), [2, 48]);
    const y = slice(pad(stopGradient(r), [[0, 0]]), { ends: [99] });
    const graph = createGraph({ outputs: { y } });
    const idle = removeIdle(graph);
    expect(opsOf(idle)).toEqual(["reshape"]);
    expectSameResults(graph, idle);
  });
  it("stay when they do something", () => {
    const graph = createGraph({ outputs: { y: slice(x, { steps: [-1] }), z: transpose(x, { permutation: [0, 1, 3, 2] }) } });
    expect(opsOf(removeIdle(graph))).toEqual(["slice", "transpose"]);
  });
});

describe("elementwise fusion", () => {
  it("turns a chain with one reader each into one map that keeps the last label", () => {
    const graph = createGraph({ outputs: { y: label(relu(add(mul(x, sigmoid(x)), constant(normal([1, 3, 1, 1], 9)))), "act") } });
    const fused = fuseElementwise(graph);
    expect(opsOf(fused)).toEqual(["map"]);
    expect(fused.outputs.get("y")?.label).toBe("act");
    expectSameResults(graph, fused);
  });
  it("leaves values that something else reads, that are outputs, or that would be computed again for a larger shape", () => {
    const shared = sin(x);
    const twice = createGraph({ outputs: { y: relu(shared), z: sum(shared) } });
    expect(opsOf(fuseElementwise(twice)).toSorted()).toEqual(["relu", "sin", "sum"]);
    expect(opsOf(fuseElementwise(createGraph({ outputs: { shared, y: relu(shared) } })))).toEqual(["sin", "relu"]);
    const small = tanh(input("scale", [1, 3, 1, 1], "float64"));
    expect(opsOf(fuseElementwise(createGraph({ outputs: { y: mul(x, small) } })))).toEqual(["tanh", "mul"]);
  });
  it("writes repeated numbers into the expression", () => {
    const graph = createGraph({ outputs: { y: mul(x, 0.1), z: add(fill([4], 2, "float64"), fill([3, 1], 3, "float64")) } });
    const fused = fuseElementwise(graph);
    expect(fused.outputs.get("y")?.inputs).toEqual([x]);
    expect(fused.outputs.get("z")?.op.name).toBe("fill");
    expectSameResults(graph, fused);
  });
  it("moves a value into a reader that reads it twice", () => {
    const s = sin(x);
    const graph = createGraph({ outputs: { y: mul(s, s) } });
    expect(opsOf(fuseElementwise(graph))).toEqual(["map"]);
    expectSameResults(graph, fuseElementwise(graph));
  });
  it("stops at eight operands", () => {
    let y: Value = x;
    for (let i = 0; i < 20; i++) y = add(y, input(`x${i}`, x.shape, "float64"));
    const graph = createGraph({ outputs: { y } });
    const fused = fuseElementwise(graph);
    for (const v of fused.order) if (expressionOf(v) !== undefined) expect(v.inputs.length).toBeLessThanOrEqual(8);
    expect(opsOf(fused).length).toBeLessThan(5);
    expectSameResults(graph, fused);
  });
  it("survives a chain of 10,000", () => {
    let y: Value = x;
    for (let i = 0; i < 10_000; i++) y = i % 2 === 0 ? neg(y) : relu(y);
    const graph = createGraph({ outputs: { y } });
    const fused = fuseElementwise(graph);
    expect(opsOf(fused).length).toBeLessThan(400);
    expectSameResults(graph, fused);
  });
});

describe("batch norm folding", () => {
  const parameters = (channels: number, seed: number): Value[] => {
    const variance = normal([channels], seed + 1);
    return [
      normal([channels], seed),
      variance.data.map((v) => v * v + 0.1),
      normal([channels], seed + 2),
      normal([channels], seed + 3),
    ].map((p) => constant(p instanceof Tensor ? p : new Tensor(p, [channels])));
  };
  const normalised = (y: Value, parts = 4): Value => {
    const [mean, variance, weight, bias] = parameters(y.shape[1], 20).slice(0, parts);
    return batchNorm(y, mean, variance, weight, bias);
  };
  const weights = (shape: Shape): Value => constant(normal(shape, 30));
  const bias = (channels: number): Value => constant(normal([channels], 31));

  it.each([
    ["convolution", relu(label(normalised(conv2d(x, weights([5, 3, 3, 3]), bias(5), { padding: 1, stride: 2 })), "bn1")), "conv relu"],
    ["convolution without bias, groups", normalised(conv2d(x, weights([6, 1, 3, 3]), undefined, { groups: 3 })), "conv"],
    ["no scale and shift", normalised(conv2d(x, weights([5, 3, 1, 1])), 2), "conv"],
    ["dense layer", normalised(linear(flatten(x), weights([7, 48]), bias(7))), "reshape linear"],
    ["transposed convolution", normalised(convTranspose2d(x, weights([3, 4, 3, 3]), bias(4), { stride: 2 })), "convInputGrad add"],
    ["transposed, groups, no bias", normalised(convTranspose2d(x, weights([3, 2, 2, 2]), undefined, { groups: 3 })), "convInputGrad add"],
  ] as const)("EN6 disappears into a %s", (_, y, left) => {
    const graph = createGraph({ outputs: { y } });
    const folded = foldConstants(foldBatchNorm(foldConstants(graph)));
    expect(opsOf(folded).join(" ")).toBe(left);
    expectSameResults(graph, folded);
  });

  it("EN6 is exact to 1e-6 in float32, and the folded layer takes the norm's label", () => {
    const x32 = input("x", [1, 3, 6, 6]);
    const to32 = (v: Value): Value => constant((v.attrs.value as Tensor).cast("float32"));
    const y = batchNorm(
      conv2d(x32, to32(weights([4, 3, 3, 3])), to32(bias(4))),
      ...(parameters(4, 40).map(to32) as [Value, Value, Value, Value]),
    );
    const graph = createGraph({ outputs: { y: label(y, "features.1") } });
    const folded = optimise(graph);
    expect(folded.outputs.get("y")?.op.name).toBe("conv");
    expect(folded.outputs.get("y")?.label).toBe("features.1");
    const feeds = { x: randomNormal([1, 3, 6, 6], random(50)) };
    const [before, after] = [graph, folded].map((g) => compileReference(g).runSync?.(feeds).y as Tensor);
    const scale = Math.max(...before.data.map(Math.abs));
    before.data.forEach((v, i) => void expect(Math.abs(after.data[i] - v)).toBeLessThan(1e-6 * scale));
  });

  it("EN6 is refused where the convolution's output is used elsewhere, or parameters may change", () => {
    const y = conv2d(x, weights([5, 3, 3, 3]));
    expect(opsOf(foldBatchNorm(createGraph({ outputs: { y, z: normalised(y) } })))).toEqual(["conv", "batchNorm"]);
    expect(opsOf(foldBatchNorm(createGraph({ outputs: { z: add(normalised(y), y) } })))).toContain("batchNorm");
    const trained = conv2d(x, variable("w", normal([5, 3, 3, 3], 1)));
    expect(opsOf(foldBatchNorm(createGraph({ outputs: { z: normalised(trained) } })))).toContain("batchNorm");
  });

  it("what has no kernel is expanded first, so that its parts fuse as well", () => {
    const [mean, variance] = [variable("m", normal([3], 1)), variable("v", normal([3], 2).cast("float64"))];
    const graph = createGraph({ outputs: { y: relu(batchNorm(sin(x), mean, abs(variance))) } });
    const expanded = optimise(graph, { hasKernel: (v) => v.op.name !== "batchNorm" });
    expect(opsOf(expanded)).not.toContain("batchNorm");
    expect(opsOf(expanded).filter((name) => name === "map")).toHaveLength(2);
    expectSameResults(graph, expanded);
  });
});

describe("all passes", () => {
  it("never change a result: a training step of a small net, gradients and updates included", () => {
    const w = variable("w", normal([4, 3, 3, 3], 3));
    const b = variable("b", normal([4], 4));
    const h = tanh(conv2d(x, w, b, { padding: 1, stride: 2 }));
    const loss = sum(mul(sub(h, constant(normal([1, 4, 1, 1], 5))), sigmoid(identity(h))));
    const grads = gradient(loss, [w, b]);
    const update = (v: Value, g: Value): readonly [Value, Value] => [v, sub(v, mul(g, fill([], 0.1, "float64")))];
    const graph = createGraph({ outputs: { loss, h }, updates: [update(w, grads[0]), update(b, grads[1])] });
    const optimised = optimise(graph);
    expect(opsOf(optimised).length).toBeLessThan(opsOf(graph).length);
    expectSameResults(graph, optimised);
  });
  it("never change a result: not even NaN and infinities that come of constants", () => {
    const zero = fill([1], 0, "float64");
    const nowhere = mul(div(zero, zero), input("z", [1], "float64"));
    const graph = createGraph({ outputs: { nowhere, far: relu(div(fill([1], 1, "float64"), neg(neg(zero)))) } });
    expect(results(optimise(graph))).toEqual(results(graph));
    expect(results(graph)).toEqual({ nowhere: [Number.NaN], far: [Number.POSITIVE_INFINITY] });
  });
  it(`never change a result: ${rounds(60)} random graphs`, () => {
    for (let seed = 0; seed < rounds(60); seed++) {
      const generator = random(seed, 77);
      const values: Value[] = [
        x,
        constant(normal([1, 3, 1, 4], seed)),
        fill([2, 3, 4, 4], 0.5, "float64"),
        input("z", [2, 3, 4, 4], "float64"),
      ];
      const pick = (): Value => values[generator.integer(values.length)];
      const makers = [
        () => add(pick(), pick()),
        () => mul(pick(), pick()),
        () => sub(pick(), pick()),
        () => relu(pick()),
        () => sin(pick()),
        () => tanh(pick()),
        () => identity(pick()),
        () => transpose(pick(), { permutation: [0, 1, 3, 2] }),
        () => reshape(pick(), [-1, 3, 4, 4]),
      ];
      while (values.length < 25) {
        try {
          values.push(makers[generator.integer(makers.length)]());
        } catch (error) {
          // Shapes that do not fit are no graph; draw again.
          if ((error as Error).name !== "ShapeError") throw error;
        }
      }
      const y = sum(mul(values[24], values[23]));
      const graph = createGraph({ outputs: { y, g: gradient(y, [x])[0], mid: values[12] } });
      expectSameResults(graph, optimise(graph));
    }
  });
});
