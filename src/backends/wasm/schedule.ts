// Deals steps out to threads and puts a barrier only where one step needs what another thread makes. Small steps run on one thread;
// chains of them stay on the same one, so that a dozen tiny steps cost one meeting and not twelve. A step that need not wait moves up to
// an earlier phase, so that the updates of many parameters take two phases and not two each.
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
/** What a meeting costs, in the nanoseconds that steps believe of themselves, which are two to three times those of the fastest tier. */
const meetingNanoseconds = 7500;

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
  let phases: PhaseBuilder[] = [];
  // One thread meets nobody: everything is one phase.
  const phaseOf = (step: KernelStep): PhaseBuilder | undefined => (threads === 1 ? phases[0] : earliestPhase(phases, step));
  const closeSegment = (): void => {
    if (phases.length > 0) segments.push({ kind: "walk", phases: phases.map(({ tasks }) => tasks) });
    phases = [];
  };
  for (const step of steps) {
    if (step.kind === "standIn") {
      closeSegment();
      segments.push({ kind: "standIn", step });
      continue;
    }
    const found = phaseOf(step);
    if (found !== undefined) found.add(step);
    else {
      const phase = new PhaseBuilder(addressOf, threads);
      phase.add(step);
      phases.push(phase);
    }
    if (separate) closeSegment();
  }
  closeSegment();
  return segments;
}

/** What a run is believed to take these threads, without and with the meetings. */
export function believedNanoseconds(segments: readonly Segment[], threads: number): { readonly alone: number; readonly together: number } {
  let alone = 0;
  let together = 0;
  for (const segment of segments) {
    if (segment.kind !== "walk") continue;
    for (const phase of segment.phases) {
      const load = new Array<number>(threads).fill(0);
      for (const { step, owner } of phase) {
        const { nanoseconds } = step.stage;
        alone += nanoseconds;
        for (let thread = 0; thread < threads; thread++) {
          if (owner === "all") load[thread] += nanoseconds / threads;
          else if (owner === thread) load[thread] += nanoseconds;
        }
      }
      together += Math.max(...load) + meetingNanoseconds;
    }
  }
  return { alone, together };
}

/** How many phases back a step may move. */
const farthest = 4;

/** The earliest of the last phases that the step can join without overtaking anything that it has to do with. */
function earliestPhase(phases: readonly PhaseBuilder[], step: KernelStep): PhaseBuilder | undefined {
  let found: PhaseBuilder | undefined;
  for (const phase of phases.slice(-farthest).reverse()) {
    const needed = phase.ownersOfConflicts(step);
    if (phase.accepts(step, needed)) found = phase;
    if (needed.size > 0) break;
  }
  return found;
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

  /** Whether the step can run in this phase: nothing that it `needs` to wait for is done by another thread. */
  accepts(step: KernelStep, needs: ReadonlySet<number | "all">): boolean {
    return this.#isSplit(step) ? needs.size === 0 : needs.size <= 1 && !needs.has("all");
  }

  add(step: KernelStep): void {
    if (this.#load.length === 1) {
      this.tasks.push({ step, owner: 0 });
      return;
    }
    const least = this.#load.indexOf(Math.min(...this.#load));
    const owner = this.#isSplit(step) ? "all" : ([...this.ownersOfConflicts(step)][0] ?? least);
    this.tasks.push({ step, owner });
    if (owner !== "all") this.#load[owner] += step.stage.nanoseconds;
    for (const [regions, writes] of [
      [step.reads, false],
      [step.writes, true],
    ] as const) {
      for (const region of regions) this.#accesses.push({ ...this.#absolute(region), region, writes, owner });
    }
  }

  #isSplit({ stage: { items, nanoseconds } }: KernelStep): boolean {
    return this.#load.length > 1 && items > 1 && nanoseconds >= worthSplitting;
  }

  /** The threads that run what has to stay in order with this step. */
  ownersOfConflicts(step: KernelStep): Set<number | "all"> {
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
