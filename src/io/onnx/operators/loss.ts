// The losses of classification. Classes lie along axis 1; a label that is ignored, or is no class, costs nothing and counts for nothing.
import type { Operand } from "../../../graph/record.ts";
import { div, mul } from "../../../ops/arithmetic.ts";
import { map } from "../../../ops/elementwise.ts";
import * as e from "../../../ops/expression-build.ts";
import { oneHot } from "../../../ops/one-hot.ts";
import { sum } from "../../../ops/reduce.ts";
import { reshape } from "../../../ops/reshape.ts";
import { logSoftmax } from "../../../ops/softmax.ts";
import type { OnnxNode, OnnxReaders } from "../operator.ts";
import { allKnown, castTo, likeInput, operandOf } from "./reading.ts";

const [x0, x1] = [e.operand(0), e.operand(1)];

/** Minus infinity is a valid log-probability of a class that is not the label. */
const surprise = e.select(e.eq(x0, 0), 0, e.neg(e.mul(x0, x1)));

/** -weight[label] · log-probability[label] per position, their sum, or their mean weighted by weight[label]. */
function negativeLogLikelihood(node: OnnxNode, logProbabilities: Operand): Operand {
  const { shape, dtype } = logProbabilities;
  const classes = shape[1];
  const share = labelShare(node, classes, dtype);
  const losses = sum(map(surprise, [share, logProbabilities]), { axes: 1 });
  const reduction = node.string("reduction", "mean");
  if (reduction === "none") return losses;
  if (reduction === "sum") return sum(losses);
  if (reduction !== "mean") node.malformed(`reduction is "${reduction}"; expected "none", "sum" or "mean"`);
  return div(sum(losses), sum(share));
}

/** The weight of the label at the label's class, else 0, in the shape of the scores. */
function labelShare(node: OnnxNode, classes: number, dtype: Operand["dtype"]): Operand {
  const labels = castTo(operandOf(node, 1), "int32");
  const chosen = oneHot(node.given("ignore_index") ? withoutIgnored(labels, node.int("ignore_index")) : labels, {
    classes,
    axis: 1,
    dtype,
  });
  if (!node.has(2)) return chosen;
  const weights = allKnown(node) ? node.operand(2) : node.buffer(2);
  return mul(chosen, reshape(weights, [classes, ...new Array<number>(labels.shape.length - 1).fill(1)]));
}

/** -1 is no class, so such a label has no share anywhere. */
function withoutIgnored(labels: Operand, ignored: number): Operand {
  return map(e.select(e.eq(x0, ignored), -1, x0), [labels]);
}

export const lossReaders: OnnxReaders = {
  NegativeLogLikelihoodLoss: (node) => likeInput(node, negativeLogLikelihood(node, operandOf(node, 0))),
  SoftmaxCrossEntropyLoss(node) {
    const logProbabilities = logSoftmax(operandOf(node, 0), { axis: 1 });
    return [likeInput(node, negativeLogLikelihood(node, logProbabilities)), likeInput(node, logProbabilities)];
  },
};
