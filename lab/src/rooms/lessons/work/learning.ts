import { compile, constant, conv2d, createGraph, gradient, input, mse, random, randomNormal, Tensor } from "fovea";
import { classicKernel } from "fovea/arithmetic";
import type { Shown } from "../lesson.ts";
import { hidden, type Learning } from "../problems/learning.ts";
import { answerOf, batchOf, plane, row, type Work } from "./work.ts";

const size = 16;
const kernelOf = (at: number): Tensor => batchOf(classicKernel(hidden[at]).matrix.flat(), 3, 3);

/** A bright square and a bar on noise, around a mean of 0: what the eye can compare, and enough differences to learn from. */
function pictureOf(seed: number): Tensor {
  const noise = randomNormal([1, 1, size, size], random(seed), 0, 0.7);
  const drawn = noise.data.map((v, i) => {
    const [y, x] = [Math.floor(i / size), i % size];
    return v + (x > 2 && x < 8 && y > 3 && y < 9 ? 1.5 : y > 10 && y < 13 ? -1.5 : 0);
  });
  return new Tensor(Float32Array.from(drawn), [1, 1, size, size]);
}

const sceneOf = ({ filter, seed }: Learning) => {
  const x = pictureOf(seed);
  return { x, y: conv2d(x, kernelOf(filter)), start: randomNormal([1, 1, 3, 3], random(seed, 1), 0, 0.5) };
};

/** Plain gradient descent on the mean squared error. */
async function descend({ x, y, start }: ReturnType<typeof sceneOf>, steps: number, rate: number) {
  const w = input("w", [1, 1, 3, 3]);
  const loss = mse(conv2d(constant(x), w), constant(y));
  const [slope] = gradient(loss, [w]);
  const program = await compile(createGraph({ outputs: { loss, slope } }));
  let weights = start;
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const results = await program.run({ w: weights });
    losses.push(results.loss.item());
    const g = results.slope.data;
    weights = new Tensor(
      Float32Array.from(weights.data, (v, i) => v - rate * g[i]),
      start.shape,
    );
  }
  losses.push((await program.run({ w: weights })).loss.item());
  program.release();
  return { weights, losses };
}

export const learning: Work<Learning> = {
  scene(p) {
    const { x, y } = sceneOf(p);
    return [
      { name: "picture", values: plane(x), kind: "grey" },
      { name: "output", values: plane(y), kind: "diverging" },
    ];
  },
  async answer(p, _, guess) {
    const scene = sceneOf(p);
    const { weights, losses } = await descend(scene, p.steps, p.rate);
    const distances = hidden.map((_, at) => Math.max(...kernelOf(at).data.map((v, i) => Math.abs(v - weights.data[i]))));
    const value = distances.indexOf(Math.min(...distances));
    const facts = { distance: distances[value], own: distances[guess] ?? 0, before: losses[0], after: losses.at(-1) ?? 0 };
    const shown: Shown[] = [
      { name: "start", values: plane(scene.start), kind: "weights" },
      { name: "learned", values: plane(weights), kind: "weights" },
      { name: "loss", values: row(losses), kind: "curve" },
    ];
    const far = (at: number): string => `max |w - ${hidden[at].replace("-", "\u2011")}| = ${Number(distances[at].toPrecision(4))}`;
    return answerOf(value, {
      working: [value, guess].filter((at, n, all) => at in hidden && all.indexOf(at) === n).map(far),
      facts,
      shown,
    });
  },
};
