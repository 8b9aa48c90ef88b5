// Operators that are newer than the public vectors, against PyTorch (tools/golden_onnx_ops.py made the file), what files may not ask for,
// and rules where the standard's own texts, vectors and runtimes disagree (docs/onnx-rules.md).
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { arange, type Tensor, tensor, zeros } from "../../../src/tensor/tensor.ts";
import { type NodeAttribute, type NodeInput, type OneNode, outputOf, runOneNode, stored } from "./one-node.ts";

interface GoldenTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface GoldenNode {
  readonly operator: string;
  readonly opset: number;
  readonly attributes: Readonly<Record<string, number | string | readonly number[]>>;
  readonly inputs: readonly (GoldenTensor | { readonly stored: readonly number[] } | null)[];
  readonly outputs: readonly GoldenTensor[];
}

const golden = (): readonly GoldenNode[] => JSON.parse(readFileSync(new URL("../../golden/onnx-nodes.json", import.meta.url), "utf8")).rows;

/** Attributes that are floats even where their number is whole. */
const floats = ["epsilon", "momentum", "cubic_coeff_a"];

function attribute(name: string, value: GoldenNode["attributes"][string]): NodeAttribute {
  if (typeof value === "string") return { string: value };
  if (typeof value !== "number") return { ints: value };
  return floats.includes(name) ? { float: value } : { int: value };
}

function input(given: GoldenNode["inputs"][number]): Tensor | NodeInput | undefined {
  if (given === null) return undefined;
  return "stored" in given ? stored(tensor([...given.stored], [given.stored.length], "int32")) : tensor([...given.data], given.shape);
}

const x = arange(16, [1, 1, 4, 4]);
const ints = (...list: number[]): NodeAttribute => ({ ints: list });
const numbers = (...list: number[]): NodeInput => stored(tensor(list, [list.length], "int32"));
const scalar = (n: number): NodeInput => stored(tensor([n], []));

describe("EF1 operators newer than the public vectors, as PyTorch computes them", () => {
  const rows = golden().map((row, i) => [`${i} ${row.operator} ${row.opset} ${JSON.stringify(row.attributes)}`, row] as const);
  it.each(rows)("%s", async (_, { operator, opset, attributes, inputs, outputs }) => {
    const results = await runOneNode({
      operator,
      opset,
      inputs: inputs.map(input),
      attributes: Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, attribute(name, value)])),
      outputs: outputs.length,
    });
    outputs.forEach(({ shape, data }, k) => {
      expect(results[k].shape).toEqual(shape);
      const largest = Math.max(1, ...data.map(Math.abs));
      data.forEach((v, i) => {
        if (!(Math.abs(results[k].data[i] - v) <= 1e-5 * largest))
          expect.fail(`output ${k}, entry ${i}: ${results[k].data[i]}, PyTorch has ${v}`);
      });
    });
  });
});

