import { connectionCounts, explain, explainConvSize, usesAlongAxis, windowAxis } from "fovea/arithmetic";
import type { Shown } from "../lesson.ts";
import type { Sharing } from "../problems/sharing.ts";
import { answerOf, lines, type Work } from "./work.ts";

export const sharing: Work<Sharing> = {
  scene: () => [],
  answer({ i, k, p }) {
    const axis = windowAxis({ input: i, kernel: k, padding: p });
    const counts = connectionCounts({ axes: [axis, axis] });
    const along = usesAlongAxis(axis)[0];
    const outputs = explainConvSize({ input: i, kernel: k, padding: p });
    // The upper left weight of window o reads row o - p: windows before p have it in the padding, those from i + p on behind the picture.
    const uses = explain("u", "min(o, i + p) - p", { o: outputs.value, i, p });
    const all = explain("n", "u·u", { u: uses.value });
    const { rows, columns, entries, parameters: weights, nonZeros } = counts;
    const shown: Shown[] = [{ name: "uses", values: { shape: [k, k], data: Float32Array.from(counts.uses) }, kind: "sequential" }];
    const facts = { along, weights, connections: nonZeros, rows, columns, entries };
    const square = (n: number): number => explain("n", "u·u", { u: n }).value;
    const slips = { outputs: square(outputs.value), along, pixels: square(i) };
    return answerOf(counts.uses[0], { working: lines(outputs, uses, all), facts, shown, slips });
  },
};
