// What is left of the gradient at the far end of a deep chain.

import { typeset } from "../../../ui/typeset.ts";
import { draws } from "../draw.ts";
import { type Lesson, lesson, show } from "../lesson.ts";

export interface Vanishing {
  readonly activation: "sigmoid" | "tanh" | "relu";
  readonly depth: number;
  readonly w: number;
  /** Before the activation every unit stands at this value. */
  readonly at: number;
}

export const vanishing: Lesson = lesson<Vanishing>({
  name: "vanishing",
  make(seed) {
    const { whole, oneOf } = draws("vanishing", seed);
    const activation = oneOf(["sigmoid", "sigmoid", "tanh", "relu", "relu"] as const);
    return { activation, depth: whole(3, 6), w: oneOf([1, 2, 4] as const), at: activation === "relu" ? oneOf([-1, 1] as const) : 0 };
  },
  ask: () => ({ kind: "number", within: 0.05 }),
  live: ({ depth, activation }) => ({
    room: "train",
    query: { arch: `flatten ${`linear(16) ${activation} `.repeat(depth)}linear(out)`, optimiser: "sgd", panel: "health" },
    hide: ["net"],
    secret: [],
  }),
  words: {
    en: {
      title: "Vanishing gradients and dead units",
      why: "On its way back, the gradient is multiplied by every weight and by every activation's slope. Many factors below 1 leave nothing of it; a dead unit's slope is 0, and nothing passes at all.",
      ask: ({ activation, depth, w, at }) =>
        `A chain of ${depth} units, one after the other: each computes ${activation}(${w}·x + b), its bias such that the value before the activation is ${show(at)}. The gradient is 1 at the output. How large is it at the first unit, before its activation? (Within 5 %.)`,
      hint: ({ activation, at }) =>
        `What is the slope of ${activation} at ${show(at)}? Every unit multiplies by it, and every connection by its weight.`,
      choices: () => [],
      slips: {
        noWeights: "That has the slopes, but not the weights between the units.",
        allWeights: "That multiplies by one weight too many: the first unit's own weight lies before the place that was asked for.",
        noSlopes: "That has the weights, but not the slopes of the activations.",
      },
      captions: { flow: "Gradient from the first layer to the last" },
      explain: ({ activation, depth, w, at }, { value, facts: f }) =>
        `At ${show(at)} the slope of ${activation} is ${f.slope}. ${depth} slopes and the ${depth - 1} weights between the units multiply: ${typeset(`${f.slope}^${depth} · ${w}^${depth - 1}`)} = ${show(value, 4)}. ` +
        (f.slope === 0
          ? "The units are dead: no gradient passes, and these weights never change."
          : value < 0.05
            ? `Of 100 parts ${show(100 * value, 3)} are left, and each further unit multiplies by ${show(f.slope * w, 3)} again.`
            : value > 20
              ? "It has exploded."
              : "It is of a usable size."),
    },
    zh: {
      title: "梯度消失与死单元",
      why: "反向传播时，梯度要乘以每个权重和每个激活函数的斜率。许多小于 1 的因子会使它所剩无几；死单元的斜率是 0，什么都传不过去。",
      ask: ({ activation, depth, w, at }) =>
        `${depth} 个单元依次相连：每个计算 ${activation}(${w}·x + b)，偏置使激活之前的值为 ${show(at)}。输出处的梯度是 1。在第一个单元的激活之前，梯度有多大？（允许 5 % 误差。）`,
      hint: ({ activation, at }) => `${activation} 在 ${show(at)} 处的斜率是多少？每个单元乘以它，每个连接乘以自己的权重。`,
      choices: () => [],
      slips: {
        noWeights: "这里有斜率，但没有单元之间的权重。",
        allWeights: "多乘了一个权重：第一个单元自己的权重在所问的位置之前。",
        noSlopes: "这里有权重，但没有激活函数的斜率。",
      },
      captions: { flow: "从第一层到最后一层的梯度" },
      explain: ({ activation, depth, w, at }, { value, facts: f }) =>
        `${activation} 在 ${show(at)} 处的斜率是 ${f.slope}。${depth} 个斜率和单元之间的 ${depth - 1} 个权重相乘：${typeset(`${f.slope}^${depth} · ${w}^${depth - 1}`)} = ${show(value, 4)}。` +
        (f.slope === 0
          ? "这些单元是死的：梯度传不过去，这些权重永远不会改变。"
          : value < 0.05
            ? `100 份只剩 ${show(100 * value, 3)} 份，每多一个单元还要再乘以 ${show(f.slope * w, 3)}。`
            : value > 20
              ? "梯度爆炸了。"
              : "大小合适。"),
    },
  },
});
