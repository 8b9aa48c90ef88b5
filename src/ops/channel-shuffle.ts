// Grouped convolutions never let groups talk to each other; between two of them the channels are dealt out anew, like cards.
import { count } from "../graph/attrs.ts";
import { defineOp, type Op, pointwise } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ShapeError } from "../tensor/errors.ts";
import { showShape } from "../tensor/shape.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";

export const channelShuffleOp: Op = defineOp({
  name: "channelShuffle",
  inputs: ["x"],
  attrs: { groups: count(1, 1, "number of groups that the channels come from") },
  shape({ x }, { groups }, where) {
    if (x.length < 2 || x[1] % groups !== 0) {
      throw new ShapeError(`${where}: axis 1 of ${showShape(x)} does not divide into ${groups} groups`);
    }
    return x;
  },
  field: () => ({ x: pointwise }),
  decompose({ x }, { groups }) {
    const [batch, channels, ...rest] = x.shape;
    const dealt = reshape(x, [batch, groups, channels / groups, ...rest]);
    return reshape(transpose(dealt, { permutation: [0, 2, 1, ...rest.map((_, i) => i + 3)] }), x.shape);
  },
  doc: {
    text: "Channels as a (groups, n) table, transposed: the first of every group, then the second of every group. Shuffling by n undoes it.",
    cites: ["Zhang et al., ShuffleNet, arXiv 1707.01083, section 3.1"],
    example: "channelShuffle(x, { groups: 3 })",
  },
  cases: [
    { inputs: [[2, 6, 3, 4]], attrs: { groups: 2 } },
    { inputs: [[1, 12, 5]], attrs: { groups: 3 } },
    { title: "features without space", inputs: [[3, 6]], attrs: { groups: 3 } },
  ],
});

/** Deals the channels of x [N, C, ...] out anew: out channel i·groups + j is channel j·(C / groups) + i. Throws `ShapeError` when C does not divide. */
export function channelShuffle<T extends Operand>(x: T, options: { readonly groups: number }): T {
  return apply(channelShuffleOp, [x], options);
}
