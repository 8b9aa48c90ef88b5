// One operator at a time, in every version and form that matters, against onnxruntime: an independent reading of the same files. Where the
// two are known to disagree, the case is not here but in vectors.test.ts or operators.test.ts, beside whoever decides.
import { describe, it } from "vitest";
import type { Shape } from "../../../src/tensor/shape.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { hasRuntime } from "../../support/onnxruntime.ts";
import { expectJudgement, type JudgedNode, node, noise, whole } from "./judging.ts";
import { type OneNode, stored } from "./one-node.ts";

const positive = (...shape: number[]): Tensor =>
  tensor(
    Float32Array.from(noise(...shape).data, (v) => Math.abs(v) + 0.1),
    shape,
  );
const real = (...numbers: number[]): Tensor => tensor(numbers, [numbers.length]);
const list = (values: readonly number[], shape: Shape): Tensor => tensor(Float32Array.from(values), shape);

const autoPads = ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"];

const convolutions: readonly JudgedNode[] = [
  ...autoPads.flatMap((auto_pad) => [
    node("Conv", 11, [noise(2, 4, 7, 6), noise(6, 4, 3, 2), noise(6)], { auto_pad, strides: [2, 1] }),
    node("ConvTranspose", 11, [noise(1, 3, 4, 3), noise(3, 2, 4, 3), noise(2)], { auto_pad, strides: [3, 2] }),
    node("ConvTranspose", 11, [noise(1, 3, 4, 3), noise(3, 2, 4, 4)], { auto_pad, strides: [2, 2], output_shape: [7, 9] }),
  ]),
  node("Conv", 6, [noise(1, 4, 9), noise(6, 2, 3)], { group: 2, pads: [1, 2], dilations: [2], strides: [2] }),
  node("Conv", 21, [noise(1, 4, 9, 8), noise(4, 1, 3, 3)], { group: 4, pads: [1, 2, 0, 1], kernel_shape: [3, 3] }),
  node("Conv", 11, [noise(1, 2, 4, 5, 6), noise(3, 2, 2, 3, 1), noise(3)], { pads: [0, 1, 2, 1, 0, 1], strides: [1, 2, 2] }),
  node("ConvTranspose", 6, [noise(2, 4, 5), noise(4, 3, 3), noise(6)], { group: 2, strides: [2], output_padding: [1], pads: [1, 0] }),
  node("ConvTranspose", 11, [noise(1, 2, 3, 2, 3), noise(2, 2, 2, 3, 2)], { strides: [2, 1, 3], dilations: [1, 2, 1] }),
  node("ConvTranspose", 11, [noise(1, 2, 4, 4), noise(2, 1, 3, 3)], { strides: [2, 2], output_padding: [1, 0], output_shape: [8, 10] }),
  node("DeformConv", 19, [noise(2, 3, 5, 4), noise(4, 3, 3, 3), noise(2, 18, 3, 2), noise(4)]),
  node("DeformConv", 19, [noise(1, 4, 7, 6), noise(6, 2, 2, 3), noise(1, 24, 4, 3), undefined, noise(1, 12, 4, 3)], {
    group: 2,
    offset_group: 2,
    strides: [2, 2],
    pads: [1, 2, 1, 2],
    dilations: [1, 2],
  }),
  node("DeformConv", 19, [noise(1, 2, 4, 4), noise(2, 2, 2, 2), noise(1, 8, 4, 3), noise(2), noise(1, 4, 4, 3)], { pads: [0, 0, 1, 0] }),
  node("Col2Im", 18, [noise(2, 18, 6), stored(whole(5, 4)), stored(whole(3, 3))], { strides: [2, 2], pads: [1, 1, 1, 1] }),
  node("Col2Im", 18, [noise(1, 12, 2), stored(whole(4, 7)), stored(whole(2, 3))], {
    strides: [2, 3],
    dilations: [3, 1],
    pads: [0, 1, 1, 0],
  }),
  node("Col2Im", 18, [noise(1, 4, 5), stored(whole(6)), stored(whole(2))]),
];

