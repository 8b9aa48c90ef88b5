// Transposed convolution against the guide's figures: the gradient of the convolution that it transposes.
import { describe, expect, it } from "vitest";
import { convSize, transposedOf } from "../../src/arithmetic/index.ts";
import {
  conv2d,
  convFilterGrad,
  convInputGrad,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  flip,
  transpose,
} from "../../src/ops/index.ts";
import { ArgumentError, ShapeError } from "../../src/tensor/errors.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { ones, tensor, zeros } from "../../src/tensor/tensor.ts";
import { dot, integers } from "./conv-support.ts";

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
