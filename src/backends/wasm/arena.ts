// Gives every buffer its address: what must last lies at the front, everything else takes turns in one planned stretch. Results take over the
// memory of operands that die with them, and state is updated where it lies.
import { planMemory } from "../../graph/plan.ts";
import { placementKey } from "./kernel.ts";
import type { Lowered } from "./lower.ts";
import type { Buffer, KernelStep, Located, Region, Role, Step } from "./steps.ts";

export interface Arena {
  readonly prelude: readonly Step[];
  readonly derived: readonly Step[];
  /** Without the copies that became unnecessary. */
  readonly steps: readonly Step[];
  /** Byte address in the program's memory. */
  readonly addressOf: (buffer: Buffer) => number;
  readonly constants: readonly Buffer[];
  readonly bytes: number;
  readonly stateBytes: number;
}

const alignment = 64;
/** Kernels may read some whole tiles of columns beyond the last element of an operand (and ignore what they find). */
const readableBeyond = 256;
const align = (n: number): number => Math.ceil(n / alignment) * alignment;

/** `reserved` bytes at address 0 stay free for the threads' meeting point. */
export function planArena(lowered: Lowered, reserved: number): Arena {
  const homes = new Homes(lowered);
  const steps = lowered.steps.filter((step) => step.kind !== "kernel" || step.copies === undefined || !homes.updatesInPlace(step));
  homes.takeOverDyingOperands(steps);

  const lives = new Map<Buffer, { from: number; to: number }>();
  const touch = (buffer: Buffer, time: number): void => {
    const home = homes.of(buffer);
    const life = lives.get(home);
    if (life === undefined) lives.set(home, { from: time, to: time });
    else life.to = time;
  };
  const { prelude, derived } = lowered;
  const timeline = [...prelude, ...derived, undefined, ...steps];
  timeline.forEach((step, time) => {
    if (step === undefined) for (const { buffer } of lowered.feeds.values()) touch(buffer, time);
    else for (const buffer of buffersOf(step)) touch(buffer, time);
  });
  for (const { buffer } of lowered.state.values()) touch(buffer, timeline.length);
  for (const { buffer } of lowered.outputs.values()) touch(buffer, timeline.length);

  // Constants and what is made of them give their place away after the prelude where only that reads them (weights that are packed). What is
  // derived from variables may be made again, so whatever that reads stays; what it only passes on does not.
  const until: Readonly<Record<Role, number>> = {
    working: timeline.length,
    derived: prelude.length + derived.length,
    constant: prelude.length,
    packed: prelude.length,
    state: 0,
    fixed: 0,
  };
  const passes = ({ role }: Buffer, life: { readonly to: number }): boolean => role === "working" || life.to < until[role];
  for (const [buffer, life] of lives) if (buffer.role === "constant") life.from = 0;

  const address = new Map<Buffer, number>();
  let top = align(reserved);
  let stateBytes = 0;
  for (const [buffer, life] of lives) {
    if (passes(buffer, life)) continue;
    address.set(buffer, top);
    top = align(top + buffer.bytes);
    if (buffer.role === "state" || buffer.role === "fixed") stateBytes += buffer.bytes;
  }
  const working = [...lives].filter(([buffer, life]) => passes(buffer, life));
  const plan = planMemory(
    working.map(([{ bytes }, { from, to }]) => ({ size: bytes, from, to })),
    { alignment },
  );
  working.forEach(([buffer], i) => {
    address.set(buffer, top + plan.offsets[i]);
  });
  return {
    prelude,
    derived,
    steps,
    addressOf: (buffer) => address.get(homes.of(buffer)) as number,
    constants: [...lives.keys()].filter(({ role }) => role === "constant"),
    bytes: top + plan.bytes + readableBeyond,
    stateBytes,
  };
}

/** Every buffer that a step touches, constants and tables included. */
function buffersOf(step: Step): Buffer[] {
  const touched = [...step.reads, ...step.writes].map(({ buffer }: Region) => buffer);
  return step.kind === "kernel" ? [...touched, ...step.args.filter(({ buffer }) => buffer.bytes > 0).map(({ buffer }) => buffer)] : touched;
}

