// What each Keras layer computes, in fovea's ops. Layers see TensorFlow's order of axes in their configuration and fovea's in their operands.
import type { Operand } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import { nn } from "../../nn/index.ts";
import type { Context } from "../../nn/module.ts";
import * as ops from "../../ops/index.ts";
import { ModelFormatError, UnsupportedOpError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { ones, type Tensor, zeros } from "../../tensor/tensor.ts";
import { ChannelsLast } from "./channels-last.ts";
import { activation, depthwiseKernel, kernel, type Padding, paddingOf, transposedKernel, transposedPadding } from "./conventions.ts";
import { type JsonRecord, list, number, numbers, pair, record, text } from "./json.ts";

export interface KerasLayer {
  readonly className: string;
  /** How messages name it: `Conv2D "conv1"`. */
  readonly where: string;
  readonly config: JsonRecord;
  /** A stored tensor by its last name, "kernel"; undefined when the file has none for this layer. */
  find(name: string): Tensor | undefined;
  /** The same, which must be there. */
  weight(name: string): Tensor;
}

export type KerasFunction = (inputs: readonly ChannelsLast[], context: Context) => ChannelsLast;
type Reader = (layer: KerasLayer) => KerasFunction;

/** A layer of one operand in fovea's order. */
const onFirst =
  (build: (x: Value, context: Context) => Operand): KerasFunction =>
  ([x], context) =>
    ChannelsLast.ofChannelsFirst(build(x.first() as Value, context));

const unchanged: Reader =
  () =>
  ([x]) =>
    x;

function activated(layer: KerasLayer, y: Operand): Operand {
  const given = layer.config.activation;
  if (given === undefined || given === null) return y;
  // Keras 3 writes { class_name, config }, and older files the name alone.
  const name =
    typeof given === "string" ? given : text(record(given, `${layer.where}: activation`).class_name, `${layer.where}: activation`);
  const known = activation(name);
  if (known === undefined) throw new UnsupportedOpError(`${layer.where}: the activation "${name}" is not known`);
  return known(y);
}

const parameter = (context: Context, name: string, tensor: Tensor): Value => context.parameter(name, tensor.shape, () => tensor);

function bias(layer: KerasLayer, context: Context): Value | undefined {
  return layer.config.use_bias === false ? undefined : parameter(context, "bias", layer.weight("bias"));
}

interface Window {
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: Padding;
}

function windowOf({ config, where }: KerasLayer, rank: number): Window {
  const perAxis = (given: unknown, name: string): readonly number[] => {
    const values = given === undefined ? [1] : Array.isArray(given) ? numbers(given, `${where}: ${name}`) : [number(given, where)];
    return values.length === rank ? values : new Array<number>(rank).fill(values[0]);
  };
  return {
    stride: perAxis(config.strides, "strides"),
    dilation: perAxis(config.dilation_rate, "dilation_rate"),
    padding: paddingOf(text(config.padding ?? "valid", `${where}: padding`), where),
  };
}

function expectChannelsLast({ config, where }: KerasLayer): void {
  if (config.data_format === "channels_first" || config.data_format === "channelsFirst") {
    throw new UnsupportedOpError(`${where}: data_format channels_first is not read; TensorFlow.js models are channels_last`);
  }
}

const convolution =
  (rank: 1 | 2 | 3): Reader =>
  (layer) => {
    expectChannelsLast(layer);
    const conv = [ops.conv1d, ops.conv2d, ops.conv3d][rank - 1];
    return onFirst((x, context) => {
      const weight = kernel(layer.weight("kernel"));
      const groups = x.shape[1] / weight.shape[1];
      return activated(layer, conv(x, parameter(context, "weight", weight), bias(layer, context), { ...windowOf(layer, rank), groups }));
    });
  };

const depthwise: Reader = (layer) => {
  expectChannelsLast(layer);
  return onFirst((x, context) => {
    const weight = depthwiseKernel(layer.find("depthwise_kernel") ?? layer.weight("kernel"));
    const options = { ...windowOf(layer, 2), groups: x.shape[1] };
    return activated(layer, ops.conv2d(x, parameter(context, "weight", weight), bias(layer, context), options));
  });
};

const separable: Reader = (layer) => {
  expectChannelsLast(layer);
  return onFirst((x, context) => {
    const depth = parameter(context, "depthwise_weight", depthwiseKernel(layer.weight("depthwise_kernel")));
    const point = parameter(context, "pointwise_weight", kernel(layer.weight("pointwise_kernel")));
    const between = ops.conv2d(x, depth, { ...windowOf(layer, 2), groups: x.shape[1] });
    return activated(layer, ops.conv2d(between, point, bias(layer, context)));
  });
};

const transposed: Reader = (layer) => {
  expectChannelsLast(layer);
  return onFirst((x, context) => {
    const { stride, dilation, padding } = windowOf(layer, 2);
    if (dilation.some((d) => d !== 1)) throw new UnsupportedOpError(`${layer.where}: a dilated transposed convolution is not read`);
    const weight = transposedKernel(layer.weight("kernel"));
    const kernelSize = weight.shape.slice(2);
    const inputSize = x.shape.slice(2);
    const out = inputSize.map((n, axis) => n * stride[axis] + (padding === "valid" ? Math.max(kernelSize[axis] - stride[axis], 0) : 0));
    const places = transposedPadding(inputSize, out, kernelSize, stride, padding, layer.where);
    return activated(layer, ops.convTranspose2d(x, parameter(context, "weight", weight), bias(layer, context), { stride, ...places }));
  });
};

const pooling =
  (rank: 1 | 2 | 3, kind: "max" | "average"): Reader =>
  (layer) => {
    expectChannelsLast(layer);
    const { config, where } = layer;
    const size = Array.isArray(config.pool_size)
      ? numbers(config.pool_size, where)
      : new Array<number>(rank).fill(number(config.pool_size, where));
    const window = windowOf({ ...layer, config: { ...config, strides: config.strides ?? size } }, rank);
    const { stride, padding } = window;
    const max = [ops.maxPool1d, ops.maxPool2d, ops.maxPool3d][rank - 1];
    const average = [ops.avgPool1d, ops.avgPool2d, ops.avgPool3d][rank - 1];
    // TensorFlow's averages leave its padding out of the count.
    return onFirst((x) =>
      kind === "max" ? max(x, size, { stride, padding }) : average(x, size, { stride, padding, countIncludePad: false }),
    );
  };

const globalPooling =
  (kind: "max" | "average"): Reader =>
  ({ config }) =>
  ([x]) => {
    const first = x.first() as Value;
    const axes = Array.from({ length: first.rank - 2 }, (_, i) => i + 2);
    const keepDims = config.keepdims === true;
    return ChannelsLast.ofChannelsFirst((kind === "max" ? ops.max : ops.mean)(first, { axes, keepDims }));
  };

const dense: Reader =
  (layer) =>
  ([x], context) => {
    const weight = parameter(context, "weight", ops.transpose(layer.weight("kernel"), { permutation: [1, 0] }));
    const y = ops.linear(x.last() as Value, weight, bias(layer, context));
    // Softmax and its kin look at the last axis, which fovea's order has elsewhere.
    return y.rank < 3 ? ChannelsLast.of(activated(layer, y)) : ChannelsLast.ofChannelsFirst(activated(layer, ChannelsLast.of(y).first()));
  };

const batchNormalisation: Reader = (layer) => {
  const { config, where } = layer;
  const statistics = { mean: layer.weight("moving_mean"), variance: layer.weight("moving_variance") };
  const channels = statistics.mean.size;
  const given: Readonly<Record<string, Tensor>> = {
    weight: layer.find("gamma") ?? ones([channels]),
    bias: layer.find("beta") ?? zeros([channels]),
    running_mean: statistics.mean,
    running_var: statistics.variance,
    num_batches_tracked: zeros([], "int32"),
  };
  const momentum = 1 - number(config.momentum ?? 0.99, `${where}: momentum`);
  const norm = nn.batchNorm2d(channels, { eps: number(config.epsilon ?? 1e-3, `${where}: epsilon`), momentum });
  return ([x], context) => {
    const axis = number(Array.isArray(config.axis) ? config.axis[0] : (config.axis ?? -1), `${where}: axis`);
    if (x.axisInFirst(axis) !== 1) throw new UnsupportedOpError(`${where}: normalises axis ${axis}; the last one is read`);
    // The layer of fovea, begun with the numbers of the file.
    const filled: Context = {
      ...context,
      parameter: (name) => parameter(context, name, given[name]),
      buffer: (name) => context.buffer(name, given[name]),
    };
    return ChannelsLast.ofChannelsFirst(norm.build(x.first() as Value, filled));
  };
};

const layerNormalisation: Reader = (layer) => {
  const eps = number(layer.config.epsilon ?? 1e-3, `${layer.where}: epsilon`);
  return ([x], context) => {
    const axes = layer.config.axis === undefined ? [-1] : [layer.config.axis].flat().map(Number);
    if (axes.length !== 1 || (axes[0] !== -1 && axes[0] !== x.rank - 1)) {
      throw new UnsupportedOpError(`${layer.where}: normalises axes ${axes.join(", ")}; the last one is read`);
    }
    const [gamma, beta] = ["gamma", "beta"].map((name) => layer.find(name));
    const weight = gamma && parameter(context, "weight", gamma);
    const shift = beta && parameter(context, "bias", beta);
    const normalised = ops.layerNorm(x.last() as Value, weight, shift, { eps });
    return ChannelsLast.of(normalised);
  };
};

const plain =
  (build: (x: Value) => Operand): Reader =>
  () =>
    onFirst(build);

const joined =
  (combine: (xs: readonly Value[]) => Operand): Reader =>
  (layer) =>
  (inputs) => {
    if (inputs.length < 1) throw new ModelFormatError(`${layer.where}: joins nothing`);
    // Operands of different ranks broadcast from the right, which only TensorFlow's order says how.
    const sameRank = inputs.every(({ rank }) => rank === inputs[0].rank);
    const xs = inputs.map((x) => (sameRank ? x.first() : x.last()) as Value);
    return sameRank ? ChannelsLast.ofChannelsFirst(combine(xs)) : ChannelsLast.of(combine(xs));
  };

const folded = (f: (a: Value, b: Value) => Value): Reader => joined((xs) => xs.reduce(f));

const concatenate: Reader =
  ({ config, where }) =>
  (inputs) => {
    const axis = inputs[0].axisInFirst(number(config.axis ?? -1, `${where}: axis`));
    return ChannelsLast.ofChannelsFirst(
      ops.concat(
        inputs.map((x) => x.first()),
        { axis },
      ),
    );
  };

const reshape: Reader =
  ({ config, where }) =>
  ([x]) => {
    const target = numbers(config.target_shape, `${where}: target_shape`);
    return ChannelsLast.of(ops.reshape(x.last(), [x.shape[0], ...target]));
  };

/** [[top, bottom], [left, right]], from Keras' several ways to write it. */
function borders({ config, where }: KerasLayer, key: string): readonly (readonly number[])[] {
  const given = config[key];
  if (!Array.isArray(given)) return pair(given, `${where}: ${key}`).map((n) => [n, n]);
  return list(given, where).map((side) => pair(side, `${where}: ${key}`));
}

const padding =
  (key: string, sign: 1 | -1): Reader =>
  (layer) => {
    expectChannelsLast(layer);
    const pads = borders(layer, key).map(([before, after]) => [sign * before, sign * after] as const);
    return onFirst((x) => ops.pad(x, pads));
  };

const upSampling: Reader = (layer) => {
  const { config, where } = layer;
  const factors = pair(config.size ?? 2, `${where}: size`);
  const mode = text(config.interpolation ?? "nearest", `${where}: interpolation`);
  if (mode !== "nearest" && mode !== "bilinear") throw new UnsupportedOpError(`${where}: interpolation "${mode}" is not read`);
  return onFirst((x) => {
    const taps = factors.map((factor, axis) => {
      const inputSize = x.shape[axis + 2];
      const rule = { kernel: mode === "nearest" ? "nearest" : "linear", positions: "asymmetric" } as const;
      return ops.tapsOf({ inputSize, outputSize: inputSize * factor }, rule);
    });
    return ops.resample(x, [undefined, undefined, ...taps]);
  });
};

const rescaling: Reader = ({ config, where }) =>
  onFirst((x) => {
    const [scale, offset] = ["scale", "offset"].map((key) => number(config[key] ?? (key === "scale" ? 1 : 0), `${where}: ${key}`));
    return ops.add(ops.mul(x, scale), offset);
  });

const prelu: Reader =
  (layer) =>
  ([x], context) => {
    const alpha = layer.weight("alpha");
    const slope = ChannelsLast.of(parameter(context, "weight", alpha));
    if (alpha.rank === x.rank - 1 && sizeOf(alpha.shape) === alpha.shape[alpha.rank - 1]) {
      return ChannelsLast.ofChannelsFirst(ops.prelu(x.first() as Value, ops.reshape(slope.last() as Value, [alpha.size])));
    }
    const last = x.last() as Value;
    return ChannelsLast.of(ops.where(ops.gt(last, 0), last, ops.mul(last, slope.last() as Value)));
  };

const slopeOf = ({ config, where }: KerasLayer): number => number(config.alpha ?? config.negative_slope ?? 0.3, `${where}: alpha`);

const relu: Reader = ({ config, where }) =>
  onFirst((x) => {
    const slope = number(config.negative_slope ?? 0, `${where}: negative_slope`);
    const threshold = number(config.threshold ?? 0, `${where}: threshold`);
    if (threshold !== 0) throw new UnsupportedOpError(`${where}: a threshold of ${threshold} is not read`);
    const y = slope === 0 ? ops.relu(x) : ops.leakyRelu(x, { slope });
    return config.max_value === undefined || config.max_value === null ? y : ops.clip(y, { max: number(config.max_value, where) });
  });

const named: Reader = (layer) => onFirst((x) => activated(layer, x));

/** Keras' class names. What only acts in training passes its operand on. */
export const kerasLayers: Readonly<Record<string, Reader>> = {
  Conv1D: convolution(1),
  Conv2D: convolution(2),
  Conv3D: convolution(3),
  DepthwiseConv2D: depthwise,
  SeparableConv2D: separable,
  Conv2DTranspose: transposed,
  Dense: dense,
  MaxPooling1D: pooling(1, "max"),
  MaxPooling2D: pooling(2, "max"),
  MaxPooling3D: pooling(3, "max"),
  AveragePooling1D: pooling(1, "average"),
  AveragePooling2D: pooling(2, "average"),
  AveragePooling3D: pooling(3, "average"),
  GlobalMaxPooling1D: globalPooling("max"),
  GlobalMaxPooling2D: globalPooling("max"),
  GlobalAveragePooling1D: globalPooling("average"),
  GlobalAveragePooling2D: globalPooling("average"),
  BatchNormalization: batchNormalisation,
  BatchNormalizationV1: batchNormalisation,
  LayerNormalization: layerNormalisation,
  Activation: named,
  ReLU: relu,
  LeakyReLU: (layer) => onFirst((x) => ops.leakyRelu(x, { slope: slopeOf(layer) })),
  ELU: ({ config, where }) => onFirst((x) => ops.elu(x, { alpha: number(config.alpha ?? 1, `${where}: alpha`) })),
  ThresholdedReLU: ({ config, where }) =>
    onFirst((x) => ops.threshold(x, { threshold: number(config.theta ?? 1, `${where}: theta`), value: 0 })),
  PReLU: prelu,
  Softmax:
    ({ config, where }) =>
    ([x]) =>
      ChannelsLast.ofChannelsFirst(ops.softmax(x.first(), { axis: x.axisInFirst(number(config.axis ?? -1, `${where}: axis`)) })),
  Flatten:
    () =>
    ([x]) =>
      ChannelsLast.of(ops.flatten(x.last(), { startAxis: 1 })),
  Reshape: reshape,
  Permute:
    ({ config, where }) =>
    ([x]) =>
      ChannelsLast.of(ops.transpose(x.last(), { permutation: [0, ...numbers(config.dims, `${where}: dims`)] })),
  ZeroPadding2D: padding("padding", 1),
  Cropping2D: padding("cropping", -1),
  UpSampling2D: upSampling,
  Rescaling: rescaling,
  Add: folded((a, b) => ops.add(a, b)),
  Subtract: folded((a, b) => ops.sub(a, b)),
  Multiply: folded((a, b) => ops.mul(a, b)),
  Maximum: folded((a, b) => ops.maximum(a, b)),
  Minimum: folded((a, b) => ops.minimum(a, b)),
  Average: joined((xs) =>
    ops.mul(
      xs.reduce((a, b) => ops.add(a, b)),
      1 / xs.length,
    ),
  ),
  Concatenate: concatenate,
  Dropout: unchanged,
  SpatialDropout1D: unchanged,
  SpatialDropout2D: unchanged,
  GaussianNoise: unchanged,
  GaussianDropout: unchanged,
  AlphaDropout: unchanged,
  ActivityRegularization: unchanged,
  Identity: plain((x) => ops.identity(x)),
};
