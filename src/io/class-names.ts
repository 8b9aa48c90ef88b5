// Names of classes as people keep them: a JSON array, or one on each line.
import { ArgumentError, ModelFormatError } from "../tensor/errors.ts";
import { showGiven } from "../tensor/options.ts";

/** The names in a text. `name` is what messages call it. Throws `ModelFormatError` when it is neither lines nor a JSON array of texts. */
export function readClassNames(text: string, name = "the list of classes"): readonly string[] {
  if (typeof text !== "string") throw new ArgumentError(`readClassNames: the text is ${showGiven(text)}; expected a string`);
  const bare = text.replace(/^\uFEFF/, "");
  let names: unknown;
  if (/^\s*[[{]/.test(bare)) {
    try {
      names = JSON.parse(bare);
    } catch (cause) {
      throw new ModelFormatError(`${name}: not valid JSON: ${(cause as Error).message}`, {
        cause,
        reason: { kind: "no class names", file: name },
      });
    }
  } else {
    names = bare.replace(/\r?\n$/, "").split(/\r?\n/);
  }
  if (!Array.isArray(names) || names.length === 0 || !names.every((one) => typeof one === "string") || names.every((one) => !one.trim())) {
    throw new ModelFormatError(`${name}: expected the names of classes, one on each line or as a JSON array of texts`, {
      reason: { kind: "no class names", file: name },
    });
  }
  return names;
}
