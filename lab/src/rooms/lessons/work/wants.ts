import { type Dataset, type Model, maximise, examples as ranked, type UnitExamples } from "fovea";
import type { Numbers } from "../../../engine/tensors.ts";
import type { Shown } from "../lesson.ts";
import { letters } from "../problems/examples.ts";
import type { Wants } from "../problems/wants.ts";
import { only, pixelsOf, shapesFor } from "./shapes.ts";
import { answerOf, keptFor, row, type Work } from "./work.ts";

interface Climbed {
  /** What the four units make of the climbed picture, and of real ones. */
  readonly found: readonly UnitExamples[];
  readonly real: readonly UnitExamples[];
  readonly history: ArrayLike<number>;
}

const climb = keptFor(async (model: Model, { layer, units, climbed, seed, steps, pictures }: Wants): Promise<Climbed> => {
  const { image, history } = await maximise(model, { layer, channel: units[climbed], position: "centre", steps, seed, transforms: [] });
  const dataset = await shapesFor(model, pictures);
  const ask = (data: Dataset, top: number) => ranked(model, data, { layer, channels: [...units], top, onePerImage: true });
  return { found: await ask(only(image, dataset), 1), real: await ask(dataset, 2), history };
});

/** Two crops of one size, side by side, with a white column between. */
function beside(first: Numbers, second: Numbers): Numbers {
  const [channels, height, width] = first.shape;
  const wide = 2 * width + 1;
  const data = new Float32Array(channels * height * wide).fill(1);
  for (let at = 0; at < channels * height; at++) {
    data.set(first.data.subarray(at * width, (at + 1) * width), at * wide);
    data.set(second.data.subarray(at * width, (at + 1) * width), at * wide + width + 1);
  }
  return { shape: [channels, height, wide], data };
}

export const wants: Work<Wants> = {
  async scene(p, { net }) {
    const model = await net();
    const { found, real } = await climb(model, p);
    const crops = real.map(({ top }, n): Shown => {
      const [first, second] = top.map(({ crop }) => pixelsOf(model, crop));
      return { name: letters[n], values: beside(first, second), kind: "picture" };
    });
    return [{ name: "found", values: pixelsOf(model, found[p.climbed].top[0].crop), kind: "picture" }, ...crops];
  },
  async answer(p, { net }, guess) {
    const { found, real, history } = await climb(await net(), p);
    const [own, best] = [found, real].map((all) => all.map((unit) => unit.top[0].activation));
    // Some units answer loudly to everything: each is measured by what real pictures get out of it.
    const ratios = own.map((v, n) => v / best[n]);
    const value = ratios.indexOf(Math.max(...ratios));
    const line = (n: number): string => `${letters[n]}: ${own[n].toFixed(2)} / ${best[n].toFixed(2)} = ${ratios[n].toFixed(3)}`;
    const numbered = (name: string, all: readonly number[]): [string, number][] => all.map((v, n) => [`${name}${n}`, v]);
    return answerOf(value, {
      facts: Object.fromEntries([...numbered("own", own), ...numbered("best", best), ...numbered("ratio", ratios)]),
      working: guess === value || !(guess in letters) ? [line(value)] : [line(guess), line(value)],
      shown: [
        { name: "ratios", values: row(ratios), kind: "bars" },
        { name: "path", values: row(Array.from(history)), kind: "curve" },
      ],
    });
  },
};
