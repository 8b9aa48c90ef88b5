// What cac prints as help, made to say no more and no less than is true.

export interface HelpSection {
  readonly title?: string;
  readonly body: string;
}

/** Every command takes options, and "--no-report (default: true)" would mean the opposite of what it does. */
export function tidyHelp(sections: readonly HelpSection[]): HelpSection[] {
  return sections.map((section) => {
    if (section.title === "Usage") return { ...section, body: section.body.replace(/( \[options\])?\s*$/, " [options]") };
    if (section.title === "Options")
      return { ...section, body: section.body.replace(/^(\s*--no-.*?)\s*\(default: true\)/gm, "$1").replace(/ +$/gm, "") };
    return section;
  });
}
