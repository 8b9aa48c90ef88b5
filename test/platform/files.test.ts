// Files must survive what happens to them: a process killed while it writes, a folder half switched, a disk that says no.
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as browser from "../../src/platform/browser.ts";
import * as platform from "../../src/platform/node.ts";
import { FileError } from "../../src/tensor/errors.ts";

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
  /** Runs a writer in a process of its own, kills it after a while, and returns whatever it printed. */
  async function killWhileWriting(script: string, milliseconds: number): Promise<string> {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    let printed = "";
    child.stdout.on("data", (chunk) => {
      printed += String(chunk);
    });
    const ended = new Promise((resolve) => child.on("close", resolve));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    child.kill("SIGKILL");
    await ended;
    return printed;
  }

  let bundle = "";
  beforeAll(async () => {
    bundle = join(folder, "platform.mjs");
    const entry = fileURLToPath(new URL("../../src/platform/node.ts", import.meta.url));
    await build({ entryPoints: [entry], bundle: true, platform: "node", format: "esm", outfile: bundle });
  });

  test("a process killed while it writes a file leaves the old or the new one, whole", async () => {
    const path = join(folder, "killed.bin");
    const size = 1 << 20;
    const script = `import { writeFileAtomically } from ${JSON.stringify(bundle)};
      for (let round = 0; ; round++) {
        await writeFileAtomically(${JSON.stringify(path)}, new Uint8Array(${size}).fill(round % 256));
        console.log("round " + round);
      }`;
    for (const wait of [1, 7, 13, 29, 41, 53]) {
      const printed = await killWhileWriting(script, wait);
      const bytes = await platform.readFile(path);
      expect(bytes.length).toBe(size);
      expect(bytes.every((b) => b === bytes[0])).toBe(true);
      const finished = printed.match(/round \d+/g)?.length ?? 0;
      expect([(finished - 1) % 256, finished % 256]).toContain(bytes[0]);
    }
  });

  test("a process killed while it switches folders leaves a folder whose files belong together", async () => {
    const path = join(folder, "killed-run", "checkpoint");
    const script = `import { writeFolderAtomically } from ${JSON.stringify(bundle)};
      for (let round = 0; ; round++) {
        await writeFolderAtomically(${JSON.stringify(path)}, { "weights": String(round).repeat(50000), "step": String(round) });
        console.log("round " + round);
      }`;
    for (const wait of [1, 5, 11, 17, 31, 47]) {
      await killWhileWriting(script, wait);
      expect(await platform.restoreFolder(path)).toBe(true);
      const step = await platform.readText(join(path, "step"));
      expect(await platform.readText(join(path, "weights"))).toBe(step.repeat(50000));
    }
  });
});

describe("packages", () => {
  test("a file of an installed package is found without importing it, an absent one is undefined", async () => {
    expect(await platform.findPackageFile("vitest", "package.json")).toMatch(/node_modules.vitest.package\.json$/);
    expect(await platform.findPackageFile("no-such-package", "package.json")).toBeUndefined();
  });
});
