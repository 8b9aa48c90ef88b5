// fovea op -> an expression of PyTorch. What is not here is written as its expression, or as what it is composed of.
import { dilatedKernel, type WindowAxis } from "../../arithmetic/sizes.ts";
import type { Value } from "../../graph/value.ts";
import { type ConvAttrs, convGeometry, convInputGradGeometry } from "../../ops/conv.ts";
import type { Pads } from "../../ops/pad.ts";
import type { AvgPoolAttrs } from "../../ops/pool-average.ts";
import { type PoolAttrs, poolGeometry } from "../../ops/pool-geometry.ts";
import { type SliceAttrs, slicedAxes } from "../../ops/slice.ts";
import { resolvePermutation } from "../../ops/transpose.ts";
import type { DType } from "../../tensor/tensor.ts";
import { transposedWindow } from "../onnx/write/operators/conv.ts";

/** Writes one value; `x` are the expressions of its operands. Undefined when this form has none in PyTorch. */
export type PythonWriter = (value: Value, x: readonly string[]) => string | undefined;

/** Numbers as Python writes them; one that stands for all axes is written once. */
export function tuple(numbers: readonly number[]): string {
  if (numbers.every((n) => n === numbers[0]) && numbers.length > 0) return String(numbers[0]);
  return `(${numbers.join(", ")})`;
}

export function list(numbers: readonly (number | string)[]): string {
  return numbers.length === 1 ? `(${numbers[0]},)` : `(${numbers.join(", ")})`;
}

/** `, name=value` for those that are not the default. */
export function keywords(given: Readonly<Record<string, readonly [value: string | number | boolean, standard: unknown]>>): string {
  return Object.entries(given)
    .filter(([, [value, standard]]) => value !== standard)
    .map(([name, [value]]) => `, ${name}=${typeof value === "boolean" ? pythonBoolean(value) : value}`)
    .join("");
}

export const pythonBoolean = (value: boolean): string => (value ? "True" : "False");

/** A number of Python, infinities included. */
export function pythonNumber(n: number): string {
  if (Number.isNaN(n)) return 'float("nan")';
  if (!Number.isFinite(n)) return n > 0 ? 'float("inf")' : '-float("inf")';
  return String(n);
}

export const pythonTypes: Readonly<Record<DType, string>> = {
  float32: "torch.float32",
  float64: "torch.float64",
  int32: "torch.int32",
  uint8: "torch.uint8",
};

export const isSymmetric = (axes: readonly WindowAxis[]): boolean => axes.every((a) => a.before === a.after && a.before >= 0);

/** `F.pad` counts from the last axis. */
export function pythonPad(x: string, pairs: readonly (readonly [number, number])[], rest = ""): string {
  return `F.pad(${x}, ${list([...pairs].reverse().flat())}${rest})`;
}

/** The window options of a convolution, without its padding. */
export function convKeywords({ groups, axes }: { readonly groups: number; readonly axes: readonly WindowAxis[] }): string {
  return keywords({
    stride: [tuple(axes.map((a) => a.stride)), "1"],
    padding: [isSymmetric(axes) ? tuple(axes.map((a) => a.before)) : "0", "0"],
    dilation: [tuple(axes.map((a) => a.dilation)), "1"],
    groups: [groups, 1],
  });
}

const conv: PythonWriter = ({ inputs, attrs }, [x, weight, bias]) => {
  const geometry = convGeometry(inputs[0].shape, inputs[1].shape, attrs as unknown as ConvAttrs);
  const { axes } = geometry;
  const padded = isSymmetric(axes)
    ? x
    : pythonPad(
        x,
        axes.map((a) => [a.before, a.after]),
      );
  return `F.conv${axes.length}d(${padded}, ${weight}${bias === undefined ? "" : `, ${bias}`}${convKeywords(geometry)})`;
};

