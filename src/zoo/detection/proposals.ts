// From a region proposal network's two maps to a list of boxes worth looking at, and from a box to the fixed-size picture that a classifier takes.
import { affineGrid } from "../../ops/affine-grid.ts";
import { gridSample } from "../../ops/grid-sample.ts";
import { ArgumentError, ShapeError } from "../../tensor/errors.ts";
import { showShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type BoxChange, clipBox, type DetectionBox, decodeBox, suppress } from "./boxes.ts";

export interface ProposalOptions {
  /** Size of the picture that boxes are cut to. */
  readonly height: number;
  readonly width: number;
  /** Sides below this many pixels are dropped (default 1). */
  readonly leastSide?: number;
  /** Boxes looked at before and kept after suppression (default 2000 and 300). */
  readonly before?: number;
  readonly after?: number;
  /** Overlap of suppression (default 0.7). */
  readonly threshold?: number;
}

export interface Proposal {
  readonly box: DetectionBox;
  readonly score: number;
}

/** Decodes, cuts, filters, ranks and suppresses. `changes` has four numbers per anchor. Throws `ShapeError` where the counts differ. */
export function proposals(
  anchorBoxes: readonly DetectionBox[],
  scores: ArrayLike<number>,
  changes: ArrayLike<number>,
  options: ProposalOptions,
): Proposal[] {
  const { height, width, leastSide = 1, before = 2000, after = 300, threshold = 0.7 } = options;
  if (scores.length !== anchorBoxes.length || changes.length !== 4 * anchorBoxes.length) {
    throw new ShapeError(
      `proposals: ${anchorBoxes.length} anchors, ${scores.length} scores and ${changes.length} changes; expected 1 and 4 per anchor`,
    );
  }
  const candidates = anchorBoxes
    .map((anchor, i): Proposal => {
      const change = [0, 1, 2, 3].map((k) => changes[4 * i + k]) as unknown as BoxChange;
      return { box: clipBox(decodeBox(anchor, change), height, width), score: scores[i] };
    })
    .filter(({ box: [x1, y1, x2, y2] }) => x2 - x1 >= leastSide && y2 - y1 >= leastSide)
    .sort((a, b) => b.score - a.score)
    .slice(0, before);
  const boxes = candidates.map(({ box }) => box);
  const ranked = candidates.map(({ score }) => score);
  return suppress(boxes, ranked, { threshold })
    .slice(0, after)
    .map((i) => candidates[i]);
}

/**
 * A box of a picture [C, H, W] squeezed to [C, height, width], whatever its proportions, with `context` pixels of the result around it (R-CNN: 16 of
 * 227). Bilinear; what lies beyond the picture is 0. Girshick et al. 2014, appendix A.
 */
export function warpBox(
  image: Tensor,
  [x1, y1, x2, y2]: DetectionBox,
  { height, width, context = 0 }: { readonly height: number; readonly width: number; readonly context?: number },
): Tensor {
  if (image.rank !== 3) throw new ShapeError(`warpBox: the picture has shape ${showShape(image.shape)}; expected [C, H, W]`);
  if (!(x2 > x1 && y2 > y1) || 2 * context >= Math.min(height, width)) {
    throw new ArgumentError(`warpBox: box [${x1}, ${y1}, ${x2}, ${y2}] with ${context} pixels of context in ${height} x ${width}`);
  }
  const [, rows, columns] = image.shape;
  // The context is part of the result, so that the box itself covers the rest.
  const [halfWidth, halfHeight] = [((x2 - x1) / 2) * (width / (width - 2 * context)), ((y2 - y1) / 2) * (height / (height - 2 * context))];
  const [centreX, centreY] = [(x1 + x2) / 2, (y1 + y2) / 2];
  // In the sampler's coordinates the picture runs from -1 to 1.
  const theta = new Tensor(
    Float32Array.of((2 * halfWidth) / columns, 0, (2 * centreX) / columns - 1, 0, (2 * halfHeight) / rows, (2 * centreY) / rows - 1),
    [1, 2, 3],
  );
  const grid = affineGrid(theta, { size: [height, width] });
  return gridSample(image.cast("float32").reshape([1, ...image.shape]), grid).entry(0);
}
