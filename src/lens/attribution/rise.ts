// Show the net thousands of randomly masked copies and average the masks, each by the score that it left. Petsiuk, Das, Saenko 2018.
import { ArgumentError } from "../../tensor/errors.ts";
import { type Random, random } from "../../tensor/random.ts";
import { allocate, Tensor } from "../../tensor/tensor.ts";
import { onePicture, usualBatch } from "../batch.ts";
import type { Finding, Method, MethodSettings } from "./method.ts";
import { type ScoreProgram, scoreProgram } from "./score-program.ts";
import { settlerFor } from "./settle.ts";

export interface MaskSettings {
  readonly height: number;
  readonly width: number;
  readonly cells: number;
  readonly keep: number;
}

/**
 * One smooth mask, [H, W] in 0..1: cells x cells coin tosses that come up 1 with probability `keep`, enlarged bilinearly to (cells + 1) cells of
 * ⌈H/cells⌉ x ⌈W/cells⌉ pixels and cut out at a random place, so that no pixel is always in the middle of a cell.
 */
export function riseMask({ height, width, cells, keep }: MaskSettings, generator: Random): Float32Array {
  const grid = Float32Array.from({ length: cells * cells }, () => (generator.uniform() < keep ? 1 : 0));
  const rows = along(height, cells, generator);
  const columns = along(width, cells, generator);
  const mask = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    const [top, bottom, down] = rows[y];
    for (let x = 0; x < width; x++) {
      const [left, right, across] = columns[x];
      const above = grid[top * cells + left] * (1 - across) + grid[top * cells + right] * across;
      const below = grid[bottom * cells + left] * (1 - across) + grid[bottom * cells + right] * across;
      mask[y * width + x] = above * (1 - down) + below * down;
    }
  }
  return mask;
}

/** For each pixel of an axis, the two cells that it lies between and how far it is on its way to the second. */
function along(size: number, cells: number, generator: Random): [number, number, number][] {
  const cell = Math.ceil(size / cells);
  const enlarged = (cells + 1) * cell;
  const offset = generator.integer(cell);
  return Array.from({ length: size }, (_, i) => {
    const at = Math.max(0, ((i + offset + 0.5) * cells) / enlarged - 0.5);
    const first = Math.min(Math.floor(at), cells - 1);
    return [first, Math.min(first + 1, cells - 1), Math.min(at - first, 1)];
  });
}

export type RiseMethodName = "rise";

const shareOf = ({ keep = 0.5 }: MethodSettings): number => {
  if (!(keep > 0 && keep < 1)) throw new ArgumentError(`rise: keep is ${keep}; expected a share between 0 and 1`);
  return keep;
};

const wholeOf = (name: string, given: number): number => {
  if (!Number.isInteger(given) || given < 1) throw new ArgumentError(`rise: ${name} is ${given}; expected a whole number, at least 1`);
  return given;
};

export const riseMethod: Method<RiseMethodName> = {
  name: "rise",
  title: "RISE",
  cites: "Petsiuk, Das, Saenko 2018",
  signed: false,
  random: true,
  caveat: "an estimate from random masks of the probability, not of the logit; its own noise falls with the square root of their number",
  async attribute(model, tasks, options) {
    const { seed = 0, onProgress } = options;
    const keep = shareOf(options);
    const masks = wholeOf("masks", options.masks ?? 2000);
    const [channels, height, width] = onePicture(tasks[0].image).shape;
    const cells = wholeOf("cells", options.cells ?? (Math.min(height, width) < 64 ? 4 : 8));
    const { batchSize = usualBatch([channels, height, width], 32) } = options;
    const plane = height * width;
    const findings: Finding[] = [];
    const settler = settlerFor(model, tasks[0].target, onePicture(tasks[0].image).shape, options);
    let program: ScoreProgram | undefined;
    try {
      for (const [i, { image: given, target }] of tasks.entries()) {
        const image = onePicture(given);
        program ??= await scoreProgram(model, target, batchSize, image.shape, { ...options, probabilities: true });
        const { mask: unit, position } = await settler.settle({ image, target });
        const [score] = (await program.run([image], unit)).scores;
        const sum = new Float64Array(plane);
        // Every picture is shown the same masks, so that two maps differ by what the net said alone.
        const generator = random(seed).fork("rise");
        for (let start = 0; start < masks; start += program.batch) {
          const part = Array.from({ length: Math.min(program.batch, masks - start) }, () =>
            riseMask({ height, width, cells, keep }, generator),
          );
          const { scores } = await program.run(
            part.map((mask) => shown(image, mask, channels)),
            unit,
          );
          part.forEach((mask, m) => {
            for (let p = 0; p < plane; p++) sum[p] += scores[m] * mask[p];
          });
          onProgress?.({ done: i * masks + start + part.length, total: tasks.length * masks });
        }
        const map = allocate(image.dtype === "float64" ? "float64" : "float32", plane);
        for (let p = 0; p < plane; p++) map[p] = sum[p] / (masks * keep);
        findings.push({
          map: new Tensor(map, [1, height, width]),
          score,
          position,
          figures: { masks },
          settings: { masks, cells, keep },
          warnings: [],
        });
      }
      return findings;
    } finally {
      program?.release();
      settler.release();
    }
  },
};

function shown(image: Tensor, mask: Float32Array, channels: number): Tensor {
  const out = image.clone();
  for (let i = 0; i < channels * mask.length; i++) out.data[i] *= mask[i % mask.length];
  return out;
}
