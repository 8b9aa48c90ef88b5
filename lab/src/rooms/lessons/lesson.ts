// What a lesson is: a problem whose parameters are drawn from a seed, a prediction, and words in both languages. Data and small pure
// functions; the answers are the worker's (work/).

import { report } from "fovea";
import type { Numbers } from "../../engine/tensors.ts";
import type { Query } from "../../state/address.ts";

/** Numbers as all of the lab writes them. */
export const show: (value: number, digits?: number) => string = report.show;
/** The article in front of a number that is read out. */
export const An = (n: number): string => (n === 8 || n === 11 || n === 18 ? "An" : "A");

/** Chapters, each with its lessons, in the order in which they build on each other. */
export const chapters = {
  basics: ["sums", "edges", "sizes", "strides"],
  building: ["fields", "sharing", "equivariance", "activations", "variants"],
  learning: ["learning", "rates", "vanishing"],
  inside: ["neurons", "wants", "examples"],
} as const;
export type Chapter = keyof typeof chapters;
export const lessonNames = [...chapters.basics, ...chapters.building, ...chapters.learning, ...chapters.inside] as const;
export type LessonName = (typeof lessonNames)[number];

/** A map or a curve that the worker made. `name` is one of the lesson's own captions. */
export interface Shown {
  readonly name: string;
  readonly values: Numbers;
  /** "picture": colours, 0..1; "bars": numbers that have no order among each other. */
  readonly kind: "grey" | "diverging" | "weights" | "sequential" | "curve" | "bars" | "picture";
  /** What is framed, as [row, column, height, width] in cells: what is right, dashed what was guessed. */
  readonly boxes?: readonly { readonly at: readonly [number, number, number, number]; readonly kind?: "solid" | "dashed" }[];
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
  /** What usual slips come to, by name: a guess that equals one is told so. */
  readonly slips: Readonly<Record<string, number>>;
}

/** A live room with the numbers of the problem. */
export interface Live {
  readonly room: "convolve" | "network" | "train" | "neurons";
  /** Settings as they stand in the address. */
  readonly query: Readonly<Record<string, string>>;
  /** Names of controls that the problem does not need. */
  readonly hide: readonly string[];
  /** Names of what gives the answer away; undefined where the room is nothing else, and opens only afterwards. */
  readonly secret: readonly string[] | undefined;
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
  /** How to begin, without the answer. */
  readonly hint: (p: P) => string;
  /** What can be chosen; empty for other predictions. */
  readonly choices: (p: P) => readonly string[];
  readonly captions: Readonly<Record<string, string>>;
  /** What was slipped, by the names of the answer's slips. */
  readonly slips?: Readonly<Record<string, string>>;
  /** Why the answer is what it is, with its numbers. */
  readonly explain: (p: P, answer: Answer, guess: number) => string;
}

export interface Lesson<P = unknown> {
  readonly name: LessonName;
  readonly words: { readonly en: LessonWords<P>; readonly zh: LessonWords<P> };
  /** Same seed, same problem. */
  make(seed: number): P;
  ask(p: P): Ask;
  /** Where the same problem lives, and other values can be tried. */
  live(p: P): Live;
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

/** The address of the live room, written with what is to be hidden before the answer is known, or after; undefined where it would give it away. */
export function liveQuery({ room, query, hide, secret }: Live, answered: boolean): Query | undefined {
  if (!answered && secret === undefined) return undefined;
  const hidden = answered ? hide : [...hide, ...(secret ?? [])];
  return { room, ...query, ...(hidden.length > 0 && { hide: hidden.join(",") }) };
}

/** The name of the slip that the guess comes from. */
export function slipOf({ slips, accepted }: Answer, guess: number): string | undefined {
  return accepted.includes(guess) ? undefined : Object.keys(slips).find((name) => slips[name] === guess);
}

/** A seed in the address may be any whole number; each lesson draws from a stream of its own. */
export function streamOf(name: LessonName): number {
  return lessonNames.indexOf(name) + 1;
}
