// Several sums over the same numbers in one sweep: what batch norm needs both ways, where reading is what takes the time.
import { type AttrSpec, custom } from "../graph/attrs.ts";
import { defineOp, type Op } from "../graph/op.ts";
import { apply } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { broadcastShapes, type Shape, showShape } from "../tensor/shape.ts";
import { concat } from "./concat.ts";
import { map } from "./elementwise.ts";
import { type Expression, operandsOf } from "./expression.ts";
import * as e from "./expression-build.ts";
import { oneFloatType } from "./operands.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";

const isExpression = (given: unknown): given is Expression => typeof given === "object" && given !== null && "kind" in given;

const termsAttr: AttrSpec<readonly Expression[]> = custom((given, { where }) => {
  if (!Array.isArray(given) || given.length === 0 || !given.every(isExpression))
    throw new ArgumentError(`${where}: expected a list of Expressions`);
  return given;
}, "what is summed, as expressions over the operands");

/** Every axis but the channels'. */
export const channelAxes = ({ shape }: { readonly shape: Shape }): number[] => shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));

export const channelSumsOp: Op = defineOp({
  name: "channelSums",
  inputs: ["...xs"],
  attrs: { terms: termsAttr },
  shape({ all }, { terms }, where) {
    const shape = broadcastShapes(all, where);
    if (shape.length < 2) throw new ShapeError(`${where}: the operands make ${showShape(shape)}; expected [batch, channels, ...]`);
    const most = Math.max(...terms.map((term) => operandsOf(term).at(-1) ?? 0));
    if (most >= all.length) throw new ShapeError(`${where}: the terms need ${most + 1} operands, but ${all.length} are given`);
    return [terms.length, shape[1]];
  },
  dtype: ({ all }) => oneFloatType("channelSums", all),
  decompose({ all }, { terms }) {
    const sums = terms.map((term) => {
      const whole = map(term, all);
      return reshape(sum(whole, { axes: channelAxes(whole) }), [1, whole.shape[1]]);
    });
    return concat(sums, { axis: 0 });
  },
  doc: {
    text: "Sums of several elementwise terms over all axes but the channels', in one sweep: operands that broadcast to [N, C, ...] -> [terms, C].",
  },
  cases: [
    { title: "sum and sum of squares", inputs: [[3, 4, 5, 2]], attrs: { terms: [e.operand(0), e.square(e.operand(0))] } },
    {
      title: "one term beside a product, per channel shifted",
      inputs: [
        [2, 3, 7, 5],
        [2, 3, 7, 5],
        [3, 1, 1],
      ],
      attrs: { terms: [e.operand(0), e.mul(e.operand(0), e.sub(e.operand(1), e.operand(2)))] },
    },
    {
      title: "dense features, three terms",
      inputs: [[9, 6]],
      attrs: { terms: [e.operand(0), e.square(e.operand(0)), e.abs(e.operand(0))] },
    },
  ],
});

/** [terms.length, C]: Σ terms[i] over all axes but axis 1 of what `xs` broadcast to. */
export function channelSums(xs: readonly Value[], terms: readonly Expression[]): Value {
  return apply<Value>(channelSumsOp, xs, { terms });
}
