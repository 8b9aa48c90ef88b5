// What pictures say that leave the lab as files: the library speaks English by itself, and Chinese with the words that stand here.
import type { report } from "fovea";
import { settings } from "../../../state/settings.svelte.ts";

const sides = { top: "上", bottom: "下", left: "左", right: "右" } as const;

const chinese: report.PictureWords = {
  kinds: {
    convolution: "卷积",
    transposed: "转置卷积",
    deformable: "可变形卷积",
    "average pooling": "平均池化",
    "max pooling": "最大池化",
    "L2 pooling": "L2 池化",
  },
  title: (kind, input, settings, output) => `${kind}，输入 ${input}：${settings} →\u00a0${output}`,
  input: "输入",
  kernel: "核",
  output: "输出",
  window: "窗口",
  stride: "步幅",
  padding: "填充",
  dilation: "空洞率",
  outputPadding: "输出填充",
  circular: "循环边界",
  ceilMode: "向上取整",
  channels: (input, output) => `${input} → ${output} 通道`,
  groups: (count) => `${count} 组`,
  extent: "空洞核的跨度",
  outputSize: "输出大小",
  bothAxes: "，两个轴相同",
  inRows: "（行）",
  inColumns: "（列）",
  stretched: "拉伸后",
  turned: "旋转 180°",
  channel: (index) => `通道 ${index}`,
  nothingButZeros: "全是零",
  moreTerms: (count) => `…… 还有 ${count} 项`,
  sample: (place, sum) => `位于 ${place} 的点读到 ${sum}`,
  unused: (parts) => `没有窗口读到${parts.join("和")}`,
  unusedLines: (count, side) => `${sides[side]}侧 ${count} ${side === "left" || side === "right" ? "列" : "行"}`,
  betweenInputs: "输入之间的 0（步幅）",
  zeroPadding: "填充（0）",
  ringPadding: "填充（另一端）",
  lowestPadding: "填充（−∞）",
  extra: (rows) => `额外的 a = ${rows}（输出填充）`,
  beyond: "边界之外：不读取",
  uncovered: "没有被覆盖",
  mixed: "参与混合的格子",
  point: "采样点",
  winner: "最大值",
  steps: (count) => `共 ${count} 步，每个输出格一步。`,
  result: (name, numbers) => `${name}是 ${numbers}。`,
  matrixOf: (name, title) => `${name}，即下面运算的矩阵：${title}`,
  matrixCounts: ({ nonZeros, entries, share, parameters, uses }) =>
    `${entries} 个元素中 ${nonZeros} 个有连接（${share} %）；${parameters} 个参数，每个使用 ${uses[0] === uses[1] ? uses[0] : `${uses[0]} 到 ${uses[1]}`} 次`,
  backward: (title) => `反向：${title}`,
  rowAfterRow: (name) => `${name}，逐行排列`,
  matrixIs: "每个输出格一行，每个输入格一列；同一种颜色是同一个参数。",
};

const chineseCurves: report.ActivationPictureWords = {
  title: (names) => `${names.join(" 与 ")}：值和导数`,
  value: "值",
  derivative: "导数（虚线）",
  at: (name, x, value, slope) => `${name} 在 ${x} 处：值 ${value}，导数 ${slope}`,
  sums: (layer, places, flat) => `柱：到达 ${layer} 的 ${places} 个和；其中 ${flat} 处斜率小于 0.05（橙色）`,
};

/** For the library's drawings; English is its own. */
export const drawnIn = (): report.Worded => (settings.language === "zh" ? { words: chinese } : {});
export const curvesIn = (): Pick<report.ActivationPictureOptions, "words"> => (settings.language === "zh" ? { words: chineseCurves } : {});
/** For sums that stand on the page. */
export const sumWords = (): report.PictureWords | undefined => drawnIn().words;
