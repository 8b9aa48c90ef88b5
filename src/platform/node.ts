// The Node side of `#platform`: the only file of the library that imports from `node:`.
import { randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { mkdir, open, readdir, readFile as readWholeFile, rename, rm, stat } from "node:fs/promises";
import { arch, availableParallelism, cpus, homedir, platform } from "node:os";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import { FileError } from "../tensor/errors.ts";

export { breather } from "./breathe.ts";

import type { Environment, FolderContents, FolderEntry, SharedMemorySupport, WorkerHandle, WorkerOptions } from "./interface.ts";

export function environment(): Environment {
  const { node, v8 = "" } = process.versions;
  const [major, minor] = v8.split(".").map(Number);
  return {
    runtime: "node",
    description: `Node ${node} on ${platform()} ${arch()}`,
    v8: Number.isInteger(major) && Number.isInteger(minor) ? [major, minor] : undefined,
    architecture: arch(),
  };
}

export function environmentVariable(name: string): string | undefined {
  return process.env[name];
}

export function processorModel(): string | undefined {
  return cpus()[0]?.model;
}

export function now(): number {
  return performance.now();
}

export function availableThreads(): number {
  return Math.max(1, availableParallelism());
}

export function sharedMemory(): SharedMemorySupport {
  return { available: true, reason: "" };
}

export function canBlock(): boolean {
  return true;
}

/** Gives the script the same `port` as in a browser. `getBuiltinModule` works however Node decides to parse the source. */
const workerPrelude = `const port = (() => {
  const { parentPort } = process.getBuiltinModule("node:worker_threads");
  let gc;
  return {
    postMessage: (data) => parentPort.postMessage(data),
    onMessage: (listener) => parentPort.on("message", listener),
    collect() {
      if (gc === undefined) {
        process.getBuiltinModule("node:v8").setFlagsFromString("--expose-gc");
        gc = process.getBuiltinModule("node:vm").runInNewContext("gc");
      }
      gc();
    },
  };
})();
`;

export function startWorker(source: string, options: WorkerOptions = {}): WorkerHandle {
  // execArgv: [] because a parent started with --input-type=module or a loader would change how the script is read.
  const worker = new Worker(workerPrelude + source, { eval: true, execArgv: [], name: options.name ?? "fovea" });
  let messageListener: (data: unknown) => void = () => {};
  let errorListener: (error: Error) => void = () => {};
  let ending = false;
  let failed = false;
  worker.on("message", (data) => messageListener(data));
  worker.on("error", (error) => {
    failed = true;
    errorListener(error instanceof Error ? error : new Error(String(error)));
  });
  worker.on("exit", (code) => {
    if (!ending && !failed) errorListener(new Error(`worker "${options.name ?? "fovea"}" ended unexpectedly with code ${code}`));
  });
  worker.unref();
  return {
    postMessage: (data) => worker.postMessage(data),
    onMessage(listener) {
      messageListener = listener;
    },
    onError(listener) {
      errorListener = listener;
    },
    ref: () => worker.ref(),
    unref: () => worker.unref(),
    async terminate() {
      ending = true;
      await worker.terminate();
    },
  };
}

export function setEngineFlag(flag: string): boolean {
  setFlagsFromString(flag);
  return true;
}

export function cacheFolder(): string | undefined {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME)) return XDG_CACHE_HOME;
  if (platform() === "win32") return LOCALAPPDATA;
  return platform() === "darwin" ? join(homedir(), "Library", "Caches") : join(homedir(), ".cache");
}

export function codeStamp(): string | undefined {
  try {
    const path = fileURLToPath(import.meta.url);
    // A build writes all files anew.
    const { mtimeMs, size } = statSync(path);
    return path.endsWith(".ts") ? undefined : `${mtimeMs} ${size}`;
  } catch {
    return undefined;
  }
}

export function joinPath(...parts: string[]): string {
  return join(...parts);
}

export function baseName(path: string): string {
  return basename(path);
}

export async function readFile(path: string): Promise<Uint8Array> {
  try {
    const buffer = await readWholeFile(path);
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  } catch (error) {
    throw fileError("read", path, error);
  }
}

export function readFileNow(path: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return new Uint8Array(readFileSync(path));
  } catch {
    return undefined;
  }
}

