// The order in which values are computed: still one that can be run, with gradients of weights as soon as what they read is there.
import { describe, expect, it } from "vitest";
import { sumUpEarly } from "../../src/backends/wasm/order.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { input, variable } from "../../src/graph/record.ts";
import { conv2d, mean, relu, sub, sum } from "../../src/ops/index.ts";
import { zeros } from "../../src/tensor/tensor.ts";
import { sgd } from "../../src/train/optimisers.ts";
import { trainingStep } from "../../src/train/step.ts";
import { zooModel } from "../../src/zoo/registry.ts";

describe("sumUpEarly", () => {
  const { graph } = trainingStep(zooModel("resnet20-cifar", { seed: 1 }), { batch: 64, optimiser: sgd(0.1) });
  const { order } = sumUpEarly(graph);
  const at = new Map(order.map((value, i) => [value, i]));

  it("keeps every value, after the values that it reads", () => {
    expect(new Set(order)).toEqual(new Set(graph.order));
    expect(order.length).toBe(graph.order.length);
    for (const value of order) for (const operand of value.inputs) expect(at.get(operand)).toBeLessThan(at.get(value) as number);
  });

  it("computes the gradient of weights before the next layer's gradients", () => {
    const gradients = order.filter(({ op }) => op.name === "convFilterGrad");
    expect(gradients.length).toBe(19);
    const waits = (of: readonly (typeof gradients)[number][], places: ReadonlyMap<unknown, number>): number =>
      Math.max(...of.map((value) => (places.get(value) as number) - Math.max(...value.inputs.map((v) => places.get(v) as number))));
    expect(waits(gradients, at)).toBeLessThan(5);
    const before = new Map(graph.order.map((value, i) => [value, i]));
    expect(waits(gradients, before)).toBeGreaterThan(100);
  });

  it("leaves elementwise results where they are: weights are updated when nobody reads the old ones any more", () => {
    const w = variable("w", zeros([1, 1, 3, 3]));
    const x = input("x", [1, 1, 9, 9]);
    const y = relu(conv2d(x, w));
    const next = sub(w, mean(x));
    const small = createGraph({ outputs: { s: sum(y) }, updates: [[w, next]] });
    expect(sumUpEarly(small).order.indexOf(next)).toBe(small.order.indexOf(next));
  });
});
