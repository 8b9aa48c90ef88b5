// Where an edge filter answers most.
import { classicKernel } from "fovea/arithmetic";
import { draws } from "../draw.ts";
import { type Lesson, lesson } from "../lesson.ts";
import { besides, windowSettings } from "./window-settings.ts";

export interface Edges {
  readonly filter: "sobel-x" | "sobel-y" | "prewitt-x" | "prewitt-y";
  /** Rows of grey values. */
  readonly picture: readonly (readonly number[])[];
}

const size = 8;

export const edges: Lesson = lesson<Edges>({
  name: "edges",
  make(seed) {
    const { whole, oneOf } = draws("edges", seed);
    const across = [whole(1, 3), whole(5, 9), whole(2, 4)];
    const [first, second, level] = [2, whole(4, 6), whole(3, 6)];
    const step = oneOf([1, 2, 6, 8] as const);
    const picture = Array.from({ length: size }, (_, y) =>
      Array.from({ length: size }, (_, x) => across[x < first ? 0 : x < second ? 1 : 2] + (y < level ? 0 : step)),
    );
    return { filter: oneOf(["sobel-x", "sobel-y", "prewitt-x", "prewitt-y"] as const), picture };
  },
  ask: () => ({ kind: "cell", rows: size, columns: size, margin: 1 }),
  live: ({ filter, picture }) => ({
    room: "convolve",
    query: { ...windowSettings({ i: size, k: 3 }), x: picture.flat().join(","), w: classicKernel(filter).matrix.flat().join(",") },
    hide: besides,
    secret: ["numbers-output", "table"],
  }),
  words: {
    en: {
      title: "Edges",
      why: "A convolution lays a small filter on every place of the picture, multiplies and adds. This filter's weights sum to 0, so it is silent where the picture is even, and answers to differences in one direction only.",
      ask: ({ filter }) =>
        `The picture below is filtered with ${filter}. On which cell must the centre of the filter stand for the strongest answer, of either sign? Choose a cell; where several are equally strong, each of them is right.`,
      hint: ({ filter }) =>
        `${filter.endsWith("-x") ? "The filter compares left with right" : "The filter compares above with below"}. Where do these differ most, in all three ${filter.endsWith("-x") ? "rows" : "columns"} of the frame?`,
      choices: () => [],
      captions: {
        picture: "Picture",
        filter: "Filter",
        response: "The filter's answer, without the border; framed: strongest, dashed: yours",
      },
      explain: (_, { facts: f, value }, guess) =>
        `Strongest is |${f.best}|, with the centre at row ${Math.floor(value / size)}, column ${value % size}${f.ties > 1 ? ` (and at ${f.ties - 1} more cells)` : ""}. ` +
        `At your cell, row ${Math.floor(guess / size)}, column ${guess % size}, the nine products sum to ${f.own}.`,
    },
    zh: {
      title: "边缘检测",
      why: "卷积把一个小滤波器放到图像的每个位置，逐项相乘再求和。这个滤波器的权重之和为 0：图像均匀处它没有响应，而且只对一个方向上的差别有响应。",
      ask: ({ filter }) =>
        `用 ${filter} 对下面的图像做滤波。滤波器的中心放在哪个格子上，响应的绝对值最大？请选择一个格子；几个格子同样大时，选哪一个都对。`,
      hint: ({ filter }) =>
        `${filter.endsWith("-x") ? "这个滤波器比较左边和右边" : "这个滤波器比较上面和下面"}。在方框的三${filter.endsWith("-x") ? "行" : "列"}中，哪里的差别最大？`,
      choices: () => [],
      captions: { picture: "图像", filter: "滤波器", response: "滤波器的响应（不含边框）；实线框：最强，虚线框：你选的" },
      explain: (_, { facts: f, value }, guess) =>
        `最大的是 |${f.best}|，中心在第 ${Math.floor(value / size)} 行、第 ${value % size} 列${f.ties > 1 ? `（另有 ${f.ties - 1} 个格子同样大）` : ""}。` +
        `你选的格子在第 ${Math.floor(guess / size)} 行、第 ${guess % size} 列，九个乘积之和是 ${f.own}。`,
    },
  },
});
