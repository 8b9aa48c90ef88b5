// What fovea writes into a file's metadata about the pictures that a net was made for, and reads back. Others' files have none of it.
import type { Preprocessing } from "../../nn/model.ts";

export interface Purpose {
  readonly classes?: readonly string[];
  readonly preprocessing?: Preprocessing;
}

/** Classes and preprocessing from metadata; what is not of the expected form counts as not being there: it is advice, not data. */
export function purposeOf(metadata: readonly { readonly key: string; readonly value: string }[]): Purpose {
  const values = new Map(metadata.map(({ key, value }) => [key, parsed(value)]));
  const [classes, preprocessing] = [values.get("fovea.classes"), values.get("fovea.preprocessing")];
  return {
    ...(isList(classes, "string") && { classes: classes as readonly string[] }),
    ...(isPreprocessing(preprocessing) && { preprocessing }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isList(given: unknown, type: "string" | "number"): boolean {
  return Array.isArray(given) && given.every((item) => typeof item === type);
}

function isPreprocessing(given: unknown): given is Preprocessing {
  if (typeof given !== "object" || given === null) return false;
  const { name, channels, mean, deviation, kept } = given as Partial<Preprocessing>;
  return (
    typeof name === "string" &&
    (channels === "grey" || channels === "rgb" || channels === "bgr") &&
    isList(mean, "number") &&
    isList(deviation, "number") &&
    (kept === undefined || (kept > 0 && kept <= 1))
  );
}