const poolings: readonly JudgedNode[] = [
  ...autoPads.flatMap((auto_pad) => [
    node("MaxPool", 12, [noise(1, 2, 7, 6)], { auto_pad, kernel_shape: [3, 2], strides: [2, 2] }, 2),
    node("AveragePool", 10, [noise(1, 2, 7, 6)], { auto_pad, kernel_shape: [3, 3], strides: [2, 3] }),
    node("LpPool", 11, [noise(1, 2, 7, 6)], { auto_pad, kernel_shape: [3, 2], strides: [2, 1] }),
  ]),
  ...[0, 1].flatMap((ceil_mode) => [
    node("MaxPool", 10, [noise(2, 2, 8, 9)], { ceil_mode, kernel_shape: [3, 3], strides: [2, 3], pads: [1, 0, 0, 2] }),
    node(
      "MaxPool",
      12,
      [noise(1, 2, 8, 9)],
      { ceil_mode, kernel_shape: [2, 3], strides: [3, 2], dilations: [2, 2], pads: [1, 1, 1, 1] },
      2,
    ),
    node("AveragePool", 11, [noise(1, 2, 8, 9)], { ceil_mode, kernel_shape: [3, 4], strides: [3, 2], pads: [1, 1, 0, 1] }),
    node("AveragePool", 11, [noise(1, 2, 8, 9)], {
      ceil_mode,
      kernel_shape: [3, 4],
      strides: [3, 2],
      pads: [1, 1, 0, 1],
      count_include_pad: 1,
    }),
    node("AveragePool", 19, [noise(1, 2, 9, 8)], {
      ceil_mode,
      kernel_shape: [2, 3],
      strides: [2, 2],
      dilations: [2, 1],
      pads: [1, 0, 1, 1],
    }),
    node("AveragePool", 19, [noise(1, 1, 9, 8)], {
      ceil_mode,
      kernel_shape: [2, 3],
      dilations: [3, 2],
      pads: [1, 2, 1, 1],
      count_include_pad: 1,
    }),
    node("LpPool", 18, [noise(1, 2, 9, 8)], {
      ceil_mode,
      kernel_shape: [2, 3],
      strides: [2, 2],
      dilations: [2, 1],
      pads: [1, 0, 1, 1],
      p: 3,
    }),
  ]),
  node("MaxPool", 11, [noise(1, 1, 8)], { kernel_shape: [3], strides: [2], auto_pad: "VALID", ceil_mode: 1 }),
  node("MaxPool", 8, [noise(2, 2, 6, 5)], { kernel_shape: [2, 2], strides: [2, 1] }, 2),
  node("MaxPool", 8, [noise(2, 2, 6, 5)], { kernel_shape: [2, 2], strides: [2, 1], storage_order: 1 }, 2),
  node("MaxPool", 12, [noise(2, 1, 4, 5, 3)], { kernel_shape: [2, 2, 2], pads: [0, 1, 0, 0, 0, 1], storage_order: 1 }, 2),
  node("MaxPool", 12, [noise(2, 3, 9)], { kernel_shape: [4], strides: [3], pads: [3, 3] }, 2),
  node("MaxPool", 6, [noise(1, 2, 5, 5)], { kernel_shape: [3, 3], strides: [2, 2], pads: [2, 2, 2, 2] }),
  node(
    "MaxPool",
    12,
    [
      {
        tensor: tensor(
          Array.from({ length: 25 }, (_, i) => (i * 37) % 251),
          [1, 1, 5, 5],
          "uint8",
        ),
        type: "uint8",
      },
    ],
    {
      kernel_shape: [3, 3],
      pads: [1, 1, 1, 1],
    },
  ),
  node("AveragePool", 7, [noise(1, 2, 5)], { kernel_shape: [3], pads: [2, 2] }),
  node("AveragePool", 7, [noise(1, 2, 4, 5, 6)], {
    kernel_shape: [2, 2, 3],
    strides: [1, 2, 2],
    pads: [1, 0, 1, 0, 1, 1],
    count_include_pad: 1,
  }),
  node("LpPool", 6, [noise(1, 2, 9)], { kernel_shape: [3], p: 1, strides: [2], pads: [1, 1] }),
  node("GlobalAveragePool", 6, [noise(2, 3, 4, 5)]),
  node("GlobalAveragePool", 6, [noise(2, 3, 7)]),
  node("GlobalMaxPool", 6, [noise(2, 3, 2, 3, 4)]),
  node("GlobalLpPool", 6, [noise(2, 3, 4, 5)]),
  node("GlobalLpPool", 6, [noise(2, 3, 4, 5)], { p: 3 }),
  node("MaxUnpool", 11, [noise(2, 1, 2, 2), stored(tensor([0, 3, 9, 14, 17, 22, 24, 31], [2, 1, 2, 2], "int32"))], {
    kernel_shape: [2, 2],
    strides: [2, 2],
  }),
];