describe("EF1 rules that are disputed", () => {
  const ramp = tensor([1, 1, 1], [1, 1, 3]);
  const taps = tensor([1, 2, 4], [1, 1, 3]);
  const transposed = (attributes: NonNullable<OneNode["attributes"]>): OneNode => ({
    operator: "ConvTranspose",
    opset: 11,
    inputs: [ramp, taps],
    attributes,
  });
  const full = [1, 2, 5, 2, 5, 2, 4];

  it.each([
    ["NOTSET", full.slice(1)],
    ["SAME_LOWER", full.slice(1)],
    ["SAME_UPPER", full.slice(0, 6)],
  ])("the odd element that output_shape cuts off, auto_pad %s", async (auto_pad, wanted) => {
    const y = await outputOf(transposed({ strides: ints(2), output_shape: ints(6), auto_pad: { string: auto_pad } }));
    expect([...y.data]).toEqual(wanted);
  });

  it("a transposed convolution that is SAME is as large as input times stride, even where windows leave gaps", async () => {
    const y = await outputOf(transposed({ strides: ints(5), auto_pad: { string: "SAME_UPPER" } }));
    expect([...y.data]).toEqual([1, 2, 4, 0, 0, 1, 2, 4, 0, 0, 1, 2, 4, 0, 0]);
  });

  it("numbers of MaxUnpool count in the windows' size, and a larger output_shape is filled up at the ends", async () => {
    const values = tensor([5, 6, 7, 8], [1, 1, 2, 2]);
    const where = stored(tensor([5, 7, 13, 15], [1, 1, 2, 2], "int32"));
    const attributes = { kernel_shape: ints(2, 2), strides: ints(2, 2) };
    const y = await outputOf({ operator: "MaxUnpool", opset: 11, inputs: [values, where, numbers(1, 1, 5, 6)], attributes });
    expect(y.shape).toEqual([1, 1, 5, 6]);
    expect([...y.data.entries()].filter(([, v]) => v !== 0)).toEqual([
      [7, 5],
      [9, 6],
      [19, 7],
      [21, 8],
    ]);
  });

  it("values of overlapping windows do not add up when they are put back", async () => {
    const attributes = { kernel_shape: ints(2), strides: ints(1) };
    const y = await outputOf({
      operator: "MaxUnpool",
      opset: 9,
      inputs: [tensor([3, 3], [1, 1, 2]), stored(tensor([1, 1], [1, 1, 2], "int32"))],
      attributes,
    });
    expect([...y.data]).toEqual([0, 3, 0]);
  });

  it("with axes, scales and sizes follow their order", async () => {
    const y = await outputOf({
      operator: "Resize",
      opset: 18,
      inputs: [x, undefined, undefined, numbers(2, 8)],
      attributes: { axes: ints(3, 2) },
    });
    expect(y.shape).toEqual([1, 1, 8, 2]);
  });

  it("a scale stored as float32 means the ratio that it rounds", async () => {
    const line = arange(30, [1, 1, 30]);
    const attributes = { nearest_mode: { string: "floor" }, coordinate_transformation_mode: { string: "asymmetric" } };
    const y = await outputOf({ operator: "Resize", opset: 13, inputs: [line, undefined, stored(tensor([1, 1, 1 / 3]))], attributes });
    expect([...y.data]).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 24, 27]);
  });

  it.each([
    [2 / 3, [0, 2, 3, 5, 6, 8]],
    [0.7, [0, 1, 3, 4, 6, 7, 9]],
    [0.3, [0, 3, 7]],
  ])("a scale stored as float32 means a simple fraction: %d", async (scale, wanted) => {
    const attributes = { nearest_mode: { string: "round_prefer_ceil" }, coordinate_transformation_mode: { string: "asymmetric" } };
    const y = await outputOf({
      operator: "Resize",
      opset: 13,
      inputs: [arange(10, [1, 1, 10]), undefined, stored(tensor([1, 1, scale]))],
      attributes,
    });
    expect([...y.data]).toEqual(wanted);
  });

  it("symmetric half pixels leave positions on elements where they fall on them", async () => {
    const attributes = { nearest_mode: { string: "ceil" }, coordinate_transformation_mode: { string: "half_pixel_symmetric" } };
    const y = await outputOf({
      operator: "Resize",
      opset: 19,
      inputs: [arange(3, [1, 1, 3]), undefined, stored(tensor([1, 1, 1.5]))],
      attributes,
    });
    // (j - 3/2) / 1.5 + 1 = 0, 2/3, 4/3, 2
    expect([...y.data]).toEqual([0, 1, 2, 2]);
  });

  it("sizes by scales are rounded down in float32", async () => {
    const y = await outputOf({ operator: "Resize", opset: 13, inputs: [arange(10, [1, 1, 10]), undefined, stored(tensor([1, 1, 0.7]))] });
    expect(y.shape).toEqual([1, 1, 7]);
  });

  it.each([
    ["Resize", 10],
    ["Upsample", 9],
  ] as const)("%s %i takes the element before, also when it reduces", async (operator, opset) => {
    const y = await outputOf({ operator, opset, inputs: [arange(10, [1, 1, 10]), stored(tensor([1, 1, 0.7]))] });
    expect([...y.data]).toEqual([0, 1, 2, 4, 5, 7, 8]);
  });

  it("Upsample before version 7 has a scale for rows and one for columns", async () => {
    const attributes = { height_scale: { float: 1 }, width_scale: { float: 2 }, mode: { string: "nearest" } };
    const y = await outputOf({ operator: "Upsample", opset: 6, inputs: [tensor([1, 2, 3, 4], [1, 1, 2, 2])], attributes });
    expect(y.shape).toEqual([1, 1, 2, 4]);
    expect([...y.data]).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
  });

  it("what Pad crops appears in no border", async () => {
    const line = tensor([1, 2, 3, 4], [4]);
    const y = await outputOf({ operator: "Pad", opset: 19, inputs: [line, numbers(-1, 2)], attributes: { mode: { string: "wrap" } } });
    expect([...y.data]).toEqual([2, 3, 4, 2, 3]);
  });

  it.each([1, 2])("a vector of zeros has no direction: LpNormalization, p %i", async (p) => {
    const y = await outputOf({ operator: "LpNormalization", opset: 6, inputs: [zeros([1, 3])], attributes: { p: { int: p } } });
    expect([...y.data]).toEqual([0, 0, 0]);
  });

  it("Dropout drops nothing in old files that do not say that they are tested", async () => {
    const [y, mask] = await runOneNode({ operator: "Dropout", opset: 6, inputs: [x], attributes: { ratio: { float: 0.9 } }, outputs: 2 });
    expect(y.data).toEqual(x.data);
    expect(mask.data).toEqual(new Float32Array(16).fill(1));
  });
});

