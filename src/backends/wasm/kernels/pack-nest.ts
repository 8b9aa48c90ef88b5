// Code for walking memory in constant steps: nests of loops whose pointers never need a multiplication, and odometers that can start anywhere.
import { type FunctionBuilder, i32, type Local } from "../assembler.ts";
import type { Level } from "./conv-plan.ts";

/** An address that moves with the nest; `step` chooses which of a level's steps is its own. */
export interface Pointer {
  readonly local: Local<"i32">;
  readonly step: number;
}

/** Bytes that the first pointer has moved after a whole nest whose body moves it by `travel`. */
export function travelOf([outer]: readonly Level[], travel: number): number {
  return outer === undefined ? travel : outer.count * outer.steps[0];
}

/**
 * Runs `body` for every iteration of the nest. The body itself may move the pointers, by `travel` (per step number); afterwards every
 * pointer stands `count · step` of the outermost level further on.
 */
export function emitNest(
  f: FunctionBuilder,
  levels: readonly Level[],
  pointers: readonly Pointer[],
  travel: readonly number[],
  body: () => void,
): void {
  const [outer, ...inner] = levels;
  if (outer === undefined) {
    body();
    return;
  }
  const inside = inner.length === 0 ? travel : inner[0].steps.map((step) => step * inner[0].count);
  f.repeat(outer.count, () => {
    emitNest(f, inner, pointers, travel, body);
    for (const { local, step } of pointers) f.advance(local, outer.steps[step] - inside[step]);
  });
}

/** A position in a nest that is moved one iteration at a time. */
export interface Odometer {
  /** Goes from iteration 0, where the pointers must stand, to iteration `index`. */
  seek(index: Local<"i32">): void;
  /** Goes one iteration on; not beyond the last one. */
  next(): void;
}

export function odometer(f: FunctionBuilder, levels: readonly Level[], pointers: readonly Pointer[]): Odometer {
  const inwards = [...levels].reverse();
  const left = f.locals("i32", Math.max(0, inwards.length - 1));
  const rest = f.local("i32");
  const digit = f.local("i32");
  const turn = (level: number): void => {
    const { steps } = inwards[level];
    const below = level === 0 ? steps.map(() => 0) : inwards[level - 1].steps.map((s) => s * inwards[level - 1].count);
    for (const { local, step } of pointers) f.advance(local, steps[step] - below[step]);
    if (level === inwards.length - 1) return;
    f.set(left[level], i32.sub(left[level], 1));
    f.if(i32.eqz(left[level]), () => {
      f.set(left[level], i32.const(inwards[level].count));
      turn(level + 1);
    });
  };
  return {
    seek(index) {
      f.set(rest, index);
      for (const [level, { count, steps }] of inwards.entries()) {
        const outermost = level === inwards.length - 1;
        f.set(digit, outermost ? rest : i32.remU(rest, count));
        for (const { local, step } of pointers) f.advance(local, i32.mul(digit, steps[step]));
        if (outermost) continue;
        f.set(left[level], i32.sub(count, digit));
        f.set(rest, i32.divU(rest, count));
      }
    },
    next() {
      if (inwards.length > 0) turn(0);
    },
  };
}
