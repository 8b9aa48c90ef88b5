// The pointing game: does the strongest pixel of a map lie on the object? Zhang, Lin, Brandt, Shen, Sclaroff 2016.
import { ShapeError } from "../../tensor/errors.ts";
import { showShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

export interface PointingTask {
  /** [C, H, W]; channels are added up. */
  readonly map: Tensor;
  /** [H, W], above 0 on the object. */
  readonly mask: Tensor;
  /** Label by which accuracies are averaged. */
  readonly class: number | string;
}

export interface PointingScore {
  readonly hits: number;
  readonly total: number;
  /** Share of hits per class. */
  readonly perClass: ReadonlyMap<number | string, number>;
  /** Their mean; 0 for no tasks. */
  readonly accuracy: number;
}

/** `tolerance` in pixels around the object (default: 15 at 224 pixels, scaled). Throws `ShapeError` where a mask has another size than its map. */
export function pointingGame(tasks: readonly PointingTask[], { tolerance }: { readonly tolerance?: number } = {}): PointingScore {
  const counts = new Map<number | string, { hits: number; total: number }>();
  for (const task of tasks) {
    const count = counts.get(task.class) ?? { hits: 0, total: 0 };
    count.total++;
    if (isHit(task, tolerance)) count.hits++;
    counts.set(task.class, count);
  }
  const perClass = new Map([...counts].map(([name, { hits, total }]) => [name, hits / total]));
  const shares = [...perClass.values()];
  return {
    hits: [...counts.values()].reduce((sum, { hits }) => sum + hits, 0),
    total: tasks.length,
    perClass,
    accuracy: shares.length === 0 ? 0 : shares.reduce((a, b) => a + b, 0) / shares.length,
  };
}

function isHit({ map, mask }: PointingTask, given: number | undefined): boolean {
  const [height, width] = map.shape.slice(-2);
  const plane = planeUnder(map, mask, "pointingGame");
  let best = 0;
  for (let p = 1; p < plane.length; p++) if (plane[p] > plane[best]) best = p;
  const reach = given ?? (15 * Math.min(height, width)) / 224;
  const [row, column] = [Math.floor(best / width), best % width];
  for (let y = Math.max(0, Math.ceil(row - reach)); y <= Math.min(height - 1, row + reach); y++) {
    for (let x = Math.max(0, Math.ceil(column - reach)); x <= Math.min(width - 1, column + reach); x++) {
      if (mask.data[y * width + x] > 0 && Math.hypot(y - row, x - column) <= reach) return true;
    }
  }
  return false;
}

/**
 * Share of a map's positive values that lies on the object, 0..1: the energy-based pointing game. `map` [C, H, W], channels added up; `mask` [H, W], above 0
 * on the object. Undefined for a map without positive values. Wang et al. 2020. Throws `ShapeError` where the mask has another size than the map.
 */
export function energyInside(map: Tensor, mask: Tensor): number | undefined {
  const plane = planeUnder(map, mask, "energyInside");
  let [inside, total] = [0, 0];
  plane.forEach((value, p) => {
    if (value <= 0) return;
    total += value;
    if (mask.data[p] > 0) inside += value;
  });
  return total > 0 ? inside / total : undefined;
}

/** The map's channels added up, for a mask of its size. */
function planeUnder(map: Tensor, mask: Tensor, where: string): Float64Array {
  const [height, width] = map.shape.slice(-2);
  if (mask.rank !== 2 || mask.shape[0] !== height || mask.shape[1] !== width) {
    throw new ShapeError(`${where}: the mask has shape ${showShape(mask.shape)}; expected [${height}, ${width}], as the map`);
  }
  const plane = new Float64Array(height * width);
  for (let i = 0; i < map.size; i++) plane[i % plane.length] += map.data[i];
  return plane;
}