/** Options of a transposed convolution; undefined where PyTorch, which pads both sides alike, cannot say them. */
export function transposedKeywords({ inputs, attrs }: Value): string | undefined {
  const geometry = convInputGradGeometry(
    inputs[0].shape,
    inputs[1].shape,
    attrs as unknown as ConvAttrs & { readonly inputSize: readonly number[] },
  );
  const { axes, groups } = geometry;
  const { pads, added, zeros } = transposedWindow(axes);
  if (pads.some(([before, after]) => before !== after) || zeros.flat().some((n) => n !== 0)) return undefined;
  return keywords({
    stride: [tuple(axes.map((a) => a.stride)), "1"],
    padding: [tuple(pads.map(([before]) => before)), "0"],
    output_padding: [tuple(added), "0"],
    groups: [groups, 1],
    dilation: [tuple(axes.map((a) => a.dilation)), "1"],
  });
}

const convInputGrad: PythonWriter = (value, [x, weight]) => {
  const written = transposedKeywords(value);
  if (written !== undefined) return `F.conv_transpose${value.rank - 2}d(${x}, ${weight}${written})`;
  const { axes, groups } = convInputGradGeometry(
    value.inputs[0].shape,
    value.inputs[1].shape,
    value.attrs as unknown as ConvAttrs & { readonly inputSize: readonly number[] },
  );
  // The whole, and then what is cut off or put around it.
  const [stride, dilation] = [tuple(axes.map((a) => a.stride)), tuple(axes.map((a) => a.dilation))];
  const whole = `F.conv_transpose${value.rank - 2}d(${x}, ${weight}${keywords({ stride: [stride, "1"], groups: [groups, 1], dilation: [dilation, "1"] })})`;
  return pythonPad(
    whole,
    axes.map((a) => [-a.before, a.input + a.before - ((a.output - 1) * a.stride + dilatedKernel(a.kernel, a.dilation))]),
  );
};

/** Kernel and options of a pooling; undefined where the padding is not the same on both sides. */
export function poolArguments({ inputs, attrs }: Value): string | undefined {
  const { axes } = poolGeometry(inputs[0].shape, attrs as unknown as PoolAttrs);
  if (!isSymmetric(axes)) return undefined;
  const kernel = tuple(axes.map((a) => a.kernel));
  return `${kernel}${keywords({
    stride: [tuple(axes.map((a) => a.stride)), kernel],
    padding: [tuple(axes.map((a) => a.before)), "0"],
    ceil_mode: [attrs.ceilMode === true, false],
  })}`;
}

export function maxPoolArguments(value: Value): string | undefined {
  const { axes } = poolGeometry(value.inputs[0].shape, value.attrs as unknown as PoolAttrs);
  const common = poolArguments(value);
  return common && `${common}${keywords({ dilation: [tuple(axes.map((a) => a.dilation)), "1"] })}`;
}

export function avgPoolArguments(value: Value): string | undefined {
  const { countIncludePad, divisorOverride, dilation } = value.attrs as unknown as AvgPoolAttrs;
  const common = poolArguments(value);
  // One axis has no divisor there, and no average is dilated.
  if (common === undefined || dilation.some((d) => d > 1) || (value.rank === 3 && divisorOverride !== undefined)) return undefined;
  return `${common}${keywords({ count_include_pad: [countIncludePad, true], divisor_override: [divisorOverride ?? "None", "None"] })}`;
}

const maxPool: PythonWriter = (value, [x]) => {
  const rank = value.rank - 2;
  const written = maxPoolArguments(value);
  if (written !== undefined) return `F.max_pool${rank}d(${x}, ${written})`;
  const { axes } = poolGeometry(value.inputs[0].shape, value.attrs as unknown as PoolAttrs);
  const reach = axes.map(
    (a) => [a.before, Math.max(0, (a.output - 1) * a.stride + dilatedKernel(a.kernel, a.dilation) - a.input - a.before)] as const,
  );
  const options = keywords({ stride: [tuple(axes.map((a) => a.stride)), ""], dilation: [tuple(axes.map((a) => a.dilation)), "1"] });
  return `F.max_pool${rank}d(${pythonPad(x, reach, ', value=-float("inf")')}, ${tuple(axes.map((a) => a.kernel))}${options})`;
};

const avgPool: PythonWriter = (value, [x]) => {
  const written = avgPoolArguments(value);
  return written && `F.avg_pool${value.rank - 2}d(${x}, ${written})`;
};

