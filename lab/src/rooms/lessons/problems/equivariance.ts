// Does the map move with the picture?
import { draws } from "../draw.ts";
import { type Lesson, lesson, show } from "../lesson.ts";

export interface Equivariance {
  readonly layer: "convolution" | "pooling";
  readonly s: number;
  /** Columns by which the picture moves. */
  readonly d: number;
  readonly seed: number;
}

export const equivariance: Lesson = lesson<Equivariance>({
  name: "equivariance",
  make(seed) {
    const { whole, oneOf } = draws("equivariance", seed);
    const s = oneOf([2, 3, 4] as const);
    return { layer: oneOf(["convolution", "pooling"] as const), s, d: oneOf([s, 2 * s, s + 1, s - 1, 1] as const), seed: whole(0, 999) };
  },
  ask: () => ({ kind: "choice" }),
  live: ({ d }) => ({
    room: "network",
    query: { net: "shapes", tab: "equivariance", transform: "shift", rows: "0", columns: String(d) },
    hide: ["net", "transform", "rows"],
    secret: undefined,
  }),
  words: {
    en: {
      title: "Equivariance and pooling",
      why: "Moving the picture and then applying the layer, or applying it and then moving its map: where both give the same, the layer is equivariant. Strides keep that only for some shifts.",
      ask: ({ layer, s, d }) =>
        `A 24×24 picture on a ring (what leaves on the right comes back on the left) goes through ${layer === "pooling" ? `max pooling ${s}×${s}` : `a ${s}×${s} convolution`} with stride ${s}. The picture moves ${d} column${d === 1 ? "" : "s"} to the right. Does its map only move along?`,
      hint: ({ s, d }) =>
        `Follow one window: it reads ${s} columns. After moving by ${d}, do the same ${s} columns lie under some window again?`,
      choices: ({ s, d }) => [`Yes, its numbers stay, moved by ${d} / ${s} columns`, "No, its numbers change"],
      captions: { picture: "Picture", map: "Map", moved: "Map of the moved picture", error: "What no shift of the map explains" },
      explain: ({ s, d }, { facts: f }) =>
        `${f.rest === 0 ? `${d} is a multiple of the stride ${s}: every window reads what its neighbour read before.` : `${d} is no multiple of the stride ${s}: the windows now begin ${f.rest} column${f.rest === 1 ? "" : "s"} off, and read other groups of pixels.`} ` +
        `Measured: ‖f(Tx) − T f(x)‖ / ‖f(Tx)‖ = ${show(f.error, 3)}${f.rest === 0 ? "" : ", at the best whole shift of the map"}.`,
    },
    zh: {
      title: "等变表示与池化",
      why: "先移动图像再经过这一层，或者先经过这一层再移动它的特征图：两者相同，这一层就是等变的。有步幅时，只对某些平移成立。",
      ask: ({ layer, s, d }) =>
        `一幅 24×24 的环形图像（右边移出的从左边回来）经过${layer === "pooling" ? ` ${s}×${s} 最大池化` : `一个 ${s}×${s} 卷积`}，步幅 ${s}。图像向右移动 ${d} 列。特征图是否只是跟着移动？`,
      hint: ({ s, d }) => `跟着一个窗口：它读 ${s} 列。移动 ${d} 列之后，同样的 ${s} 列还正好在某个窗口下面吗？`,
      choices: ({ s, d }) => [`是，数值不变，移动 ${d} / ${s} 列`, "否，数值改变了"],
      captions: { picture: "图像", map: "特征图", moved: "移动后图像的特征图", error: "特征图怎样平移都无法解释的部分" },
      explain: ({ s, d }, { facts: f }) =>
        `${f.rest === 0 ? `${d} 是步幅 ${s} 的倍数：每个窗口读到的正是相邻窗口原来读到的。` : `${d} 不是步幅 ${s} 的倍数：窗口的起点偏了 ${f.rest} 列，读到的是另一组像素。`}` +
        `测得 ‖f(Tx) − T f(x)‖ / ‖f(Tx)‖ = ${show(f.error, 3)}${f.rest === 0 ? "" : "（取特征图最合适的整数平移）"}。`,
    },
  },
});
