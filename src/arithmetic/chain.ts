// A net without branches as pure arithmetic: what each layer gives out, sees and costs, with the formula behind every number.
// No tensors, so the largest nets can be measured in no time, and before anything is trained.
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { type ExplainedCost, explainConvCost, explainFreeCost, explainLinearCost } from "./explain-costs.ts";
import { explainConvSize, explainPoolSize } from "./explain-sizes.ts";
import type { Explained } from "./explained.ts";
import { type FieldAxis, pointField, throughWindow } from "./receptive-field.ts";
import { type AxisPadding, type WindowAxis, windowAxis } from "./sizes.ts";

/** One number stands for all axes. */
type PerAxis<T> = T | readonly T[];

export interface ChainWindow {
  readonly name?: string;
  readonly kernel: PerAxis<number>;
  /** Default 1; of pools, the kernel. */
  readonly stride?: PerAxis<number>;
  /** One padding for all axes (default 0). */
  readonly padding?: AxisPadding;
  readonly dilation?: PerAxis<number>;
}

export type ChainLayer =
  | (ChainWindow & { readonly kind: "conv"; readonly channels: number; readonly groups?: number | "depthwise"; readonly bias?: boolean })
  | (ChainWindow & { readonly kind: "pool"; readonly ceilMode?: boolean })
  | { readonly kind: "globalPool"; readonly name?: string }
  /** A scale and a shift for each channel. */
  | { readonly kind: "norm"; readonly name?: string }
  /** Reads all numbers that come in. */
  | { readonly kind: "linear"; readonly name?: string; readonly features: number; readonly bias?: boolean };

export interface ChainRow {
  readonly name: string;
  readonly kind: ChainLayer["kind"];
  /** [channels, ...size] of what comes out; [features] of a dense layer. */
  readonly shape: readonly number[];
  /** Output size per axis, where a window decides it. */
  readonly sizes: readonly Explained[];
  readonly cost: ExplainedCost;
  /** Receptive field per axis in the chain's input; "whole input" from the first dense layer or global pool on. */
  readonly field: readonly FieldAxis[] | "whole input";
}

export interface Chain {
  readonly rows: readonly ChainRow[];
  readonly total: {
    readonly parameters: number;
    readonly macs: number;
    /** Multiply-adds of convolutions alone. */
    readonly convolutionMacs: number;
    readonly activations: number;
    /** Of parameters and activations, in bytes. */
    readonly memory: number;
  };
}

/** The table of a path of layers on an input [channels, ...size]. Throws `ShapeError` that names the layer where sizes do not fit. */
export function chainOf(input: readonly number[], layers: readonly ChainLayer[], options: { readonly bytes?: number } = {}): Chain {
  const rows: ChainRow[] = [];
  const windows: WindowAxis[][] = [];
  let shape = [...input];
  let whole = false;
  layers.forEach((layer, i) => {
    const name = layer.name ?? `${i + 1}: ${layer.kind}`;
    const { sizes, cost, ...step } = stepOf(layer, shape, name, options);
    shape = step.shape;
    whole ||= layer.kind === "linear" || layer.kind === "globalPool";
    if (step.windows !== undefined) windows.push(step.windows);
    rows.push({ name, kind: layer.kind, shape, sizes, cost, field: whole ? "whole input" : fieldsOf(windows, shape.length - 1) });
  });
  const sum = (of: (row: ChainRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return {
    rows,
    total: {
      parameters: sum((row) => row.cost.parameters.value),
      macs: sum((row) => row.cost.macs.value),
      convolutionMacs: sum((row) => (row.kind === "conv" ? row.cost.macs.value : 0)),
      activations: sum((row) => row.cost.activations.value),
      memory: sum((row) => row.cost.memory.value),
    },
  };
}

interface Step {
  readonly shape: number[];
  readonly sizes: readonly Explained[];
  readonly cost: ExplainedCost;
  readonly windows?: WindowAxis[];
}

function stepOf(layer: ChainLayer, shape: readonly number[], name: string, options: { readonly bytes?: number }): Step {
  const [channels, ...size] = shape;
  switch (layer.kind) {
    case "linear": {
      const inFeatures = shape.reduce((p, n) => p * n, 1);
      const { features, bias = true } = layer;
      return { shape: [features], sizes: [], cost: explainLinearCost({ inFeatures, outFeatures: features, bias }, options) };
    }
    case "globalPool": {
      const output = size.map(() => 1);
      return { shape: [channels, ...output], sizes: [], cost: explainFreeCost({ channels, output }, options) };
    }
    case "norm":
      return { shape: [...shape], sizes: [], cost: explainFreeCost({ channels, output: size, perChannel: 2 }, options) };
    case "pool": {
      const windows = windowsOf(layer, size, name, layer.kernel);
      const output = windows.map((w) => w.output);
      const { padding = 0, ceilMode = false } = layer;
      const sizes = windows.map((w) => explainPoolSize({ ...w, padding, ceilMode }));
      return { shape: [channels, ...output], sizes, cost: explainFreeCost({ channels, output }, options), windows };
    }
    case "conv": {
      const windows = windowsOf(layer, size, name, 1);
      const output = windows.map((w) => w.output);
      const { padding = 0, bias = true } = layer;
      const groups = layer.groups === "depthwise" ? channels : (layer.groups ?? 1);
      const kernel = windows.map((w) => w.kernel);
      const cost = explainConvCost({ inChannels: channels, outChannels: layer.channels, kernel, output, groups, bias }, options);
      return { shape: [layer.channels, ...output], sizes: windows.map((w) => explainConvSize({ ...w, padding })), cost, windows };
    }
  }
}

function windowsOf(
  layer: ChainWindow & { readonly ceilMode?: boolean },
  size: readonly number[],
  name: string,
  defaultStride: PerAxis<number>,
): WindowAxis[] {
  if (size.length === 0) throw new ShapeError(`${name}: its input is flat, so there is nothing to slide over`);
  const { kernel, stride = defaultStride, dilation = 1, padding = 0, ceilMode = false } = layer;
  const at = (setting: PerAxis<number>, axis: number): number => {
    if (typeof setting === "number") return setting;
    if (setting.length !== size.length)
      throw new ArgumentError(`${name}: [${setting.join(", ")}] needs one entry for each of ${size.length} axes`);
    return setting[axis];
  };
  return size.map((input, axis) =>
    windowAxis(
      { input, kernel: at(kernel, axis), stride: at(stride, axis), dilation: at(dilation, axis), padding, ceilMode },
      `${name}: spatial axis ${axis}`,
    ),
  );
}

function fieldsOf(windows: readonly (readonly WindowAxis[])[], rank: number): FieldAxis[] {
  return Array.from({ length: rank }, (_, axis) =>
    windows.reduceRight((field, axes) => {
      const { kernel, dilation, stride, before } = axes[axis];
      return throughWindow(field, { size: dilation * (kernel - 1) + 1, stride, before });
    }, pointField),
  );
}