const lpPool: PythonWriter = (value, [x]) => {
  const { axes } = poolGeometry(value.inputs[0].shape, value.attrs as unknown as PoolAttrs);
  const p = value.attrs.p as number;
  // PyTorch omits the absolute value: even exponents only.
  if (p % 2 !== 0 || value.rank > 4 || axes.some((a) => a.before !== 0 || a.after !== 0 || a.dilation > 1)) return undefined;
  const written = poolArguments(value);
  return written && `F.lp_pool${value.rank - 2}d(${x}, ${p}, ${written})`;
};

const call =
  (name: string, ...options: readonly (readonly [keyword: string, attr: string])[]): PythonWriter =>
  ({ attrs }, x) =>
    `${name}(${x.join(", ")}${options.map(([keyword, attr]) => `, ${keyword}=${pythonNumber(attrs[attr] as number)}`).join("")})`;

const infix =
  (symbol: string): PythonWriter =>
  (_, [a, b]) =>
    `${a} ${symbol} ${b}`;

/** A comparison gives 1 or 0 of the operands' type. */
const comparison =
  (symbol: string): PythonWriter =>
  ({ dtype }, [a, b]) =>
    `(${a} ${symbol} ${b}).to(${pythonTypes[dtype]})`;

/** Sizes that hold for every batch: a first one that stays is read off the operand, another is inferred. */
const reshape: PythonWriter = (value, [x]) => {
  const { shape } = value;
  const [input] = value.inputs;
  if (input.rank > 1 && value.rank === 2 && input.shape[0] === shape[0]) return `torch.flatten(${x}, 1)`;
  const first = input.rank > 0 && input.shape[0] === shape[0] ? `${x}.shape[0]` : -1;
  return `${x}.reshape(${list(shape.length === 0 ? [] : [first, ...shape.slice(1)])})`;
};

const slice: PythonWriter = (value, [x]) => {
  const [input] = value.inputs;
  const sliced = slicedAxes(input.shape, value.attrs as unknown as SliceAttrs);
  // PyTorch has no steps backwards.
  if (sliced.some(({ step }) => step < 0)) return undefined;
  const parts = sliced.map(({ start, step, size }, axis) => {
    if (start === 0 && step === 1 && size === input.shape[axis]) return ":";
    return `${start}:${start + (size - 1) * step + 1}${step === 1 ? "" : `:${step}`}`;
  });
  while (parts.at(-1) === ":") parts.pop();
  return parts.length === 0 ? x : `${x}[${parts.join(", ")}]`;
};

const padModes: Readonly<Record<string, string>> = { reflect: "reflect", replicate: "replicate", circular: "circular" };

const pad: PythonWriter = (value, [x]) => {
  const { pads, mode, value: border } = value.attrs as { pads: Pads; mode: string; value: number };
  if (mode === "constant") {
    const first = pads.findIndex(([before, after]) => before !== 0 || after !== 0);
    return first < 0 ? x : pythonPad(x, pads.slice(first), keywords({ value: [pythonNumber(border), "0"] }));
  }
  const isSpatial =
    pads
      .slice(0, 2)
      .flat()
      .every((n) => n === 0) && pads.flat().every((n) => n >= 0);
  return isSpatial && padModes[mode] !== undefined ? pythonPad(x, pads.slice(2), `, mode="${padModes[mode]}"`) : undefined;
};

const reduction =
  (method: string): PythonWriter =>
  (value, [x]) => {
    const axes = value.attrs.axes as readonly number[] | undefined;
    const dim = list(axes ?? value.inputs[0].shape.map((_, axis) => axis));
    return axes?.length === 0 ? x : `${x}.${method}(dim=${dim}${keywords({ keepdim: [value.attrs.keepDims === true, false] })})`;
  };

const spatialMean = (rank: number): string => list(Array.from({ length: rank - 2 }, (_, i) => i + 2));

const resize: PythonWriter = (value, [x]) => {
  const { size, scale, mode, alignCorners, antialias } = value.attrs as {
    size: readonly number[] | undefined;
    scale: readonly number[] | undefined;
    mode: string;
    alignCorners: boolean;
    antialias: boolean;
  };
  const linear = ["linear", "bilinear", "trilinear"][value.rank - 3];
  const name = mode === "linear" ? linear : mode === "cubic" ? "bicubic" : mode;
  if ((mode === "cubic" && value.rank !== 4) || (antialias && value.rank !== 4)) return undefined;
  const to = size === undefined ? `scale_factor=${scaleOf(scale ?? [])}` : `size=${list(size)}`;
  const options = keywords({ align_corners: [alignCorners, false], antialias: [antialias, false] });
  return `F.interpolate(${x}, ${to}, mode="${name}"${options})`;
};

