// Ops on plain tensors compute at once: an edge detector, its stride, its transpose, and a pooled map.
import { conv2d, convTranspose2d, maxPool2d, tensor } from "fovea";

// A picture that is bright on the left and dark on the right, and a kernel that answers to such edges.
const picture = tensor([Array.from({ length: 6 }, () => [10, 10, 10, 0, 0, 0])]).reshape([1, 1, 6, 6]);
const edge = tensor([
  [1, 0, -1],
  [1, 0, -1],
  [1, 0, -1],
]).reshape([1, 1, 3, 3]);

const response = conv2d(picture, edge);
const strided = conv2d(picture, edge, undefined, { stride: 2, padding: 1 });
const pooled = maxPool2d(response, 2);
const spread = convTranspose2d(strided, edge, undefined, { stride: 2, padding: 1, outputPadding: 1 });

console.log("response", response.toNested());
console.log("strided ", strided.toNested());
console.log("pooled  ", pooled.toNested());
console.log("transposed back to", spread.shape);

export const results = { response: response.entry(0).entry(0).toNested(), back: spread.shape };
