// Operators that move elements - shapes, slices, gathers, scatters, rankings, casts - against onnxruntime, in every version that changed them.
import { describe, it } from "vitest";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { hasRuntime } from "../../support/onnxruntime.ts";
import { expectJudgement, type JudgedNode, node, noise, whole } from "./judging.ts";
import { type NodeInput, stored } from "./one-node.ts";

const numbers = (...list: number[]): Tensor => tensor(list, [list.length]);
const scalar = (n: number): Tensor => tensor([n], [], "int32");
/** Fed integers; onnxruntime is given them in 32 bits. */
const integers = (list: readonly number[], shape = [list.length]): NodeInput => ({
  tensor: tensor([...list], shape, "int32"),
  type: "int32",
});
const truths = (...list: number[]): NodeInput => ({ tensor: tensor(list, [list.length], "uint8"), type: "bool", stored: true });
const far = 2 ** 31 - 1;

const shaping: readonly JudgedNode[] = [
  node("Reshape", 6, [noise(2, 3, 4), stored(whole(0, -1))]),
  node("Reshape", 14, [noise(2, 3, 4), stored(whole(4, 0, -1))]),
  node("Reshape", 14, [tensor([], [0, 3]), stored(whole(3, 0))], { allowzero: 1 }),
  ...[0, 1, 2, 3, -1, -3].map((axis) => node("Flatten", 13, [noise(2, 3, 4)], { axis })),
  node("Flatten", 6, [noise(2, 3, 4)]),
  node("Squeeze", 11, [noise(1, 2, 1, 3)]),
  node("Squeeze", 13, [noise(1, 2, 1, 3), stored(whole(-2))]),
  node("Unsqueeze", 13, [noise(2, 3), stored(whole(-1, 1))]),
  node("Transpose", 6, [noise(2, 3, 4)]),
  node("Transpose", 13, [noise(2, 3, 4)], { perm: [1, 2, 0] }),
  node("Transpose", 13, [integers([1, 2, 3, 4, 5, 6], [2, 3])]),
  node("Concat", 6, [noise(2, 1), noise(2, 3)], { axis: 1 }),
  node("Concat", 11, [noise(2, 1), stored(noise(2, 1)), noise(2, 2)], { axis: -1 }),
  node("Split", 11, [noise(2, 6)], { axis: 1 }, 3),
  node("Split", 13, [noise(2, 6), stored(whole(1, 0, 5))], { axis: -1 }, 3),
  node("Split", 18, [noise(7)], { num_outputs: 3 }, 3),
  node("Expand", 8, [noise(3, 1), stored(whole(2, 1, 4))]),
  node("Expand", 13, [noise(2, 3), stored(whole(1))]),
  node("Tile", 6, [noise(2, 3), stored(whole(2, 3))]),
  node("Tile", 13, [integers([1, 2], [1, 2]), stored(whole(3, 1))]),
  node("Shape", 15, [noise(2, 3, 4)], { start: -2, end: 9 }),
  node("Shape", 13, [noise(2, 3, 4)]),
  node("Size", 13, [noise(2, 3, 4)]),
  node("Identity", 14, [integers([1, 2])]),
];

const slicing: readonly JudgedNode[] = [
  node("Slice", 9, [noise(4, 5, 6)], { starts: [1, -3], ends: [far, -1], axes: [0, 2] }),
  node("Slice", 10, [noise(4, 5), stored(whole(3, 0)), stored(whole(0, 99)), stored(whole(0, 1)), stored(whole(-2, 3))]),
  node("Slice", 13, [noise(6), stored(whole(-1)), stored(whole(-far)), stored(whole(0)), stored(whole(-1))]),
  node("Slice", 13, [noise(6), stored(whole(99)), stored(whole(1)), stored(whole(-1)), stored(whole(-3))]),
  node("Slice", 13, [noise(6, 2), stored(whole(4)), stored(whole(2))]),
  node("Slice", 13, [integers([1, 2, 3, 4]), stored(whole(1)), stored(whole(3))]),
];

