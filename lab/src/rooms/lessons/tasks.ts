// What the worker computes for this room: a lesson's pictures, and its answer.
import type { TaskContext } from "../../engine/context.ts";
import type { NetRef } from "../../engine/nets.ts";
import type { Answer, LessonName, Shown } from "./lesson.ts";
import { activations } from "./work/activations.ts";
import { edges } from "./work/edges.ts";
import { equivariance } from "./work/equivariance.ts";
import { examples } from "./work/examples.ts";
import { fields } from "./work/fields.ts";
import { learning } from "./work/learning.ts";
import { neurons } from "./work/neurons.ts";
import { rates } from "./work/rates.ts";
import { sharing } from "./work/sharing.ts";
import { sizes } from "./work/sizes.ts";
import { strides } from "./work/strides.ts";
import { sums } from "./work/sums.ts";
import { vanishing } from "./work/vanishing.ts";
import { variants } from "./work/variants.ts";
import { wants } from "./work/wants.ts";
import type { Tools, Work } from "./work/work.ts";

/** By lesson; each takes the parameters that its own problem made. */
export const works: Readonly<Record<LessonName, Work>> = {
  ...{ sums, edges, sizes, strides, fields, sharing, equivariance, activations, variants },
  ...{ learning, rates, vanishing, neurons, wants, examples },
};

interface Given {
  readonly lesson: LessonName;
  readonly params: unknown;
  /** For lessons that look into a trained net. */
  readonly net: NetRef | undefined;
}

function toolsOf({ net }: Given, { open }: TaskContext): Tools {
  return {
    async net() {
      if (net === undefined) throw new Error("the net of this lesson is not loaded");
      return open(net);
    },
  };
}

export const tasks = {
  async scene(given: Given, context: TaskContext): Promise<readonly Shown[]> {
    return works[given.lesson].scene(given.params as never, toolsOf(given, context));
  },

  async answer(given: Given & { readonly guess: number }, context: TaskContext): Promise<Answer> {
    return works[given.lesson].answer(given.params as never, toolsOf(given, context), given.guess);
  },
};
