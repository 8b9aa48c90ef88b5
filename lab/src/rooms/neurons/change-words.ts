// What is said about maps of a class with and without a unit.
import { words } from "../../words/words.ts";

export const changeWords = words({
  en: {
    mapsTitle: (name: string) => `Which pixels spoke for ${name}, with the unit and without`,
    mapsAbout: "The method runs on the changed net, so the map itself changes: where it does, the unit had carried the evidence.",
    logitBefore: "logit as it is",
    logitAfter: "logit with the change",
    moved: (name: string, before: string, after: string, change: string) =>
      `Its logit of ${name} moves from ${before} to ${after} (${change}).`,
    outputBefore: "output as it is",
    outputAfter: "output with the change",
    outputMoved: (name: string, before: string, after: string, change: string) =>
      `Its output for ${name} moves from ${before} to ${after} (${change}).`,
    score: "score",
    alike: "likeness of the two (Spearman)",
  },
  zh: {
    mapsTitle: (name: string) => `有无该单元时，哪些像素支持“${name}”`,
    mapsAbout: "方法在改变后的网络上重新运行，因此归因图本身会变：变化之处正是该单元传递证据的地方。",
    logitBefore: "原样的 logit",
    logitAfter: "改变后的 logit",
    moved: (name: string, before: string, after: string, change: string) => `“${name}”的 logit 从 ${before} 变为 ${after}（${change}）。`,
    outputBefore: "原样的输出",
    outputAfter: "改变后的输出",
    outputMoved: (name: string, before: string, after: string, change: string) =>
      `“${name}”的输出从 ${before} 变为 ${after}（${change}）。`,
    score: "得分",
    alike: "两图的相似度（Spearman）",
  },
});
