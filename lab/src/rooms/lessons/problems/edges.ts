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
  // Exactly one cell is best: an edge that is a ramp of two equal steps has one middle, and one of its rows is the steepest. Beside it lie
  // a lower edge of the same direction, and a high one of the other, to which the filter is deaf.
  make(seed) {
    const { whole, oneOf } = draws("edges", seed);
    const filter = oneOf(["sobel-x", "sobel-y", "prewitt-x", "prewitt-y"] as const);
    const [edge, lower] = oneOf([
      [2, 5],
      [2, 6],
      [5, 2],
      [5, 3],
    ] as const);
    const steepest = whole(2, 5);
    const [flat, steep] = [whole(1, 2), whole(3, 4)];
    const [other, level, ground] = [whole(5, 9), whole(2, 6), whole(0, 2)];
    /** Value at a place along the filter's direction, and across it. */
    const at = (along: number, across: number): number => {
      const step = across === steepest ? steep + 1 : Math.abs(across - steepest) === 1 ? steep : flat;
      const climbed = along < edge ? 0 : along === edge ? step : 2 * step;
      return ground + climbed + (along < lower ? 0 : 2) + (across < level ? 0 : other);
    };
    const rows = Array.from({ length: size }, (_, y) => y);
    const picture = rows.map((y) => rows.map((x) => (filter.endsWith("-x") ? at(x, y) : at(y, x))));
    return { filter, picture };
  },
  ask: () => ({ kind: "cell", rows: size, columns: size, margin: 1 }),
  live: ({ filter, picture }) => ({
    room: "convolve",
    query: { ...windowSettings({ i: size, k: 3 }), x: picture.flat().join(","), w: classicKernel(filter).matrix.flat().join(",") },
    hide: besides,
    secret: ["numbers-output", "table", "save"],
  }),
  words: {
    en: {
      title: "Edges",
      why: "A convolution lays a small filter on every place of the picture, multiplies and adds. This filter's weights sum to 0, so it is silent where the picture is even, and answers to differences in one direction only.",
      ask: ({ filter }) =>
        `The picture below is filtered with ${filter}. On which cell must the centre of the filter stand for the strongest answer, of either sign? Exactly one cell is right.`,
      hint: ({ filter }) =>
        `${filter.endsWith("-x") ? "The filter compares left with right" : "The filter compares above with below"}. Where do these differ most, in all three ${filter.endsWith("-x") ? "rows" : "columns"} of the frame?`,
      choices: () => [],
      captions: {
        picture: "Picture",
        filter: "Filter",
        response: "The filter's answer, without the border; framed: strongest, dashed: yours",
      },
      explain: (_, { facts: f, value }, guess) =>
        `Strongest is |${f.best}|, with the centre at row ${Math.floor(value / size)}, column ${value % size}. ` +
        `At your cell, row ${Math.floor(guess / size)}, column ${guess % size}, the nine products sum to ${f.own}.`,
    },
    zh: {
      title: "边缘检测",
      why: "卷积把一个小滤波器放到图像的每个位置，逐项相乘再求和。这个滤波器的权重之和为 0：图像均匀处它没有响应，而且只对一个方向上的差别有响应。",
      ask: ({ filter }) => `用 ${filter} 对下面的图像做滤波。滤波器的中心放在哪个格子上，响应的绝对值最大？只有一个格子是对的。`,
      hint: ({ filter }) =>
        `${filter.endsWith("-x") ? "这个滤波器比较左边和右边" : "这个滤波器比较上面和下面"}。在方框的三${filter.endsWith("-x") ? "行" : "列"}中，哪里的差别最大？`,
      choices: () => [],
      captions: { picture: "图像", filter: "滤波器", response: "滤波器的响应（不含边框）；实线框：最强，虚线框：你选的" },
      explain: (_, { facts: f, value }, guess) =>
        `最大的是 |${f.best}|，中心在第 ${Math.floor(value / size)} 行、第 ${value % size} 列。` +
        `你选的格子在第 ${Math.floor(guess / size)} 行、第 ${guess % size} 列，九个乘积之和是 ${f.own}。`,
    },
  },
});
