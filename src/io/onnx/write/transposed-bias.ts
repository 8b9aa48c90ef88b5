// A transposed convolution with a bias is a sum in fovea, because the adjoint of a convolution has none. Files and frameworks have one layer.
import type { Graph } from "../../../graph/graph.ts";
import { countUses } from "../../../graph/passes/uses.ts";
import type { Value } from "../../../graph/value.ts";
import { type ConvAttrs, convInputGradGeometry, convInputGradOp } from "../../../ops/conv.ts";
import { reshapeOp } from "../../../ops/reshape.ts";
import { transposedWindow } from "./operators/conv.ts";

export interface BiasedTransposed {
  readonly transposed: Value;
  /** [channels] */
  readonly bias: Value;
  /** Values that need not be written by themselves. */
  readonly absorbed: readonly Value[];
}

/** The sums that are a transposed convolution and its bias, as `convTranspose2d` records them. */
export function biasedTransposed(graph: Graph): Map<Value, BiasedTransposed> {
  const uses = countUses(graph);
  const found = new Map<Value, BiasedTransposed>();
  for (const value of graph.order) {
    if (value.op.name !== "add") continue;
    const [transposed, shaped] = value.inputs;
    if (transposed.op !== convInputGradOp || uses.get(transposed) !== 1 || shaped.op !== reshapeOp) continue;
    const [bias] = shaped.inputs;
    const perChannel =
      bias.rank === 1 && bias.shape[0] === value.shape[1] && shaped.rank === value.rank && shaped.shape[1] === bias.shape[0];
    if (!perChannel || !isOneLayer(transposed)) continue;
    found.set(value, { transposed, bias, absorbed: uses.get(shaped) === 1 ? [transposed, shaped] : [transposed] });
  }
  return found;
}

function isOneLayer({ inputs: [g, weight], attrs }: Value): boolean {
  const { axes } = convInputGradGeometry(g.shape, weight.shape, attrs as unknown as ConvAttrs & { readonly inputSize: readonly number[] });
  return transposedWindow(axes).zeros.every(([before, after]) => before === 0 && after === 0);
}
