// Configurations of convolution that are worth testing on every backend, written as forward convolutions; the cases of the two
// gradients are the same configurations seen from their side.
import type { OpCase } from "../graph/op.ts";
import type { Shape } from "../tensor/shape.ts";

interface ConvCase extends OpCase {
  /** x, weight and perhaps bias. */
  readonly inputs: readonly Shape[];
}

export const convCases: readonly ConvCase[] = [
  { title: "2d", inputs: [[2, 3, 7, 6], [4, 3, 3, 3], [4]] },
  { title: "2d, padding 1, odd map", inputs: [[1, 2, 5, 7], [3, 2, 3, 3], [3]], attrs: { padding: 1 } },
  { title: "2d, 1x1 kernel", inputs: [[2, 5, 4, 3], [7, 5, 1, 1], [7]] },
  {
    title: "2d, 1x1 kernel, stride 2",
    inputs: [
      [1, 4, 5, 6],
      [4, 4, 1, 1],
    ],
    attrs: { stride: 2 },
  },
  { title: "2d, stride 2, uncovered border", inputs: [[2, 3, 6, 6], [4, 3, 3, 3], [4]], attrs: { stride: 2, padding: 1 } },
  {
    title: "2d, stride larger than the kernel",
    inputs: [
      [1, 2, 9, 8],
      [3, 2, 2, 2],
    ],
    attrs: { stride: [3, 4] },
  },
  {
    title: "2d, dilation 2",
    inputs: [
      [1, 3, 9, 9],
      [2, 3, 3, 3],
    ],
    attrs: { dilation: 2, padding: 2 },
  },
  {
    title: "2d, dilation with stride, different per axis",
    inputs: [[1, 2, 11, 12], [3, 2, 3, 2], [3]],
    attrs: { stride: [2, 3], dilation: [3, 2], padding: [1, 2] },
  },
  { title: "2d, 2 groups", inputs: [[2, 4, 5, 5], [6, 2, 3, 3], [6]], attrs: { groups: 2, padding: 1 } },
  { title: "2d, depthwise", inputs: [[2, 5, 6, 5], [5, 1, 3, 3], [5]], attrs: { groups: 5, padding: 1 } },
  {
    title: "2d, depthwise, multiplier 2, stride 2",
    inputs: [
      [1, 3, 7, 7],
      [6, 1, 3, 3],
    ],
    attrs: { groups: 3, stride: 2 },
  },
  {
    title: "2d, asymmetric padding",
    inputs: [[1, 2, 5, 4], [3, 2, 3, 2], [3]],
    attrs: {
      padding: [
        [2, 0],
        [0, 3],
      ],
    },
  },
  {
    title: "2d, negative padding crops",
    inputs: [
      [1, 2, 7, 8],
      [2, 2, 3, 3],
    ],
    attrs: {
      padding: [
        [-1, 1],
        [0, -2],
      ],
    },
  },
  { title: "2d, padding larger than the kernel", inputs: [[1, 1, 3, 3], [2, 1, 2, 2], [2]], attrs: { padding: [3, 4] } },
  {
    title: "2d, same with stride 2",
    inputs: [
      [1, 2, 7, 6],
      [3, 2, 3, 4],
    ],
    attrs: { stride: 2, padding: "same" },
  },
  {
    title: "2d, same-lower with stride 3",
    inputs: [
      [1, 2, 7, 8],
      [2, 2, 5, 2],
    ],
    attrs: { stride: 3, padding: "same-lower" },
  },
  {
    title: "2d, full",
    inputs: [
      [1, 2, 2, 3],
      [2, 2, 3, 3],
    ],
    attrs: { padding: "full" },
  },
  { title: "2d, kernel as large as the input", inputs: [[2, 3, 4, 5], [6, 3, 4, 5], [6]] },
  {
    title: "2d, 1x5 kernel",
    inputs: [
      [1, 3, 4, 9],
      [5, 3, 1, 5],
    ],
    attrs: { padding: [0, 2] },
  },
  { title: "2d, odd numbers of channels", inputs: [[2, 17, 3, 3], [19, 17, 3, 3], [19]], attrs: { padding: 1 } },
  { title: "1d, stride 2", inputs: [[2, 3, 11], [4, 3, 4], [4]], attrs: { stride: 2, padding: 1 } },
  { title: "1d, causal, dilation 4", inputs: [[1, 2, 12], [3, 2, 2], [3]], attrs: { dilation: 4, padding: "causal" } },
  {
    title: "3d",
    inputs: [[1, 2, 4, 5, 3], [3, 2, 2, 3, 2], [3]],
    attrs: {
      padding: [
        [0, 0],
        [1, 1],
        [0, 1],
      ],
    },
  },
  {
    title: "3d, groups, stride and dilation",
    inputs: [
      [1, 4, 5, 6, 7],
      [4, 2, 2, 2, 3],
    ],
    attrs: { groups: 2, stride: [2, 1, 2], dilation: [1, 2, 2] },
  },
];

/** The same configurations for `convInputGrad(g, weight)`; `outputOf` gives the shape of g. */
export function inputGradCases(outputOf: (c: OpCase) => Shape): OpCase[] {
  return convCases.map((c) => ({
    ...c,
    inputs: [outputOf(c), c.inputs[1]],
    attrs: { ...c.attrs, inputSize: c.inputs[0].slice(2) },
  }));
}

/** The same configurations for `convFilterGrad(x, g)`. */
export function filterGradCases(outputOf: (c: OpCase) => Shape): OpCase[] {
  return convCases.map((c) => ({
    ...c,
    inputs: [c.inputs[0], outputOf(c)],
    attrs: { ...c.attrs, kernelSize: c.inputs[1].slice(2) },
  }));
}
