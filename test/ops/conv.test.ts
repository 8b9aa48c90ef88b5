import { describe, expect, it } from "vitest";
import { convSize, transposedOf, unrolledMatrix } from "../../src/arithmetic/index.ts";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { input, inScope } from "../../src/graph/record.ts";
import {
  concat,
  conv1d,
  conv2d,
  conv3d,
  convFilterGrad,
  convGeometry,
  convInputGrad,
  convOp,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  flip,
  matmul,
  pad,
  reshape,
  slice,
  transpose,
} from "../../src/ops/index.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../src/tensor/errors.ts";
import { random } from "../../src/tensor/random.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { arange, type Nested, ones, Tensor, tensor, zeros } from "../../src/tensor/tensor.ts";
import { fixture } from "../support/fixtures.ts";

interface Guide {
  readonly input: Nested;
  readonly kernel: Nested;
  readonly [name: string]: Nested;
}

/** A picture of one channel. */
const map = (rows: Nested): Tensor => {
  const t = tensor(rows, undefined, "float64");
  return t.reshape([1, 1, ...t.shape]);
};
const rowsOf = (t: Tensor): Nested => t.reshape(t.shape.slice(2)).toNested();

/** Small integers in float64: sums are exact, so equality can be too. */
function integers(shape: Shape, seed: number): Tensor {
  const generator = random(seed);
  return new Tensor(
    Float64Array.from({ length: sizeOf(shape) }, () => generator.integer(19) - 9),
    shape,
  );
}

function dot(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape);
  return Array.from(a.data).reduce((sum, v, i) => sum + v * b.data[i], 0);
}

/** The definition, position by position, for pictures with two spatial axes: shares no code with the op. */
function convByDefinition(x: Tensor, w: Tensor, { stride = 1, before = 0, after = 0, dilation = 1, groups = 1 }): Tensor {
  const [batch, channels, height, width] = x.shape;
  const [outputs, perGroup, rows, columns] = w.shape;
  const size = (n: number, k: number): number => Math.floor((n + before + after - dilation * (k - 1) - 1) / stride) + 1;
  const y = zeros([batch, outputs, size(height, rows), size(width, columns)], "float64");
  const inside = (i: number, n: number): boolean => i >= 0 && i < n;
  let next = 0;
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outputs; o++) {
      for (let r = 0; r < y.shape[2]; r++) {
        for (let s = 0; s < y.shape[3]; s++) {
          let sum = 0;
          for (let c = 0; c < perGroup; c++) {
            for (let a = 0; a < rows; a++) {
              for (let b = 0; b < columns; b++) {
                const [i, j] = [r * stride + a * dilation - before, s * stride + b * dilation - before];
                const channel = Math.floor(o / (outputs / groups)) * (channels / groups) + c;
                if (inside(i, height) && inside(j, width)) sum += w.at(o, c, a, b) * x.at(n, channel, i, j);
              }
            }
          }
          y.data[next++] = sum;
        }
      }
    }
  }
  return y;
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

