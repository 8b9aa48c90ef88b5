// Deals steps out to threads and puts a barrier only where one step needs what another thread makes. Small steps run on one thread;
// chains of them stay on the same one, so that a dozen tiny steps cost one meeting and not twelve.
import type { Arena } from "./arena.ts";
import type { KernelStep, Region, StandInStep, Step } from "./steps.ts";

/** A step with the thread that runs it; `"all"` splits its items between all threads. */
export interface Task {
  readonly step: KernelStep;
  readonly owner: number | "all";
}

/** Tasks that need nothing of each other unless the same thread runs both. */
export type Phase = readonly Task[];

/** Stretches that the threads walk alone, between nodes that the main thread computes in JavaScript. */
export type Segment =
  | { readonly kind: "walk"; readonly phases: readonly Phase[] }
  | { readonly kind: "standIn"; readonly step: StandInStep };

/** Below this a meeting of the threads costs more than a second pair of hands gains. */
const worthSplitting = 6000;

interface Access {
  readonly from: number;
  readonly to: number;
  readonly region: Region;
  readonly writes: boolean;
  readonly owner: number | "all";
}

/** `separate` makes every step a segment of its own, for measuring. */
export function schedule(steps: readonly Step[], addressOf: Arena["addressOf"], threads: number, separate = false): Segment[] {
  const segments: Segment[] = [];
  let phases: Phase[] = [];
  let builder = new PhaseBuilder(addressOf, threads);
  const closePhase = (): void => {
    if (builder.tasks.length > 0) phases.push(builder.tasks);
    builder = new PhaseBuilder(addressOf, threads);
  };
  const closeSegment = (): void => {
    closePhase();
    if (phases.length > 0) segments.push({ kind: "walk", phases });
    phases = [];
  };
  for (const step of steps) {
    if (step.kind === "standIn") {
      closeSegment();
      segments.push({ kind: "standIn", step });
      continue;
    }
    if (!builder.accept(step)) {
      closePhase();
      builder.accept(step);
    }
    if (separate) closeSegment();
  }
  closeSegment();
  return segments;
}

class PhaseBuilder {
  readonly tasks: Task[] = [];
  readonly #accesses: Access[] = [];
  readonly #load: number[];
  readonly #addressOf: Arena["addressOf"];

  constructor(addressOf: Arena["addressOf"], threads: number) {
    this.#addressOf = addressOf;
    this.#load = new Array<number>(threads).fill(0);
  }

  /** Adds the step, or says no because it has to wait for another thread. */
  accept(step: KernelStep): boolean {
    const { nanoseconds, items } = step.stage;
    if (this.#load.length === 1) {
      this.tasks.push({ step, owner: 0 });
      return true;
    }
    const split = items > 1 && nanoseconds >= worthSplitting;
    const needed = this.#ownersOfConflicts(step);
    if (split ? needed.size > 0 : needed.size > 1 || needed.has("all")) return false;
    const owner = split ? "all" : ([...needed][0] ?? this.#load.indexOf(Math.min(...this.#load)));
    this.tasks.push({ step, owner });
    if (owner !== "all") this.#load[owner] += nanoseconds;
    for (const [regions, writes] of [
      [step.reads, false],
      [step.writes, true],
    ] as const) {
      for (const region of regions) this.#accesses.push({ ...this.#absolute(region), region, writes, owner });
    }
    return true;
  }

  #ownersOfConflicts(step: KernelStep): Set<number | "all"> {
    const owners = new Set<number | "all">();
    const check = (region: Region, writes: boolean): void => {
      const { from, to } = this.#absolute(region);
      for (const access of this.#accesses) {
        if (!(writes || access.writes) || access.from >= to || from >= access.to) continue;
        const apart = access.region.buffer === region.buffer && bordering(access.region, region);
        if (!apart) owners.add(access.owner);
      }
    };
    for (const region of step.reads) check(region, false);
    for (const region of step.writes) check(region, true);
    return owners;
  }

  #absolute({ buffer, from, to }: Region): { readonly from: number; readonly to: number } {
    const base = this.#addressOf(buffer);
    return { from: base + from, to: base + to };
  }
}

/** Inside and border of one tensor never touch. */
function bordering(a: Region, b: Region): boolean {
  return (a.part === "border" && b.part !== undefined) || (b.part === "border" && a.part !== undefined);
}
