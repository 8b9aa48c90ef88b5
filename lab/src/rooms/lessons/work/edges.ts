import { conv2d } from "fovea";
import { classicKernel, explain } from "fovea/arithmetic";
import type { Shown } from "../lesson.ts";
import type { Edges } from "../problems/edges.ts";
import { answerOf, batchOf, lines, plane, type Work } from "./work.ts";

const tensors = ({ picture, filter }: Edges) => ({
  x: batchOf(picture.flat(), picture.length, picture[0].length),
  w: batchOf(classicKernel(filter).matrix.flat(), 3, 3),
});

/** Σ w·x at one centre, the products of zero weights left out. */
function sumAt({ picture, filter }: Edges, row: number, column: number) {
  const letters: Record<string, number> = {};
  const terms = classicKernel(filter).matrix.flatMap((weights, i) =>
    weights.flatMap((w, j) => {
      if (w === 0) return [];
      const at = `${row - 1 + i}_${column - 1 + j}`;
      letters[`w_${i}_${j}`] = w;
      letters[`x_${at}`] = picture[row - 1 + i][column - 1 + j];
      return [`w_${i}_${j}·x_${at}`];
    }),
  );
  return explain(`y_${row}_${column}`, terms.join(" + "), letters);
}

export const edges: Work<Edges> = {
  scene(p) {
    const { x, w } = tensors(p);
    return [
      { name: "picture", values: plane(x), kind: "grey" },
      { name: "filter", values: plane(w), kind: "weights" },
    ] satisfies Shown[];
  },
  answer(p, _, guess) {
    const { x, w } = tensors(p);
    const y = conv2d(x, w);
    const [height, width] = y.shape.slice(2);
    const columns = width + 2;
    const best = Math.max(...y.data.map(Math.abs));
    const accepted = Array.from(y.data).flatMap((v, at) =>
      Math.abs(Math.abs(v) - best) < 1e-6 ? [(Math.floor(at / width) + 1) * columns + (at % width) + 1] : [],
    );
    const centre = (cell: number): readonly [number, number] => [
      Math.min(height, Math.max(1, Math.floor(cell / columns))),
      Math.min(width, Math.max(1, cell % columns)),
    ];
    const [right, own] = [sumAt(p, ...centre(accepted[0])), sumAt(p, ...centre(guess))];
    const facts = { best: right.value, own: own.value, ties: accepted.length };
    const working = accepted.includes(guess) ? lines(own) : lines(own, right);
    const shown: Shown[] = [{ name: "response", values: plane(y), kind: "diverging" }];
    return answerOf(accepted[0], { accepted, working, facts, shown });
  },
};
