// The learning curve of a training of any length, in bounded memory: neighbouring steps are averaged, more of them the longer it lasts.
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions, showGiven } from "../tensor/options.ts";
import type { StepRecord } from "./options.ts";

/** Means over `count` neighbouring steps. */
export interface CurvePoint {
  /** The last of the steps. */
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly count: number;
}

export interface LearningCurve {
  add(record: Pick<StepRecord, "step" | "loss" | "accuracy">): void;
  /** In order; every step that was added is in exactly one of them. */
  readonly points: readonly CurvePoint[];
  /** Forgets what came after `step`. A point that reaches beyond it goes, too. */
  cut(step: number): void;
}

/** A curve of at most `most` points (default 1000), which is never fewer than half of that once it was reached. Throws `ArgumentError` below 2. */
export function learningCurve(options: { readonly most?: number; readonly points?: readonly CurvePoint[] } = {}): LearningCurve {
  checkOptions("learningCurve", options, ["most", "points"]);
  const { most = 1000 } = options;
  if (!Number.isInteger(most) || most < 2) throw new ArgumentError(`learningCurve: most is ${showGiven(most)}; expected an integer >= 2`);
  let points: CurvePoint[] = [...(options.points ?? [])];
  /** Steps that a full point stands for. */
  let span = Math.max(1, ...points.map(({ count }) => count));
  return {
    get points() {
      return points;
    },
    add({ step, loss, accuracy }) {
      const single = { step, loss, accuracy, count: 1 };
      const last = points.at(-1);
      if (last !== undefined && last.count < span) points[points.length - 1] = together(last, single);
      else points.push(single);
      if (points.length <= most) return;
      span *= 2;
      points = Array.from({ length: Math.ceil(points.length / 2) }, (_, i) => {
        const [a, b] = points.slice(2 * i, 2 * i + 2);
        return b === undefined ? a : together(a, b);
      });
    },
    cut(step) {
      points = points.filter((point) => point.step <= step);
    },
  };
}

function together(a: CurvePoint, b: CurvePoint): CurvePoint {
  const count = a.count + b.count;
  const mean = (key: "loss" | "accuracy"): number => (a[key] * a.count + b[key] * b.count) / count;
  return { step: b.step, loss: mean("loss"), accuracy: mean("accuracy"), count };
}