describe("EF1 what the standard does not allow, or fovea does not read", () => {
  const four = tensor([1, 1, 1, 1], [4]);
  const refused: readonly (readonly [string, OneNode, RegExp])[] = [
    [
      "statistics per position",
      { operator: "BatchNormalization", opset: 7, inputs: [x, four, four, four, four], attributes: { spatial: { int: 0 } } },
      /BatchNormalization.*spatial is 0/,
    ],
    [
      "dropout in training",
      { operator: "Dropout", opset: 13, inputs: [x, scalar(0.5), stored(tensor([1], [], "int32"))] },
      /training_mode is set, with ratio 0\.5/,
    ],
    [
      "deformed sequences",
      { operator: "DeformConv", opset: 19, inputs: [zeros([1, 1, 5]), zeros([1, 1, 3]), zeros([1, 3, 3])] },
      /1 spatial axes; fovea deforms/,
    ],
    [
      "a kernel that kernel_shape denies",
      { operator: "Conv", opset: 11, inputs: [x, zeros([1, 1, 3, 3])], attributes: { kernel_shape: ints(3, 2) } },
      /kernel_shape is \[3, 2\], but the kernel is \[1, 1, 3, 3\]/,
    ],
    [
      "too few strides",
      { operator: "MaxPool", opset: 11, inputs: [x], attributes: { kernel_shape: ints(2, 2), strides: ints(2) } },
      /strides has 1 entries for 2 spatial axes/,
    ],
    [
      "a stride of 0",
      { operator: "Conv", opset: 11, inputs: [x, zeros([1, 1, 3, 3])], attributes: { strides: ints(0, 1) } },
      /strides is \[0, 1\]; expected integers >= 1/,
    ],
    [
      "windows padded by less than nothing",
      { operator: "Conv", opset: 11, inputs: [x, zeros([1, 1, 3, 3])], attributes: { pads: ints(0, 0, -1, 0) } },
      /pads is \[0, 0, -1, 0\]/,
    ],
    [
      "an unknown auto_pad",
      { operator: "MaxPool", opset: 11, inputs: [x], attributes: { kernel_shape: ints(2, 2), auto_pad: { string: "SAME" } } },
      /auto_pad is "SAME"; expected one of NOTSET/,
    ],
    ["a pooling without windows", { operator: "AveragePool", opset: 11, inputs: [x] }, /kernel_shape is missing/],
    [
      "an empty result",
      { operator: "ConvTranspose", opset: 11, inputs: [x, zeros([1, 1, 1, 1])], attributes: { pads: ints(2, 0, 2, 0) } },
      /reach over 4 positions of spatial axis 0, and 4 are cut off/,
    ],
    [
      "scales and sizes at once",
      { operator: "Resize", opset: 13, inputs: [x, undefined, stored(tensor([1, 1, 2, 2])), numbers(1, 1, 8, 8)] },
      /either scales or sizes/,
    ],
    ["a scale of 0", { operator: "Upsample", opset: 9, inputs: [x, stored(tensor([1, 1, 0, 2]))] }, /its scales are \[1, 1, 0, 2\]/],
    [
      "a hostile scale",
      { operator: "Upsample", opset: 9, inputs: [x, stored(tensor([1, 1, 2 ** 22, 1]))] },
      /an axis would have 16777216 positions/,
    ],
    [
      "hostile windows",
      { operator: "MaxPool", opset: 11, inputs: [x], attributes: { kernel_shape: ints(2 ** 28, 1), pads: ints(2 ** 28 - 1, 0, 0, 0) } },
      /windows of \[268435456, 1\] are more than 1048576 elements large/,
    ],
    [
      "hostile neighbourhoods",
      { operator: "LRN", opset: 13, inputs: [x], attributes: { size: { int: 2 ** 28 } } },
      /a window over 268435456 channels/,
    ],
    [
      "hostile sampling",
      { operator: "RoiAlign", opset: 16, inputs: [x, zeros([1, 4]), numbers(0)], attributes: { sampling_ratio: { int: 2 ** 28 } } },
      /sampling_ratio is 268435456; fovea takes at most 1024/,
    ],
    [
      "an unknown convention",
      {
        operator: "Resize",
        opset: 13,
        inputs: [x, undefined, stored(tensor([1, 1, 2, 2]))],
        attributes: { coordinate_transformation_mode: { string: "middle" } },
      },
      /coordinate_transformation_mode is "middle"/,
    ],
    ["too few pads", { operator: "Pad", opset: 13, inputs: [x, numbers(1, 1)] }, /pads has 2 entries; expected 8/],
    [
      "an axis named twice",
      { operator: "Pad", opset: 18, inputs: [x, numbers(1, 1, 1, 1), undefined, numbers(3, -1)] },
      /name an axis twice/,
    ],
    [
      "blocks that do not divide",
      { operator: "DepthToSpace", opset: 13, inputs: [x], attributes: { blocksize: { int: 2 } } },
      /1 channels do not divide into blocks of 2 x 2/,
    ],
    [
      "groups that do not divide",
      { operator: "GroupNormalization", opset: 21, inputs: [x, four, four], attributes: { num_groups: { int: 3 } } },
      /num_groups is 3, which does not divide 1 channels/,
    ],
  ];
  it.each(refused)("%s", async (_, node, message) => {
    await expect(runOneNode(node)).rejects.toThrow(message);
  });
});
