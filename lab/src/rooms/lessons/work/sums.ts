import { conv2d } from "fovea";
import { explain } from "fovea/arithmetic";
import type { Shown } from "../lesson.ts";
import type { Sums } from "../problems/sums.ts";
import { answerOf, batchOf, plane, type Work } from "./work.ts";

const tensors = ({ picture, kernel }: Sums) => ({ x: batchOf(picture.flat(), 4, 4), w: batchOf(kernel.flat(), 2, 2) });

export const sums: Work<Sums> = {
  scene(p) {
    const { x, w } = tensors(p);
    return [
      { name: "picture", values: plane(x), kind: "grey" },
      { name: "kernel", values: plane(w), kind: "weights" },
    ];
  },
  answer(p) {
    const { x, w } = tensors(p);
    const { row, column, kernel, picture } = p;
    const y = plane(conv2d(x, w));
    const turned = plane(conv2d(x, batchOf(kernel.flat().reverse(), 2, 2)));
    const at = (map: typeof y, r: number, c: number): number => map.data[r * 3 + c];
    const under = [0, 1].flatMap((i) => [0, 1].map((j) => picture[row + i][column + j]));
    const letters = Object.fromEntries([...under.map((v, n) => [`x${n}`, v]), ...kernel.flat().map((v, n) => [`w${n}`, v])]);
    const sum = explain("y", "w0·x0 + w1·x1 + w2·x2 + w3·x3", letters);
    const slips = {
      turned: at(turned, row, column),
      plain: explain("x", "x0 + x1 + x2 + x3", letters).value,
      origin: at(y, 0, 0),
      swapped: at(y, column, row),
    };
    const shown: Shown[] = [{ name: "output", values: y, kind: "diverging", boxes: [{ at: [row, column, 1, 1] }] }];
    const facts = Object.fromEntries(under.map((v, n) => [`x${n}`, v]));
    return answerOf(at(y, row, column), {
      working: [`y(${row}, ${column}) = Σ w·x = ${sum.substituted} = ${sum.value}`],
      facts,
      shown,
      slips,
    });
  },
};