const classes: NodeInput = { ...integers([3], []), stored: true };
const matrix = noise(3, 4);
const indexing: readonly JudgedNode[] = [
  node("Gather", 6, [noise(3, 4), stored(whole(2, 0))]),
  node("Gather", 13, [noise(3, 4), stored(scalar(-1))], { axis: 1 }),
  node("Gather", 13, [noise(3, 4), integers([0, -1, 2, 2], [2, 2])], { axis: -1 }),
  node("Gather", 13, [integers([5, 6, 7]), integers([2], [])]),
  node("GatherElements", 13, [noise(3, 4), integers([0, -1, 2, 1, 1, 0], [3, 2])], { axis: 1 }),
  node("GatherND", 12, [noise(2, 3, 4), stored(tensor([0, -1, 1, 0], [2, 2], "int32"))]),
  node("GatherND", 13, [noise(2, 3, 4), stored(tensor([2, 0], [2, 1], "int32"))], { batch_dims: 1 }),
  node("ScatterElements", 11, [matrix, integers([0, -1, 2, 1], [2, 2]), noise(2, 2)], { axis: 1 }),
  ...["none", "add", "mul", "max", "min"].flatMap((reduction) => [
    node("ScatterElements", 18, [matrix, integers([0, 2, 1], [1, 3]), noise(1, 3)], { reduction }),
    node("ScatterND", 18, [matrix, stored(tensor([2, 0], [2, 1], "int32")), noise(2, 4)], { reduction }),
  ]),
  node("ScatterElements", 18, [matrix, integers([1, 1], [1, 2]), noise(1, 2)], { axis: 1, reduction: "add" }),
  node("ScatterND", 11, [matrix, stored(tensor([0, -1, 2, 1], [2, 2], "int32")), noise(2)]),
  node("OneHot", 9, [integers([1, -1, 5, 0]), classes, numbers(-1, 2)]),
  node("OneHot", 11, [integers([1, 0, 2, 2], [2, 2]), classes, stored(numbers(0, 1))], { axis: 1 }),
  node("NonZero", 13, [stored(tensor([0, 1, 2, 0, 0, 3], [2, 3]))]),
  node("Compress", 11, [noise(2, 3), truths(1, 0, 0, 1, 1)]),
  node("Compress", 11, [noise(2, 3), truths(0, 1)], { axis: -1 }),
  node("TopK", 9, [noise(3, 5)], { k: 2 }, 2),
  node("TopK", 11, [noise(3, 5), stored(whole(3))], { axis: 0, largest: 0 }, 2),
  node("TopK", 11, [tensor([1, 3, 3, 2, 3], [1, 5]), stored(whole(4))], {}, 2),
];

const types = { float: 1, uint8: 2, int32: 6, int64: 7, bool: 9, double: 11 } as const;
const made: readonly JudgedNode[] = [
  node("Cast", 13, [numbers(-2.7, -0.4, 0, 0.6, 3.2, 250)], { to: types.int32 }),
  node("Cast", 13, [numbers(-2.7, -0.4, 0, 0.6, 3.2, Number.NaN)], { to: types.bool }),
  node("Cast", 9, [numbers(0.6, 3.2, 250)], { to: types.uint8 }),
  node("Cast", 13, [integers([-2, 0, 7])], { to: types.float }),
  node("Cast", 13, [integers([-2, 0, 7])], { to: types.bool }),
  node("CastLike", 15, [numbers(1.5, -2.5), stored(whole(0))]),
  node("ConstantOfShape", 9, [stored(whole(2, 3))]),
  node("ConstantOfShape", 20, [stored(whole())]),
  node("Range", 11, [stored(scalar(3)), stored(scalar(-4)), stored(scalar(-2))]),
  node("Range", 11, [stored(tensor([0.5], [])), stored(tensor([2], [])), stored(tensor([0.4], []))]),
  ...[-1, 0, 2].map((k) => node("EyeLike", 9, [noise(3, 4)], { k })),
  node("EyeLike", 9, [noise(3, 3)], { dtype: types.int64 }),
];

describe.skipIf(!hasRuntime)("EF1 as onnxruntime moves it", () => {
  const all = [shaping, slicing, indexing, made].flat();
  it.each(all.map((given) => [given.title, given] as const))("%s", async (_, given) => {
    await expectJudgement(given);
  });
});
