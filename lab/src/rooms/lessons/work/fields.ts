import { explainField } from "fovea/arithmetic";
import type { Shown } from "../lesson.ts";
import type { Fields } from "../problems/fields.ts";
import { answerOf, lines, row, type Work } from "./work.ts";

export const fields: Work<Fields> = {
  scene: () => [],
  answer({ layers }) {
    const { size, stride, layers: growth } = explainField(layers);
    const shown: Shown[] = [{ name: "growth", values: row([1, ...growth.map((layer) => layer.size)]), kind: "curve" }];
    return answerOf(size.value, { working: lines(size, stride), facts: { stride: stride.value }, shown });
  },
};