const scaleOf = (scale: readonly number[]): string => (scale.every((s) => s === scale[0]) ? String(scale[0]) : list(scale));

const gridSample: PythonWriter = ({ attrs }, [x, grid]) => {
  const { mode, paddingMode, alignCorners, derivative } = attrs as {
    mode: string;
    paddingMode: string;
    alignCorners: boolean;
    derivative: readonly number[];
  };
  if (derivative.some((d) => d !== 0)) return undefined;
  return `F.grid_sample(${x}, ${grid}, mode="${mode}", padding_mode="${paddingMode}", align_corners=${pythonBoolean(alignCorners)})`;
};

const affineGrid: PythonWriter = ({ attrs, inputs: [theta] }, [x]) => {
  const { size, alignCorners } = attrs as { size: readonly number[]; alignCorners: boolean };
  if (theta.shape[1] !== size.length) return undefined;
  return `F.affine_grid(${x}, ${list([`${x}.shape[0]`, 1, ...size])}, align_corners=${pythonBoolean(alignCorners)})`;
};

const norm = (x: string, weight: string | undefined, bias: string | undefined, eps: unknown): string =>
  `${x}, weight=${weight ?? "None"}, bias=${bias ?? "None"}, eps=${String(eps)}`;

const localResponseNorm: PythonWriter = ({ attrs, rank }, [x]) => {
  const { size, alpha, beta, k, alphaForm, window } = attrs as Record<string, number | string>;
  if (rank < 3 || (window !== "pytorch" && (size as number) % 2 === 0)) return undefined;
  return `F.local_response_norm(${x}, ${size}, alpha=${alphaForm === "sum" ? (alpha as number) * (size as number) : alpha}, beta=${beta}, k=${pythonNumber(k as number)})`;
};

