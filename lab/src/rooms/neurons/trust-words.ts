// What is said of scores, of what is drawn, and of the sanity strip.
import { words } from "../../words/words.ts";

export const trustWords = words({
  en: {
    logit: "logit",
    activation: "activation",
    probability: "probability",
    drawnSum: (range: string) => `sum of channels ${range}`,
    perChannel: (range: string) => `raw ${range}`,
    dependsYes: (rho: string) =>
      `It depends on what the net has learned: with all weights forgotten, little of the map is left (rank correlation of sizes ${rho}).`,
    dependsPartly: (rho: string) =>
      `It depends on what the net has learned in part: with all weights forgotten, the map is still somewhat alike (rank correlation of sizes ${rho}).`,
    dependsNo: (rho: string) =>
      `It hardly depends on what the net has learned: with all weights forgotten, the map stays alike (rank correlation of sizes ${rho}). It explains the picture more than the net.`,
    dependsUnknown: "With all weights forgotten the map is even, so nothing can be compared.",
    scores: "Scores of the tested maps",
    method: "Method",
    rho: "ρ, weights forgotten",
    best: "The best of each column is set in bold. Methods that do no better than the picture’s edges explain little.",
    sortBy: (name: string) => `Sort by ${name}`,
    kept: "kept",
  },
  zh: {
    logit: "logit",
    activation: "激活值",
    probability: "概率",
    drawnSum: (range: string) => `各通道之和 ${range}`,
    perChannel: (range: string) => `原始值 ${range}`,
    dependsYes: (rho: string) => `它取决于网络学到的东西：忘掉全部权重后，图所剩无几（绝对值的秩相关 ${rho}）。`,
    dependsPartly: (rho: string) => `它部分取决于网络学到的东西：忘掉全部权重后，图仍有几分相似（绝对值的秩相关 ${rho}）。`,
    dependsNo: (rho: string) =>
      `它几乎不取决于网络学到的东西：忘掉全部权重后，图依然相似（绝对值的秩相关 ${rho}）。它解释的更多是图片而不是网络。`,
    dependsUnknown: "忘掉全部权重后，图处处相同，无从比较。",
    scores: "已检验各图的分数",
    method: "方法",
    rho: "忘掉权重后的 ρ",
    best: "每列最好的用粗体。不比图片边缘更好的方法说明不了什么。",
    sortBy: (name: string) => `按${name}排序`,
    kept: "保留",
  },
});
