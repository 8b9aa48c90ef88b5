// RoI max pooling: whatever the size of a box, its feature map becomes a grid of fixed size (Fast R-CNN).
import { adaptiveWindow } from "../arithmetic/sizes.ts";
import { choice } from "../graph/attrs.ts";
import { dataField, defineOp, type Op, type OpCase } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { boxAt, type RoiOptions, roiAttrSpecs, roiShape } from "./roi.ts";
import { takeGradOp } from "./take.ts";

const attrs = {
  ...roiAttrSpecs,
  bins: choice(["overlapping", "disjoint"], "overlapping", "whether bins are rounded outwards, or cut the box into separate pieces"),
};

interface RoiPoolAttrs {
  readonly outputSize: readonly number[];
  readonly spatialScale: number;
  readonly bins: "overlapping" | "disjoint";
}

/** Positions of bin j along one axis of the map, cut off at its border. */
function bin(j: number, start: number, end: number, { bins }: RoiPoolAttrs, count: number, size: number): [first: number, end: number] {
  const length = Math.max(end - start + 1, 1);
  const [first, last] =
    bins === "overlapping" ? adaptiveWindow(j, length, count) : [Math.floor((j * length) / count), Math.floor(((j + 1) * length) / count)];
  const clamp = (n: number): number => Math.min(Math.max(n + start, 0), size);
  return [clamp(first), clamp(last)];
}

/** Half away from zero, as C rounds. */
const round = (n: number): number => Math.sign(n) * Math.round(Math.abs(n));

/** Calls `found` with the row-major number in x of each bin's maximum, the first among equals; -1 for an empty bin. */
function eachMaximum(
  x: Tensor,
  boxes: Tensor,
  settings: RoiPoolAttrs,
  where: string,
  found: (output: number, index: number) => void,
): void {
  const [pictures, channels, height, width] = x.shape;
  const [rows, columns] = settings.outputSize;
  for (let k = 0, output = 0; k < boxes.shape[0]; k++) {
    const { picture, corners } = boxAt(boxes, k, pictures, where);
    const [x1, y1, x2, y2] = corners.map((c) => round(c * settings.spatialScale));
    for (let c = 0; c < channels; c++) {
      const plane = (picture * channels + c) * height * width;
      for (let j = 0; j < rows; j++) {
        const [top, bottom] = bin(j, y1, y2, settings, rows, height);
        for (let i = 0; i < columns; i++) {
          const [left, right] = bin(i, x1, x2, settings, columns, width);
          let best = -1;
          for (let row = top; row < bottom; row++) {
            for (let at = plane + row * width + left; at < plane + row * width + right; at++) {
              if (best < 0 || x.data[at] > x.data[best] || (Number.isNaN(x.data[at]) && !Number.isNaN(x.data[best]))) best = at;
            }
          }
          found(output++, best);
        }
      }
    }
  }
}

const boxes = { shape: [3, 5], fill: { values: [0, 0, 3, 6, 7, 1, 2.4, 1.6, 5, 4, 1, -2, 5, 3, 12] } } as const;
const cases: readonly OpCase[] = [
  {
    title: "boxes have no gradient",
    inputs: [{ shape: [2, 3, 8, 8], fill: "distinct" }, boxes],
    attrs: { outputSize: 2 },
    gradient: false,
  },
  {
    title: "scaled boxes, disjoint bins; boxes have no gradient",
    inputs: [{ shape: [2, 2, 5, 6], fill: "distinct" }, boxes],
    attrs: { outputSize: [3, 2], spatialScale: 0.5, bins: "disjoint" },
    gradient: false,
  },
];

export const roiPoolOp: Op = defineOp({
  name: "roiPool",
  inputs: ["x", "boxes"],
  attrs,
  shape: ({ x, boxes }, { outputSize }, where) => roiShape(x, boxes, outputSize, where),
  field: () => ({ x: dataField, boxes: dataField }),
  grad: {
    x: (g, { x, boxes }, settings) => apply(takeGradOp, [g, apply(roiPoolIndicesOp, [x, boxes], settings)], { inputShape: x.shape }),
    boxes: null,
  },
  reference({ x, boxes }, out, settings) {
    eachMaximum(x, boxes, settings, "roiPool", (output, index) => {
      out.data[output] = index < 0 ? 0 : x.data[index];
    });
  },
  doc: {
    text: "The largest element of every bin of every box: [N, C, H, W], boxes [K, 5] -> [K, C, ...outputSize]. Corners are rounded and included; empty bins give 0.",
    cites: ["Girshick, Fast R-CNN, arXiv 1504.08083, section 2.1"],
    example: "roiPool(x, boxes, { outputSize: 7, spatialScale: 1 / 16 })",
  },
  cases,
});

export const roiPoolIndicesOp: Op = defineOp({
  name: "roiPoolIndices",
  inputs: ["x", "boxes"],
  attrs,
  shape: ({ x, boxes }, { outputSize }, where) => roiShape(x, boxes, outputSize, where),
  dtype: () => "int32",
  field: () => ({ x: dataField, boxes: dataField }),
  grad: { x: null, boxes: null },
  reference({ x, boxes }, out, settings) {
    eachMaximum(x, boxes, settings, "roiPoolIndices", (output, index) => {
      out.data[output] = index;
    });
  },
  doc: { text: "Where roiPool found each maximum: row-major number within the whole of x, int32; -1 for an empty bin." },
  cases,
});

export interface RoiPoolOptions extends RoiOptions {
  /** "overlapping" rounds bins outwards (Caffe, torchvision, ONNX; default), "disjoint" gives every position to one bin. */
  readonly bins?: "overlapping" | "disjoint";
}

/**
 * RoI max pooling of x [N, C, H, W] in boxes [K, 5] with rows [picture, x1, y1, x2, y2]: [K, C, ...outputSize]. Scaled corners are rounded
 * and belong to the box. No gradient flows to the boxes.
 */
export function roiPool<T extends Operand>(x: T, boxes: T, options: RoiPoolOptions): T {
  return apply(roiPoolOp, [x, boxes], options);
}
