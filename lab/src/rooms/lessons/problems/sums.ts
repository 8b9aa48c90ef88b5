// One output of a convolution, by hand: where everything begins.
import { draws } from "../draw.ts";
import { type Lesson, lesson } from "../lesson.ts";
import { besides, windowSettings } from "./window-settings.ts";

export interface Sums {
  /** Rows of the picture, 4 × 4. */
  readonly picture: readonly (readonly number[])[];
  /** Rows of the kernel, 2 × 2. */
  readonly kernel: readonly (readonly number[])[];
  /** Which output is asked for. */
  readonly row: number;
  readonly column: number;
}

const grid = (size: number, draw: () => number): number[][] => Array.from({ length: size }, () => Array.from({ length: size }, draw));

export const sums: Lesson = lesson<Sums>({
  name: "sums",
  make(seed) {
    const { whole, oneOf } = draws("sums", seed);
    const kernel = grid(2, () => oneOf([-1, 0, 1, 2] as const));
    // A kernel of zeros has no sum worth asking for.
    if (kernel.flat().every((w) => w === 0)) kernel[0][0] = 1;
    return { picture: grid(4, () => whole(0, 5)), kernel, row: whole(0, 2), column: whole(0, 2) };
  },
  ask: () => ({ kind: "number" }),
  live: ({ picture, kernel }) => ({
    room: "convolve",
    query: { ...windowSettings({ i: 4, k: 2 }), x: picture.flat().join(","), w: kernel.flat().join(",") },
    hide: besides,
    secret: ["numbers-output", "terms", "table", "save"],
  }),
  words: {
    en: {
      title: "One place, one sum",
      why: "This is all there is to it: lay the kernel on the picture, multiply what lies on each other, and add up. Every other lesson builds on this one.",
      ask: ({ row, column }) =>
        `The kernel's upper left corner is laid on row ${row}, column ${column} of the picture; rows and columns count from 0. Which number comes out?`,
      hint: ({ row, column }) =>
        `Four products: begin with the picture's number at row ${row}, column ${column}, times the kernel's first weight.`,
      choices: () => [],
      captions: { picture: "Picture", kernel: "Kernel", output: "All outputs; framed: the one that was asked for" },
      slips: {
        turned: "That is with the kernel turned by 180°, as mathematicians convolve; networks lay it down as it is.",
        plain: "That adds up the pixels without their weights.",
        origin: "That is the output at row 0, column 0.",
        swapped: "That is the output with row and column exchanged.",
      },
      explain: ({ row, column }, { value, facts: f }) =>
        `Under the kernel lie ${f.x0}, ${f.x1} and below them ${f.x2}, ${f.x3}. Each times its weight, all added: output (${row}, ${column}) is ${value}.`,
    },
    zh: {
      title: "一个位置，一个和",
      why: "卷积就是这样：把核放到图像上，重叠的数相乘，再全部相加。其他课程都从这里开始。",
      ask: ({ row, column }) => `把核的左上角放在图像的第 ${row} 行、第 ${column} 列（行和列都从 0 数起）。得到哪个数？`,
      hint: ({ row, column }) => `四个乘积：从图像第 ${row} 行、第 ${column} 列的数乘以核的第一个权重开始。`,
      choices: () => [],
      captions: { picture: "图像", kernel: "核", output: "全部输出；方框是所问的那一个" },
      slips: {
        turned: "这是把核旋转 180° 的结果，数学家这样做卷积；网络直接放上去。",
        plain: "这是像素直接相加，没有乘权重。",
        origin: "这是第 0 行、第 0 列的输出。",
        swapped: "这是行和列对调的输出。",
      },
      explain: ({ row, column }, { value, facts: f }) =>
        `核下面是 ${f.x0}、${f.x1}，下一行是 ${f.x2}、${f.x3}。各自乘以权重再相加：输出（${row}，${column}）是 ${value}。`,
    },
  },
});
