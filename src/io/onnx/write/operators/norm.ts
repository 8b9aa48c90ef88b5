// Normalisation. Batch norm keeps its four tensors under their own names; what has no scale or shift gets ones and zeros, which the standard
// insists on.
import type { Value } from "../../../../graph/value.ts";
import { add, mul } from "../../../../ops/arithmetic.ts";
import { instanceNorm } from "../../../../ops/norm.ts";
import { reshape } from "../../../../ops/reshape.ts";
import { sizeOf } from "../../../../tensor/shape.ts";
import { ones, zeros } from "../../../../tensor/tensor.ts";
import { float, type OnnxWriter, type OnnxWriters, type Writing } from "../emission.ts";

const epsilonOf = ({ value }: Writing): ReturnType<typeof float> => float(value.attrs.eps as number);

/** Names of the scale and the shift, ones and zeros [channels] where there are none. */
function scaleAndShift({ value, tensor }: Writing, [scale, shift]: readonly (string | undefined)[], channels: number): [string, string] {
  return [scale ?? tensor(ones([channels], value.dtype)), shift ?? tensor(zeros([channels], value.dtype))];
}

const batchNorm: OnnxWriter = (writing) => {
  const { value, x, node } = writing;
  const [input, mean, variance, ...affine] = x;
  return node("BatchNormalization", [input, ...scaleAndShift(writing, affine, value.shape[1]), mean, variance], {
    epsilon: epsilonOf(writing),
  });
};

const instanceNormWriter: OnnxWriter = (writing) => {
  const { value, x, node } = writing;
  const [input, ...affine] = x;
  return node("InstanceNormalization", [input, ...scaleAndShift(writing, affine, value.shape[1])], { epsilon: epsilonOf(writing) });
};

const layerNorm: OnnxWriter = (writing) => {
  const { value, x, node, opset, tensor } = writing;
  if (opset < 17) return undefined;
  const normalised = (value.attrs.normalisedShape as readonly number[] | undefined) ?? value.shape.slice(-1);
  const [input, scale, shift] = x;
  return node("LayerNormalization", [input, scale ?? tensor(ones(normalised, value.dtype)), ...(shift === undefined ? [] : [shift])], {
    axis: -normalised.length,
    epsilon: epsilonOf(writing),
  });
};

/** Before version 21 scale and shift were per group, so the groups are normalised as channels of one long row each. */
const groupNorm: OnnxWriter = (writing) => {
  const { value, x, node, opset } = writing;
  const groups = value.attrs.groups as number;
  const [input, ...affine] = value.inputs;
  if (opset >= 21) {
    const [name, ...names] = x;
    return node("GroupNormalization", [name, ...scaleAndShift(writing, names, value.shape[1])], {
      num_groups: groups,
      epsilon: epsilonOf(writing),
    });
  }
  const row = sizeOf(value.shape.slice(1)) / groups;
  if (row === 1) return undefined;
  const rows = reshape(input, [input.shape[0], groups, row]);
  const normalised = reshape(instanceNorm(rows, { eps: value.attrs.eps as number }), value.shape);
  const [weight, bias] = affine.map((vector) => reshape(vector, [value.shape[1], ...value.shape.slice(2).map(() => 1)]));
  const scaled: Value = weight === undefined ? normalised : mul(normalised, weight);
  return bias === undefined ? scaled : add(scaled, bias);
};

const localResponseNorm: OnnxWriter = ({ value, x, node }) => {
  const { size, alpha, beta, k, alphaForm } = value.attrs as { size: number; alpha: number; beta: number; k: number; alphaForm: string };
  // Of an even window the two definitions take different sides, and runtimes take neither; and they know pictures only.
  if (size % 2 === 0 || value.rank !== 4) return undefined;
  return node("LRN", x, { size, alpha: float(alphaForm === "sum" ? alpha * size : alpha), beta: float(beta), bias: float(k) });
};

export const normWriters: OnnxWriters = { batchNorm, instanceNorm: instanceNormWriter, layerNorm, groupNorm, localResponseNorm };
