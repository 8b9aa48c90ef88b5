import { filters, grating, type Model, slice, sum, tuning } from "fovea";
import type { Tensor } from "fovea/tensor";
import type { Shown } from "../lesson.ts";
import { type Neurons, orientations } from "../problems/neurons.ts";
import { answerOf, plane, row, type Work } from "./work.ts";

const stripes = (model: Model, frequency: number): Tensor[] =>
  orientations.map((orientation) => grating(model.inputShape, { orientation, frequency }));

export const neurons: Work<Neurons> = {
  async scene({ layer, unit, frequency }, { net }) {
    const model = await net();
    const kernel = sum(slice(filters(model, layer), { starts: [unit], ends: [unit + 1], axes: [0] }), { axes: [0, 1] });
    const shown: Shown[] = stripes(model, frequency).map((picture, n) => ({
      ...{ name: `s${n}`, kind: "grey" as const },
      values: plane(slice(picture, { starts: [0], ends: [1], axes: [0] })),
    }));
    return [{ name: "weights", values: plane(kernel), kind: "weights" }, ...shown];
  },
  async answer({ layer, unit, frequency }, { net }) {
    const model = await net();
    const { responses, preferred } = await tuning(model, stripes(model, frequency), { layer, read: "max" });
    const own = Array.from(responses[unit]);
    const best = own[preferred[unit]];
    return answerOf(preferred[unit], {
      accepted: own.flatMap((v, n) => (Math.abs(v - best) < 1e-6 ? [n] : [])),
      facts: Object.fromEntries(own.map((v, n) => [`r${n}`, v])),
      working: [`max(${own.map((v) => v.toFixed(3)).join(", ")}) = ${best.toFixed(3)}`],
      shown: [{ name: "responses", values: row(own), kind: "bars" }],
    });
  },
};
