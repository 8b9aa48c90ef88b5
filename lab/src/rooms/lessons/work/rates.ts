import { compile, createGraph, gradient, input, mul, square, sum, tensor } from "fovea";
import { explain } from "fovea/arithmetic";
import type { Shown } from "../lesson.ts";
import type { Rates } from "../problems/rates.ts";
import { answerOf, lines, row, type Work } from "./work.ts";

const steps = 12;

/** Where gradient descent goes, the start included. */
async function pathOf({ a, rate, w: start }: Rates): Promise<number[]> {
  const w = input("w", [1]);
  const [slope] = gradient(sum(mul(square(w), a / 2)), [w]);
  const program = await compile(createGraph({ outputs: { slope } }));
  const path = [start];
  for (let step = 0; step < steps; step++) {
    const at = path[step];
    path.push(at - rate * (await program.run({ w: tensor([at]) })).slope.item());
  }
  program.release();
  return path;
}

export const rates: Work<Rates> = {
  scene: () => [],
  async answer(p) {
    const path = await pathOf(p);
    const swings = path[1] * path[0] < 0;
    const [first, last] = [Math.abs(path[0]), Math.abs(path[steps])];
    const value = Math.abs(last - first) < 1e-4 * first ? 2 : last > first ? 3 : swings ? 1 : 0;
    const letters = { rate: p.rate, a: p.a };
    const factor = explain("f", "1 - rate·a", letters);
    const limit = explain("limit", "2 / a", letters);
    const next = explain("w1", "w·f", { w: p.w, f: factor.value });
    const shown: Shown[] = [{ name: "path", values: row(path), kind: "curve" }];
    return answerOf(value, {
      working: lines(factor, next, limit),
      facts: { factor: factor.value, limit: limit.value, last: path[steps] },
      shown,
    });
  },
};
