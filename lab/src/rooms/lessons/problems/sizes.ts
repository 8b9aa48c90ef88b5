// How large the output is.
import { draws } from "../draw.ts";
import { An, type Lesson, lesson } from "../lesson.ts";
import { windowLive } from "./window-settings.ts";

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
  live: windowLive,
  words: {
    en: {
      title: "Sizes",
      why: "Every layer's size follows from the one before. Whoever can compute it in their head reads architectures like sentences.",
      ask: ({ i, k, s, p }) =>
        `${An(i)} ${i}×${i} picture, a ${k}×${k} kernel, stride ${s}, padding ${p} on every side. How many rows does the output have?`,
      hint: ({ i, p }) => `Lay the kernel at the very start of the ${i + 2 * p} padded rows. How many rows can it still move?`,
      choices: () => [],
      slips: {
        noPadding: "That is what comes out without padding.",
        onePadding: "That counts the padding on one side only.",
        noStart: "That counts the moves, and leaves out the place where the kernel begins.",
        noStride: "That is what comes out with stride 1.",
      },
      captions: { starts: "Where the windows begin: 1 on every row of the padded input where one does" },
      explain: ({ s }, { value, facts: f }) =>
        `The kernel has ${f.room} rows of room to move, and moves ${s} at a time: ${f.moves} moves and the place where it begins make ${value}.`,
    },
    zh: {
      title: "输出尺寸",
      why: "每一层的尺寸都由前一层决定。能心算尺寸，读网络结构就像读句子一样。",
      ask: ({ i, k, s, p }) => `图像 ${i}×${i}，核 ${k}×${k}，步幅 ${s}，每边填充 ${p}。输出有多少行？`,
      hint: ({ i, p }) => `把核放在填充后 ${i + 2 * p} 行的最开头。它还能移动多少行？`,
      choices: () => [],
      slips: {
        noPadding: "这是不填充时的结果。",
        onePadding: "这只算了一边的填充。",
        noStart: "这是移动的次数，漏掉了核开始的位置。",
        noStride: "这是步幅为 1 时的结果。",
      },
      captions: { starts: "窗口从哪里开始：填充后的输入中，有窗口开始的行为 1" },
      explain: ({ s }, { value, facts: f }) =>
        `核还有 ${f.room} 行可以移动，每次移动 ${s} 行：移动 ${f.moves} 次，加上起始位置，共 ${value} 行。`,
    },
  },
});
