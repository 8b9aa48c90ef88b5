// Work that several callers wait for: begun once, told to all, and ended when the last of them has lost interest.

interface Joined<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  readonly listeners: Set<(message: unknown) => void>;
  finished: boolean;
}

/** Somebody who leaves often comes back at once, with the next unit. */
const patience = 100;

export interface Shared<T> {
  /** The result under this key, from `work` where nobody has begun it. Rejects with the signal's reason. */
  join(
    key: string,
    signal: AbortSignal,
    report: (message: unknown) => void,
    work: (signal: AbortSignal, report: (message: unknown) => void) => Promise<T>,
  ): Promise<T>;
}

/** Keeps the last `kept` results. */
export function sharedWork<T>(kept: number): Shared<T> {
  const all = new Map<string, Joined<T>>();
  const begin = (key: string, work: Parameters<Shared<T>["join"]>[3]): Joined<T> => {
    const controller = new AbortController();
    const listeners = new Set<(message: unknown) => void>();
    const result = work(controller.signal, (message) => {
      for (const listener of listeners) listener(message);
    });
    const joined: Joined<T> = { result, controller, listeners, finished: false };
    all.set(key, joined);
    result.then(
      () => {
        joined.finished = true;
      },
      () => all.get(key) === joined && all.delete(key),
    );
    for (const [old, { finished }] of all) if (all.size > kept && finished && old !== key) all.delete(old);
    return joined;
  };
  return {
    async join(key, signal, report, work) {
      const found = all.get(key);
      const joined = found !== undefined && !found.controller.signal.aborted ? found : begin(key, work);
      const { result, listeners, controller } = joined;
      listeners.add(report);
      const leave = (): void => {
        listeners.delete(report);
        setTimeout(() => {
          if (listeners.size === 0 && !joined.finished) controller.abort(signal.reason);
        }, patience);
      };
      signal.addEventListener("abort", leave);
      try {
        const done = await result;
        signal.throwIfAborted();
        return done;
      } finally {
        signal.removeEventListener("abort", leave);
        listeners.delete(report);
      }
    },
  };
}
