// Resampling to other sizes and at other places: Resize in all its conventions, Upsample, sampling grids, and pixels that become channels.
import type { Operand } from "../../../graph/record.ts";
import { affineGrid } from "../../../ops/affine-grid.ts";
import { type GridMode, type GridPaddingMode, gridSample } from "../../../ops/grid-sample.ts";
import { pixelShuffle } from "../../../ops/pixel-shuffle.ts";
import { reshape } from "../../../ops/reshape.ts";
import { transpose } from "../../../ops/transpose.ts";
import { showShape } from "../../../tensor/shape.ts";
import type { OnnxNode, OnnxReaders } from "../operator.ts";
import { castTo, likeInput } from "./reading.ts";
import { resized, upsampled } from "./resize.ts";

const gridModes: Readonly<Record<string, GridMode>> = {
  bilinear: "bilinear",
  linear: "bilinear",
  nearest: "nearest",
  bicubic: "bicubic",
  cubic: "bicubic",
};
const gridPaddings: readonly GridPaddingMode[] = ["zeros", "border", "reflection"];

function sampled(node: OnnxNode): Operand {
  const x = node.operand(0);
  const grid = node.operand(1);
  const mode = node.string("mode", "bilinear");
  if (!Object.hasOwn(gridModes, mode)) node.malformed(`mode is "${mode}"; expected one of ${Object.keys(gridModes).join(", ")}`);
  const padding = node.string("padding_mode", "zeros");
  const paddingMode =
    gridPaddings.find((known) => known === padding) ??
    node.malformed(`padding_mode is "${padding}"; expected one of ${gridPaddings.join(", ")}`);
  const alignCorners = node.int("align_corners", 0) !== 0;
  return castTo(gridSample(castTo(x, grid.dtype), grid, { mode: gridModes[mode], paddingMode, alignCorners }), x.dtype);
}

/** Input 1 is the size of what is to be sampled: [batch, channels, ...spatial]. */
function gridOfAffineMap(node: OnnxNode): Operand {
  const [batch, , ...size] = node.integers(1);
  const theta = node.operand(0);
  if (theta.shape[0] !== batch)
    node.malformed(`its maps ${showShape(theta.shape)} and its size [${node.integers(1).join(", ")}] differ in batch`);
  return affineGrid(theta, { size, alignCorners: node.int("align_corners", 0) !== 0 });
}

function blocksOf(node: OnnxNode): { batch: number; channels: number; height: number; width: number; block: number } {
  const shape = node.shape(0);
  if (shape.length !== 4) node.malformed(`its input has shape ${showShape(shape)}; expected [batch, channels, height, width]`);
  const block = node.int("blocksize");
  if (block < 1) node.malformed(`blocksize is ${block}; expected an integer >= 1`);
  const [batch, channels, height, width] = shape;
  return { batch, channels, height, width, block };
}

/** DCR: the block's rows and columns are the slow axes of the channels. CRD: the fast ones, as in PyTorch. */
function depthToSpace(node: OnnxNode): Operand {
  const { batch, channels, height, width, block } = blocksOf(node);
  const mode = node.string("mode", "DCR");
  if (mode !== "DCR" && mode !== "CRD") node.malformed(`mode is "${mode}"; expected DCR or CRD`);
  if (channels % (block * block) !== 0) node.malformed(`${channels} channels do not divide into blocks of ${block} x ${block}`);
  if (mode === "CRD") return pixelShuffle(node.operand(0), { factor: block });
  const depth = channels / (block * block);
  const split = reshape(node.operand(0), [batch, block, block, depth, height, width]);
  return reshape(transpose(split, { permutation: [0, 3, 4, 1, 5, 2] }), [batch, depth, height * block, width * block]);
}

/** The inverse of depthToSpace's DCR. */
function spaceToDepth(node: OnnxNode): Operand {
  const { batch, channels, height, width, block } = blocksOf(node);
  if (height % block !== 0 || width % block !== 0)
    node.malformed(`${height} x ${width} pixels do not divide into blocks of ${block} x ${block}`);
  const split = reshape(node.operand(0), [batch, channels, height / block, block, width / block, block]);
  const shape = [batch, channels * block * block, height / block, width / block];
  return reshape(transpose(split, { permutation: [0, 3, 5, 1, 2, 4] }), shape);
}

export const resampleReaders: OnnxReaders = {
  Resize: (node) => likeInput(node, resized(node)),
  Upsample: (node) => likeInput(node, upsampled(node)),
  GridSample: (node) => likeInput(node, sampled(node)),
  AffineGrid: (node) => likeInput(node, gridOfAffineMap(node)),
  DepthToSpace: (node) => likeInput(node, depthToSpace(node)),
  SpaceToDepth: (node) => likeInput(node, spaceToDepth(node)),
};
