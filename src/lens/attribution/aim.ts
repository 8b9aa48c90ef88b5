// Settling what exactly is asked of each picture - the channel, the position, the mask - and the first run that every gradient method needs.
import type { Model } from "../../nn/model.ts";
import { allocate, type Tensor } from "../../tensor/tensor.ts";
import type { GradientProgram } from "../gradient-program.ts";
import { channelOf, checkPosition, fillDirection, fillMask, type Target, type TargetLayer } from "../target.ts";
import type { AttributionTask } from "./method.ts";

/** A picture and the mask of its target, position settled. */
export interface Aim {
  readonly image: Tensor;
  readonly target: Target;
  readonly mask: Tensor["data"];
  readonly position: readonly [number, number] | undefined;
  readonly score: number;
  /** The plain gradient under the program's rule at the picture itself, in the pixels or in the layer that the program looks at. */
  readonly gradient: Tensor;
  /** The values that the gradient was taken in: the picture's own, or a layer's. */
  readonly values: Tensor;
}

/** Channel, position and mask of each task, and the score and gradient there. Throws `ArgumentError` for targets that are not there. */
export async function aim(model: Model, program: GradientProgram, tasks: readonly AttributionTask[]): Promise<Aim[]> {
  const { layer } = program;
  const size = layer.channels * layer.height * layer.width;
  const blank = (image: Tensor): Tensor["data"] => allocate(image.dtype === "float64" ? "float64" : "float32", size);
  const spatial = layer.height * layer.width > 1;
  const open = tasks.some(({ target }) => spatial && target.position === undefined && target.direction === undefined);
  // Where the strongest position must be found first, one run with empty masks shows the layer.
  const values = open
    ? (
        await runAll(
          program,
          tasks.map((t) => t.image),
          tasks.map((t) => blank(t.image)),
        )
      ).values
    : undefined;
  const settled = tasks.map(({ image, target }, i) => {
    const mask = blank(image);
    if (target.direction !== undefined) {
      fillDirection(mask, layer, target.direction);
      return { image, target, mask, position: undefined };
    }
    const channel = channelOf(model, target, layer);
    const position = target.position ?? (spatial ? strongest(values as Tensor, i, channel, layer) : ([0, 0] as const));
    checkPosition(layer, position);
    fillMask(mask, layer, channel, position);
    return { image, target, mask, position: spatial ? position : undefined };
  });
  const run = await runAll(
    program,
    settled.map((s) => s.image),
    settled.map((s) => s.mask),
  );
  return settled.map((s, i) => ({ ...s, score: run.scores[i], gradient: run.gradients[i], values: run.maps[i] }));
}

/** The first largest value of a channel, in row-major order. */
export function strongest(values: Tensor, picture: number, channel: number, { height, width }: TargetLayer): readonly [number, number] {
  const plane = values.entry(picture).entry(channel).data;
  let best = 0;
  for (let p = 1; p < height * width; p++) if (plane[p] > plane[best]) best = p;
  return [Math.floor(best / width), best % width];
}

/** Any number of pictures through a program of fixed batch size. */
export async function runAll(
  program: GradientProgram,
  pictures: readonly Tensor[],
  masks: readonly Tensor["data"][],
): Promise<{ scores: number[]; gradients: Tensor[]; maps: Tensor[]; values: Tensor }> {
  const scores: number[] = [];
  const gradients: Tensor[] = [];
  const maps: Tensor[] = [];
  let values: Tensor | undefined;
  for (let start = 0; start < pictures.length; start += program.batch) {
    const run = await program.run(pictures.slice(start, start + program.batch), masks.slice(start, start + program.batch));
    scores.push(...run.scores);
    gradients.push(...run.gradients);
    maps.push(...run.maps);
    values ??= run.values;
  }
  return { scores, gradients, maps, values: values as Tensor };
}
