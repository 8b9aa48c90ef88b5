// The raw range that a picture's colours span. A picture always says it in raw units: two maps that look alike may differ a thousandfold.
import type { Tensor } from "../tensor/tensor.ts";
import type { ColourMap } from "./colour.ts";

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** Smallest and largest number of a tensor; NaN is passed over. An empty tensor, or one of NaN alone, has the range 0..0. */
export function rangeOf(...tensors: readonly Tensor[]): Range {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { data } of tensors) {
    for (const v of data) {
      if (v < low) low = v;
      if (v > high) high = v;
    }
  }
  return low > high ? { low: 0, high: 0 } : { low, high };
}

/** The range that is symmetric about 0 and holds everything, so that 0 falls on the centre of a diverging map. */
export function symmetricRange(...tensors: readonly Tensor[]): Range {
  const { low, high } = rangeOf(...tensors);
  const reach = Math.max(Math.abs(low), Math.abs(high));
  return { low: -reach, high: reach };
}

/** Below this a signed map counts as zero: stretching it to full colour would show rounding noise as if it were a finding. */
export const numericallyZero = 1e-5;

/**
 * The default range of signed maps: |values| are sorted, and the range ends where their running sum reaches `share` of the total, so that
 * a few extreme pixels do not bleach the rest. The same for all maps given. `undefined` when it would be below 1e-5.
 */
export function percentileRange(maps: readonly Tensor[], share = 0.98): Range | undefined {
  const sizes = new Float64Array(maps.reduce((sum, { size }) => sum + size, 0));
  let filled = 0;
  for (const { data } of maps) for (const v of data) sizes[filled++] = Math.abs(v);
  sizes.sort();
  const total = sizes.reduce((sum, v) => sum + v, 0);
  let running = 0;
  let reach = 0;
  for (const v of sizes) {
    running += v;
    reach = v;
    if (running >= share * total) break;
  }
  return reach < numericallyZero || Number.isNaN(total) ? undefined : { low: -reach, high: reach };
}

/** Where `value` lies in the range, 0..1; the middle when the range is a single number, so that a constant map is drawn constant. */
export function positionIn({ low, high }: Range, value: number): number {
  return high > low ? (value - low) / (high - low) : Number.isNaN(value) ? value : 0.5;
}

/** The range a colour map wants for these tensors when the caller names none. */
export function defaultRange(map: ColourMap, ...tensors: readonly Tensor[]): Range {
  return map.signed ? symmetricRange(...tensors) : rangeOf(...tensors);
}

/** A number for people: three significant digits, a true minus sign, no noise. */
export function show(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text =
    size >= 1e6 || size < 1e-3
      ? value
          .toExponential(digits - 1)
          .replace(/\.?0*e\+?(-?)(\d+)/, (_, sign: string, power: string) => ` × 10${superscript(sign + power)}`)
      : size >= 10 ** digits
        ? String(Math.round(value))
        : String(Number(value.toPrecision(digits)));
  return text.replace(/^-/, "−");
}

const superscripts: Readonly<Record<string, string>> = Object.fromEntries(Array.from("0123456789-", (c, i) => [c, "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"[i]]));

function superscript(digits: string): string {
  return Array.from(digits, (c) => superscripts[c]).join("");
}

/** A whole number with thin spaces between groups of three: 61 706. */
export function showCount(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

/** `low … high`, or `±high` when they mirror each other, in three significant digits. */
export function showRange({ low, high }: Range): string {
  return low === -high && high > 0 ? `±${show(high)}` : `${show(low)} … ${show(high)}`;
}
