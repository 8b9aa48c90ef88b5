// A chapter of docs/ as HTML in parts: one for each heading and each anchor, so that the reading room can lead to a formula and put a live
// card beside it.
import { Marked, type RendererObject, type Token, type Tokens } from "marked";

/** What can be led to: everything from one heading, or one `<a id="..."></a>`, to the next. */
export interface ChapterPart {
  /** The anchor as GitHub has it, of the English chapter in both languages; empty for what stands before the first. */
  readonly id: string;
  /** The heading that begins it, without marks; empty where an anchor does. */
  readonly title: string;
  readonly depth: number;
  /** Without the heading. */
  readonly html: string;
}

export interface Chapter {
  readonly title: string;
  readonly parts: readonly ChapterPart[];
}

export interface Making {
  /** Chapters that have a page of their own. */
  readonly chapters: readonly string[];
  /** The `src`, width and height of a picture, by its path within docs/; undefined leaves it out and says so. */
  readonly picture: (path: string) => { readonly src: string; readonly width: number; readonly height: number } | undefined;
  /** What is said in a picture's place. */
  readonly leftOut: string;
  /** Anchors of the English chapter's headings, in their order, for a chapter that is a translation. */
  readonly anchors?: readonly string[];
}

/** The anchor that GitHub gives a heading. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");
}

/** Anchors of all headings below the title. */
export function anchorsOf(markdown: string): string[] {
  return headingsOf(new Marked().lexer(markdown)).map(({ text }) => anchorOf(bare(text)));
}

const headingsOf = (tokens: readonly Token[]): Tokens.Heading[] =>
  tokens.filter((token): token is Tokens.Heading => token.type === "heading" && token.depth > 1);

const bare = (text: string): string => text.replace(/[`*]/g, "").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** A line that leads to the same chapter in the other language: the lab has a switch for that. */
const otherLanguage = /^\[(中文|English)\]\([^)]*\)$/;

export function chapterOf(markdown: string, making: Making): Chapter {
  const marked = new Marked({ renderer: rendererFor(making) });
  const parts: ChapterPart[] = [];
  let title = "";
  let open: { id: string; title: string; depth: number; tokens: Token[] } = { id: "", title: "", depth: 0, tokens: [] };
  const close = (): void => {
    const { tokens, ...part } = open;
    const html = marked.parser(tokens);
    if (part.id !== "" || html !== "") parts.push({ ...part, html });
  };
  let headings = 0;
  for (const token of marked.lexer(markdown)) {
    const anchor = /^<a id="([\w-]+)"><\/a>\s*$/.exec(token.raw)?.[1];
    if (token.type === "heading" && token.depth === 1) title = bare(token.text);
    else if (token.type === "heading") {
      close();
      const text = bare(token.text);
      open = { id: making.anchors?.[headings] ?? anchorOf(text), title: text, depth: token.depth, tokens: [] };
      headings += 1;
    } else if (anchor !== undefined) {
      close();
      open = { id: anchor, title: "", depth: 0, tokens: [] };
    } else if (token.type !== "paragraph" || !otherLanguage.test(token.text)) open.tokens.push(token);
  }
  close();
  return { title, parts };
}

function rendererFor({ chapters, picture, leftOut }: Making): RendererObject {
  return {
    link({ href, tokens }) {
      const text = this.parser.parseInline(tokens);
      if (/^https?:/.test(href)) return `<a href="${escaped(href)}" target="_blank" rel="noreferrer">${text}</a>`;
      const [, page, part = ""] = /^(?:(?:\.\.\/|zh\/)*([\w-]+)\.md)?(?:#(.*))?$/.exec(href) ?? [];
      // What has no page here, such as notes for those who change fovea, stays a word.
      if (page !== undefined && !chapters.includes(page)) return text;
      if (page === undefined && part === "") return text;
      return `<a href="#" data-page="${page ?? ""}" data-part="${escaped(decodeURIComponent(part))}">${text}</a>`;
    },
    image({ href, text }) {
      const found = picture(href.replace(/^\.\.\//, ""));
      if (found === undefined) return `<em class="left-out">${escaped(text)} (${escaped(leftOut)})</em>`;
      return `<img src="${found.src}" alt="${escaped(text)}" width="${found.width}" height="${found.height}">`;
    },
    code({ text }) {
      const code = escaped(text).replace(/\/\/ → .*$/gm, (says) => `<span class="says">${says}</span>`);
      return `<pre tabindex="0"><code>${code}</code></pre>\n`;
    },
    table({ header, rows }) {
      const cells = (row: readonly Tokens.TableCell[], tag: string): string =>
        row
          .map(({ tokens }) => this.parser.parseInline(tokens))
          .map((html) => (tag === "th" && html === "" ? "<td></td>" : `<${tag}>${html}</${tag}>`))
          .join("");
      const body = rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("\n");
      return `<div class="scroll" tabindex="0"><table><thead><tr>${cells(header, "th")}</tr></thead><tbody>${body}</tbody></table></div>\n`;
    },
  };
}
