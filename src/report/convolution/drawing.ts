// What is drawn, before anybody says how: rectangles, lines, dots and words with a role each, and the frames in which they are seen. One such
// drawing becomes a still SVG, an animated SVG or a GIF; colours, light and dark, belong to the roles (palette.ts).
import type { Role } from "./palette.ts";

interface Seen {
  readonly role: Role;
  /** First and last frame in which it is seen; always when not given. */
  readonly during?: readonly [first: number, last: number];
  /** Added in its first frame and kept: a picture that does not move shows it at once. */
  readonly lasting?: boolean;
}

export interface Rect extends Seen {
  readonly shape: "rect";
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly radius?: number;
  /** A colour that stands for a number and so is the same in light and dark. */
  readonly fill?: string;
}

export interface Line extends Seen {
  readonly shape: "line";
  readonly from: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
  /** As `fill` of a rectangle. */
  readonly stroke?: string;
}

export interface Dot extends Seen {
  readonly shape: "dot";
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly fill?: string;
}

export interface Words extends Seen {
  readonly shape: "words";
  /** Anchor point on the line's vertical middle. */
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly size: number;
  readonly anchor?: "start" | "middle" | "end";
  readonly bold?: boolean;
  /** As `fill` of a rectangle. */
  readonly fill?: string;
}

export type Mark = Rect | Line | Dot | Words;

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  /** The text twin: what a reader who does not see the picture gets. */
  readonly description: string;
  readonly marks: readonly Mark[];
  /** At least 1. */
  readonly frames: number;
  /** The frame that stands for all where nothing moves (default: the first). */
  readonly still?: number;
}

/** All words are set in one width of letter, so that layouts do not depend on the fonts that a reader has. In units of the font size. */
export const letterWidth = 0.602;

/** Signs of East Asian scripts and their punctuation fill a square. */
const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/;

export function widthOf(text: string, size: number): number {
  return Array.from(text).reduce((sum, letter) => sum + (wide.test(letter) ? 1 : letterWidth), 0) * size;
}

/** A sign that fills a square, with the punctuation that may not begin a line, or a word of letters. */
const pieces = new RegExp(`( ?)(${wide.source}[，。：；、）]*|[^ ]+?(?= |$|${wide.source}))`, "g");

/** Breaks text at spaces, and between square signs, into lines of at most `width` pixels. A word that is longer stands alone. */
export function wrap(text: string, size: number, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const [, before, word] of text.matchAll(pieces)) {
    const longer = line === "" ? word : `${line}${before}${word}`;
    if (line !== "" && widthOf(longer, size) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return line === "" ? lines : [...lines, line];
}

/** Whether a mark is seen in this frame. */
export function seenIn({ during }: Mark, frame: number): boolean {
  return during === undefined || (during[0] <= frame && frame <= during[1]);
}

/** Whether a mark is seen in a picture that does not move: as in the frame, but with all that the frames would add. */
export function seenStill(mark: Mark, frame: number): boolean {
  return mark.lasting === true || seenIn(mark, frame);
}

/** Marks of one or more drawings, moved. */
export function moved(marks: readonly Mark[], dx: number, dy: number): Mark[] {
  return marks.map((mark) =>
    mark.shape === "line"
      ? { ...mark, from: [mark.from[0] + dx, mark.from[1] + dy], to: [mark.to[0] + dx, mark.to[1] + dy] }
      : { ...mark, x: mark.x + dx, y: mark.y + dy },
  );
}
