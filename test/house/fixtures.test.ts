import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const original = new URL("../../../shared/spec/fixtures.json", import.meta.url);

test.skipIf(!existsSync(original))("the kept copy of the specification's numbers is the specification's", () => {
  const copy = readFileSync(new URL("../golden/spec-fixtures.json", import.meta.url), "utf8");
  expect(copy).toBe(readFileSync(original, "utf8"));
});
