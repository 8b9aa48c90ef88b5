// Workers of this room for long work, which must stop soon after it is told to. A task that does not listen in time is ended with its worker, and what
// else waited there is asked again of a new one.
import { type Engine, startEngine } from "../../engine/client.ts";

/** A worker that has been told to stop answers within this many milliseconds, or is replaced. */
const patience = 150;

export interface Bench extends Pick<Engine, "call"> {
  /** Call after something was cancelled: makes sure that the worker is free. */
  free(): void;
  stop(): void;
}

/** The worker starts with the first call. */
export function startBench(name: string): Bench {
  let engine: Engine | undefined;
  const replaced = new WeakSet<Engine>();
  const current = (): Engine => {
    engine ??= startEngine(name);
    return engine;
  };
  return {
    async call(room, task, input, options = {}) {
      for (;;) {
        const own = current();
        try {
          return await own.call(room, task, input, options);
        } catch (error) {
          if (!replaced.has(own) || options.signal?.aborted) throw error;
        }
      }
    },
    free() {
      const own = engine;
      if (own === undefined) return;
      const timer = setTimeout(() => {
        replaced.add(own);
        if (engine === own) engine = undefined;
        own.stop();
      }, patience);
      own.call("neurons", "ping", undefined as never).then(
        () => clearTimeout(timer),
        () => clearTimeout(timer),
      );
    },
    stop() {
      engine?.stop();
      engine = undefined;
    },
  };
}

/** Maps, examples, curves: everything but climbing. */
export const work: Bench = startBench("fovea neurons");
/** Climbing beside them. */
export const climber: Bench = startBench("fovea neurons, maximise");
