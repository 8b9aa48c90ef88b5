// The page's side of the training: one worker that keeps running while the reader visits other rooms, what it last reported, and the runs
// that were left.
import { type Engine, startEngine } from "../../engine/client.ts";
import { addNet, type Picture, type TrainedOn } from "../../state/session.svelte.ts";
import { differences, type Experiment, type Knobs, knobNames, knobsOf, type StopReason, type StopRules } from "./experiment.ts";
import { own } from "./own.svelte.ts";
import { experimentOf, stopRules, view } from "./state.ts";
import type { Look, LookInput, Opened, Status } from "./tasks.ts";

/** A run that is no longer trained: what comparing needs. */
export interface ShelvedRun {
  readonly name: string;
  readonly experiment: Experiment;
  readonly status: Status;
}

const shelfLength = 4;
/** Runs of fewer steps were only looked at. */
const worthKeeping = 10;

export interface Progress {
  readonly done: number;
  readonly total: number;
}

interface Live {
  /** The run that is open; undefined while the first is prepared. */
  readonly opened: Opened | undefined;
  /** What it began with; changes on the way are the status's. */
  readonly experiment: Experiment | undefined;
  readonly status: Status | undefined;
  readonly state: "preparing" | "paused" | "playing";
  /** Why the last play ended by itself. */
  readonly ended: StopReason | undefined;
  readonly error: unknown;
  /** While it is prepared: pictures that are drawn, of all. */
  readonly progress: Progress | undefined;
  readonly shelf: readonly ShelvedRun[];
  readonly name: string;
  /** Opens a run for this experiment unless it is open already; changes of the knobs alone go to the open run. */
  follow(experiment: Experiment): void;
  /** Stops the preparing, and goes back to the run that was open. */
  cancelOpening(): void;
  /** Begins again: same experiment, step 0. */
  restart(): Promise<void>;
  /** Until a rule of the room ends it, or up to this step. */
  play(upTo?: number): Promise<void>;
  pause(): void;
  /** One batch. */
  step(): Promise<void>;
  /** To the end of the epoch. */
  epoch(): Promise<void>;
  goTo(step: number): Promise<void>;
  look(input: LookInput, signal: AbortSignal): Promise<Look>;
  /** The worker, for tasks of single panels. */
  readonly engine: Engine;
  /** Makes the net of now a net of the session; its id. `first` are the pictures to look at first. */
  publish(first?: readonly Picture[]): Promise<string | undefined>;
  /** Opens the run of the address again, because its pictures are others now. */
  reopen(): Promise<void>;
  openFile(bytes: Uint8Array, name: string): Promise<void>;
  /** Asks the worker where it stands, after a task that stepped by itself. */
  refresh(): Promise<void>;
  forget(shelved: ShelvedRun): void;
  /** Ends the worker with everything that it holds. */
  close(): void;
}

/** For rooms that ask the net about the pictures that it learnt from. */
function trainedOn({ data, dataSeed, pictures }: Experiment): TrainedOn {
  return { data, dataSeed, pictures, ...(data === "own" && own.input && { own: own.input }) };
}

