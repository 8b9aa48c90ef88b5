// All lessons, in the order in which they build on each other.
import { type Lesson, type LessonName, lessonNames } from "../lesson.ts";
import { activations } from "./activations.ts";
import { edges } from "./edges.ts";
import { equivariance } from "./equivariance.ts";
import { examples } from "./examples.ts";
import { fields } from "./fields.ts";
import { learning } from "./learning.ts";
import { neurons } from "./neurons.ts";
import { rates } from "./rates.ts";
import { sharing } from "./sharing.ts";
import { sizes } from "./sizes.ts";
import { strides } from "./strides.ts";
import { sums } from "./sums.ts";
import { vanishing } from "./vanishing.ts";
import { variants } from "./variants.ts";
import { wants } from "./wants.ts";

const byName: Readonly<Record<LessonName, Lesson>> = {
  ...{ sums, edges, sizes, strides, fields, sharing, equivariance, activations, variants },
  ...{ learning, rates, vanishing, neurons, wants, examples },
};

export const lessons: readonly Lesson[] = lessonNames.map((name) => byName[name]);

/** The question that "sizes:3" stands for: lesson and problem. */
export function askedIn(from: string, language: "en" | "zh"): { readonly title: string; readonly question: string } | undefined {
  const [name, seed] = from.split(":");
  const found = lessons.find((one) => one.name === name);
  if (found === undefined || !/^\d+$/.test(seed ?? "")) return undefined;
  const own = found.words[language];
  return { title: own.title, question: own.ask(found.make(Number(seed))) };
}
