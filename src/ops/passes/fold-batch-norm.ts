// Batch norm with fixed statistics is one multiply-add per channel, and the convolution or dense layer before it has weights and a bias
// to take both in: conv(x, w, b) normalised = conv(x, w · s, (b - mean) · s + shift) with s = weight / √(variance + eps).
import type { Graph } from "../../graph/graph.ts";
import { countUses } from "../../graph/passes/uses.ts";
import { constantOp, fill, fillOp, record } from "../../graph/record.ts";
import { rewriteGraph } from "../../graph/rewrite.ts";
import type { Value } from "../../graph/value.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { add, mul, sub } from "../arithmetic.ts";
import { convInputGradOp, convOp } from "../conv.ts";
import { map } from "../elementwise.ts";
import * as e from "../expression-build.ts";
import { linearOp } from "../linear.ts";
import { batchNormOp } from "../norm-batch.ts";
import { reshape } from "../reshape.ts";

/** What has weights to take the scale in. */
interface Foldable {
  /** Weights and bias as they stand in the graph. */
  readonly parameters: readonly (Value | undefined)[];
  /** [channels] */
  readonly bias: Value | undefined;
  /** The same layer with its weights scaled and another bias. */
  again(scale: Value, bias: Value): Value;
}

/**
 * Folds batch norms in evaluation into the convolution, transposed convolution or dense layer before them, where all parameters are
 * constants and nothing else reads that layer's output. Exact but for rounding.
 */
export function foldBatchNorm(graph: Graph): Graph {
  const uses = countUses(graph);
  const onlyReader = (value: Value): boolean => uses.get(value) === 1;
  return rewriteGraph(graph, (value, inputs) => {
    if (value.op !== batchNormOp || !inputs.slice(1).every(isConstant)) return undefined;
    // Uses are counted in the graph as it was; the operand as it was stands for its rewritten self.
    const layer = onlyReader(value.inputs[0]) ? foldable(inputs[0], value.inputs[0], onlyReader) : undefined;
    if (layer === undefined || !layer.parameters.every((p) => p === undefined || isConstant(p))) return undefined;
    const [x, mean, variance, weight, shift] = inputs;
    const inverse = map(e.rsqrt(e.add(e.operand(0), value.attrs.eps as number)), [variance]);
    const scale = weight === undefined ? inverse : mul(inverse, weight);
    const centred = sub(layer.bias ?? fill(mean.shape, 0, x.dtype), mean);
    const bias = shift === undefined ? mul(centred, scale) : add(mul(centred, scale), shift);
    return layer.again(scale, bias);
  });
}

const isConstant = (value: Value): boolean => value.op === constantOp || value.op === fillOp;

function foldable(value: Value, before: Value, onlyReader: (value: Value) => boolean): Foldable | undefined {
  const [x, weight, bias] = value.inputs;
  switch (value.op) {
    case convOp:
      return {
        parameters: [weight, bias],
        bias,
        again: (scale, b) => record(convOp, [x, mul(weight, alongAxis(scale, 0, weight.rank)), b], value.attrs),
      };
    case linearOp:
      // Channels are axis 1, which is a dense layer's last axis only for plain rows of features.
      if (value.rank !== 2) return undefined;
      return { parameters: [weight, bias], bias, again: (scale, b) => record(linearOp, [x, mul(weight, alongAxis(scale, 0, 2)), b]) };
    case convInputGradOp:
      return transposed(value, undefined);
    default:
      return biased(value, before, onlyReader);
  }
}

/** A transposed convolution with a bias is a sum, since its adjoint has none. */
function biased(value: Value, before: Value, onlyReader: (value: Value) => boolean): Foldable | undefined {
  if (value.op.name !== "add") return undefined;
  const k = value.inputs.findIndex((v) => v.op === convInputGradOp);
  const bias = value.inputs[1 - k];
  if (k < 0 || !onlyReader(before.inputs[k]) || bias.rank > value.rank) return undefined;
  const perChannel = sizeOf(bias.shape) === value.shape[1] && bias.shape[bias.rank - value.rank + 1] === value.shape[1];
  return perChannel ? transposed(value.inputs[k], bias) : undefined;
}

/** Weights of a transposed convolution are [Cin, Cout / groups, ...]: the scale runs along axis 1 within each group of axis 0. */
function transposed(value: Value, bias: Value | undefined): Foldable {
  const [x, weight] = value.inputs;
  const groups = value.attrs.groups as number;
  const [inputs, perGroup, ...kernel] = weight.shape;
  const grouped = [groups, inputs / groups, perGroup, ...kernel];
  return {
    parameters: [weight, bias],
    bias: bias && reshape(bias, [groups * perGroup]),
    again(scale, b) {
      const factors = reshape(scale, [groups, 1, perGroup, ...kernel.map(() => 1)]);
      const scaled = reshape(mul(reshape(weight, grouped), factors), weight.shape);
      return add(record(convInputGradOp, [x, scaled], value.attrs), alongAxis(b, 1, value.rank));
    },
  };
}

const alongAxis = (vector: Value, axis: number, rank: number): Value =>
  reshape(vector, new Array<number>(rank).fill(1).with(axis, vector.shape[0]));
