// Resize and Upsample: from the standard's many conventions to one table of taps per axis.
import type { Operand } from "../../../graph/record.ts";
import { add } from "../../../ops/arithmetic.ts";
import { identity } from "../../../ops/identity.ts";
import { isIdentity, resample, type Taps } from "../../../ops/resample.ts";
import { type ResizeMode, resize } from "../../../ops/resize.ts";
import { type PositionRule, positionRules, type ResizedAxis, type Rounding, type TapRule, tapsOf } from "../../../ops/resize-taps.ts";
import { type Shape, showShape, sizeOf, stridesOf } from "../../../tensor/shape.ts";
import { type Tensor, zeros } from "../../../tensor/tensor.ts";
import type { OnnxNode } from "../operator.ts";
import { castTo, checkSize, orderedAxes } from "./reading.ts";

type Region = readonly [start: number, end: number];

/** How one axis changes. */
interface AxisPlan extends ResizedAxis {
  /** What part of the axis is taken; the whole one but for "tf-crop-and-resize". */
  readonly region: Region;
}

const whole: Region = [0, 1];

/**
 * Scales are stored as float32, but meant as ratios or as short decimals. With what was meant, positions fall on elements where they should,
 * as they do in the float32 arithmetic of other runtimes. Undefined stands for the ratio of the two sizes.
 */
function meantScale(stored: number, inputSize: number, outputSize: number): number | undefined {
  const isIt = (fraction: number): boolean => Math.fround(fraction) === Math.fround(stored);
  if (isIt(outputSize / inputSize)) return undefined;
  // The continued fraction of a number comes upon the simple fractions near it first, and ends with the number.
  let [above, below, aboveBefore, belowBefore] = [1, 0, 0, 1];
  for (let rest = stored; ; rest = 1 / (rest - Math.floor(rest))) {
    const term = Math.floor(rest);
    [above, below, aboveBefore, belowBefore] = [term * above + aboveBefore, term * below + belowBefore, above, below];
    if (isIt(above / below)) return above / below;
  }
}

/** A size times a float32 scale, rounded down as in float32, where 10 · 0.7 is 7. */
function scaledSize(inputSize: number, scale: number): number {
  return Math.floor(Math.fround(inputSize * Math.fround(scale)));
}

/** Numbers for every axis, from those for the named axes. */
function spread<T>(axes: readonly number[], rank: number, given: readonly T[], otherwise: T): T[] {
  const all = new Array<T>(rank).fill(otherwise);
  axes.forEach((axis, i) => {
    all[axis] = given[i];
  });
  return all;
}

function checkScales(node: OnnxNode, scales: readonly number[], count: number): readonly number[] {
  if (scales.length !== count) node.malformed(`it has ${scales.length} scales for ${count} axes`);
  if (!scales.every((s) => s > 0 && Number.isFinite(s))) node.malformed(`its scales are [${scales.join(", ")}]; expected numbers above 0`);
  return scales;
}

function byScales(shape: Shape, scales: readonly number[], regions: readonly Region[]): AxisPlan[] {
  return shape.map((inputSize, axis) => {
    const [start, end] = regions[axis];
    const outputSize = scaledSize(inputSize * (end - start), scales[axis]);
    return { inputSize, outputSize, scale: meantScale(scales[axis], inputSize, outputSize), region: regions[axis] };
  });
}

