import { words } from "../../../words/words.ts";

export const activationWords = words({
  en: {
    intro: "What a unit makes of its sum, and how much of the gradient it lets back through. Move the point.",
    function: "Function",
    beside: "Beside it",
    none: "nothing",
    slopeOfLeak: "Slope below 0",
    point: "x",
    value: "value",
    derivative: "derivative",
    curve: (name: string) => `${name} and its derivative`,
    at: (x: string, value: string, slope: string) => `x ${x}: value ${value}, derivative ${slope}`,
    deadOver: (name: string, where: string) =>
      `${name}: between ${where} the derivative is exactly 0. A unit whose sums all lie there is dead: no gradient comes back, so it never learns.`,
    fadesOver: (name: string, where: string) =>
      `${name}: it saturates over ${where}: less than a twentieth of its steepest slope is left there, and gradients fade layer by layer.`,
    alive: (name: string) => `${name}: over this range, gradients come back everywhere.`,
    greatest: (name: string, slope: string) => `${name}: its steepest slope is ${slope}.`,
    hereDead: "At this point nothing comes back: the derivative is 0.",
    through: (slope: string) => `At this point a gradient of 1 comes back as ${slope}.`,
    stretch: (from: string, to: string) => `${from} … ${to}`,
    and: " and ",
    save: "Save the curve",
  },
  zh: {
    intro: "一个单元如何处理它的和，又让多少梯度传回。移动这个点。",
    function: "函数",
    beside: "对照",
    none: "无",
    slopeOfLeak: "小于 0 时的斜率",
    point: "x",
    value: "值",
    derivative: "导数",
    curve: (name: string) => `${name} 及其导数`,
    at: (x: string, value: string, slope: string) => `x ${x}：值 ${value}，导数 ${slope}`,
    deadOver: (name: string, where: string) =>
      `${name}：在 ${where} 之间导数恰为 0。如果一个单元的和都落在这里，它就“死”了：没有梯度传回，永远学不到东西。`,
    fadesOver: (name: string, where: string) => `${name}：在 ${where} 上饱和：剩下的斜率不到最陡处的二十分之一，梯度逐层消失。`,
    alive: (name: string) => `${name}：在这个范围内处处有梯度传回。`,
    greatest: (name: string, slope: string) => `${name}：最陡处的斜率是 ${slope}。`,
    hereDead: "在这一点没有梯度传回：导数为 0。",
    through: (slope: string) => `在这一点，梯度 1 传回时变成 ${slope}。`,
    stretch: (from: string, to: string) => `${from} … ${to}`,
    and: " 和 ",
    save: "保存曲线",
  },
});