export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readFile(path));
}

export async function writeFileAtomically(path: string, data: Uint8Array | string): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    await sweep(path);
    await writeDurably(temporary, data);
    await rename(temporary, path);
    await flushFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw fileError("write", path, error);
  }
}

export async function writeFolderAtomically(path: string, contents: FolderContents): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await mkdir(temporary, { recursive: true });
    for (const [name, data] of Object.entries(contents)) {
      if (name !== basename(name) || name === "") throw new Error(`"${name}" is not a plain file name`);
      await writeDurably(join(temporary, name), data);
    }
    await flushFolder(temporary);
    await restoreFolder(path);
    const aside = asideName(path);
    const replaces = await isFolder(path);
    if (replaces) {
      await rm(aside, { recursive: true, force: true });
      await rename(path, aside);
    }
    await rename(temporary, path);
    await flushFolder(dirname(path));
    if (replaces) await rm(aside, { recursive: true, force: true });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    await restoreFolder(path).catch(() => {});
    throw fileError("write", path, error);
  }
}

export async function restoreFolder(path: string): Promise<boolean> {
  await sweep(path);
  if (await isFolder(path)) return true;
  const aside = asideName(path);
  if (!(await isFolder(aside))) return false;
  await rename(aside, path);
  return true;
}

export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw fileError("make the folder", path, error);
  }
}

export async function listFolder(path: string): Promise<FolderEntry[]> {
  try {
    const names = (await readdir(path)).sort((a, b) => (a < b ? -1 : 1));
    const entries: FolderEntry[] = [];
    for (const name of names) {
      const found = await statusOf(join(path, name));
      if (found?.isDirectory()) entries.push({ name, kind: "folder" });
      else if (found?.isFile()) entries.push({ name, kind: "file" });
    }
    return entries;
  } catch (error) {
    throw fileError("list", path, error);
  }
}

export async function isFile(path: string): Promise<boolean> {
  return (await statusOf(path))?.isFile() ?? false;
}

export async function isFolder(path: string): Promise<boolean> {
  return (await statusOf(path))?.isDirectory() ?? false;
}

export async function remove(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    throw fileError("remove", path, error);
  }
}

export async function findPackageFile(packageName: string, relativePath: string): Promise<string | undefined> {
  for (const start of [process.cwd(), dirname(fileURLToPath(import.meta.url))]) {
    for (let folder = resolve(start); ; folder = dirname(folder)) {
      const candidate = join(folder, "node_modules", packageName, relativePath);
      if (await isFile(candidate)) return candidate;
      if (dirname(folder) === folder) break;
    }
  }
  return undefined;
}

/** In the same folder, so that the rename stays inside one file system; with a dot, so that listings of results do not show it. */
function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`);
}

/** Removes what processes that no longer run left half written for `path`. A folder that cannot be cleaned can still be read. */
async function sweep(path: string): Promise<void> {
  const start = `.${basename(path)}.`;
  const names = await readdir(dirname(path)).catch((): string[] => []);
  for (const name of names.filter((n) => n.startsWith(start))) {
    const owner = /^(\d+)-[0-9a-f]{8}\.tmp$/.exec(name.slice(start.length))?.[1];
    if (owner !== undefined && !isRunning(Number(owner)))
      await rm(join(dirname(path), name), { recursive: true, force: true }).catch(() => {});
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as another user's.
    return (error as { code?: string }).code !== "ESRCH";
  }
}

function asideName(path: string): string {
  return join(dirname(path), `.${basename(path)}.previous`);
}

async function writeDurably(path: string, data: Uint8Array | string): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A rename survives a power cut only when the folder itself is flushed. Windows cannot open folders; its journal does the same. */
async function flushFolder(path: string): Promise<void> {
  if (platform() === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function statusOf(path: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> {
  try {
    return await stat(path);
  } catch {
    return undefined;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission denied",
  EPERM: "not permitted",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
  EEXIST: "a file of that name exists",
  ENOSPC: "no space left on the device",
  EROFS: "the file system is read-only",
};

function fileError(action: string, path: string, error: unknown): FileError {
  const { code = "", message = String(error) } = error as { code?: string; message?: string };
  return new FileError(`cannot ${action} ${path}: ${reasons[code] ?? message}`, { cause: error });
}
