// What the methods of this room hand back: raw float tensors with everything that is needed to read, repeat and distrust them.
// Drawing is a separate step (see `report`).
import type { Tensor } from "../tensor/tensor.ts";

/** Raw smallest and largest number of a result. */
export interface RawRange {
  readonly low: number;
  readonly high: number;
}

/** A rectangle of input pixels; it may reach beyond the picture, where it covers padding. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** The input that a unit wants. */
export interface Maximised {
  /** [C, H, W], as the net sees it (after preprocessing). */
  readonly image: Tensor;
  /** In words: `conv2, channel 5`. */
  readonly target: string;
  readonly layer: string | undefined;
  readonly channel: number | undefined;
  /** The objective on the finished picture, without transforms and penalties. */
  readonly objective: number;
  /** The unit's largest activation anywhere on the finished picture: the number to hold against the best training picture's. */
  readonly activation: number;
  /** The largest activation in the training pictures, where those were given. */
  readonly bestInData?: number;
  /** activation / bestInData, where that is above 0. */
  readonly ratio?: number;
  /** d log(power) / d log(frequency) of the picture: about -2 in natural pictures, near 0 in noise. NaN for a constant picture. */
  readonly spectralSlope?: number;
  /**
   * [H, W], raw: the sum over steps and channels of the gradient's absolute value on every pixel, from climbs of phases. Where it is small, the picture is what
   * its spectrum had to put somewhere; drawn as opacity it hides that.
   */
  readonly transparency?: Tensor;
  /** The objective at every step, as the transformed picture gave it. */
  readonly history: readonly number[];
  readonly range: RawRange;
  readonly seed: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

/** How much each input number mattered. */
export interface Attribution {
  /** [C, H, W], or [1, H, W] from methods that do not tell channels apart. Raw. */
  readonly map: Tensor;
  /** The map with its sign, where the method shows the positive part only. */
  readonly signed?: Tensor;
  /** What the map was enlarged from, [H, W] of the layer that was looked at. */
  readonly layerMap?: Tensor;
  readonly method: string;
  /** In words: `class 7`, `conv2, channel 5 at (3, 4)`. */
  readonly target: string;
  /** The target's value on this picture. */
  readonly score: number;
  readonly range: RawRange;
  /** Numbers that judge the map; integrated gradients give their completeness gap. */
  readonly figures: Readonly<Record<string, number>>;
  readonly seed: number | undefined;
  /**
   * The target and all that the method could be told, as plain data, defaults filled in: what repeats the map. A baseline is its number, or "picture" where it
   * has several.
   */
  readonly options: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

/** One picture that excites a unit, and the part of it that the unit saw. */
export interface Example {
  /** Index in the data set. */
  readonly index: number;
  readonly label: number;
  readonly activation: number;
  /** Row and column of the unit in its feature map; [0, 0] for layers without space. */
  readonly position: readonly [row: number, column: number];
  /** The unit's receptive field on the picture. */
  readonly box: Box;
  /** [C, H, W], as the net sees it. */
  readonly picture: Tensor;
  /** [C, box height, box width]: the picture under the box, zeros (the data mean) where the box leaves it. */
  readonly crop: Tensor;
  /** [H, W], 1 where the unit's map, enlarged to the picture, is above the threshold that was asked for. */
  readonly mask?: Tensor;
}

/** What a data set does to one channel of a layer. */
export interface UnitExamples {
  readonly layer: string;
  readonly channel: number;
  /** Strongest first. */
  readonly top: readonly Example[];
  /** Lowest first, where asked for. */
  readonly lowest?: readonly Example[];
  /** In the order in which they were drawn, where asked for. */
  readonly random?: readonly Example[];
  /** From the middles of equal parts of the ranking, strongest first, where asked for. */
  readonly quantiles?: readonly Example[];
  /** The largest activation over the data set; minus infinity for an empty one. */
  readonly best: number;
  readonly warnings: readonly string[];
}
