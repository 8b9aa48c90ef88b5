import { explain, explainConvSize, overlapCounts } from "fovea/arithmetic";
import type { Shown } from "../lesson.ts";
import type { Strides } from "../problems/strides.ts";
import { answerOf, lines, row, type Work } from "./work.ts";

export const strides: Work<Strides> = {
  scene: () => [],
  answer({ i, k, s, p }) {
    const size = explainConvSize({ input: i, kernel: k, stride: s, padding: p });
    const o = size.value;
    // A window reads what the transposed convolution writes.
    const read = overlapCounts({ input: o, kernel: k, stride: s });
    const covered = Array.from({ length: i + 2 * p }, (_, at) => read[at] ?? 0);
    const reached = explain("reached", "(o - 1)s + k", { o, s, k });
    const left = explain("left", "i + 2p - reached", { i, p, reached: reached.value });
    const shown: Shown[] = [{ name: "covered", values: row(covered), kind: "sequential" }];
    const value = covered.filter((windows) => windows === 0).length;
    const slips = { noPadding: explain("left", "(i - k) mod s", { i, k, s }).value, reached: reached.value };
    return answerOf(value, { working: lines(size, reached, left), facts: { o, reached: reached.value, padded: i + 2 * p }, shown, slips });
  },
};
