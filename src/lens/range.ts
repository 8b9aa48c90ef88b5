// Smallest and largest of plain numbers.
import type { TensorData } from "../tensor/tensor.ts";
import type { RawRange } from "./records.ts";

/** NaN is passed over; nothing but NaN gives 0..0. */
export function rangeOfValues(data: TensorData | readonly number[]): RawRange {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const v of data) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return low > high ? { low: 0, high: 0 } : { low, high };
}
