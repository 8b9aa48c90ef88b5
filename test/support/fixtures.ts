// The specification's own numbers, kept beside the tests so that every clone proves them. `test/house/fixtures.test.ts` compares the
// copy with ../shared/spec/fixtures.json where that exists.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path: string = fileURLToPath(new URL("../golden/spec-fixtures.json", import.meta.url));

/** One section of the fixtures, e.g. `fixture<Guide>("guide")`. */
export function fixture<T>(section: string): T {
  const all = JSON.parse(readFileSync(path, "utf8")) as Record<string, T>;
  if (!(section in all)) throw new Error(`spec-fixtures.json has no section "${section}"`);
  return all[section];
}