/** Since version 18 sizes may be bounds, within or around which the picture keeps its shape. */
function bySizes(node: OnnxNode, shape: Shape, axes: readonly number[], regions: readonly Region[]): AxisPlan[] {
  const sizes = node.integers(3);
  if (sizes.length !== axes.length) node.malformed(`it has ${sizes.length} sizes for ${axes.length} axes`);
  const policy = node.string("keep_aspect_ratio_policy", "stretch");
  const wanted = spread(axes, shape.length, sizes, -1);
  const plan = (axis: number, outputSize: number, scale?: number): AxisPlan => ({
    inputSize: shape[axis],
    outputSize,
    scale,
    region: regions[axis],
  });
  if (policy === "stretch") return shape.map((size, axis) => plan(axis, axes.includes(axis) ? wanted[axis] : size));
  const ratios = axes.map((axis) => wanted[axis] / shape[axis]);
  if (policy !== "not_larger" && policy !== "not_smaller") {
    node.malformed(`keep_aspect_ratio_policy is "${policy}"; expected stretch, not_larger or not_smaller`);
  }
  const scale = policy === "not_larger" ? Math.min(...ratios) : Math.max(...ratios);
  return shape.map((size, axis) => {
    if (!axes.includes(axis)) return plan(axis, size);
    const outputSize = Math.floor(scale * size + 0.5);
    return plan(axis, outputSize, outputSize === scale * size ? undefined : scale);
  });
}

/** Input `i`, which may also be there and empty. */
const given = (node: OnnxNode, i: number): boolean => node.has(i) && sizeOf(node.shape(i)) > 0;

function resizePlan(node: OnnxNode, shape: Shape, rule: PositionRule): AxisPlan[] {
  const rank = shape.length;
  const everywhere = shape.map(() => whole);
  if (node.opset < 11) return byScales(shape, checkScales(node, node.floats(1), rank), everywhere);
  const axes = node.given("axes") ? orderedAxes(node, node.ints("axes"), rank) : shape.map((_, axis) => axis);
  const count = axes.length;
  let regions: readonly Region[] = everywhere;
  if (rule === "tf-crop-and-resize") {
    const roi = node.floats(1);
    if (roi.length !== 2 * count) node.malformed(`its region has ${roi.length} numbers; expected starts and ends of ${count} axes`);
    regions = spread<Region>(
      axes,
      rank,
      axes.map((_, i) => [roi[i], roi[count + i]] as const),
      whole,
    );
  }
  if (given(node, 2) === given(node, 3)) node.malformed("expected either scales or sizes");
  if (given(node, 3)) return bySizes(node, shape, axes, regions);
  return byScales(shape, spread(axes, rank, checkScales(node, node.floats(2), count), 1), regions);
}

const roundings: Readonly<Record<string, Rounding>> = {
  round_prefer_floor: "prefer-floor",
  round_prefer_ceil: "prefer-ceil",
  floor: "floor",
  ceil: "ceil",
};

/** How positions and their neighbours are found: by attributes since version 11, before that always the plainest way. */
function tapRule(node: OnnxNode): TapRule {
  const kernel = node.string("mode", "nearest");
  if (kernel !== "nearest" && kernel !== "linear" && kernel !== "cubic") {
    return node.malformed(`mode is "${kernel}"; expected nearest, linear or cubic`);
  }
  if (node.opset < 11) return { kernel, positions: "asymmetric", rounding: "floor" };
  const words = node.string("coordinate_transformation_mode", "half_pixel");
  const positions = positionRules.find((rule) => rule === words.replaceAll("_", "-"));
  const rounding = node.string("nearest_mode", "round_prefer_floor");
  if (!Object.hasOwn(roundings, rounding)) {
    node.malformed(`nearest_mode is "${rounding}"; expected one of ${Object.keys(roundings).join(", ")}`);
  }
  return {
    kernel,
    positions: positions ?? node.malformed(`coordinate_transformation_mode is "${words}"`),
    rounding: roundings[rounding],
    cubicCoefficient: node.float("cubic_coeff_a", -0.75),
    antialias: kernel !== "nearest" && node.int("antialias", 0) !== 0,
    excludeOutside: node.int("exclude_outside", 0) !== 0,
  };
}

