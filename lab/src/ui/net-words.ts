import { words } from "../words/words.ts";

export const netWords = words({
  en: {
    gone: (id: string) =>
      `The net “${id}” lived in the page that made it, and its weights are in no link. If it was saved as a file, open that file; if it was a run, train it again or open its run file.`,
    shown: (title: string) => `Until then the rooms show “${title}”.`,
    openFile: "Open a file",
    train: "Train",
    use: (title: string) => `Stay with “${title}”`,
  },
  zh: {
    gone: (id: string) =>
      `网络“${id}”只存在于创建它的页面里，任何链接都不含它的权重。如果存成了文件，就打开那个文件；如果是一次训练，就重新训练，或打开它的训练文件。`,
    shown: (title: string) => `在此之前，各个房间显示“${title}”。`,
    openFile: "打开文件",
    train: "训练",
    use: (title: string) => `就用“${title}”`,
  },
});
