import { conv2d } from "fovea";
import { classicKernel, explain } from "fovea/arithmetic";
import type { Shown } from "../lesson.ts";
import type { Edges } from "../problems/edges.ts";
import { answerOf, batchOf, plane, type Work } from "./work.ts";

const tensors = ({ picture, filter }: Edges) => ({
  x: batchOf(picture.flat(), picture.length, picture[0].length),
  w: batchOf(classicKernel(filter).matrix.flat(), 3, 3),
});

/** Σ w·x at one centre, the products of zero weights left out. */
function sumAt({ picture, filter }: Edges, row: number, column: number) {
  const terms = classicKernel(filter).matrix.flatMap((weights, i) =>
    weights.flatMap((w, j) => (w === 0 ? [] : [{ w, x: picture[row - 1 + i][column - 1 + j] }])),
  );
  const letters = Object.fromEntries(
    terms.flatMap(({ w, x }, n): [string, number][] => [
      [`w${n}`, w],
      [`x${n}`, x],
    ]),
  );
  const { value, substituted } = explain("y", terms.map((_, n) => `w${n}·x${n}`).join(" + "), letters);
  return { value, line: `y(${row}, ${column}) = Σ w·x = ${substituted}` };
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
    const facts = { best: right.value, own: own.value };
    const working = accepted.includes(guess) ? [own.line] : [own.line, right.line];
    // The map lacks the border on which no centre can stand.
    const cellOf = (cell: number): readonly [number, number, number, number] => {
      const [row, column] = centre(cell);
      return [row - 1, column - 1, 1, 1];
    };
    const boxes = [...accepted.map((cell) => ({ at: cellOf(cell) })), { at: cellOf(guess), kind: "dashed" as const }];
    const shown: Shown[] = [{ name: "response", values: plane(y), kind: "diverging", boxes }];
    return answerOf(accepted[0], { accepted, working, facts, shown });
  },
};
