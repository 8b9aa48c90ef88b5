// `prepare` skips the build when dist is current. Wrong either way it would hurt: stale code, or a build in the way of every `npx fovea`.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeEach, describe, expect, it } from "vitest";

const tool = fileURLToPath(new URL("../../tools/build-stamp.mjs", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "fovea-stamp-"));
const run = (command: string): number | null => spawnSync(process.execPath, [tool, command, root]).status;
const put = (file: string, text: string): void => writeFileSync(join(root, file), text);

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("build stamp", () => {
  beforeEach(() => {
    for (const name of ["src", "dist"]) rmSync(join(root, name), { recursive: true, force: true });
    for (const name of ["src/ops", "dist/ops"]) mkdirSync(join(root, name), { recursive: true });
    for (const name of ["index", "ops/add"]) {
      put(`src/${name}.ts`, "export {};");
      put(`dist/${name}.js`, "export {};");
    }
    put("tsconfig.json", "{}");
    expect(run("write")).toBe(0);
  });

  it("dist counts as current after a build, whatever the times of the files", () => {
    expect(run("check")).toBe(0);
    utimesSync(join(root, "src/index.ts"), new Date(), new Date(Date.now() + 3_600_000));
    expect(run("check")).toBe(0);
  });

  it.each<readonly [string, () => void]>([
    ["a source changed", () => put("src/index.ts", "export const a = 1;")],
    ["a source came", () => put("src/new.ts", "export {};")],
    ["a source went", () => rmSync(join(root, "src/ops/add.ts"))],
    ["a source was renamed", () => renameSync(join(root, "src/ops/add.ts"), join(root, "src/add.ts"))],
    ["the compiler's settings changed", () => put("tsconfig.json", '{"compilerOptions":{}}')],
    ["a built file is missing", () => rmSync(join(root, "dist/ops/add.js"))],
    ["nothing was ever built", () => rmSync(join(root, "dist"), { recursive: true })],
    ["the last build failed before its stamp", () => rmSync(join(root, "dist/.built"))],
  ])("a build is due when %s", (_, change) => {
    change();
    expect(run("check")).toBe(1);
  });
});
