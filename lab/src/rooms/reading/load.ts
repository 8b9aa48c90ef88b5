// A chapter in the reader's language, or in English where it has not been translated; loaded when it is opened.
import type { Chapter } from "../../../build/chapter.ts";
import type { Language } from "../../words/words.ts";
import type { ChapterName } from "./names.ts";

interface ChapterModule {
  readonly chapter: Chapter;
}
const english: Readonly<Record<string, () => Promise<ChapterModule>>> = import.meta.glob<ChapterModule>(
  "../../../../docs/{arithmetic,receptive-fields,three-ideas,pooling,activations,learning,variants,convolution-pictures,attribution,maximisation,seeing-inside,captions,lab,command-line,weights,onnx,exporting}.md",
);
const chinese: Readonly<Record<string, () => Promise<ChapterModule>>> = import.meta.glob<ChapterModule>("../../../../docs/zh/*.md");

/** Chapters that can be read in Chinese. */
export const inChinese: ReadonlySet<string> = new Set(Object.keys(chinese).map((path) => path.replace(/^.*\/|\.md$/g, "")));

export async function loadChapter(name: ChapterName, language: Language): Promise<Chapter> {
  const translated = language === "zh" ? chinese[`../../../../docs/zh/${name}.md`] : undefined;
  return (await (translated ?? english[`../../../../docs/${name}.md`])()).chapter;
}
