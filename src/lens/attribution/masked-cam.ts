// The two class activation maps that try things out instead of differentiating: show only what a channel saw, or take the channel away.
// Wang 2020 (Score-CAM), Desai & Ramaswamy 2020 (Ablation-CAM).
import { breather } from "#platform";
import type { Model } from "../../nn/model.ts";
import { allocate, Tensor } from "../../tensor/tensor.ts";
import { onePicture } from "../batch.ts";
import { rangeOfValues } from "../range.ts";
import { camFinding } from "./cam.ts";
import { enlarge } from "./enlarge.ts";
import type { Finding, Method, MethodSettings } from "./method.ts";
import { type ScoreProgram, scoreProgram } from "./score-program.ts";
import { settle } from "./settle.ts";

export type MaskedCamMethodName = "scoreCam" | "ablationCam";

/** One picture at hand: everything that a weighing may ask for. */
interface Trial {
  readonly program: ScoreProgram;
  readonly image: Tensor;
  readonly mask: Tensor["data"];
  readonly score: number;
  /** [K, H, W]. */
  readonly maps: Tensor;
  /** To be called between runs: lets others work, and stops when told to. */
  readonly pause: () => Promise<void>;
}

/** Weights, one per channel of the layer. */
type Weigh = (trial: Trial) => Promise<readonly number[]>;

function maskedCam<Name extends string>(name: Name, title: string, cites: string, weigh: Weigh): Method<Name> {
  return {
    name,
    title,
    cites,
    signed: false,
    caveat: "as coarse as the layer that it looks at; one run of the net per channel",
    async attribute(model, tasks, options) {
      const findings: Finding[] = [];
      let program: ScoreProgram | undefined;
      try {
        for (const { image: given, target } of tasks) {
          const image = onePicture(given);
          program ??= await scoreProgram(model, target, options.batchSize ?? 16, image.shape, { ...options, place: { at: options.at } });
          findings.push(await oneFinding(model, program, image, target, options, weigh));
          options.onProgress?.({ done: findings.length, total: tasks.length });
        }
        return findings;
      } finally {
        program?.release();
      }
    },
  };
}

async function oneFinding(
  model: Model,
  program: ScoreProgram,
  image: Tensor,
  target: Parameters<typeof settle>[1]["target"],
  options: MethodSettings,
  weigh: Weigh,
): Promise<Finding> {
  const breathe = breather();
  const { mask, position } = await settle(model, { image, target }, options);
  const { scores, maps } = await program.run([image], mask);
  const pause = async (): Promise<void> => {
    options.signal?.throwIfAborted();
    await breathe();
  };
  const weights = await weigh({ program, image, mask, score: scores[0], maps: maps[0], pause });
  const [channels, height, width] = maps[0].shape;
  const sum = new Tensor(allocate(maps[0].dtype === "float64" ? "float64" : "float32", height * width), [height, width]);
  for (let k = 0; k < channels; k++) for (let p = 0; p < sum.size; p++) sum.data[p] += weights[k] * maps[0].data[k * sum.size + p];
  const [, rows, columns] = image.shape;
  return camFinding(sum, { score: scores[0], position }, { at: program.at?.name ?? "" }, rows, columns);
}

/** Scores of many pictures, in the program's batches. */
async function scoresOf({ program, mask, pause }: Trial, count: number, picture: (i: number) => Tensor): Promise<number[]> {
  const all: number[] = [];
  for (let start = 0; start < count; start += program.batch) {
    await pause();
    const length = Math.min(program.batch, count - start);
    all.push(
      ...(
        await program.run(
          Array.from({ length }, (_, i) => picture(start + i)),
          mask,
        )
      ).scores,
    );
  }
  return all;
}

const scoreCam: Weigh = async (trial) => {
  const { image, maps } = trial;
  const [channels, rows, columns] = image.shape;
  const plane = rows * columns;
  const scores = await scoresOf(trial, maps.shape[0], (k) => {
    const shown = enlarge(maps.entry(k), rows, columns).data;
    const { low, high } = rangeOfValues(shown);
    const seen = image.clone();
    for (let i = 0; i < channels * plane; i++) seen.data[i] *= high > low ? (shown[i % plane] - low) / (high - low) : 0;
    return seen;
  });
  // Softmax over the channels.
  const most = Math.max(...scores);
  const powers = scores.map((s) => Math.exp(s - most));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
};

const ablationCam: Weigh = async ({ program, image, mask, score, maps, pause }) => {
  const [channels] = maps.shape;
  const weights: number[] = [];
  for (let start = 0; start < channels; start += program.batch) {
    await pause();
    const length = Math.min(program.batch, channels - start);
    const kept = allocate(maps.dtype === "float64" ? "float64" : "float32", program.batch * channels).fill(1);
    for (let i = 0; i < length; i++) kept[i * channels + start + i] = 0;
    const { scores } = await program.run(new Array<Tensor>(length).fill(image), mask, kept);
    // A share of the score; where that is 0 there is nothing to share, and the drop itself is what is left to say.
    weights.push(...scores.map((without) => (score === 0 ? score - without : (score - without) / score)));
  }
  return weights;
};

export const maskedCamMethods: readonly Method<MaskedCamMethodName>[] = [
  maskedCam("scoreCam", "Score-CAM", "Wang, Wang, Du, Yang, Zhang, Ding, Mardziel, Hu 2020", scoreCam),
  maskedCam("ablationCam", "Ablation-CAM", "Desai, Ramaswamy 2020", ablationCam),
];
