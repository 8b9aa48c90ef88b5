// Optional tensors before the options: they may be given, left out, or said to be absent, and the options follow in each case.
import { describe, expect, it } from "vitest";
import { input } from "../../src/graph/index.ts";
import * as ops from "../../src/ops/index.ts";
import { ArgumentError, arange, ones, random, randomNormal, ShapeError, type Tensor, tensor } from "../../src/tensor/index.ts";

const normal = (seed: number, ...shape: number[]): Tensor => randomNormal(shape, random(seed));
const x = normal(1, 2, 4, 6, 6);
const w = normal(2, 4, 4, 3, 3);
const b = normal(3, 4);
const line = normal(4, 2, 4, 9);
const cube = normal(5, 1, 2, 4, 4, 4);
const offset = normal(6, 2, 18, 4, 4);
const mean = normal(7, 4);
const variance = ones([4]);

describe("options directly after the operands that must be there", () => {
  it("conv2d(x, w, { stride: 2 })", () => {
    expect(ops.conv2d(x, w, { stride: 2 })).toEqual(ops.conv2d(x, w, undefined, { stride: 2 }));
    expect(ops.conv2d(x, w, { stride: 2 }).shape).toEqual([2, 4, 2, 2]);
  });

  const rows: readonly [string, (...absent: (undefined | null)[]) => Tensor][] = [
    ["conv1d", (...a) => ops.conv1d(line, normal(8, 3, 4, 3), ...(a as [undefined]), { padding: 1 })],
    ["conv3d", (...a) => ops.conv3d(cube, normal(9, 3, 2, 2, 2, 2), ...(a as [undefined]), { stride: 2 })],
    ["convTranspose1d", (...a) => ops.convTranspose1d(line, normal(8, 4, 3, 3), ...(a as [undefined]), { stride: 2 })],
    ["convTranspose2d", (...a) => ops.convTranspose2d(x, w, ...(a as [undefined]), { stride: 2 })],
    ["convTranspose3d", (...a) => ops.convTranspose3d(cube, normal(9, 2, 3, 2, 2, 2), ...(a as [undefined]), { stride: 2 })],
    ["locallyConnected2d", (...a) => ops.locallyConnected2d(x, normal(8, 16, 2, 36), ...(a as [undefined]), { kernelSize: 3 })],
    ["partialConv", (...a) => ops.partialConv(x, ones([2, 1, 6, 6]), w, ...(a as [undefined]), { padding: 1 }).y],
    ["rmsNorm", (...a) => ops.rmsNorm(x, ...(a as [undefined]), { eps: 0.5 })],
  ];
  it.each(rows)("%s", (_, call) => {
    expect(call()).toEqual(call(undefined));
    expect(call()).toEqual(call(null));
  });

  const two: readonly [string, (...absent: (undefined | null)[]) => Tensor][] = [
    ["deformConv2d", (...a) => ops.deformConv2d(x, offset, w, ...(a as [undefined]), { stride: 1 })],
    ["layerNorm", (...a) => ops.layerNorm(x, ...(a as [undefined]), { eps: 0.5 })],
    ["groupNorm", (...a) => ops.groupNorm(x, ...(a as [undefined]), { groups: 2 })],
    ["instanceNorm", (...a) => ops.instanceNorm(x, ...(a as [undefined]), { eps: 0.5 })],
    ["batchNorm", (...a) => ops.batchNorm(x, mean, variance, ...(a as [undefined]), { eps: 0.5 })],
    ["batchNormTraining", (...a) => ops.batchNormTraining(x, ...(a as [undefined]), { eps: 0.5 })],
  ];
  it.each(two)("%s, with two optional operands", (_, call) => {
    for (const absent of [[undefined], [undefined, undefined], [null], [null, undefined], [null, null]]) {
      expect(call(...absent)).toEqual(call());
    }
  });
});

describe("operands that are there", () => {
  it("a bias alone, and a bias with options", () => {
    const shifted = ops.add(ops.conv2d(x, w, { padding: 1 }), b.reshape([4, 1, 1]));
    const given = ops.conv2d(x, w, b, { padding: 1 });
    for (let i = 0; i < given.size; i++) expect(given.data[i]).toBeCloseTo(shifted.data[i], 5);
    expect(ops.conv2d(x, w, b).shape).toEqual([2, 4, 4, 4]);
  });

  it("a weight without a bias, then options", () => {
    expect(ops.layerNorm(line, ones([9]), { eps: 0.5 })).toEqual(ops.layerNorm(line, { eps: 0.5 }));
    expect(ops.batchNorm(x, mean, variance, b, { eps: 0.5 })).toEqual(ops.batchNorm(x, mean, variance, b, null, { eps: 0.5 }));
  });

  it("a mask without a bias", () => {
    const mask = ones([2, 9, 4, 4]);
    expect(ops.deformConv2d(x, offset, w, null, mask, { stride: 1 })).toEqual(ops.deformConv2d(x, offset, w, { stride: 1 }));
  });

  it("linear takes null for a missing bias", () => {
    expect(ops.linear(tensor([[1, 2]]), tensor([[3, 4]]), null).toNested()).toEqual([[11]]);
  });

  it("works on graph values, and keeps their type", () => {
    const y = ops.conv2d(input("x", [1, 4, 6, 6]), input("w", [4, 4, 3, 3]), { stride: 2 });
    expect(y.op.name).toBe("conv");
    expect(y.shape).toEqual([1, 4, 2, 2]);
  });
});

describe("what is refused", () => {
  const conv2d = ops.conv2d as (...given: unknown[]) => unknown;
  it.each([
    ["a number for the bias", [x, w, 7], /conv2d: bias is 7; expected a Tensor, a graph Value or options/],
    ["a string for the bias", [x, w, "same"], /conv2d: bias is "same"/],
    ["a number for the options", [x, w, b, 7], /conv2d: options is 7/],
    ["a list for the options", [x, w, b, [1]], /conv2d: options is \[1\]/],
    ["a tensor for the options", [x, w, b, b], /conv2d: there is a tensor too many/],
    ["options twice", [x, w, { stride: 2 }, { stride: 2 }], /conv2d: nothing can follow the options/],
    ["options before the bias", [x, w, { stride: 2 }, b], /conv2d: nothing can follow the options/],
    ["no input", [undefined, w], /conv2d: x is undefined; expected a Tensor or a graph Value/],
    ["no weight", [x], /conv2d: weight is undefined/],
    ["nested arrays", [[[1]], w], /conv2d: x is \[\[1\]\]/],
    ["an unknown option", [x, w, { strid: 2 }], /unknown option "strid" \(did you mean "stride"\?\)/],
  ])("%s", (_, given, message) => {
    expect(() => conv2d(...given)).toThrow(ArgumentError);
    expect(() => conv2d(...given)).toThrow(message);
  });

  it("a bias of the wrong size", () => {
    expect(() => ops.conv2d(x, w, arange(3))).toThrow(ShapeError);
  });
});
