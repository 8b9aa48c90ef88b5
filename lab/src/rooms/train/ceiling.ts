// How high a chart of losses reaches: a few first losses of an unlucky start must not flatten everything that follows to the axis.

const fewest = 20;
/** How much higher than all the others those few must be. */
const apart = 8;

/** The greatest value; without the highest few (three, or one of fifty) where those tower over all others. */
export function ceilingOf(values: readonly number[]): number {
  const falling = values.toSorted((a, b) => b - a);
  const highest = falling[0] ?? 0;
  const usual = falling[Math.max(3, Math.ceil(falling.length / 50))] ?? 0;
  return falling.length >= fewest && highest > apart * usual && usual > 0 ? usual : highest;
}
