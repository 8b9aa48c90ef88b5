// What the cases and PyTorch's numbers do not say of gathers, scatters, contractions and integers: errors, and what compiling changes.
import { afterAll, describe, expect, it } from "vitest";
import { compileWasm, stopWorkers } from "../../src/backends/wasm/index.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { input } from "../../src/graph/record.ts";
import * as ops from "../../src/ops/index.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../src/tensor/errors.ts";
import { arange, type Tensor, tensor } from "../../src/tensor/tensor.ts";

afterAll(() => stopWorkers());

const int32 = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor => tensor(values, shape, "int32");

describe("indices", () => {
  const table = arange(6, [2, 3]);

  it("outside are refused with the range", () => {
    expect(() => ops.gather(table, int32([3]), { axis: 1 })).toThrow(ArgumentError);
    expect(() => ops.gather(table, int32([3]), { axis: 1 })).toThrow(/gather: index 3 is out of range for an axis of 3 elements \(-3..2\)/);
    expect(() => ops.gatherElements(table, int32([-4], [1, 1]), { axis: 1 })).toThrow(/gatherElements: index -4/);
    expect(() => ops.gatherNd(table, int32([1, 3], [1, 2]))).toThrow(/gatherNd: index 3/);
    expect(() => ops.scatterNd(table, int32([2], [1, 1]), arange(3, [1, 3]))).toThrow(/scatterNd: index 2/);
  });

  it("outside read zeros and write nothing in a compiled program", async () => {
    const x = input("x", [2, 3]);
    const i = input("i", [3], "int32");
    const read = ops.gather(x, i, { axis: 1 });
    const written = ops.scatterElements(x, ops.reshape(i, [1, 3]), ops.slice(x, { starts: [0], ends: [1] }), { axis: 1, reduction: "add" });
    const program = await compileWasm(createGraph({ outputs: { read, written } }), { threads: 1 });
    const out = await program.run({ x: arange(6, [2, 3]), i: int32([2, 3, -4]) });
    expect(Array.from(out.read.data)).toEqual([2, 0, 0, 5, 0, 0]);
    expect(Array.from(out.written.data)).toEqual([0, 1, 2, 3, 4, 5]);
    program.release();
  });

  it("are int32, and fit the tensor", () => {
    expect(() => ops.gather(table, tensor([0]))).toThrow(DTypeError);
    expect(() => ops.gatherElements(table, int32([0, 0], [2, 1]), { axis: 0 })).not.toThrow();
    expect(() => ops.gatherElements(table, int32([0, 0, 0, 0], [1, 4]), { axis: 0 })).toThrow(ShapeError);
    expect(() => ops.gatherNd(table, int32([0, 0, 0], [1, 3]))).toThrow(/tuples of 3 indices/);
    expect(() => ops.topKValues(table, { k: 4 })).toThrow(/k is 4, but axis 1 of \[2, 3\] has 3 elements/);
  });
});

describe("einsum", () => {
  const [a, b] = [arange(6, [2, 3]), arange(12, [3, 4])];

  it("refuses equations that do not fit, and says why", () => {
    expect(() => ops.einsum("ij,jk->ik", [a])).toThrow(/has 2 terms for 1 operands/);
    expect(() => ops.einsum("ijk,jk", [a, b])).toThrow(/the term "ijk" names 3 axes, but operand 0 is \[2, 3\]/);
    expect(() => ops.einsum("ij,ik", [a, b])).toThrow(/axis "i" has size 3 in operand 1, but 2 before/);
    expect(() => ops.einsum("ij->il", [a])).toThrow(/"l" in the result/);
    expect(() => ops.einsum("ij->ii", [a])).toThrow(ArgumentError);
    expect(() => ops.einsum("ii", [arange(3, [1, 3])])).toThrow(/"i" names axes of sizes 1 and 3 of operand 0/);
    expect(() => ops.einsum("i.j", [a])).toThrow(/must be letters/);
    expect(() => ops.einsum("i->j->k", [a])).toThrow(/more than one/);
  });
});

describe("integers", () => {
  it("are cut off and wrap between one op and the next, compiled too", async () => {
    const x = input("x", [4], "int32");
    const halved = ops.mul(ops.div(x, 2), 2);
    const wrapped = ops.div(ops.add(x, 2 ** 31 - 1), 2);
    const nothing = ops.div(x, 0);
    const program = await compileWasm(createGraph({ outputs: { halved, wrapped, nothing } }), { threads: 1 });
    const given = int32([7, -7, 1, 0]);
    const out = await program.run({ x: given });
    expect(Array.from(out.halved.data)).toEqual([6, -6, 0, 0]);
    expect(Array.from(out.wrapped.data)).toEqual([-1073741821, 1073741820, -1073741824, 1073741823]);
    expect(Array.from(out.nothing.data)).toEqual([0, 0, 0, 0]);
    expect(Array.from(ops.div(ops.add(given, 2 ** 31 - 1), 2).data)).toEqual(Array.from(out.wrapped.data));
    program.release();
  });

  it("choose by conditions of another type", () => {
    const mask = tensor([0, 1, 2], [3], "uint8");
    expect(Array.from(ops.where(mask, int32([1, 2, 3]), -1).data)).toEqual([-1, 2, 3]);
    expect(Array.from(ops.where(tensor([0.5, 0]), int32([1, 2]), int32([3, 4])).data)).toEqual([1, 4]);
  });
});
