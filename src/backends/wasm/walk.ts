// The program as machine code: one function per segment that every thread walks from beginning to end, meeting the others at barriers.

import type { Arena } from "./arena.ts";
import {
  atomic,
  call,
  type FunctionBuilder,
  type FunctionRef,
  i32,
  i64,
  type Local,
  type MemoryLimits,
  ModuleBuilder,
} from "./assembler.ts";
import type { Phase, Segment, Task } from "./schedule.ts";

/** Words of the meeting point at the start of the program's memory, a cache line each. */
export const meetingPoint = { arrived: 0, round: 64, sleepers: 128, aborted: 192, bytes: 256 } as const;

/** Values of the `aborted` word, and what a walk returns. */
export const walkStatus = { done: 0, failed: 1, timedOut: 2 } as const;

/** About 60 us of looking before a thread goes to sleep, whose waking costs as much again: barriers are mostly met within that. */
const spins = 200_000;
const sliceNanoseconds = 100_000_000n;

export interface WalkOptions {
  readonly memory: MemoryLimits;
  /** How long a thread waits for the others at one barrier before it gives up. */
  readonly patienceMilliseconds: number;
}

/** A module that exports `walk0`, `walk1`, ... (thread, threads) -> status, one for each segment that is walked. */
export function assembleWalks(segments: readonly Segment[], addressOf: Arena["addressOf"], options: WalkOptions): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder(options.memory);
  const meet = options.memory.shared ? barrier(module, options.patienceMilliseconds) : undefined;
  segments.forEach((segment, index) => {
    if (segment.kind !== "walk") return;
    const kernels = new Map(segment.phases.flat().map(({ step }) => [step, module.once(step.stage.key, () => step.stage.emit(module))]));
    const walk = module.func(`walk${index}`, { params: ["i32", "i32"], result: "i32" }, (f, thread, threads) => {
      for (const phase of segment.phases) {
        emitPhase(f, phase, kernels, addressOf, thread, threads);
        if (meet !== undefined) f.if(call(meet, [threads]), () => f.return(atomic.load(0, meetingPoint.aborted)));
      }
      f.return(i32.const(walkStatus.done));
    });
    module.export(walk);
  });
  return module.finish();
}

function emitPhase(
  f: FunctionBuilder,
  phase: Phase,
  kernels: ReadonlyMap<Task["step"], FunctionRef>,
  addressOf: Arena["addressOf"],
  thread: Local<"i32">,
  threads: Local<"i32">,
): void {
  for (const { step, owner } of phase) {
    const kernel = kernels.get(step) as FunctionRef;
    const { items } = step.stage;
    const addresses = step.args.map(({ buffer, offset }) => (buffer.bytes === 0 ? 0 : addressOf(buffer)) + offset);
    if (owner === "all") {
      const share = (of: Local<"i32"> | ReturnType<typeof i32.add>): ReturnType<typeof i32.add> => i32.divU(i32.mul(of, items), threads);
      const start = f.i32(share(thread));
      const end = f.i32(share(i32.add(thread, 1)));
      f.if(i32.ltU(start, end), () => f.call(kernel, [...addresses, start, end]));
    } else {
      // With fewer threads than planned, what several would have run falls to one, still in order.
      const mine = i32.eq(owner === 0 ? 0 : i32.remU(owner, threads), thread);
      f.if(mine, () => f.call(kernel, [...addresses, 0, items]));
    }
  }
}

/**
 * (threads) -> 1 when the walk is to be abandoned. The last to arrive opens the next round; the others look for a while, then sleep, and look
 * up now and then whether the others are still alive.
 */
function barrier(module: ModuleBuilder, patienceMilliseconds: number): FunctionRef & { readonly result: "i32" } {
  const { arrived, round, sleepers, aborted } = meetingPoint;
  // A function of its own: V8 11 (Node 20) forgets to save the registers of local variables around a wait in its baseline code.
  const sleep = module.func("sleep", { params: ["i32"], result: "i32" }, (f, now) =>
    f.return(atomic.wait(0, now, i64.const(sliceNanoseconds), round)),
  );
  return module.func("barrier", { params: ["i32"], result: "i32" }, (f, threads) => {
    f.if(i32.eq(threads, 1), () => f.return(i32.const(0)));
    const now = f.i32(atomic.load(0, round));
    f.if(i32.eq(atomic.add(0, 1, arrived), i32.sub(threads, 1)), () => {
      f.atomicStoreI32(0, 0, arrived);
      f.atomicStoreI32(0, i32.add(now, 1), round);
      f.if(atomic.load(0, sleepers), () => f.drop(atomic.notify(0, -1, round)));
      f.return(atomic.load(0, aborted));
    });
    const left = f.i32(spins);
    f.loop((again) => {
      f.if(i32.ne(atomic.load(0, round), now), () => f.return(atomic.load(0, aborted)));
      f.set(left, i32.sub(left, 1));
      f.brIf(again, left);
    });
    f.drop(atomic.add(0, 1, sleepers));
    f.set(left, i32.const(Math.max(1, Math.ceil((patienceMilliseconds * 1e6) / Number(sliceNanoseconds)))));
    f.loop((again) => {
      f.call(sleep, [now]);
      f.if(i32.or(i32.ne(atomic.load(0, round), now), atomic.load(0, aborted)), () => {
        f.drop(atomic.add(0, -1, sleepers));
        f.return(atomic.load(0, aborted));
      });
      f.set(left, i32.sub(left, 1));
      f.brIf(again, left);
    });
    f.drop(atomic.add(0, -1, sleepers));
    f.atomicStoreI32(0, walkStatus.timedOut, aborted);
    f.return(i32.const(1));
  });
}
