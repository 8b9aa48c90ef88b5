// Operators whose inputs and attributes changed between versions: the old form gives what the newest form gives, which the public vectors prove.
import { describe, expect, it } from "vitest";
import { random, randomNormal } from "../../../src/tensor/random.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { type NodeAttribute, type OneNode, runOneNode, stored } from "./one-node.ts";

const noise = (shape: Shape, seed = 1): Tensor => randomNormal(shape, random(seed));
const whole = (...numbers: number[]): Tensor => tensor(numbers, [numbers.length], "int32");
const ints = (...list: number[]): NodeAttribute => ({ ints: list });
const int = (n: number): NodeAttribute => ({ int: n });

interface Pair {
  readonly title: string;
  readonly old: OneNode;
  readonly now: OneNode;
}

const x = noise([2, 3, 4, 5]);
const perChannel = noise([3], 2);
const [a, b] = [noise([2, 3]), noise([3, 4], 2)];
const thin = noise([1, 3, 1]);
const column = perChannel.reshape([3, 1, 1]);

const broadcast: readonly Pair[] = ["Add", "Sub", "Mul", "Div"].map((operator) => ({
  title: `${operator} along an axis by attribute`,
  old: { operator, opset: 6, inputs: [x, perChannel], attributes: { broadcast: int(1), axis: int(1) } },
  now: { operator, opset: 13, inputs: [x, column] },
}));

const reductions: readonly Pair[] = [
  "ReduceMean",
  "ReduceMax",
  "ReduceMin",
  "ReduceL1",
  "ReduceL2",
  "ReduceSumSquare",
  "ReduceLogSumExp",
].flatMap((operator) => [
  {
    title: `${operator}: axes as input`,
    old: { operator, opset: 13, inputs: [x], attributes: { axes: ints(1, -1), keepdims: int(0) } },
    now: { operator, opset: 18, inputs: [x, stored(whole(1, -1))], attributes: { keepdims: int(0) } },
  },
  {
    title: `${operator}: all axes`,
    old: { operator, opset: 11, inputs: [x] },
    now: { operator, opset: 18, inputs: [x, stored(whole())], attributes: { noop_with_empty_axes: int(0) } },
  },
]);

