// How far one setting can go while the others stay: the ends of a slider, with what stops it. Found by asking the arithmetic itself.
import { ShapeError } from "../../tensor/errors.ts";
import { drawnSize, mostDrawn, type WindowOptions } from "./options.ts";

/** "range": the end that was asked for; "no output": no window would fit; "too large": more than can be drawn; "rule": the operation forbids it. */
export type BoundReason = "range" | "no output" | "too large" | "rule";

export interface SettingBounds {
  readonly least: number;
  readonly most: number;
  readonly whyLeast: BoundReason;
  readonly whyMost: BoundReason;
}

function obstacle(make: () => WindowOptions): BoundReason | undefined {
  try {
    return drawnSize(make()) > mostDrawn ? "too large" : undefined;
  } catch (error) {
    return error instanceof ShapeError ? "no output" : "rule";
  }
}

/**
 * The values of one whole-numbered setting, up to `least` and `most`, that can be reached from `value` without meeting an operation that is
 * impossible or too large to draw. `make` gives the options for a value, or throws as the arithmetic does. Where `value` itself is impossible, the range is `value` alone.
 */
export function settingBounds(
  make: (value: number) => WindowOptions,
  { value, least, most }: { readonly value: number; readonly least: number; readonly most: number },
): SettingBounds {
  const walk = (step: 1 | -1, end: number): readonly [reached: number, why: BoundReason] => {
    for (let at = value; at !== end; at += step) {
      const why = obstacle(() => make(at + step));
      if (why !== undefined) return [at, why];
    }
    return [end, "range"];
  };
  const own = obstacle(() => make(value));
  if (own !== undefined) return { least: value, most: value, whyLeast: own, whyMost: own };
  const [lowest, whyLeast] = walk(-1, Math.min(least, value));
  const [highest, whyMost] = walk(1, Math.max(most, value));
  return { least: lowest, most: highest, whyLeast, whyMost };
}
