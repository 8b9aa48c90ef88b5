// The score of one target on many changed copies of a picture: what every measure of trust asks for.
import { expectModel, type Model } from "../../nn/model.ts";
import { expectTensor } from "../../tensor/expect.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { scoreProgram } from "../attribution/score-program.ts";
import { settlerFor } from "../attribution/settle.ts";
import { onePicture, usualBatch } from "../batch.ts";
import { type RunOptions, runOptionNames } from "../run.ts";
import { type Target, targetNames } from "../target.ts";
import { targetOrPredicted } from "./predicted.ts";

/** Without a target, scores are those of the class that the net gives the untouched picture. */
export interface ScoreOptions extends RunOptions, Target {
  /** Class scores as probabilities (default true); false for logits. */
  readonly probabilities?: boolean;
  /** Pictures per run (default 16; fewer of large ones, five of 224 x 224). */
  readonly batchSize?: number;
}

/** For `checkOptions`. */
export const scoreOptionNames: readonly (keyof ScoreOptions)[] = [...runOptionNames, ...targetNames, "probabilities", "batchSize"];

export interface Scorer {
  /** The picture as [C, H, W]. */
  readonly image: Tensor;
  /** Pictures per run. */
  readonly batch: number;
  /** Scores in the order of the pictures. */
  score(pictures: readonly Tensor[]): Promise<number[]>;
  release(): void;
}

/** Compiles the score once. The unit of a channel without a position is settled on the untouched picture. Errors as `attribute`. */
export async function scorerFor(where: string, model: Model, given: Tensor, options: ScoreOptions): Promise<Scorer> {
  expectModel(where, model);
  expectTensor(where, "the picture", given);
  const { probabilities = true } = options;
  const image = onePicture(given);
  const { batchSize = usualBatch(image.shape, 16) } = options;
  const target = await targetOrPredicted(where, model, image, options);
  const program = await scoreProgram(model, target, batchSize, image.shape, { ...options, probabilities });
  const settler = settlerFor(model, target, image.shape, options);
  const { mask } = await settler.settle({ image, target });
  settler.release();
  return {
    image,
    batch: batchSize,
    release: () => program.release(),
    async score(pictures) {
      const all: number[] = [];
      for (let start = 0; start < pictures.length; start += batchSize) {
        all.push(...(await program.run(pictures.slice(start, start + batchSize), mask)).scores);
      }
      return all;
    },
  };
}
