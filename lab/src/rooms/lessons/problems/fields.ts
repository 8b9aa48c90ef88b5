// How far a unit sees.
import { draws } from "../draw.ts";
import { type Lesson, lesson } from "../lesson.ts";

export interface Fields {
  readonly layers: readonly { readonly kernel: number; readonly stride: number }[];
}

const path = ({ layers }: Fields): string => layers.map(({ kernel, stride }) => `${kernel}×${kernel} / ${stride}`).join(" → ");

export const fields: Lesson = lesson<Fields>({
  name: "fields",
  make(seed) {
    const { whole, oneOf } = draws("fields", seed);
    return { layers: Array.from({ length: whole(2, 4) }, () => ({ kernel: oneOf([2, 3, 3, 5] as const), stride: whole(1, 2) })) };
  },
  ask: () => ({ kind: "number" }),
  more: ({ layers }) => ({
    room: "train",
    change: {
      net: `${layers.map(({ kernel, stride }) => `conv(8 ${kernel}${stride === 1 ? "" : ` stride=${stride}`}) relu`).join(" ")} flatten linear(out)`,
    },
  }),
  words: {
    en: {
      title: "Receptive fields",
      why: "A unit can only know what lies in its receptive field. Each layer adds its kernel, and each stride makes all later kernels count more.",
      ask: (p) =>
        `Convolutions one after the other, kernel / stride: ${path(p)}. How many pixels wide is the receptive field of a unit behind the last one?`,
      choices: () => [],
      captions: { growth: "Width of the field: one pixel, then behind each layer" },
      explain: ({ layers }, { value, facts: f }) =>
        `Each of the ${layers.length} layers adds (k − 1) times the strides before it. All together: 1 + ${value - 1} = ${value} pixels; neighbours are ${f.stride} pixels apart.`,
    },
    zh: {
      title: "感受野",
      why: "一个单元只能知道感受野里的东西。每一层都加上自己的核，而每个步幅会让后面的核占得更大。",
      ask: (p) => `依次做卷积，核 / 步幅：${path(p)}。最后一层之后的单元，感受野有多少像素宽？`,
      choices: () => [],
      captions: { growth: "感受野的宽度：一个像素，然后是每一层之后" },
      explain: ({ layers }, { value, facts: f }) =>
        `${layers.length} 层中的每一层都加上 (k − 1) 乘以它之前的步幅。合起来：1 + ${value - 1} = ${value} 像素；相邻单元相距 ${f.stride} 像素。`,
    },
  },
});
