// What a learning rate does on the simplest valley.
import { draws } from "../draw.ts";
import { type Lesson, lesson, show } from "../lesson.ts";

export interface Rates {
  /** Curvature of the loss L(w) = a·w² / 2. */
  readonly a: number;
  readonly rate: number;
  readonly w: number;
}

export const rates: Lesson = lesson<Rates>({
  name: "rates",
  make(seed) {
    const { oneOf } = draws("rates", seed);
    const a = oneOf([0.5, 1, 2, 4] as const);
    // The factor of each step is 1 - rate·a.
    const product = oneOf([0.25, 0.5, 1.5, 1.75, 2, 2.25, 2.5] as const);
    return { a, rate: product / a, w: oneOf([1, 2, -2, 4] as const) };
  },
  ask: () => ({ kind: "choice" }),
  live: ({ rate }) => ({
    room: "train",
    query: { optimiser: "sgd", rate: String(rate), momentum: "0" },
    hide: ["optimiser", "momentum"],
    secret: [],
  }),
  words: {
    en: {
      title: "Learning rates",
      why: "Too small a rate wastes time, too large a rate throws the weights further away at every step. Where the limit lies depends on how steep the valley is.",
      ask: ({ a, rate, w }) =>
        `The loss is L(w) = ${a}·w² / 2. Gradient descent starts at w = ${show(w)} with learning rate ${rate}. What will w do in 12 steps?`,
      hint: () => "A step goes from w to w − rate · a·w. By which factor does that multiply w?",
      choices: () => [
        "Come nearer to 0 from one side",
        "Come nearer to 0, swinging from side to side",
        "Swing from side to side, always equally far",
        "Swing further and further away",
      ],
      captions: { path: "w, step by step" },
      explain: (_, { facts: f }) =>
        `The slope is a·w, so a step multiplies w by 1 − rate·a = ${show(f.factor)}. ${Math.abs(f.factor) < 1 ? `|${show(f.factor)}| < 1: it comes nearer${f.factor < 0 ? ", but the minus sign changes sides at every step" : ""}.` : Math.abs(f.factor) === 1 ? "The size stays, the side changes." : `|${show(f.factor)}| > 1: it goes away.`} After 12 steps w = ${show(f.last, 3)}. Anything above rate = 2 / a = ${f.limit} diverges.`,
    },
    zh: {
      title: "学习率",
      why: "学习率太小浪费时间，太大则每一步都把权重抛得更远。界限在哪里，取决于谷有多陡。",
      ask: ({ a, rate, w }) => `损失是 L(w) = ${a}·w² / 2。梯度下降从 w = ${show(w)} 开始，学习率 ${rate}。12 步之内 w 会怎样？`,
      hint: () => "每一步从 w 走到 w − 学习率 · a·w。这相当于 w 乘以多少？",
      choices: () => ["从一侧逐渐接近 0", "左右摆动着接近 0", "左右摆动，距离始终不变", "摆动得越来越远"],
      captions: { path: "每一步的 w" },
      explain: (_, { facts: f }) =>
        `斜率是 a·w，所以每一步把 w 乘以 1 − 学习率·a = ${show(f.factor)}。${Math.abs(f.factor) < 1 ? `|${show(f.factor)}| < 1：越来越近${f.factor < 0 ? "，但负号使它每一步都换到另一侧" : ""}。` : Math.abs(f.factor) === 1 ? "大小不变，只换边。" : `|${show(f.factor)}| > 1：越来越远。`}12 步之后 w = ${show(f.last, 3)}。学习率超过 2 / a = ${f.limit} 就会发散。`,
    },
  },
});