const pairs: readonly Pair[] = [
  ...broadcast,
  {
    title: "Add with a matching tail by attribute",
    old: { operator: "Add", opset: 6, inputs: [x, noise([4, 5])], attributes: { broadcast: int(1) } },
    now: { operator: "Add", opset: 13, inputs: [x, noise([4, 5])] },
  },
  {
    title: "Pow along an axis by attribute",
    old: { operator: "Pow", opset: 6, inputs: [x, tensor([1, 2, 3])], attributes: { broadcast: int(1), axis: int(1) } },
    now: { operator: "Pow", opset: 13, inputs: [x, tensor([1, 2, 3], [3, 1, 1])] },
  },
  {
    title: "Greater along an axis by attribute",
    old: { operator: "Greater", opset: 6, inputs: [x, perChannel], attributes: { broadcast: int(1), axis: int(1) } },
    now: { operator: "Greater", opset: 13, inputs: [x, column] },
  },
  {
    title: "PRelu with a slope per channel",
    old: { operator: "PRelu", opset: 6, inputs: [x, perChannel] },
    now: { operator: "PRelu", opset: 16, inputs: [x, column] },
  },
  {
    title: "Gemm with a row that broadcasts",
    old: { operator: "Gemm", opset: 6, inputs: [a, b, noise([4], 3)], attributes: { broadcast: int(1) } },
    now: { operator: "Gemm", opset: 13, inputs: [a, b, noise([1, 4], 3)] },
  },
  {
    title: "Clip by attributes",
    old: { operator: "Clip", opset: 6, inputs: [x], attributes: { min: { float: -0.5 }, max: { float: 0.25 } } },
    now: { operator: "Clip", opset: 13, inputs: [x, stored(tensor([-0.5], [])), stored(tensor([0.25], []))] },
  },
  {
    title: "Clip by one attribute",
    old: { operator: "Clip", opset: 6, inputs: [x], attributes: { max: { float: 0.25 } } },
    now: { operator: "Clip", opset: 13, inputs: [x, undefined, stored(tensor([0.25], []))] },
  },
  {
    title: "Clip by inputs that are fed",
    old: { operator: "Clip", opset: 6, inputs: [x], attributes: { min: { float: -0.5 }, max: { float: 0.25 } } },
    now: { operator: "Clip", opset: 13, inputs: [x, tensor([-0.5], []), tensor([0.25], [])] },
  },
  ...["Softmax", "LogSoftmax", "Hardmax"].map((operator) => ({
    title: `${operator} over all axes from the second on`,
    old: { operator, opset: 11, inputs: [x] },
    now: { operator, opset: 13, inputs: [x.reshape([2, 60])], attributes: { axis: int(-1) } },
  })),
  {
    title: "Softmax over the last axis",
    old: { operator: "Softmax", opset: 11, inputs: [x], attributes: { axis: int(-1) } },
    now: { operator: "Softmax", opset: 13, inputs: [x] },
  },
  ...reductions,
  {
    title: "ReduceSum: axes as input",
    old: { operator: "ReduceSum", opset: 11, inputs: [x], attributes: { axes: ints(-2) } },
    now: { operator: "ReduceSum", opset: 13, inputs: [x, stored(whole(-2))] },
  },
  {
    title: "Slice by attributes",
    old: { operator: "Slice", opset: 9, inputs: [x], attributes: { axes: ints(1, 3), starts: ints(1, -4), ends: ints(2 ** 31 - 1, -1) } },
    now: { operator: "Slice", opset: 13, inputs: [x, stored(whole(1, -4)), stored(whole(1000, -1)), stored(whole(1, 3))] },
  },
  {
    title: "Slice of the first axes by attributes",
    old: { operator: "Slice", opset: 6, inputs: [x], attributes: { starts: ints(1, 1), ends: ints(2, 3) } },
    now: { operator: "Slice", opset: 10, inputs: [x, stored(whole(1, 1)), stored(whole(2, 3))] },
  },
  {
    title: "Squeeze by attribute",
    old: { operator: "Squeeze", opset: 11, inputs: [thin], attributes: { axes: ints(-1) } },
    now: { operator: "Squeeze", opset: 13, inputs: [thin, stored(whole(-1))] },
  },
  {
    title: "Unsqueeze by attribute",
    old: { operator: "Unsqueeze", opset: 11, inputs: [x], attributes: { axes: ints(0, -1) } },
    now: { operator: "Unsqueeze", opset: 13, inputs: [x, stored(whole(0, -1))] },
  },
  {
    title: "Split by attribute",
    old: { operator: "Split", opset: 11, inputs: [x], attributes: { axis: int(-1), split: ints(2, 3) }, outputs: 2 },
    now: { operator: "Split", opset: 13, inputs: [x, stored(whole(2, 3))], attributes: { axis: int(-1) }, outputs: 2 },
  },
  {
    title: "Split into equal parts",
    old: { operator: "Split", opset: 6, inputs: [x], attributes: { axis: int(1) }, outputs: 3 },
    now: { operator: "Split", opset: 18, inputs: [x], attributes: { axis: int(1), num_outputs: int(3) }, outputs: 3 },
  },
  {
    title: "Split by number, the last part smaller",
    old: { operator: "Split", opset: 13, inputs: [x, stored(whole(2, 2, 1))], attributes: { axis: int(3) }, outputs: 3 },
    now: { operator: "Split", opset: 18, inputs: [x], attributes: { axis: int(3), num_outputs: int(3) }, outputs: 3 },
  },
  {
    title: "TopK by attribute",
    old: { operator: "TopK", opset: 9, inputs: [x], attributes: { k: int(2), axis: int(1) }, outputs: 2 },
    now: { operator: "TopK", opset: 11, inputs: [x, stored(whole(2))], attributes: { axis: int(1), largest: int(1) }, outputs: 2 },
  },
  {
    title: "Max of several without and with broadcasting",
    old: { operator: "Max", opset: 6, inputs: [x, noise([2, 3, 4, 5], 4)] },
    now: { operator: "Max", opset: 13, inputs: [x, noise([2, 3, 4, 5], 4)] },
  },
];

/** The old softmax of more axes is the new one of a matrix. */
const sameInput = (old: OneNode, now: OneNode): boolean => old.inputs[0] === now.inputs[0];

describe("EF1 old forms of ONNX operators", () => {
  it.each(pairs)("$title", async ({ old, now }) => {
    const [before, after] = [await runOneNode(old), await runOneNode(now)];
    expect(before).toHaveLength(after.length);
    for (const [i, { data, dtype, shape }] of before.entries()) {
      expect(dtype).toBe(after[i].dtype);
      if (sameInput(old, now)) expect(shape).toEqual(after[i].shape);
      expect([...data]).toEqual([...after[i].data]);
    }
  });
});
