import { type Example, type Model, random, examples as ranked } from "fovea";
import type { Shown } from "../lesson.ts";
import { type Examples, letters } from "../problems/examples.ts";
import { pixelsOf, shapesFor } from "./shapes.ts";
import { answerOf, keptFor, row, type Work } from "./work.ts";

interface Found {
  /** The strongest, whose crops are shown. */
  readonly top: readonly Example[];
  /** A, B, C, D, and where each stands among all pictures, from 1. */
  readonly asked: readonly { readonly example: Example; readonly rank: number }[];
}

const crops = 4;

/** Pictures for the question: one near the top, one from each later third; far enough from each other that exactly one is strongest. */
const find = keptFor(async (model: Model, { layer, unit, pictures, seed }: Examples): Promise<Found> => {
  const dataset = await shapesFor(model, pictures);
  const [{ top }] = await ranked(model, dataset, { layer, channel: unit, top: pictures, onePerImage: true });
  const draw = random(seed);
  const third = Math.floor((pictures - 3 * crops) / 3);
  const ranks = [crops + draw.integer(crops), ...[1, 2, 3].map((n) => 2 * crops + n * third - draw.integer(Math.floor(third / 2)))];
  const asked = ranks.map((at) => ({ example: top[at], rank: at + 1, order: draw.uniform() })).sort((a, b) => a.order - b.order);
  return { top: top.slice(0, crops), asked };
});

export const examples: Work<Examples> = {
  async scene(p, { net }) {
    const model = await net();
    const { top, asked } = await find(model, p);
    return [
      ...top.map(({ crop }, n): Shown => ({ name: `c${n}`, values: pixelsOf(model, crop), kind: "picture" })),
      ...asked.map(({ example: { picture } }, n): Shown => ({ name: letters[n], values: pixelsOf(model, picture), kind: "picture" })),
    ];
  },
  async answer(p, { net }) {
    const { top, asked } = await find(await net(), p);
    const answers = asked.map(({ example }) => example.activation);
    const best = Math.max(...answers);
    const value = answers.indexOf(best);
    return answerOf(value, {
      accepted: answers.flatMap((v, n) => (v === best ? [n] : [])),
      facts: {
        ...Object.fromEntries(answers.map((v, n) => [`r${n}`, v])),
        ...{ rank: asked[value].rank, pictures: p.pictures, best: top[0].activation },
      },
      working: [`max(${answers.map((v) => v.toFixed(3)).join(", ")}) = ${best.toFixed(3)}`],
      shown: [{ name: "answers", values: row(answers), kind: "bars" }],
    });
  },
};
