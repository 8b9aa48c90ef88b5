// Four small nets that look, read, ask and speak. Regions and words meet in one space, as in Karpathy and Fei-Fei 2015; the speaker looks at a picture
// anew for every word, as in Xu et al. 2015. Convolutions along the caption stand where they have recurrent nets.
import { nn } from "../../nn/index.ts";
import { createModel, type Model } from "../../nn/model.ts";
import type { Module } from "../../nn/module.ts";
import { ArgumentError, ShapeError } from "../../tensor/errors.ts";
import { expectParts } from "../../tensor/expect.ts";
import { checkOptions } from "../../tensor/options.ts";
import { checkShape, type Shape, showShape } from "../../tensor/shape.ts";
import { channelsOf } from "../architecture.ts";

export interface CaptionNetsOptions {
  /** [channels, height, width] of the pictures, height and width multiples of 8, the side of a region (default [3, 32, 40]: 20 regions). */
  readonly inputShape?: Shape;
  /** How many words there are, with the end of a caption, which is number 0. */
  readonly vocabulary: number;
  /** Words of the longest caption, with its end. */
  readonly length: number;
  /** Length of the vectors of regions and words (default 32). */
  readonly features?: number;
  /** Default 0. */
  readonly seed?: number;
}

/** Names of parameters begin with the net's, so that all can be trained in one graph. Captions are one-hot columns, [N, vocabulary, length]. */
export interface CaptionNets {
  /** Pictures -> a vector for each region, [N, features, rows, columns]. */
  readonly looker: Model;
  /** A caption -> a vector for each word in its context, [N, features, length]. */
  readonly reader: Model;
  /** The words before each place -> what to look for, [N, glances · features, length]. */
  readonly asker: Model;
  /** The words before each place and what was seen there -> the scores of the word, [N, vocabulary, length]. */
  readonly speaker: Model;
}

/** Side of a region in pixels. */
export const regionSide = 8;

/** Regions looked at for each word: one for what is spoken of and one for what it is compared with. */
export const glances = 2;

/** The nets, untrained. Throws `ArgumentError` for impossible options, `ShapeError` for pictures that do not divide into regions. */
export function captionNets(options: CaptionNetsOptions): CaptionNets {
  checkOptions("captionNets", options, ["inputShape", "vocabulary", "length", "features", "seed"]);
  const { inputShape = [3, 32, 40], vocabulary, length, features = 32, seed = 0 } = options;
  for (const [name, n] of Object.entries({ vocabulary, length, features })) {
    if (!Number.isInteger(n) || n < 2) throw new ArgumentError(`captionNets: ${name} is ${n}; expected an integer >= 2`);
  }
  checkShape(inputShape, "captionNets: inputShape");
  const channels = channelsOf(inputShape);
  if (inputShape.slice(1).some((n) => n % regionSide !== 0)) {
    throw new ShapeError(
      `captionNets: pictures are ${showShape(inputShape)}; height and width must be multiples of ${regionSide}, the side of a region`,
    );
  }
  const looker = nn.sequential({
    conv1: nn.conv2d(channels, 16, 3, { padding: "same" }),
    relu1: nn.relu(),
    pool1: nn.maxPool2d(2),
    conv2: nn.conv2d(16, 32, 3, { padding: "same" }),
    relu2: nn.relu(),
    pool2: nn.maxPool2d(2),
    conv3: nn.conv2d(32, 48, 3, { padding: "same" }),
    relu3: nn.relu(),
    pool3: nn.maxPool2d(2),
    // No wider than 22 pixels are seen, so that a region can only tell of what lies in it.
    regions: nn.conv2d(48, features, 1),
  });
  const reader = nn.sequential({
    embedding: nn.conv1d(vocabulary, features, 1, { bias: false }),
    context: nn.conv1d(features, features, 3, { padding: "same" }),
  });
  // Padding before the caption alone, and as many taps as words: a place hears all that came before it.
  const past = (inChannels: number, outChannels: number): Module =>
    nn.conv1d(inChannels, outChannels, length, { padding: [[length - 1, 0]] });
  const asker = nn.sequential({
    past: past(vocabulary, 2 * features),
    relu: nn.relu(),
    queries: nn.conv1d(2 * features, glances * features, 1),
  });
  // What is seen at a glance: a region's vector, and its row and column.
  const heard = vocabulary + glances * (features + 2);
  const speaker = nn.sequential({
    past: past(heard, 4 * features),
    relu: nn.relu(),
    next: nn.conv1d(4 * features, vocabulary, 1),
  });
  const named = (name: string, net: Module, shape: Shape): Model => createModel(nn.sequential({ [name]: net }), shape, { seed });
  return {
    looker: named("looker", looker, inputShape),
    reader: named("reader", reader, [vocabulary, length]),
    asker: named("asker", asker, [vocabulary, length]),
    speaker: named("speaker", speaker, [heard, length]),
  };
}

/** Throws `ArgumentError` unless `given` is what `captionNets` gives. `where` is what the user called. */
export function expectCaptionNets(where: string, given: unknown): void {
  const parts: readonly (keyof CaptionNets)[] = ["looker", "reader", "asker", "speaker"];
  expectParts(where, "the nets", given, parts, `what captionNets gives: ${parts.join(", ")}`);
}