/** Which buffers share memory because one takes over from the other. */
class Homes {
  readonly #home = new Map<Buffer, Buffer>();
  readonly #steps: readonly Step[];
  readonly #writers = new Map<Buffer, Step[]>();
  readonly #kept: ReadonlySet<Buffer>;

  constructor({ steps, outputs }: Lowered) {
    this.#steps = steps;
    for (const step of steps) {
      for (const buffer of new Set(step.writes.map((w) => w.buffer))) {
        const known = this.#writers.get(buffer);
        if (known === undefined) this.#writers.set(buffer, [step]);
        else known.push(step);
      }
    }
    this.#kept = new Set([...outputs.values()].map(({ buffer }) => buffer));
  }

  of(buffer: Buffer): Buffer {
    let home = buffer;
    for (let next = this.#home.get(home); next !== undefined; next = this.#home.get(home)) home = next;
    return home;
  }

  /**
   * A copy into state at the end of the run is not needed when the value can be computed there at once: nobody reads the old value after the
   * step that computes the new one, and that step itself reads it only element by element.
   */
  updatesInPlace(copy: KernelStep): boolean {
    const { from, to } = copy.copies as NonNullable<KernelStep["copies"]>;
    if (to.buffer.role !== "state" || from.buffer.role !== "working" || this.of(from.buffer) !== from.buffer) return false;
    if (!sameMemory(from, to) || from.buffer.bytes !== to.buffer.bytes) return false;
    const producer = this.#onlyWriter(from.buffer);
    if (producer === undefined) return false;
    const at = this.#steps.indexOf(producer);
    const readsLater = this.#steps
      .slice(at + 1)
      .some((step) => step !== copy && step.reads.some(({ buffer }) => this.of(buffer) === to.buffer));
    if (readsLater || !this.#mayOverwrite(producer, to)) return false;
    this.#home.set(from.buffer, to.buffer);
    return true;
  }

  /** Elementwise results go where an operand was that nobody reads later. */
  takeOverDyingOperands(steps: readonly Step[]): void {
    const lastRead = new Map<Buffer, number>();
    const read = (buffer: Buffer, time: number): void => void lastRead.set(this.of(buffer), time);
    steps.forEach((step, time) => {
      for (const { buffer } of [...step.reads, ...step.writes]) read(buffer, time);
    });
    for (const buffer of this.#kept) read(buffer, steps.length);
    steps.forEach((step, time) => {
      if (step.kind !== "kernel" || step.inPlace === undefined) return;
      const { operands, result } = step.inPlace;
      const own = result.buffer;
      if (own.role !== "working" || this.of(own) !== own || this.#onlyWriter(own) !== step) return;
      const dying = operands.find(
        (operand) =>
          operand.buffer.role === "working" &&
          this.of(operand.buffer).role === "working" &&
          lastRead.get(this.of(operand.buffer)) === time &&
          operand.buffer.bytes === own.bytes &&
          sameMemory(operand, result) &&
          this.#mayOverwrite(step, operand),
      );
      if (dying === undefined) return;
      const until = lastRead.get(own) ?? time;
      this.#home.set(own, this.of(dying.buffer));
      lastRead.set(this.of(own), until);
    });
  }

  #onlyWriter(buffer: Buffer): KernelStep | undefined {
    const writers = this.#writers.get(buffer);
    return writers?.length === 1 && writers[0].kind === "kernel" ? writers[0] : undefined;
  }

  /** Whether `step` reads the memory of `target` only in the way that allows it to write there. */
  #mayOverwrite(step: KernelStep, target: Located): boolean {
    const home = this.of(target.buffer);
    if (!step.reads.some(({ buffer }) => this.of(buffer) === home)) return true;
    if (step.inPlace === undefined) return false;
    const { operands, all } = step.inPlace;
    const touching = all.filter(({ buffer }) => this.of(buffer) === home);
    return touching.length > 0 && touching.every((operand) => operands.includes(operand) && sameMemory(operand, target));
  }
}

function sameMemory(a: Located, b: Located): boolean {
  return a.offset === b.offset && placementKey(a.placement) === placementKey(b.placement);
}
