// Cover a part of the picture and watch the score: no gradient, no trust in linearity, one run of the net per window.
// Zeiler, Fergus 2014, section 4.2.
import { ArgumentError } from "../../tensor/errors.ts";
import { allocate, Tensor } from "../../tensor/tensor.ts";
import { onePicture, usualBatch } from "../batch.ts";
import type { Finding, Method, MethodSettings } from "./method.ts";
import { type ScoreProgram, scoreProgram } from "./score-program.ts";
import { settlerFor } from "./settle.ts";

/** A window of covered pixels: rows top..bottom-1 and columns left..right-1. */
export interface Window {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** Where windows begin along an axis; the last one is cut at the border when the steps do not meet it. */
function starts(size: number, window: number, stride: number): number[] {
  const all: number[] = [];
  for (let at = 0; all.length === 0 || (all.at(-1) as number) + window < size; at += stride) all.push(at);
  return all;
}

const pairOf = (given: number | readonly [number, number]): readonly [number, number] =>
  typeof given === "number" ? [given, given] : given;

interface WindowSizes {
  readonly window: readonly [height: number, width: number];
  readonly stride: readonly [down: number, across: number];
}

/** Window and stride in pixels, with their defaults. Throws `ArgumentError` for what are no whole pixels, and for gaps. */
function sizesOf(height: number, width: number, { window: given, stride: step }: Pick<MethodSettings, "window" | "stride">): WindowSizes {
  const window = pairOf(given ?? [Math.max(1, Math.round(height / 8)), Math.max(1, Math.round(width / 8))]);
  const stride = pairOf(step ?? [Math.max(1, Math.floor(window[0] / 2)), Math.max(1, Math.floor(window[1] / 2))]);
  for (const [name, pair] of Object.entries({ window, stride })) {
    if (pair.length !== 2 || pair.some((n) => !Number.isInteger(n) || n < 1)) {
      throw new ArgumentError(`occlusion: ${name} is ${pair.join(" x ")}; expected whole pixels, at least 1`);
    }
  }
  if (stride[0] > window[0] || stride[1] > window[1]) {
    throw new ArgumentError(`occlusion: a stride of ${stride.join(" x ")} leaves gaps between windows of ${window.join(" x ")}`);
  }
  return { window, stride };
}

/** Every window over a picture of this size. Throws `ArgumentError` for windows or strides that are no whole pixels. */
export function occlusionWindows(height: number, width: number, options: Pick<MethodSettings, "window" | "stride">): Window[] {
  const { window, stride } = sizesOf(height, width, options);
  return starts(height, window[0], stride[0]).flatMap((top) =>
    starts(width, window[1], stride[1]).map((left) => ({
      top,
      left,
      bottom: Math.min(height, top + window[0]),
      right: Math.min(width, left + window[1]),
    })),
  );
}

/** `image` [C, H, W] with a window filled, one value per channel. */
export function covered(image: Tensor, { top, left, bottom, right }: Window, fill: readonly number[]): Tensor {
  const [channels, height, width] = image.shape;
  const out = image.clone();
  for (let c = 0; c < channels; c++) {
    for (let y = top; y < bottom; y++) out.data.fill(fill[c], (c * height + y) * width + left, (c * height + y) * width + right);
  }
  return out;
}

export type OcclusionMethodName = "occlusion";

export const occlusionMethod: Method<OcclusionMethodName> = {
  name: "occlusion",
  title: "Occlusion",
  cites: "Zeiler, Fergus 2014",
  signed: true,
  caveat: "what covers a pixel is a picture of its own: the net may react to the patch rather than to what it hides",
  async attribute(model, tasks, options) {
    const { credit = "mean", fill = 0, onProgress } = options;
    if (credit !== "mean" && credit !== "sum") throw new ArgumentError(`occlusion: credit is "${String(credit)}"; expected mean or sum`);
    const [channels, height, width] = onePicture(tasks[0].image).shape;
    const { batchSize = usualBatch([channels, height, width], 16) } = options;
    const fills = typeof fill === "number" ? new Array<number>(channels).fill(fill) : fill;
    if (fills.length !== channels) throw new ArgumentError(`occlusion: fill has ${fills.length} values for ${channels} channels`);
    const windows = occlusionWindows(height, width, options);
    const findings: Finding[] = [];
    const settler = settlerFor(model, tasks[0].target, onePicture(tasks[0].image).shape, options);
    let program: ScoreProgram | undefined;
    try {
      for (const [i, { image: given, target }] of tasks.entries()) {
        const image = onePicture(given);
        program ??= await scoreProgram(model, target, batchSize, image.shape, options);
        const { mask, position } = await settler.settle({ image, target });
        const [score] = (await program.run([image], mask)).scores;
        const sum = new Float64Array(height * width);
        const count = new Float64Array(height * width);
        for (let start = 0; start < windows.length; start += program.batch) {
          const part = windows.slice(start, start + program.batch);
          const { scores } = await program.run(
            part.map((window) => covered(image, window, fills)),
            mask,
          );
          part.forEach((window, w) => {
            spread(window, width, score - scores[w], sum, count);
          });
          onProgress?.({ done: i * windows.length + start + part.length, total: tasks.length * windows.length });
        }
        const map = allocate(image.dtype === "float64" ? "float64" : "float32", sum.length);
        for (let p = 0; p < map.length; p++) map[p] = credit === "sum" ? sum[p] : sum[p] / count[p];
        findings.push({
          map: new Tensor(map, [1, height, width]),
          score,
          position,
          figures: { windows: windows.length },
          settings: { ...sizesOf(height, width, options), fill, credit },
          warnings: [
            ...(map.every((v) => v === 0)
              ? ["the map is zero everywhere: covering any part of the picture leaves the score as it is"]
              : []),
            ...cutNotes(windows),
            ...(credit === "sum"
              ? ["a pixel under several windows has the sum of their drops, not the mean: pixels near the border have fewer"]
              : []),
          ],
        });
      }
      return findings;
    } finally {
      program?.release();
      settler.release();
    }
  },
};

/** A word on windows that cover less than the others. */
function cutNotes(windows: readonly Window[]): string[] {
  const area = ({ top, left, bottom, right }: Window): number => (bottom - top) * (right - left);
  const cut = windows.filter((window) => area(window) < area(windows[0])).length;
  return cut === 0 ? [] : [`${cut} of ${windows.length} windows are cut off at the right or bottom border and cover less than the others`];
}

function spread({ top, left, bottom, right }: Window, width: number, drop: number, sum: Float64Array, count: Float64Array): void {
  for (let y = top; y < bottom; y++) {
    for (let p = y * width + left; p < y * width + right; p++) {
      sum[p] += drop;
      count[p]++;
    }
  }
}
