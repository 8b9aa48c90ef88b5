// The page's side of the engine: `call` runs a task of a room in a worker, with progress and cancelling. The page itself computes nothing.

import EngineWorker from "lab:worker";
import type { ErrorReason } from "fovea/tensor";
import type * as convolve from "../rooms/convolve/tasks.ts";
import type * as lessons from "../rooms/lessons/tasks.ts";
import type * as network from "../rooms/network/tasks.ts";
import type * as neurons from "../rooms/neurons/tasks.ts";
import type * as open from "../rooms/open/tasks.ts";
import type * as train from "../rooms/train/tasks.ts";
import type * as common from "./common.ts";
import type { Call, Reply } from "./protocol.ts";

/** All tasks by room; types alone, so the page does not load them. */
interface AllTasks {
  readonly common: typeof common.tasks;
  readonly convolve: typeof convolve.tasks;
  readonly network: typeof network.tasks;
  readonly train: typeof train.tasks;
  readonly neurons: typeof neurons.tasks;
  readonly open: typeof open.tasks;
  readonly lessons: typeof lessons.tasks;
}
export type TaskRoom = keyof AllTasks;
type TaskInput<T> = T extends (input: infer I, ...rest: never[]) => unknown ? I : never;
type TaskOutput<T> = T extends (...given: never[]) => infer O ? Awaited<O> : never;

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Receives what the task reports; the room knows its type. */
  readonly onReport?: (report: never) => void;
}

/** An error of the library, as the worker told it. `name` is the library's class. */
export class EngineError extends Error {
  readonly reason: ErrorReason | undefined;
  constructor(name: string, message: string, reason?: ErrorReason) {
    super(message);
    this.name = name;
    this.reason = reason;
  }
}

interface Waiting {
  readonly resolve: (output: never) => void;
  readonly reject: (error: unknown) => void;
  readonly onReport: ((report: never) => void) | undefined;
  /** Stops listening for the caller's cancel. */
  readonly leave?: () => void;
}

export interface Engine {
  /** Runs a task. Rejects with `EngineError`, or with the signal's reason as soon as it is aborted. */
  call<R extends TaskRoom, T extends keyof AllTasks[R] & string>(
    room: R,
    task: T,
    input: TaskInput<AllTasks[R][T]>,
    options?: CallOptions,
  ): Promise<TaskOutput<AllTasks[R][T]>>;
  /** Loads the code of all tasks, so that none waits for the network later. */
  prepare(): Promise<void>;
  /** Ends the worker and everything that it was doing. */
  stop(): void;
}

/** What is waited for, of each engine that runs. */
const allWaiting = new Set<ReadonlyMap<number, Waiting>>();

/** Whether somebody waits for any engine, as all through a training. */
export function atWork(): boolean {
  return [...allWaiting].some(({ size }) => size > 0);
}

/** A worker of its own. The lab has one for quick answers (`engine`), and starts others for long work beside it. */
export function startEngine(name: string): Engine {
  const worker = new EngineWorker({ name });
  const waiting = new Map<number, Waiting>();
  allWaiting.add(waiting);
  let last = 0;
  const failAll = (error: Error): void => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    const caller = waiting.get(data.id);
    if (caller === undefined) return;
    if (data.kind === "progress") {
      caller.onReport?.(data.progress as never);
      return;
    }
    waiting.delete(data.id);
    caller.leave?.();
    if (data.kind === "done") caller.resolve(data.output as never);
    else
      caller.reject(
        data.name === "AbortError" ? new DOMException(data.message, "AbortError") : new EngineError(data.name, data.message, data.reason),
      );
  };
  worker.onerror = (event) => failAll(new EngineError("WorkerError", event.message || "the engine's worker did not start"));
  return {
    prepare() {
      return new Promise((resolve, reject) => {
        const id = ++last;
        waiting.set(id, { resolve, reject, onReport: undefined });
        worker.postMessage({ id, prepare: true });
      });
    },
    call(room, task, input, { signal, onReport } = {}) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        const id = ++last;
        const cancel = (): void => {
          worker.postMessage({ id, cancel: true });
          if (waiting.delete(id)) reject(signal?.reason);
        };
        // One signal may be there for thousands of calls.
        const leave = (): void => signal?.removeEventListener("abort", cancel);
        waiting.set(id, { resolve: resolve as Waiting["resolve"], reject, onReport, leave });
        const message: Call = { id, room, task, input };
        worker.postMessage(message);
        signal?.addEventListener("abort", cancel, { once: true });
      });
    },
    stop() {
      worker.terminate();
      allWaiting.delete(waiting);
      failAll(new DOMException("the engine was stopped", "AbortError"));
    },
  };
}

/** For quick answers: maps, facts, one picture's explanation. */
export const engine: Engine = startEngine("fovea engine");
