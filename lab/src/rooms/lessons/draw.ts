// Draws of a lesson's parameters.
import { random } from "fovea";
import { type LessonName, streamOf } from "./lesson.ts";

export interface Draw {
  /** A whole number, both ends included. */
  whole(least: number, most: number): number;
  oneOf<const T>(choices: readonly T[]): T;
}

export function draws(name: LessonName, seed: number): Draw {
  const generator = random(seed, streamOf(name));
  const whole = (least: number, most: number): number => least + generator.integer(most - least + 1);
  return { whole, oneOf: (choices) => choices[generator.integer(choices.length)] };
}
