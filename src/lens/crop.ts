// The part of a picture that a unit sees. The box is exact: pixels outside it cannot change the unit's value.
import { boxOf, MisalignedFieldError, type ReceptiveField, receptiveField } from "../graph/field.ts";
import type { Value } from "../graph/value.ts";
import { type Tensor, zeros } from "../tensor/tensor.ts";
import type { Box } from "./records.ts";
import type { TargetLayer } from "./target.ts";

export interface UnitField {
  readonly field: ReceptiveField;
  readonly warnings: readonly string[];
}

/** The receptive field of a layer's units. Where no single box describes it, the whole picture, with the reason. */
export function unitField(layer: TargetLayer, input: Value): UnitField {
  try {
    const field = receptiveField(layer.value, input);
    const known = field.status === "exact" || field.status === "whole input";
    return {
      field,
      warnings: known ? [] : [`the receptive field of ${layer.name} is not known exactly (${field.status}); the boxes contain it`],
    };
  } catch (error) {
    if (!(error instanceof MisalignedFieldError)) throw error;
    const axes = input.shape.slice(2).map((size) => ({ size, stride: 0, padding: 0 }));
    return { field: { status: "unknown", axes }, warnings: [`${error.message}; the crops show whole pictures`] };
  }
}

/** Rows i·S - P ... i·S - P + R - 1 of the picture, and columns likewise. */
export function unitBox({ field }: UnitField, position: readonly [row: number, column: number]): Box {
  const [[top, bottom], [left, right]] = boxOf(field, position);
  return { top, left, height: bottom - top + 1, width: right - left + 1 };
}

/** The pixels under the box, [C, height, width]; zeros, which is what padding is, where it leaves the picture. */
export function cropBox(picture: Tensor, box: Box): Tensor {
  const [channels, height, width] = picture.shape;
  const crop = zeros([channels, box.height, box.width], picture.dtype);
  const [firstColumn, lastColumn] = [Math.max(0, -box.left), Math.min(box.width, width - box.left)];
  for (let c = 0; c < channels; c++) {
    for (let i = Math.max(0, -box.top); i < Math.min(box.height, height - box.top); i++) {
      const from = (c * height + box.top + i) * width + box.left;
      crop.data.set(picture.data.subarray(from + firstColumn, from + lastColumn), (c * box.height + i) * box.width + firstColumn);
    }
  }
  return crop;
}
