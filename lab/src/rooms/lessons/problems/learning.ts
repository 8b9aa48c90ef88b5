// A filter learned back from what it does.
import { draws } from "../draw.ts";
import { type Lesson, lesson, show } from "../lesson.ts";

export const hidden = ["sobel-x", "sobel-y", "laplace", "sharpen", "box-blur", "emboss"] as const;
const called = {
  en: ["Sobel →", "Sobel ↓", "Laplace", "sharpen", "box blur", "emboss"],
  zh: ["Sobel →", "Sobel ↓", "拉普拉斯", "锐化", "均值模糊", "浮雕"],
} as const;

export interface Learning {
  /** Index in `hidden`. */
  readonly filter: number;
  readonly seed: number;
  readonly steps: number;
  readonly rate: number;
}

export const learning: Lesson = lesson<Learning>({
  name: "learning",
  make(seed) {
    const { whole } = draws("learning", seed);
    return { filter: whole(0, hidden.length - 1), seed: whole(0, 999), steps: 300, rate: 0.1 };
  },
  ask: () => ({ kind: "choice" }),
  live: ({ filter }) => ({ room: "convolve", query: { tab: "edges", filter: hidden[filter] }, hide: [], secret: undefined }),
  words: {
    en: {
      title: "Learning a filter back",
      why: "Nobody designs a network's filters: they are found by gradient descent on examples of what should come out. Here is one example, a picture and what a hidden 3×3 filter made of it.",
      ask: ({ steps, rate }) =>
        `Gradient descent starts from random weights and takes ${steps} steps at rate ${rate} towards the output. Which filter will it find?`,
      hint: () => "Where the picture is even, is the output 0? Which borders of the square light up: upright ones, level ones, all?",
      choices: () => called.en,
      captions: {
        picture: "Input",
        output: "Output of the hidden filter",
        start: "Weights before",
        learned: "Weights that were learned",
        loss: "Loss, step by step",
      },
      explain: ({ steps }, { value, facts: f }, guess) =>
        `After ${steps} steps the learned weights differ from ${called.en[value]} by ${show(f.distance, 2)} at most${guess === value ? "" : `, but from ${called.en[guess]} by ${show(f.own, 3)}`}. The loss fell from ${show(f.before, 3)} to ${show(f.after, 2)}.`,
    },
    zh: {
      title: "从输出学回滤波器",
      why: "网络的滤波器不是人设计的，而是用梯度下降从“应该输出什么”的例子中找到的。这里有一个例子：一幅图像，以及一个隐藏的 3×3 滤波器的输出。",
      ask: ({ steps, rate }) => `梯度下降从随机权重开始，以学习率 ${rate} 走 ${steps} 步，逼近这个输出。它会找到哪个滤波器？`,
      hint: () => "图像均匀的地方，输出是 0 吗？正方形的哪些边亮了：竖直的、水平的，还是全部？",
      choices: () => called.zh,
      captions: { picture: "输入", output: "隐藏滤波器的输出", start: "开始时的权重", learned: "学到的权重", loss: "每一步的损失" },
      explain: ({ steps }, { value, facts: f }, guess) =>
        `${steps} 步之后，学到的权重与 ${called.zh[value]} 最多相差 ${show(f.distance, 2)}${guess === value ? "" : `，与 ${called.zh[guess]} 则相差 ${show(f.own, 3)}`}。损失从 ${show(f.before, 3)} 降到 ${show(f.after, 2)}。`,
    },
  },
});