const boxes = list([0.3, 0.7, 4.1, 5.2, -3, 4, 3, 9, 2, 2, 3, 3], [3, 4]);
const pictures = stored(whole(1, 0, 1));
const regions: readonly JudgedNode[] = [
  ...["avg", "max"].flatMap((mode) => [
    node("RoiAlign", 10, [noise(2, 3, 7, 6), boxes, pictures], { mode, output_height: 2, output_width: 3, sampling_ratio: 2 }),
    node("RoiAlign", 16, [noise(2, 2, 7, 6), boxes, pictures], { mode, output_height: 3, output_width: 2, spatial_scale: { float: 0.75 } }),
    node("RoiAlign", 16, [noise(2, 2, 7, 6), boxes, pictures], { mode, coordinate_transformation_mode: "output_half_pixel" }),
  ]),
  node("MaxRoiPool", 6, [noise(2, 2, 8, 7), list([0, 0, 0, 5, 6, 1, 2, 1, 5, 4, 1, 1, 3, 3, 6], [3, 5])], { pooled_shape: [2, 3] }),
  node("MaxRoiPool", 6, [noise(2, 1, 8, 7), list([0, 0.3, 1.1, 9.2, 11.4, 1, 2.4, 1.6, 12, 7], [2, 5])], {
    pooled_shape: [3, 2],
    spatial_scale: { float: 0.5 },
  }),
];

const channels = (count: number): Tensor[] => [noise(count), noise(count)];
const norms: readonly JudgedNode[] = [
  ...[7, 9, 14, 15].map((opset) => node("BatchNormalization", opset, [noise(2, 3, 4, 5), ...channels(3), noise(3), positive(3)])),
  node("BatchNormalization", 9, [noise(4, 3), ...channels(3), noise(3), positive(3)], { epsilon: { float: 0.1 } }),
  node("BatchNormalization", 15, [noise(2, 2, 3, 2, 4), ...channels(2), noise(2), positive(2)]),
  node("InstanceNormalization", 6, [noise(2, 3, 4, 5), ...channels(3)], { epsilon: { float: 0.01 } }),
  node("InstanceNormalization", 6, [noise(2, 3, 7), ...channels(3)]),
  node("InstanceNormalization", 6, [noise(2, 3, 1, 1), ...channels(3)], { epsilon: { float: 1 } }),
  node("LayerNormalization", 17, [noise(2, 3, 4), noise(4), noise(4)], {}, 3),
  node("LayerNormalization", 17, [noise(2, 3, 4), noise(3, 4)], { axis: 1, epsilon: { float: 0.1 } }, 3),
  node("LayerNormalization", 17, [noise(2, 3, 4), noise(4), noise(4)], { axis: -2 }),
  node("GroupNormalization", 21, [noise(2, 6, 3, 2), ...channels(6)], { num_groups: 3 }),
  node("GroupNormalization", 21, [noise(2, 4, 5), ...channels(4)], { num_groups: 1, epsilon: { float: 0.1 } }),
  ...[1, 2].flatMap((p) => [
    node("LpNormalization", 6, [noise(3, 4)], { p }),
    node("LpNormalization", 6, [list([1, 0, 2, 0, 0, 0], [2, 3])], { p, axis: 0 }),
  ]),
  node("MeanVarianceNormalization", 9, [noise(2, 3, 4, 5)]),
  node("MeanVarianceNormalization", 13, [noise(2, 3, 4)], { axes: [0, -1] }),
  ...[1, 3, 5].map((size) =>
    node("LRN", 6, [noise(2, 6, 3, 2)], { size, alpha: { float: 0.3 }, beta: { float: 0.6 }, bias: { float: 1.5 } }),
  ),
  ...[7, 10].map((opset) => node("Dropout", opset, [noise(3, 4)], { ratio: { float: 0.7 } })),
  node("Dropout", 13, [noise(3, 4), stored(tensor([0.3], []))], {}, 2),
];

