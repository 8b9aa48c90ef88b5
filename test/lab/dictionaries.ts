// The lab's words as data. Their files import only the function that checks them, which needs Svelte's compiler; here it is left out.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const labSource: string = fileURLToPath(new URL("../../lab/src", import.meta.url));
export type Entry = string | ((...given: unknown[]) => string);
export type Dictionary = Readonly<Record<string, Entry>>;

/** All dictionaries of a file below lab/src. */
export async function dictionariesOf(file: string): Promise<{ en: Dictionary; zh: Dictionary }[]> {
  const text = readFileSync(join(labSource, file), "utf8").replace(/^import .*words\.ts";$/m, "const words = (both) => both;");
  const esbuild = await import("esbuild");
  const { code } = await esbuild.transform(text, { loader: "ts" });
  const made = (await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`)) as Record<
    string,
    { en: Dictionary; zh: Dictionary }
  >;
  return Object.values(made).filter((given) => typeof given === "object" && "en" in given && "zh" in given);
}
