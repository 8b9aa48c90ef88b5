import { activationTable, createModel, gradientFlow, initialise, nn, relu, sigmoid, tanh, zeros } from "fovea";
import { explain } from "fovea/arithmetic";
import type { Shown } from "../lesson.ts";
import type { Vanishing } from "../problems/vanishing.ts";
import { answerOf, lines, row, type Work } from "./work.ts";

const functions = { sigmoid, tanh, relu };

export const vanishing: Work<Vanishing> = {
  scene: () => [],
  async answer({ activation, depth, w, at }) {
    const [{ y, slope }] = activationTable(functions[activation], [at]);
    const unit = (before: number) =>
      nn.linear(1, 1, { initialise: initialise.constant(w), initialiseBias: initialise.constant(at - w * before) });
    const layers = Array.from({ length: depth }, (_, l) => ({
      [`unit${l + 1}`]: unit(l === 0 ? 0 : y),
      [`act${l + 1}`]: nn[activation](),
    }));
    const model = createModel(nn.sequential(Object.assign({}, ...layers)), [1]);
    const flow = await gradientFlow(model, zeros([1, 1]));
    const names = Array.from({ length: depth }, (_, l) => `unit${l + 1}`);
    const gradients = names.map((name) => flow.find(({ layer }) => layer === name)?.gradient ?? Number.NaN);
    const factors = ["f", ...Array.from({ length: depth - 1 }, () => "w·f")].join("·");
    const shown: Shown[] = [{ name: "flow", values: row(gradients), kind: "curve" }];
    const times = (formula: string, count: number): number => explain("g", new Array(count).fill(formula).join("·"), { f: slope, w }).value;
    const slips = { noWeights: times("f", depth), allWeights: times("w·f", depth), noSlopes: times("w", depth - 1) };
    return answerOf(gradients[0], { working: lines(explain("g", factors, { f: slope, w })), facts: { slope }, shown, slips });
  },
};
