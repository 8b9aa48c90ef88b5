// Both sides of `#platform` must offer the same functions: the assignments are checked by `tsc`, the names at run time.
import { expect, test } from "vitest";
import * as browser from "../../src/platform/browser.ts";
import type { Platform } from "../../src/platform/interface.ts";
import * as node from "../../src/platform/node.ts";

test("PR6 node and browser offer the same platform functions", () => {
  const sides: readonly Platform[] = [node, browser];
  expect(Object.keys(sides[0]).sort()).toEqual(Object.keys(sides[1]).sort());
});
