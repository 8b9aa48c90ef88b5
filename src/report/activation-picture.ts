// Activation functions as a drawing, still or moving: value and derivative, a point that walks along both, and where the sums of a net lie.
import type { ActivationLayerStudy } from "../lens/activation-study.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { type ActivationCurve, activationAt, activationCurve, type CurveName } from "./activation-curves.ts";
import { linearTicks } from "./chart.ts";
import { type Drawing, type Mark, widthOf } from "./convolution/drawing.ts";
import { show } from "./range.ts";

export interface ActivationPictureWords {
  readonly title: (names: readonly string[]) => string;
  readonly value: string;
  readonly derivative: string;
  readonly at: (name: string, x: string, value: string, slope: string) => string;
  /** Of the histogram: how many places, and which share of them has a flat slope. */
  readonly sums: (layer: string, places: number, flat: string) => string;
}

export interface ActivationPictureOptions {
  /** Factor of negative x, for leakyRelu (default 0.01). */
  readonly negativeSlope?: number;
  /** Where the point stands in a picture that does not move (default 1); the nearest step is taken. */
  readonly at?: number;
  /** Where the sums of a net lie, over the range of the curves, -6 to 6 (default: not drawn). */
  readonly study?: Pick<ActivationLayerStudy, "layer" | "places" | "histogram" | "flat" | "saturated">;
  /** Words of another language (default English). */
  readonly words?: ActivationPictureWords;
}

const english: ActivationPictureWords = {
  title: (names) => `${names.join(" and ")}: value and derivative`,
  value: "value",
  derivative: "derivative (dashed)",
  at: (name, x, value, slope) => `${name} at ${x}: value ${value}, derivative ${slope}`,
  sums: (layer, places, flat) => `bars: ${places} sums that reach ${layer}; ${flat} of them where the slope is below 0.05 (orange)`,
};

/** Blue and orange stay apart under every common colour blindness; the second curve's points are smaller, too. */
const colours = ["#1f5fa3", "#ad5310"] as const;
const [from, to, steps] = [-6, 6, 48] as const;
const [width, high, left, right, top] = [680, 340, 48, 20, 84] as const;

/** One or two functions; one frame per position of the point, from -6 to 6 in steps of a quarter. Throws `ArgumentError` for other names or counts. */
export function activationPicture(names: readonly CurveName[], options: ActivationPictureOptions = {}): Drawing {
  checkOptions("activationPicture", options, ["negativeSlope", "at", "study", "words"]);
  if (names.length < 1 || names.length > 2) throw new ArgumentError(`activationPicture: ${names.length} functions; expected 1 or 2`);
  const { negativeSlope = 0.01, at = 1, study, words = english } = options;
  const curves = names.map((name) => activationCurve(name, { from, to, negativeSlope }));
  const lowest = Math.max(-3, Math.min(-1.2, ...curves.flatMap((c) => [...c.value, ...c.slope])));
  const x = (v: number): number => left + ((v - from) / (to - from)) * (width - left - right);
  const y = (v: number): number => top + ((3 - v) / (3 - lowest)) * high;
  const title = words.title(names);
  const marks: Mark[] = [{ shape: "words", role: "ink", size: 16, bold: true, x: left, y: 26, text: title }];
  const text = (px: number, py: number, words: string, anchor: "start" | "middle" | "end" = "start"): void =>
    void marks.push({ shape: "words", role: "soft", size: 12, x: px, y: py, text: words, anchor });

  for (const tick of linearTicks(from, to, 12)) {
    marks.push({ shape: "line", role: tick === 0 ? "border" : "edge", from: [x(tick), top], to: [x(tick), top + high] });
    text(x(tick), top + high + 14, show(tick), "middle");
  }
  for (const tick of linearTicks(lowest, 3, 6).filter((v) => v >= lowest && v <= 3)) {
    marks.push({ shape: "line", role: tick === 0 ? "border" : "edge", from: [left, y(tick)], to: [width - right, y(tick)] });
    text(left - 8, y(tick), show(tick), "end");
  }
  if (study !== undefined) marks.push(...bars(study, x));
  for (const [i, curve] of curves.entries()) marks.push(...curveMarks(curve, colours[i], { x, y, lowest }));
  let key = left;
  for (const [i, name] of names.entries()) {
    marks.push({ shape: "line", role: "ray", from: [key, 50], to: [key + 26, 50], stroke: colours[i] });
    text(key + 32, 50, `${name}: ${words.value}`);
    key += 32 + widthOf(`${name}: ${words.value}`, 12) + 18;
    for (const dash of [0, 10, 20])
      marks.push({ shape: "line", role: "ray", from: [key + dash, 50], to: [key + dash + 6, 50], stroke: colours[i] });
    text(key + 32, 50, words.derivative);
    key += 32 + widthOf(words.derivative, 12) + 26;
  }
  const foot = top + high + 40;
  if (study !== undefined)
    text(left, foot + names.length * 20, words.sums(study.layer, study.places, `${(100 * study.saturated).toFixed(1)} %`));
  for (let f = 0; f <= steps; f++) {
    const here = from + ((to - from) * f) / steps;
    const during = [f, f] as const;
    marks.push({ shape: "line", role: "border", from: [x(here), top], to: [x(here), top + high], during });
    for (const [i, name] of names.entries()) {
      const { value, slope } = activationAt(name, here, { negativeSlope });
      for (const [v, radius] of [
        [value, 6 - i],
        [slope, 4 - i],
      ] as const)
        if (v >= lowest && v <= 3) marks.push({ shape: "dot", role: "point", x: x(here), y: y(v), radius, fill: colours[i], during });
      const said = words.at(name, show(here), show(value), show(slope));
      marks.push({ shape: "words", role: "ink", size: 13, x: left, y: foot + i * 20, text: said, during });
    }
  }
  return {
    width,
    height: foot + (names.length + (study === undefined ? 0 : 1)) * 20,
    title,
    description: names.map((name) => words.at(name, show(at), ...saidAt(name, at, negativeSlope))).join("; "),
    marks,
    frames: steps + 1,
    still: Math.min(steps, Math.max(0, Math.round(((at - from) / (to - from)) * steps))),
  };
}

