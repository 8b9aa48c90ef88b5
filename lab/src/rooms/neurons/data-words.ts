// Which pictures units are asked about.
import { words } from "../../words/words.ts";

export const dataWords = words({
  en: {
    trained: "what it was trained on",
    folder: "a folder of mine",
    giveFolder: "Folder of pictures",
    giveFiles: "Files or archive",
    drop: "Or drop a folder, pictures or an archive anywhere on the page.",
    files: (count: number) => `${count} files are here.`,
  },
  zh: {
    trained: "它训练时用的图片",
    folder: "我的文件夹",
    giveFolder: "图片文件夹",
    giveFiles: "文件或压缩包",
    drop: "也可以把文件夹、图片或压缩包拖到页面任何地方。",
    files: (count: number) => `已有 ${count} 个文件。`,
  },
});
