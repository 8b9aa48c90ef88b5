// Two layers without an activation between them are one.
import { draws } from "../draw.ts";
import { type Lesson, lesson, show } from "../lesson.ts";

export interface Activations {
  readonly first: number;
  readonly second: number;
  readonly s: number;
  readonly seed: number;
}

export const activations: Lesson = lesson<Activations>({
  name: "activations",
  make(seed) {
    const { whole } = draws("activations", seed);
    return { first: whole(2, 5), second: whole(2, 5), s: whole(1, 2), seed: whole(0, 999) };
  },
  ask: () => ({ kind: "number" }),
  live: ({ first, second, s }) => ({
    room: "network",
    query: { net: `net: conv(1 ${first} stride=${s}) conv(1 ${second}) flatten linear(out)`, onto: "shapes", tab: "layers" },
    hide: ["net"],
    secret: undefined,
  }),
  words: {
    en: {
      title: "Why activations",
      why: "A convolution is linear, and linear after linear is linear. Without activation functions, a deep network is one layer that was written at length.",
      ask: ({ first, second, s }) =>
        `A ${first}×${first} convolution with stride ${s}, then a ${second}×${second} convolution with stride 1, and nothing between. One convolution can do the same. How many rows does its kernel have?`,
      hint: () =>
        "One output of the second layer looks at several outputs of the first. How many rows of the picture do those look at, all together?",
      choices: () => [],
      slips: {
        noStride: "That is with stride 1: here neighbours in the second layer's window lie further apart on the picture.",
        product: "Sizes of kernels do not multiply: their windows overlap.",
        sum: "Their windows share one row: the sum is one too many.",
      },
      captions: { first: "First kernel", second: "Second kernel", merged: "The one kernel that does both" },
      explain: ({ first, second, s }, { value, facts: f }) =>
        `The second kernel reaches over ${second} places, ${s} apart, each seen through a window of ${first}: ${value} rows. On a random picture the two ways differ by ${show(f.linear, 2)} at most (rounding). With ReLU between the layers they differ by ${show(f.relu, 3)}: no single layer does that.`,
    },
    zh: {
      title: "为什么需要激活函数",
      why: "卷积是线性的，线性接线性还是线性。没有激活函数，深层网络只是写得很长的一层。",
      ask: ({ first, second, s }) =>
        `先做步幅 ${s} 的 ${first}×${first} 卷积，再做步幅 1 的 ${second}×${second} 卷积，中间什么都没有。一个卷积就能做到同样的事。它的核有多少行？`,
      hint: () => "第二层的一个输出看着第一层的几个输出。这几个输出一共看到图像的多少行？",
      choices: () => [],
      slips: {
        noStride: "这是步幅为 1 的情况：这里第二层窗口里相邻的值在图像上隔得更远。",
        product: "核的大小不是相乘：它们的窗口互相重叠。",
        sum: "它们的窗口共用一行：相加就多了一。",
      },
      captions: { first: "第一个核", second: "第二个核", merged: "一次做完两步的核" },
      explain: ({ first, second, s }, { value, facts: f }) =>
        `第二个核覆盖 ${second} 个位置，相距 ${s}，每个位置是一个宽 ${first} 的窗口：共 ${value} 行。在一幅随机图像上，两种做法最多相差 ${show(f.linear, 2)}（舍入误差）。在两层之间加上 ReLU，则相差 ${show(f.relu, 3)}：任何单独一层都做不到。`,
    },
  },
});
