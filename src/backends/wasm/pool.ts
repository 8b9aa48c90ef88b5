// Worker threads for all programs of this engine: started when first needed, kept for the next program, never keeping the process alive.
import { canBlock, sharedMemory, startWorker } from "#platform";
import type { WorkerHandle } from "../../platform/interface.ts";
import { meetingPoint } from "./walk.ts";
import { mailbox, type PoolMessage, type WorkerReply, workerSource } from "./worker-source.ts";

/** A program as its workers know it. They are named, because workers that come after lost ones have never heard of it. */
export interface LoadedProgram {
  readonly id: number;
  /** Threads in all, the calling one included. */
  readonly threads: number;
  readonly workers: readonly PoolWorker[];
}

export interface LoadOutcome {
  readonly loaded: LoadedProgram | undefined;
  /** Why there are no threads; empty when there are. */
  readonly reason: string;
}

/** How long a worker may take to start or to load a program before it counts as lost. */
const startMilliseconds = 10_000;

export class PoolWorker {
  readonly #handle: WorkerHandle;
  readonly #box = new Int32Array(new SharedArrayBuffer(mailbox.words * 4));
  #waiting: ((reply: WorkerReply | Error) => void) | undefined;
  failure: string | undefined;
  /** Rejects when the thread cannot be started. */
  readonly started: Promise<void>;

  constructor(thread: number) {
    this.#handle = startWorker(workerSource, { name: `fovea thread ${thread}` });
    this.#handle.onMessage((reply) => this.#waiting?.(reply as WorkerReply));
    this.#handle.onError((error) => {
      this.failure = error.message;
      this.#waiting?.(error);
    });
    this.started = this.#ask({ kind: "start", box: this.#box.buffer, thread });
    // Whoever needs the worker awaits it, perhaps much later.
    this.started.catch(() => {});
  }

  load(id: number, module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<void> {
    return this.#ask({ kind: "load", id, module, memory, abortedWord: meetingPoint.aborted / 4, roundWord: meetingPoint.round / 4 });
  }

  release(id: number): void {
    this.#post({ kind: "release", id });
  }

  run(program: number, segment: number, threads: number): void {
    Atomics.store(this.#box, mailbox.program, program);
    Atomics.store(this.#box, mailbox.segment, segment);
    Atomics.store(this.#box, mailbox.threads, threads);
    Atomics.add(this.#box, mailbox.job, 1);
    this.#wake();
  }

  terminate(): Promise<void> {
    this.failure ??= "it was stopped";
    return this.#handle.terminate();
  }

  #wake(): void {
    Atomics.add(this.#box, mailbox.wake, 1);
    Atomics.notify(this.#box, mailbox.wake);
  }

  #post(message: PoolMessage): void {
    // Counted first: a worker that has read more messages than it was told of would go back to its event loop for nothing.
    Atomics.add(this.#box, mailbox.messages, 1);
    this.#handle.postMessage(message);
    this.#wake();
  }

  /** Posts and waits for the answer. One question at a time: the pool sees to that. */
  #ask(message: PoolMessage): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      if (this.failure !== undefined) {
        reject(new Error(this.failure));
        return;
      }
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
        this.#handle.unref();
        settle();
      };
      const late = (): void => {
        this.failure = `no answer within ${startMilliseconds / 1000} s`;
        finish(() => reject(new Error(this.failure)));
      };
      const timer = setTimeout(late, startMilliseconds);
      this.#waiting = (reply) =>
        finish(() => {
          if (reply instanceof Error) reject(reply);
          else if (reply.kind === "loaded" && reply.error !== "") reject(new Error(reply.error));
          else resolve();
        });
      this.#handle.ref();
      this.#post(message);
    });
  }
}

const workers: PoolWorker[] = [];
let programs = 0;
let queue: Promise<unknown> = Promise.resolve();

/** Loads a program into enough workers for `threads` threads. Never throws: without threads a program runs on the calling one. */
export function loadIntoPool(module: WebAssembly.Module, memory: WebAssembly.Memory, threads: number): Promise<LoadOutcome> {
  const outcome = queue.then(() => loadNow(module, memory, threads));
  queue = outcome;
  return outcome;
}

async function loadNow(module: WebAssembly.Module, memory: WebAssembly.Memory, threads: number): Promise<LoadOutcome> {
  const id = ++programs;
  try {
    await ensureWorkers(threads);
    const own = workers.slice(0, threads - 1);
    await Promise.all(own.map((worker) => worker.load(id, module, memory)));
    return { loaded: { id, threads, workers: own }, reason: "" };
  } catch (error) {
    await dropFailedWorkers();
    return {
      loaded: undefined,
      reason: `one thread only: a worker did not start (${error instanceof Error ? error.message : String(error)})`,
    };
  }
}

/** Has workers for `threads` threads start while the caller goes on with something else. What fails is told when a program is loaded. */
export function startPool(threads: number): void {
  try {
    addWorkers(threads);
  } catch {
    // Loading tries again, and says why there are no threads.
  }
}

function addWorkers(threads: number): void {
  // Thread 0 is the calling one.
  while (workers.length < threads - 1) workers.push(new PoolWorker(workers.length + 1));
}

async function ensureWorkers(threads: number): Promise<void> {
  await dropFailedWorkers();
  addWorkers(threads);
  await Promise.all(workers.slice(0, threads - 1).map(({ started }) => started));
}

/** A failed worker takes those after it along, because a thread's number is its place in the list. */
async function dropFailedWorkers(): Promise<void> {
  const first = workers.findIndex((worker) => worker.failure !== undefined);
  if (first >= 0) await Promise.all(workers.splice(first).map((worker) => worker.terminate()));
}

export function threadSupport(): { readonly available: boolean; readonly reason: string } {
  const shared = sharedMemory();
  if (!shared.available) return shared;
  return canBlock() ? shared : { available: false, reason: "this thread may not wait for others (a browser's main thread)" };
}

/** Sends the workers off on a segment; the caller walks it too, as thread 0. */
export function startWorkers({ id, threads, workers: own }: LoadedProgram, segment: number): void {
  for (const worker of own) worker.run(id, segment, threads);
}

/** Why a worker of this program is gone, or undefined when all are well. */
export function lostWorker(program: LoadedProgram): string | undefined {
  return program.workers.find((worker) => worker.failure !== undefined)?.failure;
}

export function releaseFromPool({ id, workers: own }: LoadedProgram): void {
  for (const worker of own) if (worker.failure === undefined) worker.release(id);
}

/** Ends all workers, for tests and for embedders that want to leave nothing behind. Programs go on with one thread. */
export async function stopWorkers(): Promise<void> {
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
}
