// One training step taken apart: what is there before, what the loss asks for, what the optimiser does about it.
import { unnormalise } from "fovea";
import { watch } from "fovea/lens";
import { type Numbers, toNumbers } from "../../../engine/tensors.ts";
import { advance, type Run } from "./run.ts";

export interface SlowStep {
  readonly step: number;
  readonly layer: string;
  readonly picture: Numbers;
  readonly label: number;
  /** Of the picture's own class, before the step and after it. */
  readonly probability: readonly [before: number, after: number];
  readonly pictureLoss: readonly [before: number, after: number];
  readonly batch: number;
  readonly batchLoss: number;
  /** [1, classes], before the step. */
  readonly probabilities: Numbers;
  readonly maps: Numbers;
  /** Gradient of the picture's loss by the maps. */
  readonly mapGradient: Numbers;
  readonly kernels: Numbers;
  readonly kernelGradient: Numbers;
  readonly kernelsAfter: Numbers;
  /** The weight with the steepest gradient. */
  readonly steepest: { readonly index: readonly number[]; readonly before: number; readonly gradient: number; readonly after: number };
  readonly rate: number;
}

/** Takes the step. `layer` has kernels. */
export async function slowStep(run: Run, layer: string): Promise<SlowStep> {
  const { training, data, watched, knobs } = run;
  const { x, y, indices } = training.nextBatch();
  const before = training.checkpoint().model;
  const name = `${layer}.weight`;
  const whole = watch(run.start, { batch: indices.length });
  try {
    whole.load(before);
    const health = await whole.health(x, y);
    watched.load(before);
    const seen = await watched.picture(x.entry(0), y.data[0]);
    await advance(run);
    const after = training.checkpoint().model;
    watched.load(after);
    const seenAfter = await watched.picture(x.entry(0), y.data[0]);
    const gradient = health.gradients.get(name)!;
    let at = 0;
    for (let i = 1; i < gradient.size; i++) if (Math.abs(gradient.data[i]) > Math.abs(gradient.data[at])) at = i;
    const weights = before.get(name)!;
    return {
      step: training.state.step,
      layer,
      picture: toNumbers(unnormalise(x.entry(0), data.train.normalisation)),
      label: y.data[0],
      probability: [seen.probabilities.data[y.data[0]], seenAfter.probabilities.data[y.data[0]]],
      pictureLoss: [seen.loss, seenAfter.loss],
      batch: indices.length,
      batchLoss: health.loss,
      probabilities: toNumbers(seen.probabilities.reshape([1, seen.probabilities.size])),
      maps: toNumbers(seen.values.get(layer)!),
      mapGradient: toNumbers(seen.gradients.get(layer)!),
      kernels: toNumbers(weights),
      kernelGradient: toNumbers(gradient),
      kernelsAfter: toNumbers(after.get(name)!),
      steepest: {
        index: indexOf(at, weights.shape),
        before: weights.data[at],
        gradient: gradient.data[at],
        after: after.get(name)!.data[at],
      },
      rate: knobs.rate,
    };
  } finally {
    whole.release();
  }
}

function indexOf(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = flat;
  for (const size of shape.toReversed()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}
