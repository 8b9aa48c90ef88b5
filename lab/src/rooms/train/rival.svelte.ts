// A second run beside the open one: the same start with one change. It has a worker of its own and is always trained as far as the open one,
// so that the two can be compared step by step while they learn.
import { type Engine, startEngine } from "../../engine/client.ts";
import type { Experiment } from "./experiment.ts";
import type { Progress } from "./live.svelte.ts";
import { own } from "./own.svelte.ts";
import type { Look, LookInput, Opened, Status } from "./tasks.ts";

interface Rival {
  readonly opened: Opened | undefined;
  readonly experiment: Experiment | undefined;
  readonly status: Status | undefined;
  readonly state: "none" | "preparing" | "paused" | "playing";
  readonly progress: Progress | undefined;
  readonly error: unknown;
  /** Prepares this experiment instead of the one before. */
  start(experiment: Experiment): Promise<void>;
  /** Where the open run stands: this one goes on, or back, to there. */
  keepUp(step: number): void;
  look(input: LookInput, signal: AbortSignal): Promise<Look>;
  /** Ends it and its worker. */
  close(): void;
}

export const rival: Rival = (() => {
  let engine: Engine | undefined;
  let opened: Opened | undefined = $state.raw();
  let experiment: Experiment | undefined = $state.raw();
  let status: Status | undefined = $state.raw();
  let state: Rival["state"] = $state("none");
  let progress: Progress | undefined = $state.raw();
  let error: unknown = $state.raw();
  let target = 0;
  let moving = false;

  const playTo = (worker: Engine, steps: number): Promise<{ readonly status: Status }> =>
    worker.call(
      "train",
      "play",
      { steps, epochs: 0, seconds: 0, accuracy: 0, plateau: 0 },
      {
        onReport: (report: Status) => {
          if (engine === worker) status = report;
        },
      },
    );
  async function follow(): Promise<void> {
    const worker = engine;
    if (worker === undefined || moving || status === undefined || error !== undefined) return;
    moving = true;
    try {
      for (;;) {
        const step: number | undefined = status?.step;
        if (engine !== worker || step === undefined || step === target || status?.diverged !== undefined) break;
        if (target < step) {
          const gone: Status = await worker.call("train", "goTo", target);
          if (engine !== worker) return;
          // Perhaps a moment before it was kept; the way from there is trained again.
          status = gone;
        } else {
          state = "playing";
          const done: { readonly status: Status } = await playTo(worker, target - step);
          if (engine !== worker) return;
          status = done.status;
        }
      }
    } catch (caught) {
      if (engine === worker) error = caught;
    } finally {
      if (engine === worker) {
        moving = false;
        if (state === "playing") state = "paused";
      }
    }
  }
  function close(): void {
    engine?.stop();
    engine = undefined;
    opened = experiment = status = progress = error = undefined;
    state = "none";
    moving = false;
  }
  return {
    get opened() {
      return opened;
    },
    get experiment() {
      return experiment;
    },
    get status() {
      return status;
    },
    get state() {
      return state;
    },
    get progress() {
      return progress;
    },
    get error() {
      return error;
    },
    async start(next) {
      close();
      const worker = startEngine("fovea training beside");
      engine = worker;
      state = "preparing";
      try {
        if (next.data === "own" && own.input !== undefined) await worker.call("train", "useFiles", own.input);
        const input = { experiment: next, base: new URL(".", document.baseURI).href };
        const made = await worker.call("train", "open", input, {
          onReport: (report: Progress) => {
            if (engine === worker) progress = report;
          },
        });
        if (engine !== worker) return;
        opened = made;
        experiment = next;
        status = made.status;
        state = "paused";
        void follow();
      } catch (caught) {
        if (engine !== worker) return;
        close();
        error = caught;
      }
    },
    keepUp(step) {
      target = step;
      void follow();
    },
    look: (input, signal) => {
      if (engine === undefined) throw new Error("no run is beside this one");
      return engine.call("train", "look", input, { signal });
    },
    close,
  };
})();
