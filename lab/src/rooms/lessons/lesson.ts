// What a lesson is: a problem whose parameters are drawn from a seed, a prediction, and words in both languages. Data and small pure
// functions; the answers are the worker's (work/).
import type { Numbers } from "../../engine/tensors.ts";

export const lessonNames = [
  ...(["edges", "sizes", "strides", "fields", "sharing", "equivariance"] as const),
  ...(["activations", "learning", "rates", "vanishing", "variants", "neurons"] as const),
] as const;
export type LessonName = (typeof lessonNames)[number];

/** A map or a curve that the worker made. `name` is one of the lesson's own captions. */
export interface Shown {
  readonly name: string;
  readonly values: Numbers;
  readonly kind: "grey" | "diverging" | "weights" | "sequential" | "curve";
  /** [row, column, height, width] in cells. */
  readonly box?: readonly [number, number, number, number];
}

export interface Answer {
  /** A number, the index of a choice, or the row-major index of a cell. */
  readonly value: number;
  /** What is as right as `value`: ties. */
  readonly accepted: readonly number[];
  /** Formulas in letters with their numbers put in; language-neutral. */
  readonly working: readonly string[];
  /** Numbers for the sentences. */
  readonly facts: Readonly<Record<string, number>>;
  readonly shown: readonly Shown[];
}

/** How the reader predicts. Predictions are numbers: the number itself, a choice's index, or a cell's row-major index. */
export type Ask =
  /** `within`: relative tolerance (default 0: exact). */
  | { readonly kind: "number"; readonly within?: number }
  | { readonly kind: "choice" }
  /** A cell of the first picture that is shown, at least `margin` away from its border. */
  | { readonly kind: "cell"; readonly rows: number; readonly columns: number; readonly margin: number };

export interface LessonWords<P> {
  readonly title: string;
  readonly why: string;
  readonly ask: (p: P) => string;
  /** What can be chosen; empty for other predictions. */
  readonly choices: (p: P) => readonly string[];
  readonly captions: Readonly<Record<string, string>>;
  /** Why the answer is what it is, with its numbers. */
  readonly explain: (p: P, answer: Answer, guess: number) => string;
}

export interface Lesson<P = unknown> {
  readonly name: LessonName;
  readonly words: { readonly en: LessonWords<P>; readonly zh: LessonWords<P> };
  /** Same seed, same problem. */
  make(seed: number): P;
  ask(p: P): Ask;
  /** Where to try other values: a room, with the problem's settings. */
  more(p: P): { readonly room: "convolve" | "network" | "train" | "neurons"; readonly change: Readonly<Record<string, unknown>> };
}

/** Forgets the type of the parameters: they are only handed on to the lesson's own functions. */
export function lesson<P>(given: Lesson<P>): Lesson {
  return given as unknown as Lesson;
}

export function isRight(ask: Ask, answer: Answer, guess: number): boolean {
  if (answer.accepted.includes(guess)) return true;
  const within = ask.kind === "number" ? (ask.within ?? 0) : 0;
  return Math.abs(guess - answer.value) <= within * Math.abs(answer.value);
}

/** A seed in the address may be any whole number; each lesson draws from a stream of its own. */
export function streamOf(name: LessonName): number {
  return lessonNames.indexOf(name) + 1;
}