export const pythonWriters: Readonly<Record<string, PythonWriter>> = {
  conv,
  convInputGrad,
  linear: (_, [x, weight, bias]) => `F.linear(${x}, ${weight}${bias === undefined ? "" : `, ${bias}`})`,
  matmul({ attrs }, x) {
    const turned = [attrs.transposeA, attrs.transposeB];
    return `torch.matmul(${x.map((name, i) => (turned[i] === true ? `${name}.transpose(-1, -2)` : name)).join(", ")})`;
  },
  batchNorm({ attrs }, [x, mean, variance, weight, bias]) {
    return `F.batch_norm(${x}, ${mean}, ${variance}, weight=${weight ?? "None"}, bias=${bias ?? "None"}, eps=${String(attrs.eps)})`;
  },
  layerNorm({ attrs, shape }, [x, weight, bias]) {
    const normalised = (attrs.normalisedShape as readonly number[] | undefined) ?? shape.slice(-1);
    return `F.layer_norm(${x}, ${list(normalised)}, weight=${weight ?? "None"}, bias=${bias ?? "None"}, eps=${String(attrs.eps)})`;
  },
  groupNorm: ({ attrs }, [x, weight, bias]) =>
    `F.group_norm(${x}, ${String(attrs.groups)}, weight=${weight ?? "None"}, bias=${bias ?? "None"}, eps=${String(attrs.eps)})`,
  instanceNorm: ({ attrs }, [x, weight, bias]) => `F.instance_norm(${norm(x, weight, bias, attrs.eps)})`,
  localResponseNorm,
  maxPool,
  avgPool,
  lpPool,
  adaptiveAvgPool: ({ attrs, rank }, [x]) => `F.adaptive_avg_pool${rank - 2}d(${x}, ${list(attrs.outputSize as readonly number[])})`,
  adaptiveMaxPool: ({ attrs, rank }, [x]) => `F.adaptive_max_pool${rank - 2}d(${x}, ${list(attrs.outputSize as readonly number[])})`,
  globalAvgPool: ({ rank }, [x]) => `${x}.mean(dim=${spatialMean(rank)}, keepdim=True)`,
  globalMaxPool: ({ rank }, [x]) => `${x}.amax(dim=${spatialMean(rank)}, keepdim=True)`,
  relu: call("F.relu"),
  relu6: call("F.relu6"),
  sigmoid: call("torch.sigmoid"),
  tanh: call("torch.tanh"),
  selu: call("F.selu"),
  silu: call("F.silu"),
  mish: call("F.mish"),
  softsign: call("F.softsign"),
  logSigmoid: call("F.logsigmoid"),
  tanhshrink: call("F.tanhshrink"),
  hardSwish: call("F.hardswish"),
  hardSigmoid: ({ attrs: { alpha, beta } }, [x]) =>
    alpha === 1 / 6 && beta === 0.5 ? `F.hardsigmoid(${x})` : `torch.clamp(${alpha} * ${x} + ${beta}, 0, 1)`,
  leakyRelu: call("F.leaky_relu", ["negative_slope", "slope"]),
  elu: call("F.elu", ["alpha", "alpha"]),
  celu: call("F.celu", ["alpha", "alpha"]),
  softplus: call("F.softplus", ["beta", "beta"], ["threshold", "threshold"]),
  softshrink: call("F.softshrink", ["lambd", "lambda"]),
  hardshrink: call("F.hardshrink", ["lambd", "lambda"]),
  hardTanh: call("F.hardtanh", ["min_val", "min"], ["max_val", "max"]),
  threshold: ({ attrs }, [x]) => `F.threshold(${x}, ${pythonNumber(attrs.threshold as number)}, ${pythonNumber(attrs.value as number)})`,
  clip: call("torch.clamp", ["min", "min"], ["max", "max"]),
  gelu: ({ attrs }, [x]) => `F.gelu(${x}${attrs.approximate === "none" ? "" : ', approximate="tanh"'})`,
  prelu: call("F.prelu"),
  glu: call("F.glu", ["dim", "axis"]),
  softmax: call("F.softmax", ["dim", "axis"]),
  logSoftmax: call("F.log_softmax", ["dim", "axis"]),
  add: infix("+"),
  sub: infix("-"),
  mul: infix("*"),
  div: infix("/"),
  pow: infix("**"),
  maximum: call("torch.maximum"),
  minimum: call("torch.minimum"),
  lt: comparison("<"),
  le: comparison("<="),
  gt: comparison(">"),
  ge: comparison(">="),
  eq: comparison("=="),
  ne: comparison("!="),
  where: (_, [condition, a, b]) => `torch.where(${condition} != 0, ${a}, ${b})`,
  reshape,
  transpose: (value, [x]) =>
    `${x}.permute(${list(resolvePermutation(value.rank, value.attrs.permutation as readonly number[] | undefined))})`,
  broadcastTo: (value, [x]) => {
    const [input] = value.inputs;
    const missing = value.rank - input.rank;
    return `${x}.expand(${list(value.shape.map((n, axis) => (axis >= missing && input.shape[axis - missing] === n ? -1 : n)))})`;
  },
  concat: ({ attrs }, x) => `torch.cat([${x.join(", ")}], dim=${String(attrs.axis)})`,
  slice,
  pad,
  flip: ({ attrs }, [x]) => `torch.flip(${x}, ${list(attrs.axes as readonly number[])})`,
  roll: ({ attrs }, [x]) => `torch.roll(${x}, ${list(attrs.shifts as readonly number[])}, ${list(attrs.axes as readonly number[])})`,
  cast: ({ dtype }, [x]) => `${x}.to(${pythonTypes[dtype]})`,
  identity: (_, [x]) => x,
  stopGradient: (_, [x]) => `${x}.detach()`,
  sum: reduction("sum"),
  mean: reduction("mean"),
  max: reduction("amax"),
  min: reduction("amin"),
  resize,
  gridSample,
  affineGrid,
  pixelShuffle: ({ attrs, rank }, [x]) => (rank === 4 ? `F.pixel_shuffle(${x}, ${String(attrs.factor)})` : undefined),
  pixelUnshuffle: ({ attrs, rank }, [x]) => (rank === 4 ? `F.pixel_unshuffle(${x}, ${String(attrs.factor)})` : undefined),
};