/** The options of `resize` that say the same, if there are any: such a node reads better, and is exported as what it was. */
function plainMode(rule: TapRule, plan: readonly AxisPlan[]): { mode: ResizeMode; alignCorners?: boolean } | undefined {
  const spatial = plan.slice(2);
  const usual =
    spatial.length > 0 &&
    plan.slice(0, 2).every((axis) => axis.inputSize === axis.outputSize) &&
    plan.every((axis) => axis.scale === undefined);
  if (!usual || rule.antialias || rule.excludeOutside) return undefined;
  if (rule.kernel === "nearest") return rule.positions === "asymmetric" && rule.rounding === "floor" ? { mode: "nearest" } : undefined;
  if (rule.kernel === "cubic" && rule.cubicCoefficient !== -0.75) return undefined;
  const mode = rule.kernel;
  if (rule.positions === "align-corners") return { mode, alignCorners: true };
  const halfPixels =
    rule.positions === "half-pixel" || (rule.positions === "pytorch-half-pixel" && spatial.every((axis) => axis.outputSize > 1));
  return halfPixels ? { mode } : undefined;
}

/** `value` wherever an output position reads nothing along some axis, 0 elsewhere; undefined where there is no such position. */
function extrapolation(node: OnnxNode, taps: Taps, value: number): Tensor | undefined {
  const beyond = taps.map((axis) => {
    const rows = axis?.reads.map((row) => row.length === 0) ?? [];
    return rows.includes(true) ? rows : [false];
  });
  if (value === 0 || !beyond.flat().includes(true)) return undefined;
  const shape = beyond.map((axis) => axis.length);
  checkSize(node, shape);
  const result = zeros(shape, node.floatType);
  const strides = stridesOf(shape);
  for (let i = 0; i < result.size; i++) {
    if (beyond.some((axis, k) => axis[Math.floor(i / strides[k]) % shape[k]])) result.data[i] = value;
  }
  return result;
}

/** Positions along a resized axis; each has a row of a table. */
const mostPositions = 2 ** 20;

function resampled(node: OnnxNode, plan: readonly AxisPlan[], rule: TapRule): Operand {
  const given = node.operand(0);
  const shape = plan.map(({ outputSize }) => outputSize);
  if (shape.some((n) => n < 1) || given.shape.some((n) => n < 1)) {
    node.malformed(`${showShape(given.shape)} would become ${showShape(shape)}; sizes must be at least 1`);
  }
  const longest = Math.max(...shape.filter((n, axis) => n !== given.shape[axis]), 0);
  if (longest > mostPositions) node.unsupported(`an axis would have ${longest} positions; fovea resizes to at most ${mostPositions}`);
  const x = given.dtype === "float64" ? given : castTo(given, node.floatType);
  const plain = plainMode(rule, plan);
  if (plain !== undefined) return castTo(resize(x, { size: shape.slice(2), ...plain }), given.dtype);
  const taps = plan.map((axis) => {
    const table = tapsOf(axis, { ...rule, region: axis.region });
    return isIdentity(table) ? undefined : table;
  });
  if (taps.every((table) => table === undefined)) return identity(given);
  const y = resample(x, taps);
  const outside = rule.positions === "tf-crop-and-resize" ? extrapolation(node, taps, node.float("extrapolation_value", 0)) : undefined;
  return castTo(outside === undefined ? y : add<Operand>(y, outside), given.dtype);
}

export function resized(node: OnnxNode): Operand {
  const rule = tapRule(node);
  return resampled(node, resizePlan(node, node.shape(0), rule.positions), rule);
}

/** The scales are an attribute until version 8, then an input. Before version 7, when the operator was on trial, there are two for pictures. */
export function upsampled(node: OnnxNode): Operand {
  const shape = node.shape(0);
  const scales = checkScales(node, upsamplingScales(node), shape.length);
  const plan = byScales(
    shape,
    scales,
    shape.map(() => whole),
  );
  return resampled(node, plan, tapRule(node));
}

function upsamplingScales(node: OnnxNode): readonly number[] {
  if (node.opset >= 9) return node.floats(1);
  if (node.opset >= 7) return node.floatList("scales");
  if (node.string("mode", "nearest") !== "nearest") node.unsupported("another mode than nearest before version 7, which never said how");
  return [1, 1, node.float("height_scale"), node.float("width_scale")];
}
