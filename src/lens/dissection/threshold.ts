// The value that a given share of a unit's positions lie above.

/**
 * The smallest value that at most `share` of the values are above, and the share that are: equal to `share` within one position, less where
 * values repeat. Undefined when all values are the same.
 */
export function thresholdAbove(values: Float32Array, share: number): { readonly threshold: number; readonly share: number } | undefined {
  const sorted = values.slice().sort();
  const { length } = sorted;
  if (length === 0 || sorted[0] === sorted[length - 1]) return undefined;
  const wanted = Math.floor(share * length);
  let threshold = sorted[length - 1 - wanted];
  // Where the strongest value repeats more often than the share allows, the threshold is the strongest value below it.
  if (threshold === sorted[length - 1]) {
    let at = length - 1;
    while (at >= 0 && sorted[at] === threshold) at--;
    threshold = sorted[at];
  }
  let above = 0;
  for (let i = length - 1; i >= 0 && sorted[i] > threshold; i--) above++;
  return { threshold, share: above / length };
}
