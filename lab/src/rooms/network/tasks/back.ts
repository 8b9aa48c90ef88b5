// The way back through one unit, as the page asks for it: δ at once, the gradients of one map that is read, the sum behind one number.
import {
  type BackwardPart,
  type BackwardScore,
  cellBackward,
  inputGradient,
  type UnitBackward,
  unitBackward,
  weightBackward,
  weightGradient,
} from "fovea/lens";
import { type ToldError, tellError } from "../../../engine/protocol.ts";
import { type Numbers, toNumbers } from "../../../engine/tensors.ts";
import { modelAround, sceneOf } from "./scenes.ts";

/** A unit, and the score that is followed back to it. */
export interface BackQuestion {
  readonly scene: number;
  readonly layer: string;
  readonly unit: number;
  readonly class: number;
  readonly of: BackwardScore;
}

export interface SeenBack {
  readonly score: number;
  readonly delta: Numbers;
  /** What the bias gets: the sum of δ. */
  readonly bias: number | undefined;
}

export interface SeenTermBack {
  readonly term: number;
  /** dX through this layer; undefined where it is not a sum over cells, and then why. */
  readonly input: Numbers | undefined;
  readonly problem: ToldError | undefined;
  readonly kernel: Numbers | undefined;
}

/** A sum of products; of long ones the greatest. */
export interface SeenSum {
  readonly parts: readonly (BackwardPart & { readonly from?: readonly [row: number, column: number] })[];
  readonly count: number;
  /** Of the parts that are not listed. */
  readonly rest: number;
  readonly sum: number;
}

const listed = 16;

function backOf({ scene: number, ...question }: BackQuestion): Promise<UnitBackward> {
  const scene = sceneOf(number);
  const of = JSON.stringify([question.layer, question.unit, question.class, question.of]);
  if (scene.back?.of !== of)
    scene.back = { of, made: modelAround(scene, question.layer).then((model) => unitBackward(model, scene.input, question)) };
  return scene.back.made;
}

function summed({ parts, sum }: { readonly parts: SeenSum["parts"]; readonly sum: number }): SeenSum {
  const greatest = parts.length <= listed ? parts : [...parts].sort((a, b) => Math.abs(b.product) - Math.abs(a.product)).slice(0, listed);
  return { parts: greatest, count: parts.length, sum, rest: sum - greatest.reduce((total, { product }) => total + product, 0) };
}

export const backTasks = {
  async back(question: BackQuestion): Promise<SeenBack> {
    const { score, delta, arithmetic } = await backOf(question);
    return {
      score,
      delta: toNumbers(delta),
      bias: arithmetic.bias && Array.from(delta.data).reduce((sum, d) => sum + d, 0),
    };
  },

  async backTerm({ term, ...question }: BackQuestion & { readonly term: number }): Promise<SeenTermBack> {
    const back = await backOf(question);
    const weights = weightGradient(back, term);
    const kernel = weights && toNumbers(weights);
    try {
      return { term, input: toNumbers(inputGradient(back, term)), problem: undefined, kernel };
    } catch (reason) {
      return { term, input: undefined, problem: tellError(reason), kernel };
    }
  },

  /** What one weight gets. */
  async backWeight({
    term,
    tap,
    ...question
  }: BackQuestion & { readonly term: number; readonly tap: readonly [number, number] }): Promise<SeenSum> {
    return summed(weightBackward(await backOf(question), term, tap));
  },

  /** What one cell that is read gets. */
  async backCell({
    term,
    at,
    ...question
  }: BackQuestion & { readonly term: number; readonly at: readonly [number, number] }): Promise<SeenSum> {
    return summed(cellBackward(await backOf(question), term, at));
  },
};
