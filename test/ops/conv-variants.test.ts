// Variants of convolution as what they are equal to: matrix products, separate groups, stuffed kernels, padded pictures.
import { describe, expect, it } from "vitest";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { input } from "../../src/graph/record.ts";
import { concat, conv1d, conv2d, convFilterGrad, convInputGrad, matmul, pad, slice } from "../../src/ops/index.ts";
import { ones, tensor, zeros } from "../../src/tensor/tensor.ts";
import { integers } from "./conv-support.ts";

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
