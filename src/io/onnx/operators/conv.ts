// Convolutions in all their forms, and the sum of windows that undoes an unfolding. Sizes: the standard's formulas, which are those of
// arithmetic/sizes.ts but for transposed convolutions.
import { dilatedKernel } from "../../../arithmetic/sizes.ts";
import { apply, type Operand } from "../../../graph/record.ts";
import { add } from "../../../ops/arithmetic.ts";
import { convInputGrad, convOp } from "../../../ops/conv.ts";
import { deformConv2d } from "../../../ops/deform-conv.ts";
import { reshape } from "../../../ops/reshape.ts";
import { fold } from "../../../ops/unfold.ts";
import { sameShape, showShape } from "../../../tensor/shape.ts";
import type { OnnxNode, OnnxReaders } from "../operator.ts";
import { likeInput } from "./reading.ts";
import { autoPadOf, padsOf, perAxis, spatialRank, windowsOf } from "./windows.ts";

/** Spatial sizes of the kernel. `kernel_shape` may repeat them. */
function kernelOf(node: OnnxNode): readonly number[] {
  const [x, weight] = [node.shape(0), node.shape(1)];
  if (weight.length !== x.length) node.malformed(`its input ${showShape(x)} and its kernel ${showShape(weight)} differ in rank`);
  const kernel = weight.slice(2);
  const said = node.ints("kernel_shape", kernel);
  if (!sameShape(said, kernel)) node.malformed(`kernel_shape is ${showShape(said)}, but the kernel is ${showShape(weight)}`);
  return kernel;
}

function convolution(node: OnnxNode): Operand {
  const axes = spatialRank(node);
  kernelOf(node);
  const options = { ...windowsOf(node, axes), groups: node.int("group", 1) };
  return apply<Operand>(convOp, [node.operand(0), node.value(1), node.has(2) ? node.value(2) : undefined], options);
}

interface TransposedAxis {
  readonly size: number;
  readonly before: number;
}

/**
 * The size of a transposed convolution's result along an axis, and how much is cut off before it. With `output_shape` or SAME the size is
 * given and what is cut off follows: half of what is too much, the odd one at the end for SAME_UPPER, else at the beginning; what lacks
 * is added at the end. So says the text since version 11. The text of version 1 says the reverse, but the public vectors
 * convtranspose_autopad_same (the odd one at the end) and convtranspose_output_shape (the missing one at the end), which are older files
 * too, agree with the later text, and so does onnxruntime, also where no vector decides: at the beginning without auto_pad.
 */
function transposedAxes(node: OnnxNode, reach: readonly number[], strides: readonly number[]): TransposedAxis[] {
  const axes = reach.length;
  const input = node.shape(0).slice(2);
  const autoPad = autoPadOf(node);
  const same = autoPad === "SAME_UPPER" || autoPad === "SAME_LOWER";
  const sizes = node.given("output_shape") ? perAxis(node, "output_shape", axes) : same ? input.map((n, i) => n * strides[i]) : undefined;
  if (sizes === undefined) {
    const sides = autoPad === "VALID" ? reach.map(() => [0, 0] as const) : padsOf(node, axes);
    return reach.map((all, i) => ({ size: all - sides[i][0] - sides[i][1], before: sides[i][0] }));
  }
  return sizes.map((size, i) => {
    const half = Math.max(0, reach[i] - size) / 2;
    return { size, before: autoPad === "SAME_UPPER" ? Math.floor(half) : Math.ceil(half) };
  });
}

function transposedConvolution(node: OnnxNode): Operand {
  const axes = spatialRank(node);
  const kernel = kernelOf(node);
  const input = node.shape(0).slice(2);
  const stride = perAxis(node, "strides", axes, 1);
  const dilation = perAxis(node, "dilations", axes, 1);
  const extra = perAxis(node, "output_padding", axes, 0, 0);
  /** How far the windows of all input positions reach together. */
  const reach = input.map((n, i) => (n - 1) * stride[i] + dilatedKernel(kernel[i], dilation[i]));
  const sized = transposedAxes(
    node,
    reach.map((n, i) => n + extra[i]),
    stride,
  );
  sized.forEach(({ size }, i) => {
    if (size < 1)
      node.malformed(
        `its result would be empty: its windows reach over ${reach[i]} positions of spatial axis ${i}, and ${reach[i] - size} are cut off`,
      );
  });
  const inputSize = sized.map(({ size }) => size);
  // Read as the gradient of a convolution, whose windows have to fit exactly; so what is added is padding below 0.
  const padding = sized.map(({ size, before }, i) => [before, reach[i] - size - before] as const);
  const options = { stride, dilation, padding, groups: node.int("group", 1), inputSize };
  const y = convInputGrad<Operand>(node.operand(0), node.value(1), options);
  if (!node.has(2)) return y;
  return add(y, reshape(node.value(2), [1, y.shape[1], ...inputSize.map(() => 1)]));
}

function deformableConvolution(node: OnnxNode): Operand {
  const axes = spatialRank(node);
  if (axes !== 2) return node.unsupported(`${axes} spatial axes; fovea deforms convolutions of pictures, with 2`);
  const kernel = kernelOf(node);
  const { stride, dilation } = { stride: perAxis(node, "strides", 2, 1), dilation: perAxis(node, "dilations", 2, 1) };
  // fovea reads both numbers of groups off the shapes.
  const [groups, offsetGroups] = [node.int("group", 1), node.int("offset_group", 1)];
  const [channels, perGroup, offsets] = [node.shape(0)[1], node.shape(1)[1], node.shape(2)[1]];
  if (perGroup * groups !== channels)
    node.malformed(`its kernel reads ${perGroup} channels in each of ${groups} groups, but there are ${channels}`);
  if (offsets !== 2 * offsetGroups * kernel[0] * kernel[1]) {
    node.malformed(
      `its offsets have ${offsets} channels; expected 2 for each of ${kernel[0]} x ${kernel[1]} taps in ${offsetGroups} groups`,
    );
  }
  const [bias, mask] = [3, 4].map((i) => (node.has(i) ? node.value(i) : undefined));
  return deformConv2d<Operand>(node.operand(0), node.operand(2), node.value(1), bias, mask, { stride, dilation, padding: padsOf(node, 2) });
}

/** Columns back to windows, overlaps added: the standard's Col2Im is PyTorch's fold. */
function foldedColumns(node: OnnxNode): Operand {
  const [outputSize, kernelSize] = [node.integers(1), node.integers(2)];
  const axes = outputSize.length;
  const options = { stride: perAxis(node, "strides", axes, 1), dilation: perAxis(node, "dilations", axes, 1), padding: padsOf(node, axes) };
  return fold(node.operand(0), { outputSize, kernelSize, ...options });
}

export const convReaders: OnnxReaders = {
  Conv: (node) => likeInput(node, convolution(node)),
  ConvTranspose: (node) => likeInput(node, transposedConvolution(node)),
  DeformConv: (node) => likeInput(node, deformableConvolution(node)),
  Col2Im: (node) => likeInput(node, foldedColumns(node)),
};
