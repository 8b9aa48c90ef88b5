// What an ascent can be told, its defaults, and what is refused.
import type { Dataset } from "../../data/dataset.ts";
import type { Model } from "../../nn/model.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { DType, Tensor } from "../../tensor/tensor.ts";
import { adam, nadam, type Optimiser } from "../../train/optimisers.ts";
import type { DataStatistics } from "../data-statistics.ts";
import type { Maximised } from "../records.ts";
import { type RunOptions, runOptionNames } from "../run.ts";
import { type Bounds, imagenetColour, type PixelScale } from "./colour.ts";
import { type CropSettings, settleCrops } from "./crops.ts";
import type { ParametrisationName } from "./parametrise.ts";
import { type RegularisedPreset, type RegularisedSettings, regularisedPresets } from "./regularised.ts";
import { checkTransforms, standardTransforms, type Transform } from "./transforms.ts";

/** How pictures look before they are finished. */
export interface AscentPreview {
  /** The pictures as they are now, each [C, H, W] as the net sees it. */
  readonly images: readonly Tensor[];
  /** Index of the first of them among all that were asked for. */
  readonly first: number;
  readonly step: number;
}

export interface AscentOptions extends RunOptions {
  /** Default 512; 256 for "phase"; a preset of `regularised` has its own. */
  readonly steps?: number;
  /** Decides the starting noise and the transforms (default 0). */
  readonly seed?: number;
  /**
   * Default adam(0.05); adam(0.005) for "cppn", nadam(1) for "phase". In the second half of the steps its rate falls to 0 along half a cosine, except with
   * `crops`.
   */
  readonly optimiser?: Optimiser;
  /**
   * Random transforms between picture and net, the same for a whole batch at each step (default: `standardTransforms` of the size). The second half of the
   * steps goes without, so that the picture settles in one place.
   */
  readonly transforms?: readonly Transform[];
  /**
   * Instead of `transforms`: every step shows the net many noisy boxes of the picture, from large to small, up to the last step. Default for "phase" with the
   * settings of its publication; settings that are left out are those.
   */
  readonly crops?: Partial<CropSettings>;
  /** Instead of `transforms`: shifts of up to this many pixels each way, the picture extended by its edge; 0 for none. */
  readonly jitter?: number;
  /**
   * The picture is smoothed with this standard deviation, in pixels, every `blurEvery` steps (default 0: not; pixels only). It takes
   * contrast, which a higher learning rate gives back.
   */
  readonly blur?: number;
  /** Default 4. */
  readonly blurEvery?: number;
  /** Weight of ½Σx², against an uphill gradient of root mean square 1: contrast settles below 1 / l2 (default 0.25; 0 for "cppn" and "phase"). */
  readonly l2?: number;
  /** Weight of ½Σ(differences of neighbours)², likewise (default 0.1; 0 for "cppn" and "phase"). */
  readonly totalVariation?: number;
  /** Climbs pixels as Yosinski et al. 2015 did, by one of their four presets or settings of one's own, instead of all of the above. */
  readonly regularised?: RegularisedPreset | RegularisedSettings;
  /** Which pictures are allowed (default: "data" where the normalisation is known, else "none"). */
  readonly bounds?: Bounds;
  /** How bounds are kept: "sigmoid" (default), or "clip" with the projected gradient. */
  readonly squash?: "sigmoid" | "clip";
  /** How pixels were normalised (default: the model's own preprocessing). */
  readonly normalisation?: PixelScale;
  /** Default "fourier", which reaches smooth pictures first; "pixel" where pixels are blurred or regularised. */
  readonly parametrisation?: ParametrisationName;
  /** Exponent by which Fourier waves shrink with their frequency (default 1; unused where statistics are given). */
  readonly decay?: number;
  /** Colours and spectrum of the data set, from `dataStatistics`. */
  readonly statistics?: DataStatistics;
  /**
   * Which colours vary together: "data" (default where statistics are given), "imagenet" (default for three channels within bounds "data"), "none"
   * (default otherwise), or a matrix [C, C] whose columns are independent colours. Grey pictures have none to choose.
   */
  readonly colour?: "data" | "imagenet" | "none" | Tensor;
  /** Let gradients pass dead ReLUs in the first 16 steps (default true). */
  readonly redirect?: boolean;
  /** Picture height and width, for nets that take others than their own. */
  readonly size?: readonly [height: number, width: number];
  /** Pictures climbed at once (default 32, or as many as have 32 crops together). */
  readonly batchSize?: number;
  /** Training pictures to compare with: the result then has the best activation among them, and the ratio. */
  readonly dataset?: Dataset;
  /** Called with the unfinished pictures every `previewEvery` steps. */
  readonly onPreview?: (preview: AscentPreview) => void;
  /** Default 16. */
  readonly previewEvery?: number;
  /** Called with every finished picture, so that nothing is lost when a long run is stopped. */
  readonly onResult?: (result: Maximised, index: number) => void;
}

