// Two layers without an activation between them are one.
import { draws } from "../draw.ts";
import { type Lesson, lesson } from "../lesson.ts";

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
  more: () => ({ room: "convolve", change: { tab: "activations", fn: "relu", beside: "sigmoid" } }),
  words: {
    en: {
      title: "Why activations",
      why: "A convolution is linear, and linear after linear is linear. Without activation functions, a deep network is one layer that was written at length.",
      ask: ({ first, second, s }) =>
        `A ${first}×${first} convolution with stride ${s}, then a ${second}×${second} convolution with stride 1, and nothing between. One convolution can do the same. How many rows has its kernel?`,
      choices: () => [],
      captions: { first: "First kernel", second: "Second kernel", merged: "The one kernel that does both" },
      explain: ({ first, second, s }, { value, facts: f }) =>
        `The second kernel reaches over ${second} places, ${s} apart, each seen through a window of ${first}: ${value} rows. On a random picture the two ways differ by ${f.linear.toPrecision(2)} at most (rounding). With ReLU between the layers they differ by ${f.relu.toPrecision(3)}: no single layer does that.`,
    },
    zh: {
      title: "为什么需要激活函数",
      why: "卷积是线性的，线性接线性还是线性。没有激活函数，深层网络只是写得很长的一层。",
      ask: ({ first, second, s }) =>
        `先做步幅 ${s} 的 ${first}×${first} 卷积，再做步幅 1 的 ${second}×${second} 卷积，中间什么都没有。一个卷积就能做到同样的事。它的核有多少行？`,
      choices: () => [],
      captions: { first: "第一个核", second: "第二个核", merged: "一次做完两步的核" },
      explain: ({ first, second, s }, { value, facts: f }) =>
        `第二个核覆盖 ${second} 个位置，相距 ${s}，每个位置是一个宽 ${first} 的窗口：共 ${value} 行。在一幅随机图像上，两种做法最多相差 ${f.linear.toPrecision(2)}（舍入误差）。在两层之间加上 ReLU，则相差 ${f.relu.toPrecision(3)}：任何单独一层都做不到。`,
    },
  },
});
