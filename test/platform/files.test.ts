// Files must survive what happens to them: a process killed while it writes, a folder half switched, a disk that says no.
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as browser from "../../src/platform/browser.ts";
import * as platform from "../../src/platform/node.ts";
import { FileError } from "../../src/tensor/errors.ts";
import { bundle, forEachStep } from "../support/kill.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-platform-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("files", () => {
  test("bytes and text come back as written; missing folders are made; no temporary file stays", async () => {
    const path = platform.joinPath(folder, "a", "b", "c.bin");
    await platform.writeFileAtomically(path, Uint8Array.of(1, 2, 255));
    expect(await platform.readFile(path)).toEqual(Uint8Array.of(1, 2, 255));
    await platform.writeFileAtomically(path, "größer");
    expect(await platform.readText(path)).toBe("größer");
    expect(await readdir(join(folder, "a", "b"))).toEqual(["c.bin"]);
  });

  test("a listing is sorted and tells files from folders", async () => {
    const path = join(folder, "listing");
    await mkdir(join(path, "z"), { recursive: true });
    await writeFile(join(path, "y"), "");
    await writeFile(join(path, "B"), "");
    expect(await platform.listFolder(path)).toEqual([
      { name: "B", kind: "file" },
      { name: "y", kind: "file" },
      { name: "z", kind: "folder" },
    ]);
  });

  test("failures are FileErrors that name the path and the reason", async () => {
    await expect(platform.readFile(join(folder, "nothing"))).rejects.toThrow(/cannot read .*nothing: there is no such file or folder/);
    await expect(platform.readFile(folder)).rejects.toThrow(/it is a folder/);
    await writeFile(join(folder, "plain"), "");
    await expect(platform.writeFileAtomically(join(folder, "plain", "x"), "")).rejects.toBeInstanceOf(FileError);
    await expect(platform.listFolder(join(folder, "nothing"))).rejects.toBeInstanceOf(FileError);
  });

  test("a write that fails leaves the target as it was and no temporary file", async () => {
    const path = join(folder, "blocked");
    await mkdir(join(path, "target", "full"), { recursive: true });
    await expect(platform.writeFileAtomically(join(path, "target"), "x")).rejects.toBeInstanceOf(FileError);
    expect(await readdir(path)).toEqual(["target"]);
    expect(await readdir(join(path, "target"))).toEqual(["full"]);
  });

  test("a browser refuses files with a typed error that says what to do", async () => {
    await expect(browser.readFile("x.onnx")).rejects.toThrow(/x\.onnx: a browser page has no file system; pass the bytes/);
    await expect(browser.writeFileAtomically("x", "")).rejects.toBeInstanceOf(FileError);
    expect(await browser.isFile("x")).toBe(false);
  });
});

describe("folders", () => {
  test("a folder is replaced as one: old files go, new ones are there, nothing else stays", async () => {
    const path = join(folder, "run", "checkpoint");
    await platform.writeFolderAtomically(path, { "a.txt": "1", "b.txt": "1" });
    await platform.writeFolderAtomically(path, { "a.txt": "2" });
    expect(await readdir(path)).toEqual(["a.txt"]);
    expect(await platform.readText(join(path, "a.txt"))).toBe("2");
    expect(await readdir(join(folder, "run"))).toEqual(["checkpoint"]);
  });

  test("a crash between the two renames is undone by restoreFolder", async () => {
    const path = join(folder, "crashed", "checkpoint");
    await platform.writeFolderAtomically(path, { "a.txt": "old" });
    await rename(path, join(folder, "crashed", ".checkpoint.previous"));
    expect(await platform.restoreFolder(path)).toBe(true);
    expect(await platform.readText(join(path, "a.txt"))).toBe("old");
    expect(await platform.restoreFolder(join(folder, "crashed", "other"))).toBe(false);
  });

  test("a file name that leaves the folder is refused, and the old folder stays", async () => {
    const path = join(folder, "escape");
    await platform.writeFolderAtomically(path, { a: "old" });
    await expect(platform.writeFolderAtomically(path, { a: "new", "../b": "x" })).rejects.toThrow(/not a plain file name/);
    expect(await platform.readText(join(path, "a"))).toBe("old");
  });
});

describe("kill", () => {
  let module = "";
  beforeAll(async () => {
    module = join(folder, "platform.mjs");
    await bundle(`export * from "../../src/platform/node.ts";`, module);
  });

  test("ET8 a process killed at every step of writing a file leaves the old or the new one, whole, and nothing else after the next write", async () => {
    const pathOf = (run: number): string => join(folder, `killed-${run}`, "a.txt");
    for (let run = 0; run < 30; run++) await platform.writeFileAtomically(pathOf(run), "old".repeat(1000));
    const outcomes = await forEachStep(
      (run) => `import { writeFileAtomically } from ${JSON.stringify(module)};
        await writeFileAtomically(${JSON.stringify(pathOf(run))}, "new".repeat(1000));`,
      async (run) => {
        const left = await platform.readText(pathOf(run));
        await platform.writeFileAtomically(pathOf(run), "next");
        expect(await readdir(join(folder, `killed-${run}`))).toEqual(["a.txt"]);
        return left;
      },
    );
    const renamed = outcomes.indexOf("new".repeat(1000));
    expect(renamed).toBeGreaterThan(0);
    expect(outcomes).toEqual(outcomes.map((_, i) => (i < renamed ? "old" : "new").repeat(1000)));
  });

  test("what another process is still writing is left alone, what a dead one began is removed", async () => {
    const place = join(folder, "shared");
    const dead = Number(spawnSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" }).stdout);
    const names = [process.ppid, dead].map((pid) => `.run.${pid}-0123abcd.tmp`);
    for (const name of [...names, ".run.notes.tmp"]) await mkdir(join(place, name), { recursive: true });
    expect(await platform.restoreFolder(join(place, "run"))).toBe(false);
    expect((await readdir(place)).sort()).toEqual([".run.notes.tmp", names[0]].sort());
  });
});

describe("packages", () => {
  test("a file of an installed package is found without importing it, an absent one is undefined", async () => {
    expect(await platform.findPackageFile("vitest", "package.json")).toMatch(/node_modules.vitest.package\.json$/);
    expect(await platform.findPackageFile("no-such-package", "package.json")).toBeUndefined();
  });
});
