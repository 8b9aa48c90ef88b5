// RoI align: the mean of bilinear samples in every bin of a box, without rounding anything (Mask R-CNN). Linear in the picture.
import { type AttrSpec, count, flag, integers } from "../graph/attrs.ts";
import { dataField, defineOp, type Op, type OpCase } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ShapeError } from "../tensor/errors.ts";
import { type Shape, sameShape, showShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { emptyMixture, type Mixture, mix } from "./deform-sample.ts";
import { boxAt, type RoiOptions, roiAttrSpecs, roiShape } from "./roi.ts";

export interface RoiAlignAttrs {
  readonly outputSize: readonly number[];
  readonly spatialScale: number;
  readonly samplingRatio: number;
  readonly aligned: boolean;
}

export const roiAlignAttrSpecs: { readonly [K in keyof RoiAlignAttrs]: AttrSpec<RoiAlignAttrs[K]> } = {
  ...roiAttrSpecs,
  samplingRatio: count(0, 0, "samples per bin and axis; 0: one per position that the bin spans, rounded up"),
  aligned: flag(false, "positions are pixel centres: corners move by half a pixel, and small boxes stay small"),
};

/** Where the samples of every bin lie along one axis: `samples[bin]`. */
function sampleAxis(start: number, end: number, bins: number, { samplingRatio, aligned }: RoiAlignAttrs): number[][] {
  const length = aligned ? end - start : Math.max(end - start, 1);
  const step = length / bins;
  const samples = samplingRatio > 0 ? samplingRatio : Math.max(0, Math.ceil(step));
  return Array.from({ length: bins }, (_, bin) =>
    Array.from({ length: samples }, (_, s) => start + bin * step + ((s + 0.5) * step) / samples),
  );
}

/** A position moved into the map; undefined when it lies more than one element outside. */
function inside(position: number, size: number): number | undefined {
  return position < -1 || position > size ? undefined : Math.min(Math.max(position, 0), size - 1);
}

/**
 * Calls `visit` for every sample of every bin of every channel; `share` is one over the samples of the bin. A sample outside of the map mixes
 * nothing.
 */
export function eachSample(
  [pictures, channels, height, width]: Shape,
  boxes: Tensor,
  settings: RoiAlignAttrs,
  where: string,
  visit: (output: number, plane: number, mixture: Mixture, share: number) => void,
): void {
  const [rows, columns] = settings.outputSize;
  const mixture = emptyMixture();
  for (let k = 0; k < boxes.shape[0]; k++) {
    const { picture, corners } = boxAt(boxes, k, pictures, where);
    const [x1, y1, x2, y2] = corners.map((c) => c * settings.spatialScale - (settings.aligned ? 0.5 : 0));
    const ys = sampleAxis(y1, y2, rows, settings);
    const xs = sampleAxis(x1, x2, columns, settings);
    for (let bin = 0; bin < rows * columns; bin++) {
      const [rowSamples, columnSamples] = [ys[Math.floor(bin / columns)], xs[bin % columns]];
      for (const y of rowSamples) {
        for (const x of columnSamples) {
          const [row, column] = [inside(y, height), inside(x, width)];
          if (row === undefined || column === undefined) mixture.count = 0;
          else mix(row, column, height, width, [0, 0], mixture);
          for (let c = 0; c < channels; c++) {
            const plane = (picture * channels + c) * height * width;
            visit((k * channels + c) * rows * columns + bin, plane, mixture, 1 / (rowSamples.length * columnSamples.length));
          }
        }
      }
    }
  }
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

export const roiAlignOp: Op = defineOp({
  name: "roiAlign",
  inputs: ["x", "boxes"],
  attrs: roiAlignAttrSpecs,
  shape: ({ x, boxes }, { outputSize }, where) => roiShape(x, boxes, outputSize, where),
  field: () => ({ x: dataField, boxes: dataField }),
  grad: {
    x: (g, { x, boxes }, settings) => apply(roiAlignInputGradOp, [g, boxes], { ...settings, inputShape: x.shape }),
    boxes: null,
  },
  reference({ x, boxes }, out, settings) {
    eachSample(x.shape, boxes, settings, "roiAlign", (output, plane, mixture, share) => {
      for (let i = 0; i < mixture.count; i++) out.data[output] += share * mixture.weight[i] * x.data[plane + mixture.position[i]];
    });
  },
  doc: {
    text: "Mean of bilinear samples in every bin of every box: [N, C, H, W], boxes [K, 5] -> [K, C, ...outputSize].",
    cites: ["He et al., Mask R-CNN, arXiv 1703.06870, section 3"],
    example: "roiAlign(x, boxes, { outputSize: 7, spatialScale: 1 / 16, samplingRatio: 2, aligned: true })",
  },
  cases,
});

export const roiAlignInputGradOp: Op = defineOp({
  name: "roiAlignInputGrad",
  inputs: ["g", "boxes"],
  attrs: { ...roiAlignAttrSpecs, inputShape: integers(undefined, "shape of what was sampled") },
  shape({ g, boxes }, { inputShape, outputSize }, where) {
    const expected = roiShape(inputShape, boxes, outputSize, where);
    if (!sameShape(expected, g)) throw new ShapeError(`${where}: aligning gives ${showShape(expected)}, but g has ${showShape(g)}`);
    return inputShape;
  },
  grad: { g: (u, { boxes }, { inputShape: _, ...settings }) => apply(roiAlignOp, [u, boxes], settings), boxes: null },
  reference({ g, boxes }, out, settings) {
    eachSample(out.shape, boxes, settings, "roiAlignInputGrad", (output, plane, mixture, share) => {
      for (let i = 0; i < mixture.count; i++) out.data[plane + mixture.position[i]] += share * mixture.weight[i] * g.data[output];
    });
  },
  doc: { text: "The adjoint of roiAlign in the picture: every element of g is spread over the elements that were averaged into it." },
  cases: [
    {
      title: "boxes have no gradient",
      inputs: [[3, 2, 2, 2], boxes],
      attrs: { outputSize: 2, inputShape: [2, 2, 6, 7] },
      gradient: false,
    },
  ],
});

export interface RoiAlignOptions extends RoiOptions {
  /** Samples per bin and axis (default 0: as many as the bin spans positions, rounded up). */
  readonly samplingRatio?: number;
  /** Positions are pixel centres, ONNX's half_pixel (default false, as in torchvision). */
  readonly aligned?: boolean;
}

/** RoI align of x [N, C, H, W] in boxes [K, 5] with rows [picture, x1, y1, x2, y2]: [K, C, ...outputSize]. No gradient flows to the boxes. */
export function roiAlign<T extends Operand>(x: T, boxes: T, options: RoiAlignOptions): T {
  return apply(roiAlignOp, [x, boxes], options);
}
