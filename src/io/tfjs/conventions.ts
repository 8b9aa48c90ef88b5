// What TensorFlow means by its words, in fovea's terms: paddings, transposed sizes, kernels' axes, activations by name.
import type { Operand } from "../../graph/record.ts";
import * as ops from "../../ops/index.ts";
import { ModelFormatError, UnsupportedOpError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";

export type Padding = "same" | "valid";

export function paddingOf(given: string, where: string): Padding {
  const padding = given.toLowerCase();
  if (padding === "same" || padding === "valid") return padding;
  throw new UnsupportedOpError(`${where}: padding "${given}"; same and valid are read`);
}

/** A convolution's kernel: TensorFlow's [spatial..., in, out] as [out, in, spatial...]. */
export function kernel(weight: Tensor): Tensor {
  const spatial = Array.from({ length: weight.rank - 2 }, (_, i) => i);
  return ops.transpose(weight, { permutation: [weight.rank - 1, weight.rank - 2, ...spatial] });
}

/** A transposed convolution's kernel: TensorFlow's [h, w, out, in] as [in, out, h, w]. */
export const transposedKernel = (weight: Tensor): Tensor => ops.transpose(weight, { permutation: [3, 2, 0, 1] });

/** A depthwise kernel: TensorFlow's [h, w, channels, multiplier] as [channels · multiplier, 1, h, w]. */
export function depthwiseKernel(weight: Tensor): Tensor {
  const [height, width, channels, multiplier] = weight.shape;
  return ops.reshape(ops.transpose(weight, { permutation: [2, 3, 0, 1] }), [channels * multiplier, 1, height, width]);
}

/**
 * Per axis, padding and output padding of a transposed convolution whose output has `outputSize`: it is the input gradient of a
 * convolution of that input with TensorFlow's padding. Throws `ModelFormatError` for sizes that no such convolution has.
 */
export function transposedPadding(
  inputSize: readonly number[],
  outputSize: readonly number[],
  kernelSize: readonly number[],
  stride: readonly number[],
  padding: Padding,
  where: string,
): { readonly padding: readonly (readonly [number, number])[]; readonly outputPadding: readonly number[] } {
  const axes = inputSize.map((size, axis) => {
    const [out, k, s] = [outputSize[axis], kernelSize[axis], stride[axis]];
    const total = padding === "valid" ? 0 : Math.max((size - 1) * s + k - out, 0);
    const before = Math.floor(total / 2);
    const extra = out - ((size - 1) * s + k - total);
    if (extra < 0 || extra >= s) {
      throw new ModelFormatError(`${where}: a kernel of ${k} at stride ${s} (${padding}) cannot make ${out} out of ${size} positions`);
    }
    return { padding: [before, total - before] as const, extra };
  });
  return { padding: axes.map((a) => a.padding), outputPadding: axes.map((a) => a.extra) };
}

const byName: Readonly<Record<string, (x: Operand) => Operand>> = {
  linear: (x) => x,
  relu: (x) => ops.relu(x),
  relu6: (x) => ops.relu6(x),
  elu: (x) => ops.elu(x),
  selu: (x) => ops.selu(x),
  sigmoid: (x) => ops.sigmoid(x),
  // Keras' line rises by 0.2, PyTorch's by 1/6.
  hardsigmoid: (x) => ops.clip(ops.add(ops.mul(x, 0.2), 0.5), { min: 0, max: 1 }),
  softplus: (x) => ops.softplus(x),
  softsign: (x) => ops.softsign(x),
  tanh: (x) => ops.tanh(x),
  swish: (x) => ops.silu(x),
  silu: (x) => ops.silu(x),
  mish: (x) => ops.mish(x),
  gelu: (x) => ops.gelu(x),
  gelunew: (x) => ops.gelu(x, { approximate: "tanh" }),
  softmax: (x) => ops.softmax(x, { axis: x.rank < 3 ? -1 : 1 }),
  logsoftmax: (x) => ops.logSoftmax(x, { axis: x.rank < 3 ? -1 : 1 }),
};

/** An activation by TensorFlow's or Keras' name, for an operand in fovea's order; undefined when it is not known. */
export function activation(name: string): ((x: Operand) => Operand) | undefined {
  return byName[name.toLowerCase().replaceAll("_", "")];
}
