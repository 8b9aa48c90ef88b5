// Walks windows over channels-last images, some channel vectors at a time: the loop that all poolings share. What is done with the elements of
// a window (largest, where the largest is, sum) is given as a reducer.
import { type Code, type FunctionBuilder, i32, type Local, type V128, v128 } from "../assembler.ts";
import { floatBytes, iterations } from "./conv-plan.ts";
import { lanes, storeLanes } from "./matmul-tile.ts";
import { odometer } from "./pack-nest.ts";
import type { WindowPlan } from "./pool-plan.ts";

/** How the elements of a window become one. Every method works on one vector of channels. */
export interface Reducer {
  /** Vectors of state per vector of channels; the first is what is stored. */
  readonly states: number;
  /** Sets the state of a window without elements. `second` is that of the first element. */
  start(f: FunctionBuilder, state: readonly Local<"v128">[], second: Local<"i32">): void;
  step(f: FunctionBuilder, state: readonly Local<"v128">[], element: V128, second: Code<"i32">): void;
  readonly finish?: (value: V128, position: Local<"i32">, state: readonly Local<"v128">[]) => V128;
  /** For windows without elements; default: what `start` sets. */
  readonly empty?: V128;
}

export interface WindowArguments {
  readonly source: Local<"i32">;
  readonly result: Local<"i32">;
  readonly table: Local<"i32">;
  /** Added to every second number (the address of a table of divisors). */
  readonly secondBase?: Local<"i32">;
  readonly start: Local<"i32">;
  readonly end: Local<"i32">;
}

/** Positions: the items. */
export function windowItems({ positions }: WindowPlan): number {
  return iterations(positions);
}

/** Windows of a few elements that all exist are no loop at all. */
function isUnrolled({ taps }: WindowPlan): boolean {
  const size = taps.reduce((product, { count }) => product * (count ?? Number.POSITIVE_INFINITY), 1);
  return size <= 9;
}

/** Channel vectors per pass: enough to share the walk, few enough for the registers (where all loads of a small window come first). */
function vectorsPerPass(plan: WindowPlan): number {
  return isUnrolled(plan) ? 2 : 4;
}

export function emitWindows(f: FunctionBuilder, plan: WindowPlan, channels: number, reducer: Reducer, args: WindowArguments): void {
  const image = f.i32(args.source);
  const result = f.i32(args.result);
  const entries = plan.tableStarts.map((start) => f.i32(i32.add(args.table, start)));
  const walk = odometer(
    f,
    plan.positions,
    [image, result, ...entries].map((local, step) => ({ local, step })),
  );
  const position = f.i32(args.start);
  const window = f.local("i32");
  const second = f.local("i32");
  const channel = f.local("i32");
  const emitPass = windowPass(f, plan, reducer, { entries, second, position });
  const perPass = vectorsPerPass(plan) * lanes;
  const passBytes = perPass * floatBytes;
  const fullPasses = Math.floor(channels / perPass);
  const rest = channels - fullPasses * perPass;

  walk.seek(args.start);
  f.loop((again) => {
    f.set(window, image);
    f.set(second, args.secondBase ?? i32.const(0));
    for (const entry of entries) {
      f.set(window, i32.add(window, i32.load(entry)));
      f.set(second, i32.add(second, i32.load(entry, 8)));
    }
    if (fullPasses > 0) {
      f.for(channel, 0, fullPasses * passBytes, passBytes, () => emitPass(i32.add(window, channel), i32.add(result, channel), perPass));
    }
    if (rest > 0) emitPass(i32.add(window, fullPasses * passBytes), i32.add(result, fullPasses * passBytes), rest);
    f.advance(position, 1);
    f.if(i32.ltU(position, args.end), () => {
      walk.next();
      f.br(again);
    });
  });
}

interface PassLocals {
  readonly entries: readonly Local<"i32">[];
  readonly second: Local<"i32">;
  readonly position: Local<"i32">;
}

/** One window, `count` channels. */
function windowPass(
  f: FunctionBuilder,
  plan: WindowPlan,
  reducer: Reducer,
  { entries, second, position }: PassLocals,
): (from: Code<"i32">, to: Code<"i32">, count: number) => void {
  const at = f.local("i32");
  const target = f.local("i32");
  const now = f.local("i32");
  const all = Array.from({ length: vectorsPerPass(plan) }, () => f.locals("v128", reducer.states));
  const varying = plan.taps.map(({ count }) => (count === undefined ? f.local("i32") : undefined));
  const counts = plan.taps.map(({ count = 1 }, axis) => varying[axis] ?? i32.const(Math.max(1, count)));
  const descend = (axis: number, states: readonly (readonly Local<"v128">[])[]): void => {
    if (axis === plan.taps.length) {
      for (const [v, state] of states.entries()) reducer.step(f, state, v128.load(at, v * lanes * floatBytes), now);
      return;
    }
    const [step, secondStep] = plan.taps[axis].steps;
    f.repeat(counts[axis], () => {
      descend(axis + 1, states);
      f.advance(at, step);
      f.advance(now, secondStep);
    });
    // Back to where this axis began, so that the next one out can take its own step.
    f.set(at, i32.sub(at, i32.mul(counts[axis], step)));
    f.set(now, i32.sub(now, i32.mul(counts[axis], secondStep)));
  };
  /** All elements of a window: their offsets from the first, in bytes and in second numbers. */
  const elements = (): (readonly [number, number])[] =>
    plan.taps.reduce<(readonly [number, number])[]>(
      (all, { count = 0, steps }) =>
        all.flatMap(([bytes, number]) => Array.from({ length: count }, (_, i) => [bytes + i * steps[0], number + i * steps[1]] as const)),
      [[0, 0]],
    );
  const reduce = (states: readonly (readonly Local<"v128">[])[]): void => {
    if (!isUnrolled(plan)) {
      descend(0, states);
      return;
    }
    for (const [bytes, number] of elements()) {
      for (const [v, state] of states.entries())
        reducer.step(f, state, v128.load(at, bytes + v * lanes * floatBytes), i32.add(now, number));
    }
  };
  return (from, to, count) => {
    const states = all.slice(0, Math.ceil(count / lanes));
    f.set(at, from);
    f.set(target, to);
    f.set(now, second);
    for (const state of states) reducer.start(f, state, second);
    for (const [axis, count] of varying.entries()) if (count !== undefined) f.set(count, i32.load(entries[axis], 4));
    const values = states.map(([value]) => value);
    const store = (): void => {
      const { finish } = reducer;
      storeLanes(f, target, values, count, finish && ((value, v) => finish(value, position, states[v])));
    };
    if (!plan.someEmpty) {
      reduce(states);
      store();
      return;
    }
    const existing = entries.map((entry) => i32.load(entry, 4)).reduce((product, n) => i32.mul(product, n));
    f.if(
      existing,
      () => {
        reduce(states);
        store();
      },
      () => {
        if (reducer.empty !== undefined) for (const value of values) f.set(value, reducer.empty);
        storeLanes(f, target, values, count);
      },
    );
  };
}
