// Convolution against its definition and the guide's worked numbers; what it refuses.
import { describe, expect, it } from "vitest";
import { unrolledMatrix } from "../../src/arithmetic/index.ts";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { input, inScope } from "../../src/graph/record.ts";
import {
  conv1d,
  conv2d,
  conv3d,
  convFilterGrad,
  convGeometry,
  convInputGrad,
  convOp,
  convTranspose2d,
  matmul,
  reshape,
  slice,
} from "../../src/ops/index.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../src/tensor/errors.ts";
import { random } from "../../src/tensor/random.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { arange, type Nested, ones, Tensor, zeros } from "../../src/tensor/tensor.ts";
import { fixture } from "../support/fixtures.ts";
import { convByDefinition, integers, map, rowsOf } from "./conv-support.ts";

interface Guide {
  readonly input: Nested;
  readonly kernel: Nested;
  readonly [name: string]: Nested;
}

describe("the guide's worked numbers", () => {
  const guide = fixture<Guide>("guide");
  const x = map(guide.input);
  const k = map(guide.kernel);

  it.each([
    ["valid_stride1", {}],
    ["stride2_padding1", { stride: 2, padding: 1 }],
    ["same_padding1", { padding: "same" }],
    ["full_padding2", { padding: "full" }],
    ["flipped_kernel_valid", { flipKernel: true }],
  ] as const)("A1 V1 %s", (name, options) => {
    expect(rowsOf(conv2d(x, k, undefined, options))).toEqual(guide[name]);
  });

  it.each([
    ["transpose_of_valid_applied_to_valid_stride1", "valid_stride1", {}],
    ["transpose_of_stride2_padding1_applied_to_its_output_extra0", "stride2_padding1", { stride: 2, padding: 1 }],
    ["transpose_of_stride2_padding1_applied_to_its_output_extra1", "stride2_padding1", { stride: 2, padding: 1, outputPadding: 1 }],
  ] as const)("V3 %s", (name, output, options) => {
    expect(rowsOf(convTranspose2d(map(guide[output]), k, undefined, options))).toEqual(guide[name]);
  });

  it("V4 dilation 2 on 0..48 as 7x7", () => {
    const y = conv2d(arange(49, [1, 1, 7, 7], "float64"), k, undefined, { dilation: 2 });
    expect(rowsOf(y)).toEqual(guide.dilation2_valid_on_0_to_48_as_7x7);
  });

  it("E2 kernel and input gradients for upstream ones; the latter is the full convolution with the flipped kernel", () => {
    const upstream = ones([1, 1, 3, 3], "float64");
    const [xs, ks] = [input("x", x.shape, "float64"), input("k", k.shape, "float64")];
    const [dx, dk] = evaluateValues(
      gradient(conv2d(xs, ks), [xs, ks]),
      new Map([
        [xs, x],
        [ks, k],
      ]),
    );
    expect(rowsOf(dk)).toEqual(guide.kernel_gradient_of_valid_for_upstream_ones);
    expect(rowsOf(dx)).toEqual(guide.input_gradient_of_valid_for_upstream_ones);
    expect(conv2d(upstream, k, undefined, { padding: "full", flipKernel: true })).toEqual(dx);
    expect(convFilterGrad(x, upstream, { kernelSize: [3, 3] })).toEqual(dk);
  });
});

