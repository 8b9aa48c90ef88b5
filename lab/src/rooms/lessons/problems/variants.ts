// Grouped, depthwise separable, dilated and transposed convolution in numbers.
import { draws } from "../draw.ts";
import { type Lesson, lesson } from "../lesson.ts";
import { besides, outputs, windowLive, windowSettings } from "./window-settings.ts";

export type Variants =
  | { readonly kind: "grouped"; readonly m: number; readonly n: number; readonly k: number; readonly g: number }
  | { readonly kind: "separable"; readonly m: number; readonly n: number; readonly k: number }
  | { readonly kind: "dilated"; readonly i: number; readonly k: number; readonly d: number }
  | { readonly kind: "transposed"; readonly i: number; readonly k: number; readonly s: number };

export const variants: Lesson = lesson<Variants>({
  name: "variants",
  make(seed) {
    const { whole, oneOf } = draws("variants", seed);
    const kind = oneOf(["grouped", "separable", "dilated", "transposed"] as const);
    const k = oneOf([3, 3, 5] as const);
    if (kind === "grouped") return { kind, k, m: oneOf([4, 8]), n: oneOf([4, 8]), g: oneOf([2, 4]) };
    if (kind === "separable") return { kind, k, m: whole(2, 8), n: whole(2, 8) };
    if (kind === "dilated") return { kind, k, i: whole(14, 20), d: whole(2, 3) };
    return { kind, k, i: whole(3, 6), s: whole(2, 3) };
  },
  ask: () => ({ kind: "number" }),
  live(p) {
    const settings = windowSettings({ i: p.kind === "dilated" || p.kind === "transposed" ? p.i : 6, k: p.k });
    const room = { room: "convolve", hide: besides } as const;
    if (p.kind === "dilated") return windowLive(p);
    if (p.kind === "transposed")
      return { ...room, query: { ...settings, variant: "transposed", stride: `${p.s},${p.s}` }, secret: outputs };
    const channels = p.kind === "grouped" ? [p.m, p.n, p.g] : [p.m, p.m, p.m];
    return {
      ...room,
      query: { ...settings, variant: p.kind === "grouped" ? "grouped" : "depthwise", channels: channels.join(",") },
      secret: [],
    };
  },
  words: {
    en: {
      title: "Convolution variants",
      why: "The variants keep the idea and change its price or its reach: groups save weights, dilation reaches further with the same weights, a transposed convolution makes maps larger.",
      ask(p) {
        if (p.kind === "grouped")
          return `A ${p.k}×${p.k} convolution from ${p.m} to ${p.n} maps in ${p.g} groups, without biases. How many weights does it have?`;
        if (p.kind === "separable")
          return `A depthwise separable convolution from ${p.m} to ${p.n} maps: ${p.k}×${p.k} on each map by itself, then 1×1 across them, without biases. How many weights?`;
        if (p.kind === "dilated")
          return `${p.i} rows, a kernel of ${p.k} with dilation ${p.d}, stride 1, no padding. How many rows does the output have?`;
        return `A transposed convolution of ${p.i} rows with kernel ${p.k}, stride ${p.s} and no padding. How many rows does the output have?`;
      },
      hint(p) {
        if (p.kind === "grouped")
          return `Within its group, an output map reads ${p.m} / ${p.g} input maps, each through ${p.k}·${p.k} weights.`;
        if (p.kind === "separable")
          return "Count the two parts by themselves: one kernel for each map, then one weight for each pair of maps.";
        if (p.kind === "dilated") return "How many rows does the kernel reach over, gaps included?";
        return "Lay one kernel for each input, a stride apart. Where does the last one end?";
      },
      choices: () => [],
      slips: {
        plain: "That is a plain convolution, where every output map reads every input map.",
        depthwise: "That is the depthwise part alone; the 1×1 convolution across the maps comes on top.",
        undilated: "That is without dilation: the gaps make the kernel reach further.",
        scaled: "That is the input times the stride; the last kernel reaches beyond it.",
      },
      captions: { overlap: "How many inputs reach each row of the output" },
      explain(p, { value, facts: f }) {
        if (p.kind === "grouped")
          return `Each output map reads only ${p.m / p.g} of the ${p.m} input maps: ${value} weights instead of ${f.plain}, ${f.plain} / ${p.g}.`;
        if (p.kind === "separable")
          return `${f.depthwise} weights look at space, ${f.pointwise} mix the maps: ${value} together. A plain convolution takes ${f.plain}.`;
        if (p.kind === "dilated")
          return `With gaps the kernel reaches over ${f.extent} rows, with the same ${p.k} weights per row: ${value} rows remain.`;
        return `${p.i} windows are laid down ${p.s} apart and added where they overlap: together they reach over ${value} rows.`;
      },
    },
    zh: {
      title: "卷积的变体",
      why: "这些变体保留卷积的思想，改变它的代价或范围：分组节省权重，空洞卷积用同样的权重看得更远，转置卷积使特征图变大。",
      ask(p) {
        if (p.kind === "grouped")
          return `分组卷积：核 ${p.k}×${p.k}，从 ${p.m} 个特征图到 ${p.n} 个，分 ${p.g} 组，没有偏置。有多少个权重？`;
        if (p.kind === "separable")
          return `深度可分离卷积，从 ${p.m} 个特征图到 ${p.n} 个：先在每个特征图上单独做 ${p.k}×${p.k}，再用 1×1 混合，没有偏置。有多少个权重？`;
        if (p.kind === "dilated") return `空洞卷积：${p.i} 行，核 ${p.k}，扩张率 ${p.d}，步幅 1，没有填充。输出有多少行？`;
        return `转置卷积：${p.i} 行，核 ${p.k}，步幅 ${p.s}，没有填充。输出有多少行？`;
      },
      hint(p) {
        if (p.kind === "grouped") return `在自己的组里，一个输出特征图读 ${p.m} / ${p.g} 个输入特征图，每个用 ${p.k}·${p.k} 个权重。`;
        if (p.kind === "separable") return "两部分分开数：每个特征图一个核，然后每对特征图一个权重。";
        if (p.kind === "dilated") return "算上间隔，核一共跨过多少行？";
        return "每个输入放一个核，相隔一个步幅。最后一个到哪里结束？";
      },
      choices: () => [],
      slips: {
        plain: "这是普通卷积，每个输出特征图都读全部输入特征图。",
        depthwise: "这只是逐通道的部分；还要加上混合特征图的 1×1 卷积。",
        undilated: "这是没有空洞的结果：间隔使核跨得更远。",
        scaled: "这是输入乘以步幅；最后一个核还会超出它。",
      },
      captions: { overlap: "输出的每一行收到多少个输入" },
      explain(p, { value, facts: f }) {
        if (p.kind === "grouped")
          return `每个输出特征图只读 ${p.m} 个输入特征图中的 ${p.m / p.g} 个：${value} 个权重，而不是 ${f.plain} 个，是 ${p.g} 分之一。`;
        if (p.kind === "separable")
          return `${f.depthwise} 个权重看空间，${f.pointwise} 个混合特征图：共 ${value} 个。普通卷积需要 ${f.plain} 个。`;
        if (p.kind === "dilated") return `有了间隔，核覆盖 ${f.extent} 行，每行仍是 ${p.k} 个权重：剩下 ${value} 行。`;
        return `${p.i} 个窗口每隔 ${p.s} 行放一个，重叠处相加：一共覆盖 ${value} 行。`;
      },
    },
  },
});
