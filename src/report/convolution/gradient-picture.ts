// The way back as a picture: the input's cells hold dX, the output's hold g, and every step shows one g going to the cells that made its
// output - to one alone where a maximum was taken.
import { checkOptions } from "../../tensor/options.ts";
import type { Drawing } from "./drawing.ts";
import { weightIndex, windowGradients } from "./gradients.ts";
import type { WindowOptions } from "./options.ts";
import { drawSteps, type StepPictureOptions } from "./picture.ts";
import { describeSteps, type Frame, type Steps } from "./steps.ts";
import { wordsOf } from "./wording.ts";
import { showNumber, showTitle } from "./words.ts";

/** Longer lists are cut, as sums are. */
const mostTerms = 12;

/** One frame per output cell, for the output's gradient `upstream` (row-major; default ones). Throws like `stepPicture` and `windowGradients`. */
export function gradientPicture(options: WindowOptions, upstream?: ArrayLike<number>, pictureOptions: StepPictureOptions = {}): Drawing {
  checkOptions("gradientPicture", pictureOptions, ["cell", "words"]);
  const words = wordsOf("gradientPicture", pictureOptions);
  const plain = describeSteps(options);
  const title = options.title ?? words.backward(showTitle(plain.plan, words));
  const names = { input: "dX", kernel: "dW", output: "g", ...options.names };
  const forward = describeSteps({ ...options, title, names });
  const gradients = windowGradients(forward, upstream);
  const g = upstream ?? new Float64Array(forward.frames.length).fill(1);
  const { plan, grid } = forward;
  const [rowAxis, columnAxis] = plan.axes;
  const factor = (v: number): string => (v < 0 ? `(${showNumber(v)})` : showNumber(v));
  const say = ({ output }: Frame, f: number): string => {
    const { channel, row, column } = output;
    const place = (c: number, many: boolean, r: number, i: number): string =>
      `(${[...(many ? [c] : []), ...(plan.rank === 1 ? [] : [r]), i].join(", ")})`;
    const terms = gradients.termsFrom(f).map(({ to, slope, product }) => {
      const where = `${names.input}${place(to.channel, plan.inChannels > 1, to.row, to.column)}`;
      return `${where} + ${factor(g[f])}·${factor(slope)} = ${factor(product)}`;
    });
    const more = terms.length > mostTerms ? [words.moreTerms(terms.length - mostTerms)] : [];
    const here = `${names.output}${place(channel, plan.outChannels > 1, row, column)} = ${showNumber(g[f])}`;
    return `${here} → ${terms.length === 0 ? "0" : [...terms.slice(0, mostTerms), ...more].join("; ")}`;
  };
  const cells = forward.cells.map((plane, c) =>
    plane.map((line, r) =>
      line.map((cell, i) => ({
        ...cell,
        value: cell.kind === "input" ? gradients.input[c][(r - grid.top) / rowAxis.stretch][(i - grid.left) / columnAxis.stretch] : 0,
      })),
    ),
  );
  const outputs = rowAxis.output * columnAxis.output;
  const steps: Steps = {
    ...forward,
    cells,
    kernels: forward.kernels.map((kernels, o) =>
      kernels.map(({ channel, weights }) => ({
        channel,
        weights: weights.map((line, kernelRow) =>
          line.map((_, kernelColumn) => gradients.kernel[weightIndex(forward, o, { channel, kernelRow, kernelColumn })]),
        ),
      })),
    ),
    frames: forward.frames.map((frame, f) => ({ ...frame, value: g[f] })),
    output: forward.output.map((plane, c) => plane.map((line, r) => line.map((_, i) => g[c * outputs + r * columnAxis.output + i]))),
  };
  return drawSteps(steps, pictureOptions.cell, words, { say, signs: ["←", "←"] });
}