const positions = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"];
const bySize = (...sizes: number[]): OneNode["inputs"] => [undefined, undefined, stored(whole(...sizes))];
const byScale = (...scales: number[]): OneNode["inputs"] => [undefined, stored(real(...scales))];
const resizing: readonly JudgedNode[] = [
  ...positions.flatMap((coordinate_transformation_mode) => [
    ...["linear", "cubic"].flatMap((mode) => [
      node("Resize", 13, [noise(1, 2, 4, 5), ...bySize(1, 2, 7, 3)], { coordinate_transformation_mode, mode }),
      // With aligned corners the vectors count with the unrounded length, onnxruntime with the rounded one.
      ...(coordinate_transformation_mode === "align_corners"
        ? []
        : [node("Resize", 13, [noise(1, 2, 4, 5), ...byScale(1, 1, 1.7, 0.6)], { coordinate_transformation_mode, mode })]),
    ]),
    ...["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"].flatMap((nearest_mode) => [
      node("Resize", 13, [noise(1, 2, 4, 5), ...bySize(1, 2, 7, 3)], { coordinate_transformation_mode, nearest_mode }),
      node("Resize", 11, [noise(1, 2, 5, 6), stored(real()), stored(real(1, 1, 0.6, 1 / 3))], {
        coordinate_transformation_mode,
        nearest_mode,
      }),
    ]),
    node("Resize", 18, [noise(1, 1, 9, 4), ...bySize(1, 1, 4, 7)], { coordinate_transformation_mode, mode: "linear", antialias: 1 }),
    node("Resize", 18, [noise(1, 1, 11, 6), ...bySize(1, 1, 4, 9)], { coordinate_transformation_mode, mode: "cubic", antialias: 1 }),
  ]),
  node("Resize", 10, [noise(1, 2, 4, 5), stored(real(1, 1, 2, 3))]),
  node("Resize", 10, [noise(1, 2, 4, 5), stored(real(1, 1, 2, 1.5))], { mode: "linear" }),
  node("Resize", 11, [noise(1, 2, 4, 5), stored(real()), stored(real()), stored(whole(1, 2, 7, 3))], {
    coordinate_transformation_mode: "tf_half_pixel_for_nn",
  }),
  node("Resize", 13, [noise(1, 1, 5, 4), ...byScale(1, 1, 1.6, 0.75)], {
    mode: "cubic",
    cubic_coeff_a: { float: -0.5 },
    exclude_outside: 1,
  }),
  node("Resize", 13, [noise(1, 1, 5, 4), ...bySize(1, 1, 8, 3)], {
    mode: "cubic",
    coordinate_transformation_mode: "asymmetric",
    exclude_outside: 1,
  }),
  node("Resize", 13, [noise(1, 1, 3, 4), ...bySize(1, 1, 1, 1)], { mode: "linear", coordinate_transformation_mode: "pytorch_half_pixel" }),
  node("Resize", 13, [noise(1, 1, 3, 4, 5), ...bySize(1, 1, 5, 3, 6)], { mode: "linear" }),
  node("Resize", 13, [noise(3, 4), ...bySize(5, 7)], { mode: "linear" }),
  node("Resize", 13, [noise(1, 1, 7), ...byScale(1, 1, 0.7)], { mode: "linear" }),
  ...["linear", "nearest"].flatMap((mode) => [
    node("Resize", 13, [noise(1, 1, 4, 5), stored(real(0, 0, 0.2, -0.3, 1, 1, 0.7, 1.2)), undefined, stored(whole(1, 1, 3, 6))], {
      mode,
      coordinate_transformation_mode: "tf_crop_and_resize",
      extrapolation_value: { float: 7 },
    }),
    node("Resize", 18, [noise(1, 2, 4, 5), stored(real(0.4, 0.6, 0.65, 0.8)), undefined, stored(whole(3, 1))], {
      mode,
      axes: [2, 3],
      coordinate_transformation_mode: "tf_crop_and_resize",
    }),
  ]),
  ...["not_larger", "not_smaller", "stretch"].flatMap((keep_aspect_ratio_policy) => [
    node("Resize", 18, [noise(1, 2, 4, 5), ...bySize(7, 8)], { axes: [2, 3], keep_aspect_ratio_policy, mode: "linear" }),
    node("Resize", 18, [noise(1, 2, 4, 5), ...bySize(6, 3)], { axes: [2, 3], keep_aspect_ratio_policy }),
  ]),
  node("Resize", 18, [noise(1, 2, 4, 5), ...bySize(3, 6)], { axes: [-1, 2] }),
  ...["linear", "cubic", "nearest"].map((mode) =>
    node("Resize", 19, [noise(1, 1, 5, 6), ...byScale(1, 1, 0.5, 0.7)], { mode, coordinate_transformation_mode: "half_pixel_symmetric" }),
  ),
  node("Resize", 18, [noise(1, 1, 9, 8), ...byScale(0.4, 0.3)], { axes: [2, 3], mode: "linear", antialias: 1 }),
  node("Resize", 18, [noise(1, 1, 9, 8), ...byScale(0.4, 0.3)], { axes: [2, 3], mode: "cubic", antialias: 1, exclude_outside: 1 }),
  node("Resize", 18, [noise(1, 1, 9, 8), ...byScale(0.4, 0.3)], {
    axes: [2, 3],
    mode: "cubic",
    antialias: 1,
    cubic_coeff_a: { float: -0.5 },
  }),
  {
    ...node("Upsample", 7, [noise(1, 2, 3, 4)], { mode: "nearest" }),
    attributes: { mode: { string: "nearest" }, scales: { floats: [1, 1, 2, 1.5] } },
  },
  {
    ...node("Upsample", 7, [noise(1, 2, 3, 4)], { mode: "linear" }),
    attributes: { mode: { string: "linear" }, scales: { floats: [1, 1, 2, 3] } },
  },
  node("Upsample", 9, [noise(1, 2, 3, 4), stored(real(1, 1, 2, 3))]),
  node("Upsample", 9, [noise(1, 2, 3, 4), stored(real(1, 1, 2, 3))], { mode: "linear" }),
];

