// What the worker does for a lesson: pictures to look at before predicting, and the answer, computed by the library.
import type { Model } from "fovea";
import type { Explained } from "fovea/arithmetic";
import { Tensor } from "fovea/tensor";
import { type Numbers, toNumbers } from "../../../engine/tensors.ts";
import type { Answer, Shown } from "../lesson.ts";

export interface Tools {
  /** The net that knows shapes. */
  net(): Promise<Model>;
}

export interface Work<P = never> {
  scene(p: P, tools: Tools): readonly Shown[] | Promise<readonly Shown[]>;
  /** `guess` decides which sums are spelled out beside the right one, never the value. */
  answer(p: P, tools: Tools, guess: number): Answer | Promise<Answer>;
}

/** Formulas with their numbers, what had to be known first in front. The library's English notes are left out. */
export function lines(...all: readonly Explained[]): string[] {
  const each = all.flatMap(({ steps, formula, substituted, symbol }) => [
    ...lines(...steps),
    formula === `${symbol} = ${substituted}` ? formula : `${formula} = ${substituted}`,
  ]);
  return [...new Set(each)];
}

export function answerOf(value: number, more: Partial<Omit<Answer, "value">> = {}): Answer {
  return { value, accepted: [value], working: [], facts: {}, shown: [], slips: {}, ...more };
}

/** A plane of a tensor, [H, W]. */
export function plane(tensor: Tensor): Numbers {
  return toNumbers(tensor.reshape(tensor.shape.slice(-2)));
}

export function row(values: readonly number[]): Numbers {
  return { shape: [1, values.length], data: Float32Array.from(values) };
}

/** The planes of a small picture or kernel as a batch [1, 1, H, W]. */
export function batchOf(values: ArrayLike<number>, height: number, width: number): Tensor {
  return new Tensor(Float32Array.from(values), [1, 1, height, width]);
}

/** Remembers the last thing that was made of a net and a problem: the answer needs what the scene was made of. */
export function keptFor<P, T>(make: (model: Model, p: P) => Promise<T>): (model: Model, p: P) => Promise<T> {
  let kept: { readonly model: Model; readonly key: string; readonly made: Promise<T> } | undefined;
  return (model, p) => {
    const key = JSON.stringify(p);
    if (kept?.model !== model || kept.key !== key) kept = { model, key, made: make(model, p) };
    return kept.made;
  };
}
