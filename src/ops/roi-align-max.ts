// RoI align by maximum, as ONNX's reference and onnxruntime compute it: not the largest sample, but the largest weighted neighbour of any
// sample. Once the neighbour is found, what is left is one element times one weight, which other ops can differentiate.
import { dataField, defineOp, type Op, type OpCase } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { mul } from "./arithmetic.ts";
import { oneFloatType } from "./operands.ts";
import { roiShape } from "./roi.ts";
import { eachSample, type RoiAlignAttrs, type RoiAlignOptions, roiAlignAttrSpecs } from "./roi-align.ts";
import { take } from "./take.ts";

/** Calls `found` with each bin's chosen element of x and its weight; -1 and 0 where nothing is larger than what lies outside of the map. */
function eachMaximum(
  x: Tensor,
  boxes: Tensor,
  outputs: number,
  settings: RoiAlignAttrs,
  where: string,
  found: (output: number, index: number, weight: number) => void,
): void {
  const most = new Float64Array(outputs).fill(Number.NEGATIVE_INFINITY);
  eachSample(x.shape, boxes, settings, where, (output, plane, { count, position, weight }) => {
    // A sample that has fewer than four neighbours with a weight has others that count as 0.
    for (let i = 0; i < Math.min(count + 1, 4); i++) {
      const index = i < count ? plane + position[i] : -1;
      const value = i < count ? weight[i] * x.data[index] : 0;
      if (!(value > most[output])) continue;
      most[output] = value;
      found(output, index, i < count ? weight[i] : 0);
    }
  });
}

const boxes = { shape: [3, 5], fill: { values: [0, 0.3, 3.1, 6.2, 7.4, 1, 2.4, 1.6, 5, 4, 1, -2, 5, 3, 12] } } as const;
const cases: readonly OpCase[] = [
  { title: "boxes have no gradient", inputs: [[2, 3, 8, 7], boxes], attrs: { outputSize: 2 }, gradient: false },
  {
    title: "aligned, two samples, scaled; boxes have no gradient",
    inputs: [[2, 2, 5, 6], boxes],
    attrs: { outputSize: [3, 2], spatialScale: 0.5, samplingRatio: 2, aligned: true },
    gradient: false,
  },
];

const shared = {
  inputs: ["x", "boxes"],
  attrs: roiAlignAttrSpecs,
  shape: ({ x, boxes }: Readonly<Record<string, Shape>>, { outputSize }: RoiAlignAttrs, where: string): Shape =>
    roiShape(x, boxes, outputSize, where),
  field: () => ({ x: dataField, boxes: dataField }),
  cases,
};

export const roiAlignMaxIndicesOp: Op = defineOp({
  ...shared,
  name: "roiAlignMaxIndices",
  dtype: () => "int32",
  grad: { x: null, boxes: null },
  reference({ x, boxes }, out, settings) {
    out.data.fill(-1);
    eachMaximum(x, boxes, out.size, settings, "roiAlignMaxIndices", (output, index) => {
      out.data[output] = index;
    });
  },
  doc: { text: "Which element of x roiAlignMax chose for each bin: row-major number within the whole of x, int32; -1 for none." },
});

export const roiAlignMaxWeightsOp: Op = defineOp({
  ...shared,
  name: "roiAlignMaxWeights",
  dtype: ({ all }) => oneFloatType("roiAlignMaxWeights", all),
  grad: { x: null, boxes: null },
  reference({ x, boxes }, out, settings) {
    eachMaximum(x, boxes, out.size, settings, "roiAlignMaxWeights", (output, _, weight) => {
      out.data[output] = weight;
    });
  },
  doc: { text: "The bilinear weight of the element that roiAlignMax chose for each bin; 0 for none." },
});

export const roiAlignMaxOp: Op = defineOp({
  ...shared,
  name: "roiAlignMax",
  dtype: ({ all }) => oneFloatType("roiAlignMax", all),
  decompose({ x, boxes }, settings) {
    const index = apply<Value>(roiAlignMaxIndicesOp, [x, boxes], settings);
    return mul(take(x, index), apply<Value>(roiAlignMaxWeightsOp, [x, boxes], settings));
  },
  doc: {
    text: 'The largest product of a neighbour and its bilinear weight among the samples of every bin: [N, C, H, W], boxes [K, 5] -> [K, C, ...outputSize]. That is ONNX\'s mode "max"; what lies outside of the map counts as 0.',
    cites: ["ONNX operator RoiAlign, version 16, reference implementation"],
    example: "roiAlignMax(x, boxes, { outputSize: 7, spatialScale: 1 / 16, samplingRatio: 2 })",
  },
});

/**
 * RoI align of x [N, C, H, W] by ONNX's maximum in boxes [K, 5] with rows [picture, x1, y1, x2, y2]: [K, C, ...outputSize]. Options and
 * errors as `roiAlign`. No gradient flows to the boxes.
 */
export function roiAlignMax<T extends Operand>(x: T, boxes: T, options: RoiAlignOptions): T {
  return apply(roiAlignMaxOp, [x, boxes], options);
}
