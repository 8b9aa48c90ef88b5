// One piece of work at a time, with its progress, its result and a way to stop it. Results are kept, so that going back to a unit is instant.
import type { CallOptions } from "../../engine/client.ts";
import type { Bench } from "./engines.ts";

export interface Job<T, P> {
  readonly result: T | undefined;
  readonly progress: P | undefined;
  readonly error: unknown;
  readonly running: boolean;
  /** Whether the result belongs to this key. */
  has(key: string): boolean;
  /** Ends what was running, and begins this; or takes the result of the same key from before. */
  start(key: string, run: (options: CallOptions) => Promise<T>): void;
  /** For the button: also makes sure that the worker is free. */
  cancel(): void;
  /** For what is not looked at any more. */
  leave(): void;
}

const kept = 24;

/** `onReport` sees every report of the running work, besides `progress`, which is the latest. */
export function createJob<T, P = unknown>(bench: Bench, { onReport }: { readonly onReport?: (report: P) => void } = {}): Job<T, P> {
  const results = new Map<string, T>();
  let result: T | undefined = $state.raw();
  let progress: P | undefined = $state.raw();
  let error: unknown = $state.raw();
  let running = $state(false);
  let shown = "";
  let controller: AbortController | undefined;
  const leave = (): void => {
    controller?.abort(new DOMException("cancelled", "AbortError"));
    controller = undefined;
    running = false;
  };
  return {
    get result() {
      return result;
    },
    get progress() {
      return progress;
    },
    get error() {
      return error;
    },
    get running() {
      return running;
    },
    has: (key) => result !== undefined && shown === key,
    start(key, run) {
      leave();
      error = undefined;
      progress = undefined;
      const known = results.get(key);
      result = known;
      shown = key;
      if (known !== undefined) return;
      const own = new AbortController();
      controller = own;
      running = true;
      run({
        signal: own.signal,
        onReport: ((report: P) => {
          if (controller !== own) return;
          progress = report;
          onReport?.(report);
        }) as (report: never) => void,
      }).then(
        (found) => {
          if (controller !== own) return;
          results.set(key, found);
          while (results.size > kept) results.delete(results.keys().next().value!);
          result = found;
          running = false;
        },
        (reason) => {
          if (controller !== own) return;
          error = reason;
          running = false;
        },
      );
    },
    cancel() {
      leave();
      bench.free();
    },
    leave,
  };
}
