// What things are called, in the reader's language.

import { className } from "../../words/classes.ts";
import type { SeenLayer } from "./tasks.ts";

interface TitleWords {
  red: string;
  green: string;
  blue: string;
  grey: string;
  inputPlane(i: number): string;
  map(layer: string, i: number): string;
  feature(layer: string, i: number): string;
  classUnit(layer: string, i: number, name: string): string;
}

/** "conv1, map 3", "logits, class 2, square", "red". */
export function unitTitle(t: TitleWords, { name, role, shape }: SeenLayer, unit: number, classes: readonly string[]): string {
  switch (role) {
    case "input":
      return shape[0] === 3 ? [t.red, t.green, t.blue][unit] : shape[0] === 1 ? t.grey : t.inputPlane(unit);
    case "maps":
      return t.map(name, unit);
    case "output":
      return t.classUnit(name, unit, className(classes[unit] ?? String(unit)));
    default:
      return t.feature(name, unit);
  }
}
