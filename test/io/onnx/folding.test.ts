// What is known while a file is read is computed at once, but a few bytes of file never become gigabytes of numbers.
import { describe, expect, it } from "vitest";
import { readOnnx } from "../../../src/io/onnx/network.ts";
import { ModelFormatError, ShapeError, UnsupportedOpError } from "../../../src/tensor/errors.ts";
import { full, type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { type OneNode, oneNodeFile, outputOf, stored } from "./one-node.ts";

const whole = (...numbers: number[]): Tensor => tensor(numbers, [numbers.length], "int32");
const scalar = (n: number): Tensor => tensor([n], [], "int32");
const long = full([2 ** 14], 1, "int32");

const absurd: readonly OneNode[] = [
  { operator: "ConstantOfShape", opset: 9, inputs: [stored(whole(1e6, 1e6))] },
  { operator: "OneHot", opset: 11, inputs: [stored(long), stored(scalar(2e9)), stored(whole(0, 1))] },
  { operator: "Range", opset: 11, inputs: [stored(scalar(0)), stored(scalar(2e9)), stored(scalar(1))] },
];

describe("PR16 constants that a file blows up are refused before memory is asked for", () => {
  it.each(absurd)("$operator", async (node) => {
    const network = await readOnnx(oneNodeFile(node));
    expect(() => network.graph()).toThrow(ModelFormatError);
    expect(() => network.graph()).toThrow(/elements.*at most 16777216/);
  });

  it.each([
    { operator: "Expand", opset: 13, inputs: [stored(whole(1)), stored(whole(1e5, 1e5))] },
    { operator: "Tile", opset: 13, inputs: [stored(whole(1, 2)), stored(whole(2e9))] },
  ])("$operator beyond what any tensor holds", async (node) => {
    const network = await readOnnx(oneNodeFile(node));
    expect(() => network.graph()).toThrow(ShapeError);
    expect(() => network.graph()).toThrow(/more than 2\^31 elements/);
  });

  it("a constant that is stretched over a large map is left to the network", async () => {
    const network = await readOnnx(
      oneNodeFile({ operator: "Expand", opset: 13, inputs: [stored(whole(1)), stored(whole(2 ** 14, 2 ** 14))] }),
    );
    const [mask] = network.graph().outputs.values();
    expect(mask.op.name).toBe("broadcastTo");
  });

  it("a sum of constants that stretch each other is left to the network", async () => {
    const network = await readOnnx(oneNodeFile({ operator: "Add", opset: 13, inputs: [stored(long), stored(long.reshape([2 ** 14, 1]))] }));
    const [sum] = network.graph().outputs.values();
    expect(sum.op.name).toBe("add");
    expect(sum.shape).toEqual([2 ** 14, 2 ** 14]);
  });
});

describe("EF1 what is known may decide sizes", () => {
  it("places of what is not 0, and the entries that a condition keeps", async () => {
    const mask = tensor([0, 1, 1, 0, 0, 1], [2, 3], "uint8");
    const places = await outputOf({ operator: "NonZero", opset: 13, inputs: [stored(mask)] });
    expect(places.toNested()).toEqual([
      [0, 0, 1],
      [1, 2, 2],
    ]);
    const kept = await outputOf({
      operator: "Compress",
      opset: 11,
      inputs: [tensor([[1, 2, 3]]), { tensor: tensor([1, 0, 1], [3], "uint8"), type: "bool", stored: true }],
      attributes: { axis: { int: 1 } },
    });
    expect(kept.toNested()).toEqual([[1, 3]]);
  });

  it("what is fed may not, and the message says which input", async () => {
    const network = await readOnnx(oneNodeFile({ operator: "NonZero", opset: 13, inputs: [tensor([0, 1])] }));
    expect(() => network.graph()).toThrow(UnsupportedOpError);
    expect(() => network.graph()).toThrow(/NonZero.*input 0/);
  });
});

describe("EF1 arithmetic on what is known", () => {
  it("integers divide towards zero", async () => {
    const y = await outputOf({ operator: "Div", opset: 13, inputs: [stored(whole(7, -7, 8)), stored(whole(2, 2, -3))] });
    expect([...y.data]).toEqual([3, -3, -2]);
  });

  it("the product of two vectors is a number, that of a matrix and a vector a vector", async () => {
    const [a, b] = [tensor([1, 2, 3]), tensor([4, 5, 6])];
    const dot = await outputOf({ operator: "MatMul", opset: 13, inputs: [a, b] });
    expect([dot.shape, ...dot.data]).toEqual([[], 32]);
    const rows = await outputOf({
      operator: "MatMul",
      opset: 13,
      inputs: [
        tensor([
          [1, 2, 3],
          [0, 1, 0],
        ]),
        b,
      ],
    });
    expect([rows.shape, ...rows.data]).toEqual([[2], 32, 5]);
  });

  it("constants in every form that a node may write them", async () => {
    const constant = (attributes: OneNode["attributes"]): Promise<Tensor> =>
      outputOf({ operator: "Constant", opset: 13, inputs: [], ...(attributes && { attributes }) });
    expect((await constant({ value_float: { float: 0.5 } })).toNested()).toEqual(0.5);
    expect((await constant({ value_floats: { floats: [0.5, 2] } })).toNested()).toEqual([0.5, 2]);
    expect((await constant({ value_int: { int: -3 } })).toNested()).toEqual(-3);
    expect((await constant({ value_ints: { ints: [4, 5] } })).toNested()).toEqual([4, 5]);
    expect((await constant({ value: { tensor: tensor([[1], [2]]) } })).toNested()).toEqual([[1], [2]]);
  });
});
