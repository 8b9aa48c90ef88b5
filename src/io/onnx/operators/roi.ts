// Regions of interest: boxes of any size become maps of one size.
import type { Operand } from "../../../graph/record.ts";
import { concat } from "../../../ops/concat.ts";
import { unsqueeze } from "../../../ops/reshape.ts";
import { roiAlign } from "../../../ops/roi-align.ts";
import { roiAlignMax } from "../../../ops/roi-align-max.ts";
import { roiPool } from "../../../ops/roi-pool.ts";
import { showShape } from "../../../tensor/shape.ts";
import type { OnnxNode, OnnxReaders } from "../operator.ts";
import { castTo, likeInput } from "./reading.ts";
import { perAxis } from "./windows.ts";

/** Boxes are rows [picture, x1, y1, x2, y2] already. */
function pooled(node: OnnxNode): Operand {
  const options = { outputSize: perAxis(node, "pooled_shape", 2), spatialScale: node.float("spatial_scale", 1) };
  return roiPool(node.operand(0), node.operand(1), options);
}

const mostSamples = 2 ** 10;

/** Half-pixel positions are the default since version 16, and unknown before. */
function aligned(node: OnnxNode): Operand {
  const positions = node.string("coordinate_transformation_mode", node.opset < 16 ? "output_half_pixel" : "half_pixel");
  if (positions !== "half_pixel" && positions !== "output_half_pixel") {
    node.malformed(`coordinate_transformation_mode is "${positions}"; expected half_pixel or output_half_pixel`);
  }
  const mode = node.string("mode", "avg");
  if (mode !== "avg" && mode !== "max") node.malformed(`mode is "${mode}"; expected avg or max`);
  const [corners, pictures] = [node.operand(1), node.operand(2)];
  if (corners.shape.length !== 2 || corners.shape[1] !== 4 || pictures.shape.length !== 1 || pictures.shape[0] !== corners.shape[0]) {
    node.malformed(`its boxes ${showShape(corners.shape)} and their pictures ${showShape(pictures.shape)} are not [boxes, 4] and [boxes]`);
  }
  const samplingRatio = node.int("sampling_ratio", 0);
  if (samplingRatio < 0) node.malformed(`sampling_ratio is ${samplingRatio}; expected an integer >= 0`);
  if (samplingRatio > mostSamples)
    node.unsupported(`sampling_ratio is ${samplingRatio}; fovea takes at most ${mostSamples} samples per bin and axis`);
  const boxes = concat([unsqueeze(castTo(pictures, corners.dtype), { axes: 1 }), corners], { axis: 1 });
  const options = {
    outputSize: [node.int("output_height", 1), node.int("output_width", 1)],
    spatialScale: node.float("spatial_scale", 1),
    samplingRatio,
    aligned: positions === "half_pixel",
  };
  return (mode === "avg" ? roiAlign : roiAlignMax)(node.operand(0), boxes, options);
}

export const roiReaders: OnnxReaders = {
  MaxRoiPool: (node) => likeInput(node, pooled(node)),
  RoiAlign: (node) => likeInput(node, aligned(node)),
};
