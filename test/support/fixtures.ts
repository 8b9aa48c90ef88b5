// The specification's own numbers. They are not part of the repository; tests that need them skip visibly where they are absent.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path: string = fileURLToPath(new URL("../../../shared/spec/fixtures.json", import.meta.url));

export const hasFixtures: boolean = existsSync(path);

/** One section of the fixtures, e.g. `fixture<Guide>("guide")`. Call only inside tests that are skipped without fixtures. */
export function fixture<T>(section: string): T {
  const all = JSON.parse(readFileSync(path, "utf8")) as Record<string, T>;
  if (!(section in all)) throw new Error(`fixtures.json has no section "${section}"`);
  return all[section];
}
