// Many small views of a picture at once, from coarse to fine: what a phase-only picture is climbed through, so that no single scale and no single place
// decides it. Fel et al. 2023 (MaCo), section 3.
import { apply, constant, input } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import { add, mul, reshape, transpose } from "../../ops/index.ts";
import { mixOp } from "../../ops/mix.ts";
import { randomNormal } from "../../ops/random.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { hashLabel, type Random } from "../../tensor/random.ts";
import { type DType, Tensor } from "../../tensor/tensor.ts";
import type { Box } from "../records.ts";
import { type Views, writeTaps } from "./transforms.ts";

export interface CropSettings {
  /** Boxes per step, each enlarged to the size of the picture (default 32). */
  readonly count: number;
  /** Mean side of a box as a share of the picture's, at the first and the last step, linear between (default 0.5 to 0.05, but never under 8 pixels). */
  readonly side: readonly [first: number, last: number];
  /** Standard deviation of a box's side (default 0.05). */
  readonly sideSpread: number;
  /** Standard deviation of a box's centre about the picture's, as a share of the picture's side (default 0.15). */
  readonly spread: number;
  /** Standard deviation of the noise on every view, as a share of the pixel range (default 0.08). */
  readonly noise: number;
}

/** A box of fewer pixels shows a net of small pictures nothing but two or three colours. */
const fewestPixels = 8;

/** The published recipe for pictures of this size, with what is `given` in its place. Throws `ArgumentError` for what makes no sense. */
export function settleCrops(given: Partial<CropSettings>, [height, width]: readonly [number, number]): CropSettings {
  const least = Math.min(1, fewestPixels / Math.min(height, width));
  const settled = {
    count: 32,
    side: [Math.max(0.5, least), Math.max(0.05, least)] as const,
    sideSpread: 0.05,
    spread: 0.15,
    noise: 0.08,
    ...given,
  };
  const { count, side, sideSpread, spread, noise } = settled;
  if (!Number.isInteger(count) || count < 1) throw new ArgumentError(`maximise: crops.count is ${count}; expected a whole number >= 1`);
  if (side.length !== 2 || !side.every((s) => s > 0 && s <= 1)) {
    throw new ArgumentError(`maximise: crops.side is [${side.join(", ")}]; expected two shares of the picture's side, above 0 and up to 1`);
  }
  for (const [name, deviation] of Object.entries({ sideSpread, spread, noise })) {
    if (!(deviation >= 0 && Number.isFinite(deviation))) {
      throw new ArgumentError(`maximise: crops.${name} is ${deviation}; expected a number >= 0`);
    }
  }
  return settled;
}

/** Boxes of one step, in pixels; the same for every picture of a batch. `progress` runs from 0 to 1. */
export function drawBoxes(
  { count, side: [first, last], sideSpread, spread }: CropSettings,
  [height, width]: readonly [number, number],
  generator: Random,
  progress: number,
): Box[] {
  const mean = first + (last - first) * progress;
  // The side of a box varies about its mean, but a box is never smaller than the smallest that is wanted, nor larger than the picture.
  const least = Math.min(first, last);
  return Array.from({ length: count }, () => {
    const [down, across] = [0.5 + spread * generator.normal(), 0.5 + spread * generator.normal()];
    const side = Math.min(1, Math.max(least, mean + sideSpread * generator.normal()));
    return { top: (down - side / 2) * height, left: (across - side / 2) * width, height: side * height, width: side * width };
  });
}

export interface CroppingParts {
  /** [C, H, W]. */
  readonly shape: readonly number[];
  /** Per channel, how many of the net's units the whole pixel range is. */
  readonly reach: readonly number[];
  readonly seed: number;
  readonly dtype: DType;
}

/** Pictures [N, C, H, W] to noisy views [N · count, C, H, W], those of one picture in a row. */
export function cropping(settings: CropSettings, { shape, reach, seed, dtype }: CroppingParts): Views {
  const [channels, height, width] = shape;
  const { count, noise } = settings;
  const positions = count * height * width;
  const feedShape = [1, 1, 4, positions];
  const amount = constant(
    new Tensor(
      Float64Array.from(reach, (r) => noise * r),
      [1, channels, 1],
    ).cast(dtype),
  );
  /** [count, C, H · W]: the same for every picture of a batch, so that none depends on its neighbours. */
  const noiseOf = (): Value => {
    const counter = input("view", [1], "int32");
    const stream = hashLabel("crops");
    return mul(
      randomNormal(counter, { shape: [count, channels, height * width], seed, stream, dtype: dtype === "float64" ? dtype : "float32" }),
      amount,
    );
  };
  return {
    copies: count,
    apply(pictures) {
      const [batch] = pictures.shape;
      // All pictures and channels are read alike, so they are the channels of one.
      const planes = reshape(pictures, [1, batch * channels, height * width]);
      const read = apply<Value>(mixOp, [planes, input("taps", feedShape, "int32"), input("shares", feedShape, dtype)]);
      const byView = transpose(reshape(read, [batch, channels, count, height * width]), { permutation: [0, 2, 1, 3] });
      return reshape(noise === 0 ? byView : add(byView, noiseOf()), [batch * count, channels, height, width]);
    },
    draw(generator, progress) {
      const boxes = drawBoxes(settings, [height, width], generator, progress);
      const indices = new Int32Array(4 * positions);
      const shares = new Float64Array(4 * positions);
      for (const [k, { top, left, ...box }] of boxes.entries()) {
        for (let i = 0; i < height; i++) {
          for (let j = 0; j < width; j++) {
            const row = top + ((i + 0.5) * box.height) / height - 0.5;
            const column = left + ((j + 0.5) * box.width) / width - 0.5;
            writeTaps({ row, column, at: (k * height + i) * width + j }, [height, width], false, indices, shares);
          }
        }
      }
      return {
        taps: new Tensor(indices, feedShape),
        shares: new Tensor(shares, feedShape).cast(dtype),
        ...(noise > 0 && { view: new Tensor(Int32Array.of(generator.integer(2 ** 31)), [1]) }),
      };
    },
    still: undefined,
  };
}
