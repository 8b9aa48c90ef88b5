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
  // Padding keeps the maps of deep ones from running out; it does not change how far they see.
  live: ({ layers }) => ({
    room: "network",
    query: {
      net: `net: ${layers.map(({ kernel, stride }) => `conv(4 ${kernel}${stride === 1 ? "" : ` stride=${stride}`} pad=same) relu`).join(" ")} flatten linear(out)`,
      ...{ onto: "shapes", tab: "layers" },
    },
    hide: ["net"],
    secret: undefined,
  }),
  words: {
    en: {
      title: "Receptive fields",
      why: "A unit can only know what lies in its receptive field. Each layer adds its kernel, and each stride makes all later kernels count more.",
      ask: (p) =>
        `Convolutions one after the other, kernel / stride: ${path(p)}. How many pixels wide is the receptive field of a unit behind the last one?`,
      hint: () => "Start with one pixel. Each layer adds (kernel − 1) steps, and a step is as wide as all strides before it multiplied.",
      choices: () => [],
      slips: {
        noStride: "That leaves the strides out: behind a stride of 2, each step of a kernel is 2 pixels wide.",
        ownStride: "That lets a stride act on its own layer: it makes only later kernels count more.",
        kernels: "That adds up whole kernels; windows that overlap share all but (kernel − 1) of their places.",
      },
      captions: { growth: "Width of the field: one pixel, then behind each layer" },
      explain: ({ layers }, { value, facts: f }) =>
        `Each of the ${layers.length} layers adds (k − 1) times the strides before it. All together: 1 + ${value - 1} = ${value} pixels; neighbours are ${f.stride} pixels apart.`,
    },
    zh: {
      title: "感受野",
      why: "一个单元只能知道感受野里的东西。每一层都加上自己的核，而每个步幅会让后面的核占得更大。",
      ask: (p) => `依次做卷积，核 / 步幅：${path(p)}。最后一层之后的单元，感受野有多少像素宽？`,
      hint: () => "从一个像素开始。每一层加上（核 − 1）步，每一步的宽度是之前所有步幅的乘积。",
      choices: () => [],
      slips: {
        noStride: "这漏掉了步幅：步幅 2 之后，核的每一步宽 2 个像素。",
        ownStride: "这让步幅作用在自己这一层；它只影响后面的核。",
        kernels: "这是把整个核相加；相邻窗口互相重叠，每层只多出（核 − 1）格。",
      },
      captions: { growth: "感受野的宽度：一个像素，然后是每一层之后" },
      explain: ({ layers }, { value, facts: f }) =>
        `${layers.length} 层中的每一层都加上 (k − 1) 乘以它之前的步幅。合起来：1 + ${value - 1} = ${value} 像素；相邻单元相距 ${f.stride} 像素。`,
    },
  },
});
