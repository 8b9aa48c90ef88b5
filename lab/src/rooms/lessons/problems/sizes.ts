// How large the output is.
import { draws } from "../draw.ts";
import { type Lesson, lesson } from "../lesson.ts";
import { windowSettings } from "./window-settings.ts";

export interface Sizes {
  readonly i: number;
  readonly k: number;
  readonly s: number;
  readonly p: number;
}

export const sizes: Lesson = lesson<Sizes>({
  name: "sizes",
  make(seed) {
    const { whole } = draws("sizes", seed);
    const k = whole(2, 5);
    return { k, i: whole(k + 2, 14), s: whole(1, 3), p: whole(0, k - 1) };
  },
  ask: () => ({ kind: "number" }),
  more: (p) => ({ room: "convolve", change: windowSettings(p) }),
  words: {
    en: {
      title: "Sizes",
      why: "Every layer's size follows from the one before. Whoever can compute it in the head reads architectures like sentences.",
      ask: ({ i, k, s, p }) =>
        `A ${i}×${i} picture, a ${k}×${k} kernel, stride ${s}, padding ${p} on every side. How many rows has the output?`,
      choices: () => [],
      captions: { starts: "Where the windows begin: 1 on every row of the padded input where one does" },
      explain: ({ s }, { value, facts: f }) =>
        `The kernel has ${f.room} rows of room to move, and moves ${s} at a time: ${f.moves} moves and the place where it begins make ${value}.`,
    },
    zh: {
      title: "输出尺寸",
      why: "每一层的尺寸都由前一层决定。能心算尺寸，读网络结构就像读句子一样。",
      ask: ({ i, k, s, p }) => `图像 ${i}×${i}，核 ${k}×${k}，步幅 ${s}，每边填充 ${p}。输出有多少行？`,
      choices: () => [],
      captions: { starts: "窗口从哪里开始：填充后的输入中，有窗口开始的行为 1" },
      explain: ({ s }, { value, facts: f }) =>
        `核还有 ${f.room} 行可以移动，每次移动 ${s} 行：移动 ${f.moves} 次，加上起始位置，共 ${value} 行。`,
    },
  },
});
