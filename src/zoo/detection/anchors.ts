// The boxes that a region proposal network starts from: every shape at every position of its map. Ren, He, Girshick, Sun 2015.
import { ArgumentError } from "../../tensor/errors.ts";
import type { DetectionBox } from "./boxes.ts";

export interface AnchorOptions {
  /** Side of the reference box in pixels (default 16, the stride of VGG's last maps). */
  readonly base?: number;
  /** Height over width (default 0.5, 1, 2). */
  readonly ratios?: readonly number[];
  /** Sides in units of the base (default 8, 16, 32). */
  readonly scales?: readonly number[];
}

/**
 * The anchors of one position, around the reference box [0, 0, base-1, base-1]: ratios outermost. Sides are rounded to whole pixels and the boxes
 * count pixels (their right edge is the last one), as in the authors' code, here from 0 and there from 1.
 */
export function anchors({ base = 16, ratios = [0.5, 1, 2], scales = [8, 16, 32] }: AnchorOptions = {}): DetectionBox[] {
  if (!(base > 0) || [...ratios, ...scales].some((n) => !(n > 0))) {
    throw new ArgumentError(`anchors: base ${base}, ratios ${ratios.join(", ")}, scales ${scales.join(", ")}; expected numbers above 0`);
  }
  const centre = (base - 1) / 2;
  return ratios.flatMap((ratio) => {
    const width = Math.round(Math.sqrt((base * base) / ratio));
    const height = Math.round(width * ratio);
    return scales.map((scale): DetectionBox => {
      const [right, down] = [(width * scale - 1) / 2, (height * scale - 1) / 2];
      return [centre - right, centre - down, centre + right, centre + down];
    });
  });
}

/** Every anchor at every position of a map, row by row: `stride` pixels of the picture from one position to the next. */
export function anchorGrid(rows: number, columns: number, stride: number, options: AnchorOptions = {}): DetectionBox[] {
  const shapes = anchors(options);
  return Array.from({ length: rows * columns }, (_, p) => [Math.floor(p / columns) * stride, (p % columns) * stride] as const).flatMap(
    ([y, x]) => shapes.map(([x1, y1, x2, y2]): DetectionBox => [x1 + x, y1 + y, x2 + x, y2 + y]),
  );
}
