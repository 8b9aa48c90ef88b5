// Boxes as detectors use them: [x1, y1, x2, y2] in pixels, right and lower edges included in nothing but the arithmetic of anchors, which counts
// pixels. Pure functions: no network is needed to find out where a box is.
import { ArgumentError } from "../../tensor/errors.ts";

/** Left, top, right, bottom. */
export type DetectionBox = readonly [x1: number, y1: number, x2: number, y2: number];

const area = ([x1, y1, x2, y2]: DetectionBox): number => Math.max(0, x2 - x1) * Math.max(0, y2 - y1);

/** Intersection over union; 0 for boxes without area. */
export function overlap(a: DetectionBox, b: DetectionBox): number {
  const both = area([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  const union = area(a) + area(b) - both;
  return union === 0 ? 0 : both / union;
}

/** The part of a box within a picture of this size. */
export function clipBox([x1, y1, x2, y2]: DetectionBox, height: number, width: number): DetectionBox {
  const within = (v: number, size: number): number => Math.min(Math.max(v, 0), size);
  return [within(x1, width), within(y1, height), within(x2, width), within(y2, height)];
}

/**
 * Greedy non-maximum suppression: the best box stays, and all that overlap it by more than `threshold` (default 0.5) go; then the best of the rest.
 * Gives indices, best first; equal scores by lower index. Throws `ArgumentError` when there is not one score per box.
 */
export function suppress(
  boxes: readonly DetectionBox[],
  scores: ArrayLike<number>,
  { threshold = 0.5 }: { readonly threshold?: number } = {},
): number[] {
  if (boxes.length !== scores.length) throw new ArgumentError(`suppress: ${boxes.length} boxes, but ${scores.length} scores`);
  const order = boxes.map((_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b);
  const kept: number[] = [];
  for (const i of order) if (kept.every((k) => overlap(boxes[k], boxes[i]) <= threshold)) kept.push(i);
  return kept;
}

/** What a regressor says of a box: shift of the centre in widths and heights, logarithm of the change of size. Girshick et al. 2014, appendix C. */
export type BoxChange = readonly [dx: number, dy: number, dw: number, dh: number];

interface Centred {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function centred([x1, y1, x2, y2]: DetectionBox): Centred {
  const [width, height] = [x2 - x1, y2 - y1];
  if (!(width > 0 && height > 0)) throw new ArgumentError(`box [${x1}, ${y1}, ${x2}, ${y2}] has no area; expected x1 < x2 and y1 < y2`);
  return { x: x1 + width / 2, y: y1 + height / 2, width, height };
}

/** The change that turns `from` into `to`: what a regressor is taught. Throws `ArgumentError` for boxes without area. */
export function encodeBox(from: DetectionBox, to: DetectionBox): BoxChange {
  const [a, b] = [centred(from), centred(to)];
  return [(b.x - a.x) / a.width, (b.y - a.y) / a.height, Math.log(b.width / a.width), Math.log(b.height / a.height)];
}

/** Sizes grow by at most this factor at once, so that a wild regressor cannot overflow: 1000 / 16, as the authors' code. */
const mostGrowth = Math.log(1000 / 16);

/** The box that a change makes of `from`: the inverse of `encodeBox`. */
export function decodeBox(from: DetectionBox, [dx, dy, dw, dh]: BoxChange): DetectionBox {
  const a = centred(from);
  const [x, y] = [a.x + dx * a.width, a.y + dy * a.height];
  const [width, height] = [a.width * Math.exp(Math.min(dw, mostGrowth)), a.height * Math.exp(Math.min(dh, mostGrowth))];
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}
