import { conv2d, mergeConvs, random, randomNormal, relu } from "fovea";
import { explain } from "fovea/arithmetic";
import type { Tensor } from "fovea/tensor";
import type { Shown } from "../lesson.ts";
import type { Activations } from "../problems/activations.ts";
import { answerOf, lines, plane, type Work } from "./work.ts";

const kernels = ({ first, second, seed }: Activations) => ({
  w1: randomNormal([1, 1, first, first], random(seed)),
  w2: randomNormal([1, 1, second, second], random(seed, 1)),
});
const gap = (a: Tensor, b: Tensor): number => Math.max(...a.data.map((v, i) => Math.abs(v - b.data[i])));

export const activations: Work<Activations> = {
  scene(p) {
    const { w1, w2 } = kernels(p);
    return [
      { name: "first", values: plane(w1), kind: "weights" },
      { name: "second", values: plane(w2), kind: "weights" },
    ];
  },
  answer(p) {
    const { first, second, s, seed } = p;
    const { w1, w2 } = kernels(p);
    const { weight } = mergeConvs({ weight: w1 }, { weight: w2 }, { stride: s });
    const x = randomNormal([1, 1, 20, 20], random(seed, 2));
    const [once, between] = [conv2d(x, weight, { stride: s }), conv2d(x, w1, { stride: s })];
    const facts = { linear: gap(once, conv2d(between, w2)), relu: gap(once, conv2d(relu(between), w2)) };
    const size = explain("k", "s(k2 - 1) + k1", { s, k1: first, k2: second });
    const shown: Shown[] = [{ name: "merged", values: plane(weight), kind: "weights" }];
    const slips = Object.fromEntries(
      Object.entries({ noStride: "k1 + k2 - 1", product: "k1·k2", sum: "k1 + k2" }).map(([name, formula]) => [
        name,
        explain("k", formula, { k1: first, k2: second }).value,
      ]),
    );
    return answerOf(weight.shape[2], { working: lines(size), facts, shown, slips });
  },
};
