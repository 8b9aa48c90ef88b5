import { explain, explainField } from "fovea/arithmetic";
import type { Shown } from "../lesson.ts";
import type { Fields } from "../problems/fields.ts";
import { answerOf, lines, row, type Work } from "./work.ts";

export const fields: Work<Fields> = {
  scene: () => [],
  answer({ layers }) {
    const { size, stride, layers: growth } = explainField(layers);
    const shown: Shown[] = [{ name: "growth", values: row([1, ...growth.map((layer) => layer.size)]), kind: "curve" }];
    const plain = layers.map(({ kernel }) => ({ kernel, stride: 1 }));
    // A stride in front of the first layer and none behind the last: each acts one layer too early.
    const early = [
      { kernel: 1, stride: layers[0].stride },
      ...layers.map(({ kernel }, l) => ({ kernel, stride: layers[l + 1]?.stride ?? 1 })),
    ];
    const slips = {
      noStride: explainField(plain).size.value,
      ownStride: explainField(early).size.value,
      kernels: explain(
        "sum",
        layers.map((_, l) => `k${l}`).join(" + "),
        Object.fromEntries(layers.map(({ kernel }, l) => [`k${l}`, kernel])),
      ).value,
    };
    return answerOf(size.value, { working: lines(size, stride), facts: { stride: stride.value }, shown, slips });
  },
};
