// What is said about maps of a class with and without a channel.
import { words } from "../../words/words.ts";

export const changeWords = words({
  en: {
    mapsTitle: (name: string) => `Which pixels spoke for ${name}, with the channel and without`,
    mapsAbout: "The method runs on the changed net, so the map itself changes: where it does, the channel had carried the evidence.",
    score: "score",
    alike: "likeness of the two (Spearman)",
  },
  zh: {
    mapsTitle: (name: string) => `有无该通道时，哪些像素支持“${name}”`,
    mapsAbout: "方法在改变后的网络上重新运行，因此归因图本身会变：变化之处正是该通道传递证据的地方。",
    score: "得分",
    alike: "两图的相似度（Spearman）",
  },
});
