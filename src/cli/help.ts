// What cac prints as help, made to say no more and no less than is true, at most 80 columns wide.
import { methodsHelp } from "./attribution-options.ts";
import { conceptFolderHelp } from "./concept-folder.ts";

export interface HelpSection {
  readonly title?: string;
  readonly body: string;
}

const columns = 80;

/** Every command takes options, and "--no-report (default: true)" would mean the opposite of what it does. */
export function tidyHelp(sections: readonly HelpSection[]): HelpSection[] {
  const tidy = sections.map((section) => {
    if (section.title === "Usage") return { ...section, body: section.body.replace(/( \[options\])?\s*$/, " [options]") };
    if (section.title === "Commands") return { ...section, body: wrapColumns(section.body) };
    // One line instead of one for each command.
    if (section.title?.startsWith("For more info") === true) return { title: "For more info", body: "  $ fovea <command> --help" };
    if (section.title === "Options")
      return { ...section, body: wrapColumns(section.body.replace(/^(\s*--no-.*?)\s*\(default: true\)/gm, "$1").replace(/ +$/gm, "")) };
    return section;
  });
  const at = tidy.findIndex(({ title }) => title === "Options");
  const options = at < 0 ? "" : tidy[at].body.replace(/\s+/g, " ");
  const more: HelpSection[] = [
    ...(/--method <names>.*listed below/.test(options) ? [{ title: "Methods", body: methodsHelp() }] : []),
    ...(/pictures and masks, laid out as below/.test(options) ? [{ title: "Folder of concepts", body: conceptFolderHelp }] : []),
  ];
  return [...tidy.slice(0, at + 1), ...more, ...tidy.slice(at + 1)];
}

/** Descriptions in a column of their own, continued under themselves. */
function wrapColumns(body: string): string {
  const lines = body.split("\n").map((line) => /^(\s*\S.*?)(?:\s{2,}(\S.*))?$/.exec(line));
  if (lines.some((line) => line === null)) return body;
  const width = 2 + Math.max(...lines.map((line) => line?.[1].trimEnd().length ?? 0));
  return lines
    .map((line) => {
      const [, name = "", description = ""] = line ?? [];
      return `${name.trimEnd().padEnd(width)}${wrap(description, columns - width).join(`\n${" ".repeat(width)}`)}`.trimEnd();
    })
    .join("\n");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
