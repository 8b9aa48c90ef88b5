// Losses of labels; those of probabilities are written as what they are composed of.
import type { OnnxWriter, OnnxWriters } from "../emission.ts";

const ofLabels =
  (type: string): OnnxWriter =>
  ({ value, x, node }) =>
    value.inputs[1].dtype === "int32" ? node(type, x, { reduction: value.attrs.reduction as string }) : undefined;

export const lossWriters: OnnxWriters = {
  crossEntropy: ofLabels("SoftmaxCrossEntropyLoss"),
  nllLoss: ofLabels("NegativeLogLikelihoodLoss"),
};
