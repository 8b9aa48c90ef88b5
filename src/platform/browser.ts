// The browser side of `#platform`: workers from Blob URLs, no file system. Also the default for any other runtime.
import { FileError } from "../tensor/errors.ts";

export { breather } from "./breathe.ts";

import type { Environment, FolderContents, FolderEntry, SharedMemorySupport, WorkerHandle, WorkerOptions } from "./interface.ts";

export function environment(): Environment {
  const description = globalThis.navigator?.userAgent ?? "an unknown JavaScript runtime";
  // Chromium's version numbers are V8's: Chrome 131 runs V8 13.1.
  const chromium = /Chrom(?:e|ium)\/(\d+)/.exec(description)?.[1];
  return {
    runtime: "browser",
    description,
    v8: chromium === undefined ? undefined : [Math.floor(Number(chromium) / 10), Number(chromium) % 10],
    architecture: undefined,
  };
}

export function environmentVariable(_name: string): string | undefined {
  return undefined;
}

export function processorModel(): string | undefined {
  return undefined;
}

export function now(): number {
  return performance.now();
}

export function availableThreads(): number {
  return Math.max(1, globalThis.navigator?.hardwareConcurrency ?? 1);
}

export function sharedMemory(): SharedMemorySupport {
  if (typeof SharedArrayBuffer === "undefined" || globalThis.crossOriginIsolated === false) {
    return {
      available: false,
      reason: "the page is not cross-origin isolated (it needs the headers COOP: same-origin and COEP: require-corp or credentialless)",
    };
  }
  return { available: true, reason: "" };
}

export function canBlock(): boolean {
  // Only a window has a document; every kind of worker may wait, except where there is no shared memory to wait on.
  return typeof document === "undefined" && sharedMemory().available;
}

const workerPrelude = `const port = {
  postMessage: (data) => self.postMessage(data),
  onMessage: (listener) => self.addEventListener("message", (event) => listener(event.data)),
  // No page can ask for a collection, but an ordinary memory (which costs nothing untouched) does count, and hurries it.
  collect(bytes) {
    try {
      new WebAssembly.Memory({ initial: Math.min(65536, Math.ceil(bytes / 16384)) });
    } catch {}
  },
};
`;

export function startWorker(source: string, options: WorkerOptions = {}): WorkerHandle {
  const name = options.name ?? "fovea";
  const url = URL.createObjectURL(new Blob([workerPrelude, source], { type: "text/javascript" }));
  const worker = new Worker(url, { name });
  let messageListener: (data: unknown) => void = () => {};
  let errorListener: (error: Error) => void = () => {};
  let released = false;
  // The URL must live until the script has been fetched: its first message, its first error or its end shows that it was.
  const releaseUrl = (): void => {
    if (!released) URL.revokeObjectURL(url);
    released = true;
  };
  worker.addEventListener("message", (event) => {
    releaseUrl();
    messageListener(event.data);
  });
  worker.addEventListener("error", (event) => {
    // It is reported to the listener; the console need not show it again.
    event.preventDefault();
    releaseUrl();
    errorListener(
      event.error instanceof Error ? event.error : new Error(`worker "${name}": ${event.message || "the script did not load"}`),
    );
  });
  worker.addEventListener("messageerror", () => errorListener(new Error(`worker "${name}" sent a message that cannot be read here`)));
  return {
    postMessage: (data) => worker.postMessage(data),
    onMessage(listener) {
      messageListener = listener;
    },
    onError(listener) {
      errorListener = listener;
    },
    ref() {},
    unref() {},
    async terminate() {
      releaseUrl();
      worker.terminate();
    },
  };
}

export function setEngineFlag(_flag: string): boolean {
  return false;
}

export function cacheFolder(): string | undefined {
  return undefined;
}

export function codeStamp(): string | undefined {
  return undefined;
}

export function joinPath(...parts: string[]): string {
  return parts
    .filter((part) => part !== "")
    .join("/")
    .replace(/\/+/g, "/");
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export async function readFile(path: string): Promise<Uint8Array> {
  throw noFileSystem("read", path);
}

export function readFileNow(_path: string): Uint8Array<ArrayBuffer> | undefined {
  return undefined;
}

export async function readText(path: string): Promise<string> {
  throw noFileSystem("read", path);
}

export async function writeFileAtomically(path: string, _data: Uint8Array | string): Promise<void> {
  throw noFileSystem("write", path);
}

export async function writeFolderAtomically(path: string, _contents: FolderContents): Promise<void> {
  throw noFileSystem("write", path);
}

export async function restoreFolder(path: string): Promise<boolean> {
  throw noFileSystem("restore", path);
}

export async function makeFolder(path: string): Promise<void> {
  throw noFileSystem("make the folder", path);
}

export async function listFolder(path: string): Promise<FolderEntry[]> {
  throw noFileSystem("list", path);
}

export async function isFile(_path: string): Promise<boolean> {
  return false;
}

export async function isFolder(_path: string): Promise<boolean> {
  return false;
}

export async function remove(path: string): Promise<void> {
  throw noFileSystem("remove", path);
}

export async function findPackageFile(_packageName: string, _relativePath: string): Promise<string | undefined> {
  return undefined;
}

function noFileSystem(action: string, path: string): FileError {
  return new FileError(`cannot ${action} ${path}: a browser page has no file system; pass the bytes of the file instead`);
}
