// How much a test does: a fair sample in every run, and ten times as much in `npm run test:long`, which sets FOVEA_LONG.

/** Whether this is `npm run test:long`. */
export const isLong: boolean = process.env.FOVEA_LONG !== undefined;

/** Cases of a property, rounds of damage, seeds of a fuzz: `usual` of them, or ten times as many. */
export function rounds(usual: number): number {
  return isLong ? 10 * usual : usual;
}