describe("A1 forward", () => {
  it("A1 figure 9.1: every output of a 3x4 input under a 2x2 kernel is the sum of four products", () => {
    const x = integers([1, 1, 3, 4], 1);
    const w = integers([1, 1, 2, 2], 2);
    const [a, b, c, d, e, f, g, h, i, j, k, l] = x.data;
    const [p, q, r, s] = w.data;
    expect(rowsOf(conv2d(x, w))).toEqual([
      [a * p + b * q + e * r + f * s, b * p + c * q + f * r + g * s, c * p + d * q + g * r + h * s],
      [e * p + f * q + i * r + j * s, f * p + g * q + j * r + k * s, g * p + h * q + k * r + l * s],
    ]);
  });

  it.each([
    [[2, 3, 7, 6], [4, 3, 3, 2], {}],
    [[1, 4, 9, 8], [6, 2, 3, 3], { stride: 2, before: 1, after: 2, groups: 2 }],
    [[1, 2, 11, 10], [2, 2, 3, 3], { stride: 3, dilation: 2, before: 2, after: 0 }],
    [[1, 2, 8, 7], [3, 2, 2, 2], { before: -1, after: -2 }],
    [[2, 5, 4, 4], [5, 1, 3, 3], { groups: 5, before: 1, after: 1 }],
  ] as const)("A1 %j * %j %o equals the definition", (xShape, wShape, options) => {
    const [x, w] = [integers(xShape, 3), integers(wShape, 4)];
    const {
      before = 0,
      after = 0,
      ...rest
    }: { before?: number; after?: number; stride?: number; dilation?: number; groups?: number } = options;
    const padding = [
      [before, after],
      [before, after],
    ] as const;
    expect(conv2d(x, w, undefined, { ...rest, padding })).toEqual(convByDefinition(x, w, options));
  });

  it("A1 bias is added to every position of its channel", () => {
    const [x, w, bias] = [integers([1, 2, 4, 4], 5), integers([3, 2, 3, 3], 6), integers([3], 7)];
    const [plain, biased] = [conv2d(x, w), conv2d(x, w, bias)];
    biased.data.forEach((v, i) => {
      expect(v).toBe(plain.data[i] + bias.data[Math.floor(i / 4)]);
    });
  });

  it("A9 2 maps to 3: the sum of the single-map convolutions", () => {
    const [x, w] = [integers([1, 2, 5, 6], 8), integers([3, 2, 3, 3], 9)];
    const y = conv2d(x, w);
    for (let o = 0; o < 3; o++) {
      const parts = [0, 1].map((c) => conv2d(x.entry(0).entry(c).reshape([1, 1, 5, 6]), w.entry(o).entry(c).reshape([1, 1, 3, 3])));
      expect(Array.from(y.entry(0).entry(o).data)).toEqual(Array.from(parts[0].data, (v, i) => v + parts[1].data[i]));
    }
  });

  it("A10 stride 2 equals stride 1 subsampled, bit for bit", () => {
    const generator = random(10);
    const noise = (shape: Shape): Tensor =>
      new Tensor(
        Float32Array.from({ length: sizeOf(shape) }, () => generator.normal()),
        shape,
      );
    const [x, w] = [noise([2, 3, 9, 8]), noise([4, 3, 3, 3])];
    const every = slice(conv2d(x, w, undefined, { padding: 1 }), { starts: [0, 0, 0, 0], ends: [2, 4, 9, 8], steps: [1, 1, 2, 2] });
    expect(conv2d(x, w, undefined, { padding: 1, stride: 2 })).toEqual(every);
  });

  it("A11 a 2-d and a 1-d convolution are 3-d ones with axes of size 1", () => {
    const [x, w] = [integers([2, 3, 1, 6, 5], 11), integers([4, 3, 1, 3, 2], 12)];
    const y = conv3d(x, w, undefined, { stride: [1, 2, 1], padding: [0, 1, 0], dilation: [1, 1, 2] });
    const flat = conv2d(x.reshape([2, 3, 6, 5]), w.reshape([4, 3, 3, 2]), undefined, { stride: [2, 1], padding: [1, 0], dilation: [1, 2] });
    expect(y.data).toEqual(flat.data);
    const [line, taps] = [integers([2, 3, 9], 13), integers([4, 3, 4], 14)];
    expect(conv1d(line, taps, undefined, { stride: 2, padding: "same" }).data).toEqual(
      conv2d(line.reshape([2, 3, 1, 9]), taps.reshape([4, 3, 1, 4]), undefined, { stride: [1, 2], padding: "same" }).data,
    );
  });

  it("A7 the unrolled matrix times vec(x) convolves, and its transpose is the transposed convolution", () => {
    const [x, w] = [integers([1, 1, 4, 5], 15), integers([1, 1, 3, 3], 16)];
    const options = { stride: 2, padding: 1 } as const;
    const { axes } = convGeometry(x.shape, w.shape, {
      stride: [2, 2],
      padding: [
        [1, 1],
        [1, 1],
      ],
      dilation: [1, 1],
      groups: 1,
    });
    const { rows, columns, data } = unrolledMatrix(w.data, axes);
    const y = conv2d(x, w, undefined, options);
    const c = new Tensor(data, [rows, columns]);
    expect(matmul(c, x.reshape([columns, 1])).data).toEqual(y.data);
    expect(matmul(c, y.reshape([rows, 1]), { transposeA: true }).data).toEqual(
      convTranspose2d(y, w, undefined, { ...options, outputSize: [4, 5] }).data,
    );
  });
});