describe("A8 transposed convolution", () => {
  const figures = [
    ["4.1", 4, 3, 1, 0],
    ["4.2", 5, 4, 1, 2],
    ["4.3", 5, 3, 1, 1],
    ["4.4", 5, 3, 1, 2],
    ["4.5", 5, 3, 2, 0],
    ["4.6", 5, 3, 2, 1],
    ["4.7", 6, 3, 2, 1],
  ] as const;

  it.each(figures)(
    "A8 figure %s: a direct convolution of the stretched, padded input with the turned kernel",
    (_, size, kernel, stride, padding) => {
      const t = transposedOf({ input: size, kernel, stride, padding });
      const [y, w] = [integers([2, 3, t.input, t.input], 20), integers([3, 2, kernel, kernel], 21)];
      const transposed = convTranspose2d(y, w, undefined, { stride, padding, outputPadding: t.extra });
      expect(transposed.shape).toEqual([2, 2, t.output, t.output]);

      const stretched = zeros([2, 3, t.stretched, t.stretched], "float64");
      for (let plane = 0; plane < 6; plane++) {
        for (let i = 0; i < t.input; i++) {
          for (let j = 0; j < t.input; j++) {
            stretched.data[(plane * t.stretched + i * stride) * t.stretched + j * stride] = y.data[(plane * t.input + i) * t.input + j];
          }
        }
      }
      const turned = flip(transpose(w, { permutation: [1, 0, 2, 3] }), { axes: [2, 3] });
      const edges = [t.before, t.after] as const;
      expect(conv2d(stretched, turned, undefined, { padding: [edges, edges] })).toEqual(transposed);
    },
  );

  it.each(figures)("A8 figure %s: <C x, y> = <x, C' y>, exactly", (_, size, kernel, stride, padding) => {
    const [x, w] = [integers([2, 2, size, size], 22), integers([3, 2, kernel, kernel], 23)];
    const out = convSize(size, kernel, stride, padding);
    const y = integers([2, 3, out, out], 24);
    const forward = conv2d(x, w, undefined, { stride, padding });
    expect(dot(forward, y)).toBe(dot(x, convTranspose2d(y, w, undefined, { stride, padding, outputSize: size })));
    expect(dot(forward, y)).toBe(dot(w, convFilterGrad(x, y, { stride, padding, kernelSize: [kernel, kernel] })));
  });

  it("EC12 groups, dilation and bias in 1, 2 and 3 dimensions: the gradient of the convolution it transposes", () => {
    const weight = integers([4, 3, 2, 3], 25);
    const [y, bias] = [integers([2, 4, 3, 2], 26), integers([6], 27)];
    const options = { stride: [2, 1], padding: [1, 0], dilation: [1, 2], groups: 2 } as const;
    const plain = convTranspose2d(y, weight, undefined, options);
    expect(plain.shape).toEqual([2, 6, (3 - 1) * 2 - 2 + 2, 2 - 1 + 5]);
    expect(convInputGrad(y, weight, { ...options, inputSize: plain.shape.slice(2) })).toEqual(plain);
    const biased = convTranspose2d(y, weight, bias, options);
    const plane = sizeOf(plain.shape.slice(2));
    biased.data.forEach((v, i) => {
      expect(v).toBe(plain.data[i] + bias.data[Math.floor(i / plane) % 6]);
    });
    expect(convTranspose1d(integers([1, 2, 4], 28), integers([2, 1, 3], 29), undefined, { stride: 3 }).shape).toEqual([1, 1, 12]);
    expect(convTranspose3d(integers([1, 2, 2, 2, 2], 28), integers([2, 1, 2, 2, 2], 29), undefined, { stride: 2 }).shape).toEqual([
      1, 1, 4, 4, 4,
    ]);
  });

  it("EC13 outputPadding adds rows that real inputs reach, also where only the dilation allows it", () => {
    const [y, w] = [ones([1, 1, 3], "float64"), tensor([[[1, 2, 3]]], undefined, "float64")];
    const longer = convTranspose1d(y, w, undefined, { padding: 1, dilation: 2, outputPadding: 1 });
    const whole = convTranspose1d(y, w, undefined, { dilation: 2 });
    expect(whole.shape).toEqual([1, 1, 7]);
    expect(Array.from(longer.data)).toEqual(Array.from(whole.data).slice(1, 7));
    expect(longer.data[5]).not.toBe(0);
  });

  it('EC13 "same" multiplies the size by the stride', () => {
    for (const [k, s] of [
      [3, 2],
      [2, 3],
      [5, 1],
      [4, 4],
    ]) {
      for (const padding of ["same", "same-lower"] as const) {
        const y = convTranspose1d(ones([1, 1, 5]), ones([1, 1, k]), undefined, { stride: s, padding });
        expect(y.shape).toEqual([1, 1, 5 * s]);
      }
    }
  });

  it("EC13 impossible sizes are refused with the possible ones", () => {
    const [y, w] = [ones([1, 1, 3]), ones([1, 1, 3])];
    expect(() => convTranspose1d(y, w, undefined, { stride: 2, outputSize: 6 })).toThrow(
      "convTranspose1d: outputSize 6 on spatial axis 0 is outside 7..8",
    );
    expect(() => convTranspose1d(y, w, undefined, { stride: 2, outputPadding: 2 })).toThrow(ArgumentError);
    expect(() => convTranspose1d(y, w, undefined, { outputSize: 5, outputPadding: 0 })).toThrow(/give one/);
    expect(() => convTranspose1d(y, w, undefined, { padding: 3 })).toThrow("(3 - 1)·1 - 3 - 3 + 3 + 0 = -1");
    expect(() => convTranspose1d(ones([1, 2, 3]), w)).toThrow("input has 2 channels, but the kernel [1, 1, 3] expects 1");
    expect(() => convTranspose1d(y, w, ones([2]))).toThrow("bias has shape [2]; expected [1]");
    expect(() => convTranspose2d(y, w)).toThrow(ShapeError);
    expect(() => convTranspose1d(y, w, undefined, { strides: 2 } as object)).toThrow(/unknown option "strides"/);
  });
});

