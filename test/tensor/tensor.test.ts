import { describe, expect, test } from "vitest";
import {
  ArgumentError,
  arange,
  broadcastShapes,
  DTypeError,
  full,
  normaliseAxes,
  ShapeError,
  Tensor,
  tensor,
  zeros,
} from "../../src/tensor/index.ts";

describe("tensors", () => {
  test("read their shape off nested arrays and give them back", () => {
    const t = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(t.shape).toEqual([2, 3]);
    expect(t.dtype).toBe("float32");
    expect(t.at(1, 2)).toBe(6);
    expect(t.toNested()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(tensor(5).shape).toEqual([]);
    expect(tensor(5).item()).toBe(5);
  });

  test("copy what they are made from, and share what they are reshaped to", () => {
    const source = new Float32Array([1, 2, 3, 4]);
    const t = tensor(source, [2, 2]);
    source[0] = 9;
    expect(t.data[0]).toBe(1);
    const flat = t.reshape([-1]);
    flat.data[3] = 7;
    expect(t.at(1, 1)).toBe(7);
    expect(t.entry(1).toNested()).toEqual([3, 7]);
  });

  test("keep every element type", () => {
    for (const dtype of ["float32", "float64", "int32", "uint8"] as const)
      expect(full([2], 3, dtype).cast("float64").dtype).toBe("float64");
    expect(tensor([1.7, 300], undefined, "uint8").toNested()).toEqual([1, 44]);
    expect(arange(6, [2, 3], "int32").toNested()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
  });

  test("refuse what does not fit, with the numbers", () => {
    expect(() => new Tensor(new Float32Array(5), [2, 3])).toThrow(
      new ShapeError("tensor: shape [2, 3] needs 6 elements, but the data has 5"),
    );
    expect(() => tensor([[1, 2], [3]])).toThrow(/ragged/);
    expect(() => tensor([[1, 2], 3])).toThrow(ShapeError);
    expect(() => zeros([2, -1])).toThrow(/sizes are integers >= 0/);
    expect(() => zeros([65536, 65536])).toThrow(/2\^31/);
    expect(() => zeros([1], "float16" as never)).toThrow(DTypeError);
    expect(() => tensor([1, 2]).item()).toThrow(ShapeError);
    expect(() => tensor([1, 2]).at(2)).toThrow(/outside 0\.\.1/);
    expect(() => zeros([2, 3]).reshape([4, -1])).toThrow(ShapeError);
  });
});

test("broadcasting aligns axes at the right and names the axis that does not fit", () => {
  expect(broadcastShapes([[4, 1, 3], [5, 1], []])).toEqual([4, 5, 3]);
  expect(() =>
    broadcastShapes(
      [
        [2, 3],
        [4, 3],
      ],
      "add",
    ),
  ).toThrow("add: shapes [2, 3] and [4, 3] do not broadcast: axis -2 has sizes 2 and 4");
});

test("axes may be negative, but not absent or doubled", () => {
  expect(normaliseAxes([-1, 0], 3)).toEqual([0, 2]);
  expect(normaliseAxes(undefined, 2)).toEqual([0, 1]);
  expect(() => normaliseAxes([0, -2], 2)).toThrow(ArgumentError);
  expect(() => normaliseAxes(2, 2)).toThrow(/out of range/);
});