describe("bad input", () => {
  const x = ones([1, 64, 8, 8]);

  it("names the layer, the numbers and what was expected", () => {
    const build = (): unknown => inScope("features.3", () => conv2d(input("x", x.shape), input("w", [128, 32, 3, 3])));
    expect(build).toThrow(ShapeError);
    expect(build).toThrow('conv "features.3": input has 64 channels, but the kernel [128, 32, 3, 3] with groups 1 expects 32');
  });

  it("EC10 groups that do not divide: the error names all three numbers", () => {
    expect(() => conv2d(x, ones([9, 64, 1, 1]), undefined, { groups: 4 })).toThrow(
      "groups 4 must divide the input's 64 channels and the kernel's 9 output channels",
    );
  });

  it("an output size below 1 is refused with the arithmetic", () => {
    expect(() => conv2d(x, ones([1, 64, 3, 11]), undefined, { padding: 1 })).toThrow(
      "conv: spatial axis 1: the kernel 11 does not fit into 8 + 1 + 1 = 10: output size floor((8 + 1 + 1 - 11) / 1) + 1 = 0",
    );
  });

  it.each([
    [
      "rank",
      () => conv2d(ones([64, 8, 8]), ones([1, 64, 3, 3])),
      ShapeError,
      "conv2d: input has shape [64, 8, 8]; expected [batch, channels, height, width]",
    ],
    ["kernel rank", () => conv2d(x, ones([1, 64, 3])), ShapeError, "kernel [1, 64, 3]"],
    ["bias", () => conv2d(x, ones([2, 64, 3, 3]), ones([3])), ShapeError, "bias has shape [3]; expected [2]"],
    [
      "stride 0",
      () => conv2d(x, ones([1, 64, 3, 3]), undefined, { stride: 0 }),
      ArgumentError,
      "conv: stride is 0; expected an integer >= 1",
    ],
    [
      "stride count",
      () => conv2d(x, ones([1, 64, 3, 3]), undefined, { stride: [1, 1, 1] }),
      ArgumentError,
      "stride has 3 entries for 2 spatial axes",
    ],
    ["padding name", () => conv2d(x, ones([1, 64, 3, 3]), undefined, { padding: "SAME" as "same" }), ArgumentError, '"SAME"'],
    ["padding mode", () => conv2d(x, ones([1, 64, 3, 3]), undefined, { paddingMode: "mirror" as "reflect" }), ArgumentError, '"mirror"'],
    [
      "unknown option",
      () => conv2d(x, ones([1, 64, 3, 3]), undefined, { strides: 2 } as object),
      ArgumentError,
      'unknown option "strides"',
    ],
    ["mixed types", () => conv2d(x, ones([1, 64, 3, 3], "float64")), DTypeError, "float32, float64"],
    ["integers", () => conv2d(ones([1, 1, 3, 3], "int32"), ones([1, 1, 1, 1], "int32")), DTypeError, "int32"],
    [
      "gradient size",
      () => convInputGrad(ones([1, 2, 4, 4]), ones([2, 3, 3, 3]), { inputSize: [7, 6] }),
      ShapeError,
      "gradient has shape [1, 2, 4, 4]",
    ],
    ["kernel size", () => convFilterGrad(x, ones([1, 2, 6, 6]), { kernelSize: [3] }), ShapeError, "kernelSize [3] needs 2 entries"],
  ] as const)("%s", (_, build, error, message) => {
    expect(build).toThrow(error);
    expect(build).toThrow(message);
  });
});

describe("the op", () => {
  it("A14 multiply-adds are positions times weights", () => {
    const shapes = { x: [2, 64, 56, 56], weight: [128, 32, 3, 3] };
    const attrs = convOp.parse({ groups: 2, stride: 2, padding: 1 }, { ...shapes, all: Object.values(shapes) } as never, "conv");
    const cost = convOp.cost({ ...shapes, all: Object.values(shapes) } as never, attrs, [2, 128, 28, 28]);
    expect(cost.macs).toBe(2 * 128 * 28 * 28 * 32 * 9);
  });

  it("an empty batch gives an empty result and a filter gradient of zeros", () => {
    const x = zeros([0, 2, 5, 5]);
    const y = conv2d(x, ones([3, 2, 3, 3]));
    expect(y.shape).toEqual([0, 3, 3, 3]);
    expect(convFilterGrad(x, y, { kernelSize: [3, 3] })).toEqual(zeros([3, 2, 3, 3]));
  });

  it("reshaping a batch entry by entry gives the same as the batch", () => {
    const [x, w] = [integers([3, 2, 5, 5], 41), integers([4, 2, 3, 3], 42)];
    const y = conv2d(x, w);
    for (let n = 0; n < 3; n++) expect(conv2d(reshape(x.entry(n), [1, 2, 5, 5]), w).entry(0)).toEqual(y.entry(n).clone());
  });
});
