// Plain gradient ascent on pixels, kept presentable by what is done to the picture after every step: it fades, blurs, and loses its
// smallest pixels. Yosinski, Clune, Nguyen, Fuchs, Lipson, "Understanding neural networks through deep visualization", 2015.
import { compile } from "../../backends/compile.ts";
import { gradient } from "../../graph/grad.ts";
import { createGraph } from "../../graph/graph.ts";
import { input } from "../../graph/record.ts";
import { mean, square } from "../../ops/index.ts";
import { Tensor, type TensorData } from "../../tensor/tensor.ts";
import { redirectedRules } from "../rules.ts";
import { compileOptions } from "../run.ts";
import { type Ascent, type AscentSettings, redirectedSteps } from "./ascent.ts";
import { blurMatrix, separably } from "./blur.ts";
import type { PixelScale } from "./colour.ts";

/** Rates are those of pixels in 0..255, whatever the net's own scale is. */
export interface RegularisedSettings {
  /** Share of the picture that is lost after every step. */
  readonly decay: number;
  /** Standard deviation in pixels; below 0.3 nothing happens. */
  readonly blurSigma: number;
  readonly blurEvery: number;
  /** Share (0..1) of the pixels that are set to 0 because they are smallest: by length over channels. */
  readonly smallNorm: number;
  /** The same by |Σ over channels of x · gradient|: what contributes least. */
  readonly smallContribution: number;
  readonly steps: number;
  /** A rate, or the rise that every step is to bring: rate = progress / |g|², at most `most`. */
  readonly rate: number | { readonly progress: number; readonly most: number };
}

export type RegularisedPreset = "smooth" | "sparse" | "default" | "contributing";

/** The four settings of the paper's table: every one brings out something else. */
export const regularisedPresets: Readonly<Record<RegularisedPreset, RegularisedSettings>> = {
  smooth: { decay: 0, blurSigma: 0.5, blurEvery: 4, smallNorm: 0.5, smallContribution: 0, steps: 500, rate: { progress: 2, most: 100 } },
  sparse: { decay: 0.3, blurSigma: 0, blurEvery: 4, smallNorm: 0.2, smallContribution: 0, steps: 750, rate: 100 },
  default: { decay: 0.0001, blurSigma: 1, blurEvery: 4, smallNorm: 0, smallContribution: 0, steps: 1000, rate: 100 },
  contributing: {
    decay: 0,
    blurSigma: 0.5,
    blurEvery: 4,
    smallNorm: 0,
    smallContribution: 0.9,
    steps: 1000,
    rate: { progress: 2, most: 1e8 },
  },
};

/** Compiles objective and gradient; the picture itself stays outside, in float64, because the rules look at all of it at once. */
export async function regularisedAscent(
  settings: AscentSettings,
  how: RegularisedSettings,
  scale: PixelScale | undefined,
): Promise<Ascent> {
  const { batch, shape, dtype, parametrisation } = settings;
  const early = await program(settings, settings.redirect);
  const late = settings.redirect ? await program(settings, false) : early;
  const size = shape[0] * shape[1] * shape[2];
  let pictures = new Float64Array(batch * size);
  const asTensor = (): Tensor => new Tensor(pictures, [batch, ...shape]).cast(dtype);
  const [name] = Object.keys(parametrisation.shapes);
  return {
    start(free) {
      pictures = Float64Array.from(free[name].data);
    },
    async step({ learningRate, step, feeds }) {
      const { objective, slope, uphill } = await (step <= redirectedSteps ? early : late).run({ ...feeds, x: asTensor() });
      // Learning rate 0 is no step at all; any other stands in `how`.
      if (learningRate > 0) {
        for (let b = 0; b < batch; b++) {
          const own = pictures.subarray(b * size, (b + 1) * size);
          regularisedStep(own, uphill.data.subarray(b * size, (b + 1) * size), shape, step, how, scale);
        }
      }
      return { objective, slope };
    },
    read: () => ({ [name]: asTensor() }),
    transparency: () => undefined,
    release() {
      early.release();
      late.release();
    },
  };
}

async function program(settings: AscentSettings, redirected: boolean): ReturnType<typeof compile> {
  const { batch, shape, dtype } = settings;
  const x = input("x", [batch, ...shape], dtype);
  const objective = settings.score(x);
  const rules = redirected ? redirectedRules() : {};
  const [uphill] = gradient(objective, [x], { rules });
  const slope = mean(square(uphill), { axes: [1, 2, 3] });
  return compile(createGraph({ outputs: { objective, slope, uphill } }), compileOptions(settings));
}

/** One step in place, in the paper's order: rise, fade, blur, lose the smallest pixels. `step` counts from 1. */
export function regularisedStep(
  x: Float64Array,
  gradientOfX: TensorData,
  [channels, height, width]: readonly number[],
  step: number,
  how: RegularisedSettings,
  scale: PixelScale | undefined,
): void {
  const plane = height * width;
  // A pixel in 0..255 moves by rate · dJ/dpixel; in the net's units both the pixel and its gradient are divided by 255 · deviation.
  const unit = (c: number): number => (scale === undefined ? 1 : (255 * scale.deviation[c]) ** -2);
  let squares = 0;
  for (let p = 0; p < x.length; p++) squares += gradientOfX[p] ** 2 * unit(Math.floor(p / plane));
  const rate = typeof how.rate === "number" ? how.rate : Math.min(how.rate.most, squares > 0 ? how.rate.progress / squares : 0);
  for (let p = 0; p < x.length; p++) x[p] = (x[p] + rate * unit(Math.floor(p / plane)) * gradientOfX[p]) * (1 - how.decay);
  if (how.blurSigma >= 0.3 && step % how.blurEvery === 0) {
    const picture = new Tensor(x, [1, channels, height, width]);
    x.set(separably(picture, blurMatrix(height, how.blurSigma, "float64"), blurMatrix(width, how.blurSigma, "float64")).data);
  }
  const perPixel = (of: (at: number) => number): Float64Array => {
    const sums = new Float64Array(plane);
    for (let p = 0; p < x.length; p++) sums[p % plane] += of(p);
    return sums;
  };
  if (how.smallNorm > 0)
    loseSmallest(
      x,
      perPixel((p) => x[p] ** 2),
      how.smallNorm,
    );
  if (how.smallContribution > 0) {
    loseSmallest(x, perPixel((p) => x[p] * gradientOfX[p]).map(Math.abs), how.smallContribution);
  }
}

function loseSmallest(x: Float64Array, sizes: Float64Array, share: number): void {
  const limit = sizes.slice().sort()[Math.min(sizes.length - 1, Math.floor(share * sizes.length))];
  for (let p = 0; p < x.length; p++) if (sizes[p % sizes.length] < limit) x[p] = 0;
}
