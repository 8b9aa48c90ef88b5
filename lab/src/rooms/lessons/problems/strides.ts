// What a stride leaves over.
import { draws } from "../draw.ts";
import { type Lesson, lesson } from "../lesson.ts";
import { windowLive } from "./window-settings.ts";

export interface Strides {
  readonly i: number;
  readonly k: number;
  readonly s: number;
  readonly p: number;
}

export const strides: Lesson = lesson<Strides>({
  name: "strides",
  make(seed) {
    const { whole } = draws("strides", seed);
    const s = whole(2, 4);
    const k = whole(s, 5);
    return { s, k, i: whole(k + 3, 16), p: whole(0, 2) };
  },
  ask: () => ({ kind: "number" }),
  live: windowLive,
  words: {
    en: {
      title: "Stride and padding",
      why: "A stride does not have to fit. What is left over at the far end is read by no window: the network is blind there. Padding can help, or add more to be blind for.",
      ask: ({ i, k, s, p }) =>
        `${i} rows, kernel ${k}, stride ${s}, padding ${p} before and after. How many rows of the padded input, at its end, does no window cover?`,
      hint: ({ i, p, k }) => `There are ${i} + 2·${p} rows. Where does the first window end, at row ${k}, and where does each next one?`,
      choices: () => [],
      slips: {
        noPadding: "That is what is left over without padding.",
        reached: "That many rows are covered; the question is what remains.",
      },
      captions: { covered: "How many windows cover each row of the padded input" },
      explain: (_, { value, facts: f }) =>
        `${f.o} windows reach from row 0 to row ${f.reached - 1} of ${f.padded}. ${value === 0 ? "Nothing is left over: the stride fits." : `${value} of them ${value === 1 ? "is" : "are"} left over.`}`,
    },
    zh: {
      title: "步幅与填充",
      why: "步幅不一定正好合适。末端剩下的行没有任何窗口读取：网络在那里是盲的。填充有时有帮助，有时只是多出一些读不到的行。",
      ask: ({ i, k, s, p }) => `${i} 行，核 ${k}，步幅 ${s}，前后各填充 ${p}。填充后的输入末端有多少行没有被任何窗口覆盖？`,
      hint: ({ i, p, k }) => `一共有 ${i} + 2·${p} 行。第一个窗口到第 ${k} 行结束，之后的每一个到哪里？`,
      choices: () => [],
      slips: { noPadding: "这是不填充时剩下的行数。", reached: "这是被覆盖的行数；问的是剩下的。" },
      captions: { covered: "填充后输入的每一行被多少个窗口覆盖" },
      explain: (_, { value, facts: f }) =>
        `${f.o} 个窗口覆盖第 0 行到第 ${f.reached - 1} 行，总共 ${f.padded} 行。${value === 0 ? "没有剩余：步幅正好合适。" : `剩下 ${value} 行。`}`,
    },
  },
});
