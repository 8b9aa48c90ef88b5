// What fovea needs from the place it runs in. node.ts and browser.ts export functions with exactly these signatures, and the
// import condition `#platform` chooses one of them; a type test holds both against this interface.

/** Where the program runs, for reports and for choices that depend on the engine. */
export interface Environment {
  readonly runtime: "node" | "browser";
  /** For people: "Node 20.19.4 on linux x64", or the browser's own description. */
  readonly description: string;
  /** Version of V8 as [major, minor], where it is known: gates engine flags and kernel choices. */
  readonly v8: readonly [number, number] | undefined;
  /** The processor's instruction set as Node names it ("x64", "arm64"); undefined in browsers, which do not tell. */
  readonly architecture: string | undefined;
}

export interface WorkerOptions {
  /** Shown by debuggers. */
  readonly name?: string;
}

/**
 * A thread that runs a script. It does not keep the process alive (in Node) until `ref()` is called.
 * Messages are structured clones; a `SharedArrayBuffer`, a `WebAssembly.Module` or `Memory` arrives shared.
 */
export interface WorkerHandle {
  postMessage(data: unknown): void;
  /** Sets the listener for messages from the worker; a later call replaces it. */
  onMessage(listener: (data: unknown) => void): void;
  /** Sets the listener for an uncaught error in the worker or its unexpected end. */
  onError(listener: (error: Error) => void): void;
  /** Keep the process alive while an answer is awaited. */
  ref(): void;
  unref(): void;
  terminate(): Promise<void>;
}

/** Whether threads can share memory here; `reason` says in one sentence why not (empty when they can). */
export interface SharedMemorySupport {
  readonly available: boolean;
  readonly reason: string;
}

export interface FolderEntry {
  readonly name: string;
  readonly kind: "file" | "folder";
}

/** Contents of a folder to be written as one: file name → bytes or text. */
export type FolderContents = Readonly<Record<string, Uint8Array | string>>;

export interface Platform {
  environment(): Environment;
  /** A variable of the process's environment; undefined where it is not set, and in browsers. */
  environmentVariable(name: string): string | undefined;
  /** The processor's name, so that what was measured on one is not believed on another; undefined in browsers. */
  processorModel(): string | undefined;
  /** Milliseconds from an arbitrary start, monotonic. */
  now(): number;

  /** A function to await often in long computations; it really gives timers, signals and the page a turn every `interval` ms (default 30). */
  breather(interval?: number): () => Promise<void> | undefined;

  /** Threads worth starting: logical cores that this process may use; at least 1. */
  availableThreads(): number;
  sharedMemory(): SharedMemorySupport;
  /** Whether this thread may wait in `Atomics.wait`: not on a browser's main thread. */
  canBlock(): boolean;
  /**
   * Starts a thread that runs `source`, a classic script (no import or export). The script finds a `port` with
   * `postMessage(data)` and `onMessage(listener)`, the same in Node and in a browser, and `collect(bytes)`, to be called when it has
   * let go of a shared memory: engines do not count those as a thread's garbage, and a thread that sleeps never looks for it.
   */
  startWorker(source: string, options?: WorkerOptions): WorkerHandle;
  /** Passes a V8 flag such as `--experimental-wasm-revectorize` on; false where that is impossible. V8 prints a warning for a flag that it does not know. */
  setEngineFlag(flag: string): boolean;

  /** Where a program may keep what it can compute again (`~/.cache` or the system's own place); undefined in browsers. */
  cacheFolder(): string | undefined;
  /**
   * Differs between builds of fovea, so that what one build made is not taken up by another. Undefined in browsers, and where fovea runs from its
   * sources, because these change one by one.
   */
  codeStamp(): string | undefined;
  /** Joins parts of a path with the separator of the system. */
  joinPath(...parts: string[]): string;
  /** Last part of a path. */
  baseName(path: string): string;
  /** The whole file. Throws `FileError`. */
  readFile(path: string): Promise<Uint8Array>;
  /** The whole file without waiting, or undefined when it cannot be read: for what is kept in `cacheFolder()`, and may be missing. */
  readFileNow(path: string): Uint8Array<ArrayBuffer> | undefined;
  /** The whole file as UTF-8 text. Throws `FileError`. */
  readText(path: string): Promise<string>;
  /**
   * Writes a file so that at every moment, also after a crash, `path` holds either the old or the new contents entirely.
   * Missing folders are made. Throws `FileError`; the temporary file is removed on failure, and by the next write after a crash.
   */
  writeFileAtomically(path: string, data: Uint8Array | string): Promise<void>;
  /**
   * Replaces the folder `path` by one with exactly these files, all or nothing: written and flushed under a temporary name beside it,
   * then renamed. An old folder is set aside for the moment between two renames; `restoreFolder` puts it back when a crash fell there.
   */
  writeFolderAtomically(path: string, contents: FolderContents): Promise<void>;
  /**
   * Call before reading a folder written by `writeFolderAtomically`: undoes a switch that a crash interrupted, and removes what was left half written.
   * Returns whether the folder exists.
   */
  restoreFolder(path: string): Promise<boolean>;
  /** Makes a folder and its parents; nothing happens when it exists. Throws `FileError`. */
  makeFolder(path: string): Promise<void>;
  /** Entries sorted by name, links followed. Throws `FileError`. */
  listFolder(path: string): Promise<FolderEntry[]>;
  isFile(path: string): Promise<boolean>;
  isFolder(path: string): Promise<boolean>;
  /** Removes a file, or a folder with all it contains; nothing happens when it does not exist. */
  remove(path: string): Promise<void>;
  /**
   * Path of a file inside an installed npm package, looked for from the current folder and from fovea's own place upwards, without
   * importing the package. Undefined when there is none.
   */
  findPackageFile(packageName: string, relativePath: string): Promise<string | undefined>;
}
