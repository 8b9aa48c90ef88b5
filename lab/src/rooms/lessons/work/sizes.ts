import { conv2d, ones, zeros } from "fovea";
import { convSize, explainConvSize } from "fovea/arithmetic";
import type { Shown } from "../lesson.ts";
import type { Sizes } from "../problems/sizes.ts";
import { answerOf, lines, row, type Work } from "./work.ts";

export const sizes: Work<Sizes> = {
  scene: () => [],
  answer({ i, k, s, p }) {
    const value = conv2d(zeros([1, 1, i, i]), ones([1, 1, k, k]), { stride: s, padding: p }).shape[2];
    const explained = explainConvSize({ input: i, kernel: k, stride: s, padding: p });
    const room = i + 2 * p - k;
    const starts = Array.from({ length: i + 2 * p }, (_, at) => (at % s === 0 && at <= room ? 1 : 0));
    const shown: Shown[] = [{ name: "starts", values: row(starts), kind: "sequential" }];
    const slips = {
      ...{ noPadding: convSize(i, k, s, 0), onePadding: convSize(i + p, k, s, 0) },
      ...{ noStart: value - 1, noStride: convSize(i, k, 1, p) },
    };
    return answerOf(value, { working: lines(explained), facts: { room, moves: value - 1 }, shown, slips });
  },
};