function saidAt(name: CurveName, at: number, negativeSlope: number): [string, string] {
  const { value, slope } = activationAt(name, at, { negativeSlope });
  return [show(value), show(slope)];
}

/** Bars from the floor up to a third of the plot; of each, the part with a flat slope stands below, in orange. */
function bars(study: NonNullable<ActivationPictureOptions["study"]>, x: (v: number) => number): Mark[] {
  const { histogram, flat } = study;
  const tallest = Math.max(1, ...histogram);
  const wide = (to - from) / histogram.length;
  return histogram.flatMap((count, b): Mark[] => {
    const [start, end] = [x(from + b * wide), x(from + (b + 1) * wide)];
    const bar = (many: number, above: number, fill: string): Mark[] => {
      const height = (many / tallest) * (high / 3);
      const floor = top + high - (above / tallest) * (high / 3);
      return many === 0 ? [] : [{ shape: "rect", role: "tile", x: start, y: floor - height, width: end - start, height, fill }];
    };
    return [...bar(flat[b], 0, "#e9b98c"), ...bar(count - flat[b], flat[b], "#a9c6e3")];
  });
}

interface Scale {
  readonly x: (v: number) => number;
  readonly y: (v: number) => number;
  readonly lowest: number;
}

/** Lines between neighbouring points; every other pair of them makes a dashed curve. What leaves the plot is left out. */
function curveMarks({ x: xs, value, slope, greatestSlope }: ActivationCurve, stroke: string, { x, y, lowest }: Scale): Mark[] {
  const line = (ys: readonly number[], dashed: boolean): Mark[] =>
    xs.slice(1).flatMap((_, i): Mark[] => {
      // A derivative that jumps has no line there.
      const jumps = dashed && Math.abs(ys[i + 1] - ys[i]) > greatestSlope / 5;
      const outside = jumps || [ys[i], ys[i + 1]].some((v) => v < lowest || v > 3);
      if (outside || (dashed && i % 5 > 2)) return [];
      return [{ shape: "line", role: "ray", from: [x(xs[i]), y(ys[i])], to: [x(xs[i + 1]), y(ys[i + 1])], stroke }];
    });
  return [...line(slope, true), ...line(value, false)];
}