const gridPaddings = ["zeros", "border", "reflection"];
const sampling: readonly JudgedNode[] = [
  ...gridPaddings.flatMap((padding_mode) =>
    [0, 1].flatMap((align_corners) => [
      ...["bilinear", "nearest"].map((mode) =>
        node("GridSample", 16, [noise(2, 2, 4, 5), noise(2, 3, 4, 2)], { mode, padding_mode, align_corners }),
      ),
      ...["linear", "nearest"].map((mode) =>
        node("GridSample", 20, [noise(1, 2, 3, 4, 3), noise(1, 2, 2, 2, 3)], { mode, padding_mode, align_corners }),
      ),
      node("GridSample", 20, [noise(1, 2, 4, 5), noise(1, 3, 4, 2)], { mode: "cubic", padding_mode, align_corners }),
    ]),
  ),
  node("GridSample", 16, [noise(1, 2, 4, 5), noise(1, 3, 4, 2)], { mode: "bicubic" }),
  ...[0, 1].flatMap((align_corners) => [
    node("AffineGrid", 20, [noise(2, 2, 3), stored(whole(2, 1, 3, 4))], { align_corners }),
    node("AffineGrid", 20, [noise(1, 3, 4), stored(whole(1, 1, 2, 3, 2))], { align_corners }),
  ]),
  node("DepthToSpace", 6, [noise(2, 8, 2, 3)], { blocksize: 2 }),
  ...["DCR", "CRD"].map((mode) => node("DepthToSpace", 13, [noise(2, 18, 2, 1)], { blocksize: 3, mode })),
  node("SpaceToDepth", 6, [noise(2, 3, 4, 6)], { blocksize: 2 }),
];

const borders: readonly JudgedNode[] = [
  { ...node("Pad", 6, [noise(2, 3, 4)]), attributes: { pads: { ints: [0, 1, 2, 1, 0, -1] }, value: { float: 1.5 } } },
  ...["reflect", "edge"].map((mode) => node("Pad", 6, [noise(1, 2, 4, 5)], { mode, pads: [0, 0, 3, 1, 0, 0, 2, 4] })),
  node("Pad", 11, [noise(2, 3, 4), stored(whole(0, 1, 2, 1, 0, -1)), stored(tensor([-2], []))]),
  ...["reflect", "edge", "wrap"].map((mode) => node("Pad", 19, [noise(1, 2, 4, 5), stored(whole(0, 0, 3, 1, 0, 0, 2, 4))], { mode })),
  ...["reflect", "edge", "wrap"].map((mode) => node("Pad", 19, [noise(1, 1, 6, 5), stored(whole(0, 0, 2, -1, 0, 0, -2, 2))], { mode })),
  node("Pad", 18, [noise(2, 3, 4), stored(whole(1, 2, 0, 1)), undefined, stored(whole(-1, 0))]),
  node("CenterCropPad", 18, [noise(5, 4, 3), stored(whole(2, 7, 3))]),
  node("CenterCropPad", 18, [noise(5, 4, 3), stored(whole(6, 1))], { axes: [-1, 0] }),
];

describe.skipIf(!hasRuntime)("EF1 as onnxruntime reads it", () => {
  const all = [convolutions, poolings, regions, norms, resizing, sampling, borders].flat().map((given) => [given.title, given] as const);
  it.each(all)("%s", async (_, given) => {
    await expectJudgement(given);
  });
});