export const live: Live = (() => {
  let engine: Engine | undefined;
  let opened: Opened | undefined = $state.raw();
  let experiment: Experiment | undefined = $state.raw();
  let status: Status | undefined = $state.raw();
  let state: Live["state"] = $state("preparing");
  let ended: StopReason | undefined = $state();
  let error: unknown = $state.raw();
  let progress: Progress | undefined = $state.raw();
  let shelf: readonly ShelvedRun[] = $state.raw([]);
  let count = $state(0);
  const begun: Experiment | undefined = $derived(experiment && { ...experiment, ...status?.start });
  /** What the page asked for last; answers to older questions are dropped. */
  let wanted: Experiment | undefined;
  let opening = 0;
  let cancel = new AbortController();

  const worker = (): Engine => {
    engine ??= startEngine("fovea training");
    return engine;
  };

  function shelve(): void {
    if (status === undefined || begun === undefined || status.furthest < worthKeeping) return;
    shelf = [...shelf, { name: `run ${count}`, experiment: begun, status }].slice(-shelfLength);
  }

  async function open(next: Experiment): Promise<void> {
    wanted = next;
    const mine = ++opening;
    // An opening that nobody waits for must not keep the worker.
    cancel.abort();
    const own = new AbortController();
    cancel = own;
    if (state === "playing") await worker().call("train", "pause", undefined);
    state = "preparing";
    error = progress = undefined;
    try {
      const input = { experiment: $state.snapshot(next), base: new URL(".", document.baseURI).href };
      const made = await worker().call("train", "open", input, {
        signal: own.signal,
        onReport: (report: Progress) => {
          if (mine === opening) progress = report;
        },
      });
      if (mine !== opening) return;
      shelve();
      count += 1;
      opened = made;
      experiment = next;
      status = made.status;
      ended = undefined;
      state = "paused";
    } catch (caught) {
      if (mine !== opening) return;
      error = caught;
      state = "paused";
    }
  }

  async function publish(first: readonly Picture[] = []): Promise<string | undefined> {
    if (experiment === undefined || status === undefined || opened === undefined) return undefined;
    const { parameters } = opened;
    const id = `run-${count}`;
    const { step, tests } = status;
    const { bytes, inputShape, classes, preprocessing, samples } = await worker().call("train", "publish", null);
    const accuracy = tests.findLast((point) => point.step <= step)?.accuracy;
    addNet({
      id,
      title: `run ${count}, step ${step}`,
      ref: { key: `${id} ${step} ${performance.now()}`, format: "fovea", bytes, name: id },
      inputShape,
      classes,
      preprocessing,
      parameters,
      samples: [...first, ...samples.map(({ label, pixels }) => ({ name: classes[label] ?? "", label, pixels }))],
      ...(accuracy !== undefined && { accuracy }),
      trainedOn: trainedOn(experiment),
    });
    return id;
  }

  /** The knobs of the moment that is looked at are in force, and the controls show them. */
  function showKnobs({ knobs }: Status): void {
    Object.assign(view, knobs);
    if (wanted !== undefined) wanted = { ...wanted, ...knobs };
  }

  async function turn(work: () => Promise<Status>): Promise<void> {
    try {
      error = undefined;
      status = await work();
      if (status.diverged !== undefined) showKnobs(status);
    } catch (caught) {
      error = caught;
    }
  }

  async function changeTo(knobs: Knobs): Promise<void> {
    await turn(() => worker().call("train", "change", $state.snapshot(knobs)));
  }

  async function run(instead?: Partial<StopRules>): Promise<void> {
    if (state !== "paused" || opened === undefined) return;
    state = "playing";
    error = undefined;
    ended = undefined;
    const mine = opening;
    try {
      const rules = instead === undefined ? stopRules() : { steps: 0, epochs: 0, seconds: 0, accuracy: 0, plateau: 0, ...instead };
      const result = await worker().call("train", "play", rules, {
        onReport: (report: Status) => {
          if (mine === opening) status = report;
        },
      });
      if (mine !== opening) return;
      status = result.status;
      // Only a rule that was set ends a training in a way that is worth a word.
      ended = instead === undefined || result.reason === "diverged" ? result.reason : undefined;
      if (result.reason === "diverged") showKnobs(result.status);
      view.step = result.status.step;
      void publish();
    } catch (caught) {
      if (mine === opening) error = caught;
    } finally {
      if (mine === opening && state === "playing") state = "paused";
    }
  }

  return {
    get opened() {
      return opened;
    },
    get experiment() {
      return begun;
    },
    get status() {
      return status;
    },
    get state() {
      return state;
    },
    get ended() {
      return ended;
    },
    get error() {
      return error;
    },
    get progress() {
      return progress;
    },
    get shelf() {
      return shelf;
    },
    get name() {
      return `run ${count}`;
    },
    get engine() {
      return worker();
    },
    follow(next) {
      const last = wanted;
      if (last === undefined) {
        void open(next);
        return;
      }
      const changed = differences(last, next);
      if (changed.length === 0) return;
      wanted = next;
      if (experiment === undefined || changed.some((name) => !(knobNames as readonly string[]).includes(name))) void open(next);
      else void changeTo(knobsOf(next));
    },
    cancelOpening() {
      if (state !== "preparing") return;
      opening += 1;
      cancel.abort();
      state = "paused";
      if (experiment === undefined || status === undefined) return;
      // The controls show the run that is there.
      const { net, ...settings } = { ...experiment, ...status.knobs };
      wanted = { ...settings, net };
      Object.assign(view, settings, { arch: net });
    },
    async restart() {
      view.step = 0;
      if (wanted !== undefined) await open(wanted);
    },
    play: (upTo) => run(upTo === undefined ? undefined : { steps: upTo - (status?.step ?? 0) }),
    pause() {
      if (state === "playing") void worker().call("train", "pause", undefined);
    },
    async step() {
      if (state !== "paused") return;
      await turn(() => worker().call("train", "step", null));
      view.step = status?.step ?? 0;
    },
    epoch: () => run({ epochs: 1 }),
    async goTo(step) {
      if (state === "playing") return;
      await turn(() => worker().call("train", "goTo", step));
      if (status === undefined) return;
      view.step = status.step;
      showKnobs(status);
    },
    publish,
    async reopen() {
      await open(experimentOf());
    },
    async openFile(bytes, name) {
      if (state === "playing") await worker().call("train", "pause", undefined);
      const mine = ++opening;
      const made = await worker().call("train", "openFile", { bytes, name, base: new URL(".", document.baseURI).href });
      if (mine !== opening) return;
      shelve();
      count += 1;
      opened = made;
      experiment = made.experiment;
      status = made.status;
      wanted = made.experiment;
      error = undefined;
      ended = undefined;
      state = "paused";
      const { net, ...settings } = made.experiment;
      Object.assign(view, settings, { arch: net, step: made.status.step });
      void publish();
    },
    async refresh() {
      await turn(() => worker().call("train", "status", null));
      view.step = status?.step ?? 0;
    },
    look: (input, signal) => worker().call("train", "look", input, { signal }),
    forget(shelved) {
      shelf = shelf.filter((other) => other !== shelved);
    },
    close() {
      opening += 1;
      cancel.abort();
      engine?.stop();
      engine = undefined;
      opened = experiment = status = wanted = undefined;
      ended = error = progress = undefined;
      shelf = [];
      count = 0;
      state = "preparing";
    },
  };
})();