/** A record, so that the compiler asks for a new option here. */
const ownNames: Readonly<Record<Exclude<keyof AscentOptions, keyof RunOptions>, true>> = {
  steps: true,
  seed: true,
  optimiser: true,
  transforms: true,
  crops: true,
  jitter: true,
  blur: true,
  blurEvery: true,
  l2: true,
  totalVariation: true,
  regularised: true,
  bounds: true,
  squash: true,
  normalisation: true,
  parametrisation: true,
  decay: true,
  statistics: true,
  colour: true,
  redirect: true,
  size: true,
  batchSize: true,
  dataset: true,
  onPreview: true,
  previewEvery: true,
  onResult: true,
};

export const ascentOptionNames: readonly (keyof AscentOptions)[] = [
  ...runOptionNames,
  ...(Object.keys(ownNames) as (keyof typeof ownNames)[]),
];

/** All that decides a picture, settled. */
export interface AscentChoice {
  readonly steps: number;
  readonly seed: number;
  readonly optimiser: Optimiser;
  readonly transforms: readonly Transform[];
  readonly crops: CropSettings | undefined;
  readonly blur: number;
  readonly blurEvery: number;
  readonly l2: number;
  readonly totalVariation: number;
  readonly regularised: RegularisedSettings | undefined;
  readonly bounds: Bounds;
  readonly squash: "sigmoid" | "clip";
  readonly normalisation: PixelScale | undefined;
  readonly parametrisation: ParametrisationName;
  readonly decay: number;
  readonly spectrum: Tensor | undefined;
  readonly colour: Tensor | undefined;
  /** `colour` in a word. */
  readonly colourName: string;
  readonly redirect: boolean;
  readonly previewEvery: number;
  /** [C, H, W]. */
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A network's weights move all pixels at once, and want small steps; phases are angles, and want large ones. */
function usualOptimiser(name: ParametrisationName | undefined): Optimiser {
  return name === "phase" ? nadam(1) : adam(name === "cppn" ? 0.005 : 0.05);
}

/** Whether pictures written so need no penalties: coordinates are smooth by themselves and give way to what presses on all pixels alike; phases leave power alone. */
const isTame = (name: ParametrisationName | undefined): boolean => name === "cppn" || name === "phase";

export function settleAscent(model: Model, options: AscentOptions): AscentChoice {
  const [channels, ...own] = model.inputShape;
  const size = options.size ?? (own as [number, number]);
  const regularised = settleRegularised(options);
  const pixels = regularised !== undefined || (options.blur ?? 0) > 0;
  const normalisation = options.normalisation ?? model.preprocessing;
  const bounds = options.bounds ?? (normalisation === undefined || regularised !== undefined ? "none" : "data");
  const [colour, colourName] = colourOf(model, options, bounds);
  const crops = cropsOf(options, size);
  const choice: AscentChoice = {
    shape: [channels, ...size],
    dtype: options.dtype ?? "float32",
    steps: options.steps ?? regularised?.steps ?? (options.parametrisation === "phase" ? 256 : 512),
    seed: options.seed ?? 0,
    optimiser: options.optimiser ?? usualOptimiser(options.parametrisation),
    crops,
    transforms: regularised === undefined && crops === undefined ? transformsOf(options, size) : [],
    blur: options.blur ?? 0,
    blurEvery: options.blurEvery ?? 4,
    l2: options.l2 ?? (isTame(options.parametrisation) ? 0 : 0.25),
    totalVariation: options.totalVariation ?? (isTame(options.parametrisation) ? 0 : 0.1),
    regularised,
    normalisation,
    bounds,
    squash: options.squash ?? "sigmoid",
    parametrisation: options.parametrisation ?? (pixels ? "pixel" : "fourier"),
    decay: options.decay ?? 1,
    spectrum: options.statistics?.spectrum,
    colour,
    colourName,
    redirect: options.redirect ?? true,
    previewEvery: options.previewEvery ?? 16,
  };
  check(choice, options);
  return choice;
}

function check(choice: AscentChoice, options: AscentOptions): void {
  for (const key of ["steps", "blur", "l2", "totalVariation", "decay"] as const) {
    if (!(choice[key] >= 0) || !Number.isFinite(choice[key]))
      throw new ArgumentError(`maximise: ${key} is ${choice[key]}; expected a number >= 0`);
  }
  for (const key of ["steps", "blurEvery", "previewEvery"] as const) {
    if (!Number.isInteger(choice[key])) throw new ArgumentError(`maximise: ${key} is ${choice[key]}; expected a whole number`);
  }
  for (const key of ["blurEvery", "previewEvery"] as const) {
    if (choice[key] < 1) throw new ArgumentError(`maximise: ${key} is ${choice[key]}; expected a number of steps >= 1`);
  }
  if (choice.squash !== "sigmoid" && choice.squash !== "clip") {
    throw new ArgumentError(`maximise: squash is "${String(choice.squash)}"; expected sigmoid or clip`);
  }
  if (choice.blur > 0 && choice.parametrisation !== "pixel") {
    throw new ArgumentError(`maximise: blur smooths pixels; pictures as "${choice.parametrisation}" are smooth by what they are made of`);
  }
  if (choice.regularised !== undefined && (choice.parametrisation !== "pixel" || options.transforms !== undefined)) {
    throw new ArgumentError('maximise: "regularised" climbs plain pixels, without transforms');
  }
}

function cropsOf(
  { crops, transforms, jitter, parametrisation, regularised }: AscentOptions,
  size: readonly [number, number],
): CropSettings | undefined {
  const others = transforms !== undefined || jitter !== undefined || regularised !== undefined;
  if (crops !== undefined && others)
    throw new ArgumentError("maximise: crops stand instead of transforms, jitter and regularised; give one of them");
  return crops !== undefined || (parametrisation === "phase" && !others) ? settleCrops(crops ?? {}, size) : undefined;
}

function transformsOf({ transforms, jitter }: AscentOptions, size: readonly [number, number]): readonly Transform[] {
  if (transforms !== undefined && jitter !== undefined) throw new ArgumentError("maximise: give either transforms or jitter");
  if (jitter !== undefined) {
    if (!(Number.isInteger(jitter) && jitter >= 0)) {
      throw new ArgumentError(`maximise: jitter is ${jitter}; expected a whole number of pixels >= 0`);
    }
    return jitter === 0 ? [] : [{ kind: "jitter", pixels: 2 * jitter }];
  }
  const all = transforms ?? standardTransforms(size);
  checkTransforms(all);
  return all;
}

function settleRegularised({ regularised }: AscentOptions): RegularisedSettings | undefined {
  if (typeof regularised !== "string") return regularised;
  const preset = regularisedPresets[regularised];
  if (preset !== undefined) return preset;
  throw new ArgumentError(
    `maximise: regularised is "${String(regularised)}"; expected settings, or one of ${Object.keys(regularisedPresets).join(", ")}`,
  );
}

function colourOf(model: Model, { colour, statistics }: AscentOptions, bounds: Bounds): [Tensor | undefined, string] {
  const channels = model.inputShape[0];
  if (channels === 1) return [undefined, "none"];
  const choice = colour ?? (statistics !== undefined ? "data" : channels === 3 && bounds === "data" ? "imagenet" : "none");
  if (choice === "none") return [undefined, "none"];
  if (choice === "data") {
    if (statistics === undefined) throw new ArgumentError('maximise: colour "data" needs the option statistics, from dataStatistics()');
    return [statistics.colour, "data"];
  }
  if (choice === "imagenet") {
    if (channels !== 3) throw new ArgumentError(`maximise: the colours of ImageNet have 3 channels; the net takes ${channels}`);
    return [model.preprocessing?.channels === "bgr" ? backwards(imagenetColour) : imagenetColour, "imagenet"];
  }
  return [choice, "given"];
}

/** Rows in the order blue, green, red. */
function backwards(matrix: Tensor): Tensor {
  const turned = matrix.clone();
  for (let c = 0; c < 3; c++) turned.data.set(matrix.data.subarray(3 * c, 3 * c + 3), 3 * (2 - c));
  return turned;
}
