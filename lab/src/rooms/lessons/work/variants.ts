import { explain, explainConvCost, explainConvSize, explainDilatedKernel, explainTransposedSize, overlapCounts } from "fovea/arithmetic";
import type { Answer } from "../lesson.ts";
import type { Variants } from "../problems/variants.ts";
import { answerOf, lines, row, type Work } from "./work.ts";

const weightsOf = (inChannels: number, outChannels: number, k: number, groups = 1) =>
  explainConvCost({ inChannels, outChannels, kernel: [k, k], output: [1, 1], groups, bias: false }).parameters;

export const variants: Work<Variants> = {
  scene: () => [],
  answer(p): Answer {
    switch (p.kind) {
      case "grouped": {
        const weights = weightsOf(p.m, p.n, p.k, p.g);
        const facts = { plain: weightsOf(p.m, p.n, p.k).value };
        return answerOf(weights.value, { working: lines(weights), facts, slips: facts });
      }
      case "separable": {
        const [depthwise, pointwise, plain] = [weightsOf(p.m, p.m, p.k, p.m), weightsOf(p.m, p.n, 1), weightsOf(p.m, p.n, p.k)];
        const both = explain("both", "depthwise + pointwise", { depthwise: depthwise.value, pointwise: pointwise.value });
        const facts = { depthwise: depthwise.value, pointwise: pointwise.value, plain: plain.value };
        return answerOf(both.value, {
          working: lines(depthwise, pointwise, both),
          facts,
          slips: { plain: plain.value, depthwise: depthwise.value },
        });
      }
      case "dilated": {
        const size = explainConvSize({ input: p.i, kernel: p.k, dilation: p.d });
        return answerOf(size.value, {
          working: lines(size),
          slips: { undilated: explainConvSize({ input: p.i, kernel: p.k }).value },
          facts: { extent: explainDilatedKernel({ kernel: p.k, dilation: p.d }).value },
        });
      }
      case "transposed": {
        const { i, k, s } = p;
        const size = explainTransposedSize({ input: i, kernel: k, stride: s });
        const values = row(overlapCounts({ input: i, kernel: k, stride: s }));
        const slips = { scaled: explain("o", "s·i", { s, i }).value };
        return answerOf(size.value, { working: lines(size), shown: [{ name: "overlap", values, kind: "sequential" }], slips });
      }
    }
  },
};
