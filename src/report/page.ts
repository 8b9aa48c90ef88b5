// The shell of every page: one file, no network, no script; a skip link, landmarks, and a table of contents when there is something to list.
import { html, Markup } from "./html.ts";
import type { Section } from "./sections.ts";
import { styleSheet } from "./style.ts";

export interface Page {
  readonly title: string;
  /** One sentence for search results and link previews. */
  readonly description: string;
  readonly header: Markup;
  readonly sections: readonly Section[];
  /** Said at the end, one line each. */
  readonly notes?: readonly string[];
}

/** The page as text. The same data gives the same text. */
export function writePage({ title, description, header, sections, notes = [] }: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${description}">
<meta name="generator" content="fovea">
<title>${title}</title>
<style>${new Markup(styleSheet)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
${header}
${navigation(sections)}
<main id="content" class="wrap">
${sections.map(
  (s) => html`<section id="${s.id}" aria-labelledby="${s.id}-title"><h2 id="${s.id}-title">${s.title}</h2>
${s.body}</section>
`,
)}</main>
<footer><div class="wrap">${footnotes(notes)}</div></footer>
</body>
</html>
`.text;
}

function navigation(sections: readonly Section[]): Markup | undefined {
  if (sections.length < 2) return undefined;
  return html`<nav aria-label="Sections"><div class="wrap"><ul>${sections.map((s) => html`<li><a href="#${s.id}">${s.title}</a></li>`)}</ul></div></nav>`;
}

function footnotes(notes: readonly string[]): Markup {
  return html`<p>Made by fovea. Signed maps end where 98 % of their absolute sum is reached; hatched pixels are padding; every number is raw unless it says otherwise.</p>${
    notes.length > 0 && html`<ul>${notes.map((n) => html`<li>${n}</li>`)}</ul>`
  }`;
}
