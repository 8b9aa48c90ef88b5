// Replacement rules hold for the length of one gradient call, and reach into larger graphs. V7, the three rules of a ReLU: test/lens/attribute.test.ts.
import { describe, expect, it } from "vitest";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { type GradientOptions, gradient } from "../../src/graph/grad.ts";
import { input } from "../../src/graph/record.ts";
import * as ops from "../../src/ops/index.ts";
import { type Nested, tensor } from "../../src/tensor/tensor.ts";

const x = input("x", [3, 3], "float64");
const upstream = input("upstream", [3, 3], "float64");
const known = new Map([
  [
    x,
    tensor(
      [
        [1, -1, 5],
        [2, -5, -7],
        [-3, 2, 4],
      ],
      undefined,
      "float64",
    ),
  ],
  [
    upstream,
    tensor(
      [
        [-2, 3, -1],
        [6, -3, 1],
        [2, -1, 3],
      ],
      undefined,
      "float64",
    ),
  ],
]);

const rules: Readonly<Record<string, NonNullable<GradientOptions["rules"]>>> = {
  backprop: {},
  deconvnet: { relu: (g) => ops.relu(g) },
  guided: { relu: (g, { x: before }) => ops.where(ops.gt(before, 0), ops.relu(g), 0) },
};

function backward(name: string): Nested {
  const [dx] = gradient(ops.relu(x), [x], { seed: upstream, rules: rules[name] ?? {} });
  return evaluateValues([dx], known)[0].toNested();
}

describe("G3 replaced rules", () => {
  it("G3 a replaced rule holds for its own call only", () => {
    expect(backward("deconvnet")).toEqual([
      [0, 3, 0],
      [6, 0, 1],
      [2, 0, 3],
    ]);
    expect(backward("backprop")).toEqual([
      [-2, 0, -1],
      [6, 0, 0],
      [0, -1, 3],
    ]);
  });

  it("G3 a rule reaches a relu inside a larger graph, and other ops keep theirs", () => {
    const y = ops.sum(ops.mul(ops.relu(ops.mul(x, 2)), upstream));
    const [plain] = evaluateValues(gradient(y, [x]), known);
    const [guided] = evaluateValues(gradient(y, [x], { rules: rules.guided }), known);
    expect(plain.toNested()).toEqual([
      [-4, 0, -2],
      [12, 0, 0],
      [0, -2, 6],
    ]);
    expect(guided.toNested()).toEqual([
      [0, 0, 0],
      [12, 0, 0],
      [0, 0, 6],
    ]);
  });
});
