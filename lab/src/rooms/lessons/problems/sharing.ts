// One weight, many uses.
import { draws } from "../draw.ts";
import { An, type Lesson, lesson } from "../lesson.ts";
import { besides, windowSettings } from "./window-settings.ts";

export interface Sharing {
  readonly i: number;
  readonly k: number;
  readonly p: number;
}

export const sharing: Lesson = lesson<Sharing>({
  name: "sharing",
  make(seed) {
    const { whole, oneOf } = draws("sharing", seed);
    const k = oneOf([2, 3, 3, 5] as const);
    return { k, i: whole(k + 1, 12), p: whole(0, k - 1) };
  },
  ask: () => ({ kind: "number" }),
  live: (p) => ({
    room: "convolve",
    query: { ...windowSettings(p), matrix: "1", pin: "k.0.0.0" },
    hide: besides.filter((name) => name !== "matrix"),
    secret: ["matrix", "sizes", "terms"],
  }),
  words: {
    en: {
      title: "Sharing and sparsity",
      why: "A dense layer has a weight of its own for every pair of input and output. A convolution connects only neighbours (sparse interaction), and uses the same few weights everywhere (parameter sharing).",
      ask: ({ i, k, p }) =>
        `${An(i)} ${i}×${i} picture, a ${k}×${k} kernel, stride 1, padding ${p}. On how many pixels of the picture is the kernel's upper left weight used? Padding does not count.`,
      hint: ({ p }) =>
        `Every output uses the weight once. ${p === 0 ? "Count the outputs." : "Count the outputs along one axis, and leave out those where this weight lies in the padding."}`,
      choices: () => [],
      slips: {
        outputs: "That many outputs there are; in some of them this weight lies in the padding.",
        along: "That is along one axis; the kernel moves along two.",
        pixels: "That is every pixel of the picture; the kernel does not reach each with this weight.",
      },
      captions: { uses: "How often each weight of the kernel is used" },
      explain: (_, { value, facts: f }) =>
        `Along one axis it stands inside the picture ${f.along} times, so ${f.along}·${f.along} = ${value} times in all. The layer has ${f.weights} weights for ${f.connections} connections; a dense layer between the same maps has ${f.rows}·${f.columns} = ${f.entries} weights, each used once.`,
    },
    zh: {
      title: "参数共享与稀疏交互",
      why: "全连接层的每一对输入和输出都有自己的权重。卷积只连接邻近的位置（稀疏交互），并且处处使用同样的几个权重（参数共享）。",
      ask: ({ i, k, p }) => `图像 ${i}×${i}，核 ${k}×${k}，步幅 1，填充 ${p}。核左上角的权重用在图像的多少个像素上？填充不算。`,
      hint: ({ p }) => `每个输出用这个权重一次。${p === 0 ? "数一数输出。" : "沿一个轴数输出，去掉这个权重落在填充里的那些。"}`,
      choices: () => [],
      slips: {
        outputs: "这是输出的个数；其中一些输出里，这个权重落在填充中。",
        along: "这是沿一个轴的次数；核沿两个轴移动。",
        pixels: "这是图像的全部像素；核的这个权重到不了每一个。",
      },
      captions: { uses: "核的每个权重用了多少次" },
      explain: (_, { value, facts: f }) =>
        `沿一个轴它有 ${f.along} 次落在图像内，所以一共 ${f.along}·${f.along} = ${value} 次。这一层用 ${f.weights} 个权重实现 ${f.connections} 个连接；同样大小的全连接层有 ${f.rows}·${f.columns} = ${f.entries} 个权重，每个只用一次。`,
    },
  },
});
