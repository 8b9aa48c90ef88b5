// What every task of the worker is given besides its input.
import type { Model } from "fovea";
import type { NetRef } from "./nets.ts";

export interface TaskContext {
  /** Aborted when the page has lost interest. Hand it on to the library. */
  readonly signal: AbortSignal;
  /** Sends something to the page before the task is done: progress, or intermediate results. */
  report(message: unknown): void;
  /** The model behind a net of the session; opened once per worker. */
  open(net: NetRef): Promise<Model>;
}

/** A task: plain data in, plain data (typed arrays included) out. */
export type Task<I = never, O = unknown, P = unknown> = ((input: I, context: TaskContext) => Promise<O> | O) & { readonly progress?: P };
export type Tasks = Readonly<Record<string, Task>>;
