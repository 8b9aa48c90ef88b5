// The library's findings about a map or a picture, in the reader's language. A finding that is not known here is shown as the library says it.
import { settings } from "../../state/settings.svelte.ts";

interface Known {
  readonly pattern: RegExp;
  readonly zh: (...parts: readonly string[]) => string;
}

const known: readonly Known[] = [
  { pattern: /^the map has numbers that are not numbers/, zh: () => "图中有非数值：网络在这张图片上溢出" },
  {
    pattern: /^the map is zero everywhere: the target is not above 0/,
    zh: () => "图处处为零：目标在这张图片上不大于 0，因此前面的 ReLU 不向后传递任何东西（死亡或沉默的单元）",
  },
  {
    pattern: /^the map is zero everywhere: every gradient that reaches a ReLU is negative/,
    zh: () => "图处处为零：到达 ReLU 的梯度全是负的，而这条规则只让正的通过",
  },
  {
    pattern: /^the map is zero everywhere: the target has no gradient here/,
    zh: () => "图处处为零：目标在这里没有梯度（值已饱和、层已死亡，或权重为零）",
  },
  {
    pattern: /^the gradient ends in "(.+?)": none of its inputs is above 0/,
    zh: (stage) => `梯度止于“${stage}”：在这张图片上它的输入没有一个大于 0，因此不向后传递任何东西（死亡或沉默的层）`,
  },
  {
    pattern: /^the gradient ends in "(.+?)": what arrives there belongs to values that it cut off/,
    zh: (stage) => `梯度止于“${stage}”：到达那里的都属于被它截断的值`,
  },
  {
    pattern: /^the gradient ends in "(.+?)": what arrives there has nothing positive/,
    zh: (stage) => `梯度止于“${stage}”：到达那里的没有正值可供规则通过`,
  },
  {
    pattern: /^the gradient ends in "(.+?)": its values, from (\S+) to (\S+), are saturated/,
    zh: (stage, low, high) => `梯度止于“${stage}”：它的值从 ${low} 到 ${high}，已饱和`,
  },
  { pattern: /^the gradient ends in "(.+?)": its weights are all zero/, zh: (stage) => `梯度止于“${stage}”：它的权重全为零` },
  { pattern: /^the gradient ends in "(.+?)": nothing comes back/, zh: (stage) => `梯度止于“${stage}”：没有东西从那里传回` },
  { pattern: /^the map is zero everywhere: covering any part/, zh: () => "图处处为零：遮住图片的任何部分都不改变得分" },
  { pattern: /^there is no ReLU before the target/, zh: () => "目标之前没有 ReLU，因此这张图就是普通的梯度" },
  {
    pattern: /^no gradient reached the picture at any step/,
    zh: () => "没有任何一步有梯度到达图片，因此它什么也没显示：单元已死亡，或不依赖输入",
  },
  { pattern: /^the picture has numbers that are not numbers/, zh: () => "图片中有非数值：请降低学习率，或限制图片的范围" },
  {
    pattern: /^channel (\d+) is never above 0 on this data/,
    zh: (unit) => `单元 ${unit} 在这组数据上从不大于 0：后面的 ReLU 保持沉默（死亡单元）`,
  },
  { pattern: /^channel (\d+) is not a number on some pictures/, zh: (unit) => `单元 ${unit} 在某些图片上不是数值；这些图片已略去` },
  { pattern: /^the receptive field of (\S+) is not known exactly/, zh: (layer) => `${layer} 的感受野不精确；方框包含它` },
  {
    pattern: /^(\d+) of (\d+) nodes do not contribute to an output/,
    zh: (idle, all) => `${all} 个节点中有 ${idle} 个对任何输出都没有贡献，已略去`,
  },
];

const inUnits = (sentence: string): string => sentence.replace(/\bchannel (?=\d)/gi, (word) => (word[0] === "C" ? "Unit " : "unit "));

/** One finding in the chosen language. */
export function sayWarning(warning: string): string {
  // The library counts channels of a tensor; rooms speak of units.
  if (settings.language === "en")
    return inUnits(`${warning.charAt(0).toUpperCase()}${warning.slice(1)}${/[.!?]$/.test(warning) ? "" : "."}`);
  for (const { pattern, zh } of known) {
    const found = pattern.exec(warning);
    if (found !== null) return `${zh(...found.slice(1))}。`;
  }
  return warning;
}