describe("variants", () => {
  it("B1 a 1x1 convolution is a matrix product per pixel: 60 channels to 20 filters", () => {
    const [x, w] = [integers([1, 60, 10, 10], 30), integers([20, 60, 1, 1], 31)];
    const y = conv2d(x, w);
    expect(y.shape).toEqual([1, 20, 10, 10]);
    expect(y.data).toEqual(matmul(w.reshape([20, 60]), x.reshape([60, 100])).data);
  });

  it("B2 groups: the concatenation of separate convolutions, with exactly no gradient across", () => {
    const [x, w] = [integers([2, 4, 5, 5], 32), integers([6, 2, 3, 3], 33)];
    const y = conv2d(x, w, undefined, { groups: 2 });
    const halves = [0, 1].map((g) => {
      const channels = slice(x, { starts: [0, 2 * g, 0, 0], ends: [2, 2 * g + 2, 5, 5] });
      return conv2d(channels, slice(w, { starts: [3 * g, 0, 0, 0], ends: [3 * g + 3, 2, 3, 3] }));
    });
    expect(y).toEqual(concat(halves, { axis: 1 }));

    const g = y.clone();
    g.data.fill(1);
    for (let n = 0; n < 2; n++) g.data.fill(0, (n * 6 + 3) * 9, (n + 1) * 6 * 9);
    const dx = convInputGrad(g, w, { groups: 2, inputSize: [5, 5] });
    for (let n = 0; n < 2; n++) {
      expect(dx.data.subarray((n * 4 + 2) * 25, (n + 1) * 100).every((v) => v === 0)).toBe(true);
      expect(dx.data.subarray(n * 100, (n * 4 + 2) * 25).some((v) => v !== 0)).toBe(true);
    }
  });

  it("B3 depthwise with multiplier 2: output channel 2c + j reads channel c alone", () => {
    const [x, w] = [integers([1, 3, 4, 4], 34), integers([6, 1, 3, 3], 35)];
    const y = conv2d(x, w, undefined, { groups: 3 });
    for (let o = 0; o < 6; o++) {
      const own = conv2d(
        x
          .entry(0)
          .entry(Math.floor(o / 2))
          .reshape([1, 1, 4, 4]),
        w.entry(o).reshape([1, 1, 3, 3]),
      );
      expect(Array.from(y.entry(0).entry(o).data)).toEqual(Array.from(own.data));
    }
  });

  it("B7 a dilated kernel gives the same as the kernel stuffed with zeros, and so do its gradients", () => {
    const [x, w] = [integers([2, 2, 11, 10], 36), integers([3, 2, 3, 2], 37)];
    const stuffed = zeros([3, 2, 7, 3], "float64");
    for (let plane = 0; plane < 6; plane++) {
      for (let a = 0; a < 3; a++) for (let b = 0; b < 2; b++) stuffed.data[plane * 21 + a * 9 + b * 2] = w.data[plane * 6 + a * 2 + b];
    }
    const options = { stride: [2, 1], padding: [3, 1] } as const;
    const dilated = { ...options, dilation: [3, 2] } as const;
    const y = conv2d(x, w, undefined, dilated);
    expect(conv2d(x, stuffed, undefined, options)).toEqual(y);
    const g = integers(y.shape, 38);
    expect(convInputGrad(g, stuffed, { ...options, inputSize: [11, 10] })).toEqual(
      convInputGrad(g, w, { ...dilated, inputSize: [11, 10] }),
    );
    // The stuffed kernel's own gradient has entries at the zeros, too; those at the taps are the dilated kernel's.
    const dense = convFilterGrad(x, g, { ...options, kernelSize: [7, 3] });
    const sparse = convFilterGrad(x, g, { ...dilated, kernelSize: [3, 2] });
    for (let plane = 0; plane < 6; plane++) {
      for (let a = 0; a < 3; a++) {
        for (let b = 0; b < 2; b++) expect(sparse.data[plane * 6 + a * 2 + b]).toBe(dense.data[plane * 21 + a * 9 + b * 2]);
      }
    }
  });

  it.each([
    ["reflect", [3, 2, 1, 2, 3, 4, 3, 2]],
    ["replicate", [1, 1, 1, 2, 3, 4, 4, 4]],
    ["circular", [3, 4, 1, 2, 3, 4, 1, 2]],
    ["symmetric", [2, 1, 1, 2, 3, 4, 4, 3]],
    ["zeros", [0, 0, 1, 2, 3, 4, 0, 0]],
  ] as const)("EC7 padding mode %s", (paddingMode, padded) => {
    const x = tensor([[[1, 2, 3, 4]]]);
    const sees = (tap: number): number[] => {
      const w = zeros([1, 1, 5]);
      w.data[tap] = 1;
      return Array.from(conv1d(x, w, undefined, { padding: 2, paddingMode }).data);
    };
    for (let tap = 0; tap < 5; tap++) expect(sees(tap)).toEqual(padded.slice(tap, tap + 4));
    const [named] = [conv1d(x, ones([1, 1, 5]), undefined, { padding: "same", paddingMode })];
    expect(named).toEqual(conv1d(x, ones([1, 1, 5]), undefined, { padding: 2, paddingMode }));
  });

  it("EC7 the gradient of a padding mode flows back to the source element", () => {
    const x = input("x", [1, 1, 4], "float64");
    const y = conv1d(x, input("w", [1, 1, 1], "float64"), undefined, { padding: 2, paddingMode: "reflect" });
    const [g] = gradient(y, [x]);
    const w = y.inputs[1];
    const [counts] = evaluateValues([g], new Map([[w, ones([1, 1, 1], "float64")]]));
    expect(Array.from(counts.data)).toEqual([1, 3, 3, 1]);
  });

  it("EC4 negative padding crops: the same as slicing first", () => {
    const [x, w] = [integers([1, 2, 7, 8], 39), integers([3, 2, 2, 2], 40)];
    const cropped = slice(x, { starts: [0, 0, 2, 0], ends: [1, 2, 7, 7] });
    const padding = [
      [-2, 1],
      [0, -1],
    ] as const;
    expect(conv2d(x, w, undefined, { padding })).toEqual(
      conv2d(
        pad(cropped, [
          [0, 0],
          [0, 0],
          [0, 1],
          [0, 0],
        ]),
        w,
      ),
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
