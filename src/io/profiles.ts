// The ways in which the world's networks want their pictures. A wrong one gives confident nonsense, so they have names, are stored with a
// model, and are printed wherever one is used.
import type { Preprocessing } from "../nn/model.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { proposal } from "../tensor/options.ts";
import type { Shape } from "../tensor/shape.ts";

/** ImageNet's statistics, as torchvision documents them. */
const imagenet = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };

/**
 * By name. `unit`: pixels 0..1. `imagenet` (also `torch`): RGB minus ImageNet's mean, divided by its deviation, the middle 224 of 256. `tf`: -1..1.
 * `caffe`: BGR 0..255 minus (104, 117, 123). `raw`: 0..255. `centred`: (x - 0.5) / 0.5 as in PyTorch's tutorials, which is `tf` without its crop.
 * `mnist`, `fashion-mnist`: grey, with the data set's own mean and deviation.
 */
export const preprocessingProfiles: Readonly<Record<string, Preprocessing>> = {
  unit: { name: "unit", channels: "rgb", mean: [0, 0, 0], deviation: [1, 1, 1] },
  imagenet: { name: "imagenet", channels: "rgb", ...imagenet, kept: 0.875 },
  torch: { name: "torch", channels: "rgb", ...imagenet, kept: 0.875 },
  tf: { name: "tf", channels: "rgb", mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5], kept: 0.875 },
  caffe: {
    name: "caffe",
    channels: "bgr",
    mean: [104 / 255, 117 / 255, 123 / 255],
    deviation: [1 / 255, 1 / 255, 1 / 255],
    kept: 0.875,
  },
  raw: { name: "raw", channels: "rgb", mean: [0, 0, 0], deviation: [1 / 255, 1 / 255, 1 / 255] },
  centred: { name: "centred", channels: "rgb", mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] },
  mnist: { name: "mnist", channels: "grey", mean: [0.1307], deviation: [0.3081] },
  "fashion-mnist": { name: "fashion-mnist", channels: "grey", mean: [0.286], deviation: [0.353] },
};

/**
 * A profile by name, or written out: `"bgr mean=104,117,123"`, `"rgb scale=1/255 mean=0.5 std=0.5 keep=0.875"`. Written out, pixels are 0..255 times
 * `scale` (default 1), minus `mean`, divided by `std`, one number or one for each channel; `keep` is the share of the picture's short side
 * that is looked at. Throws `ArgumentError` that lists what there is.
 */
export function preprocessingProfile(text: string): Preprocessing {
  const words = String(text).trim().split(/\s+/);
  const [first] = words;
  if (words.length === 1 && Object.hasOwn(preprocessingProfiles, first)) return preprocessingProfiles[first];
  const names = Object.keys(preprocessingProfiles).join(", ");
  if (first !== "rgb" && first !== "bgr" && first !== "grey") {
    throw new ArgumentError(
      `preprocessing "${text}"${proposal(first, Object.keys(preprocessingProfiles))}: expected one of ${names}, or rgb, bgr or grey followed by scale=, mean=, std=, keep=`,
    );
  }
  const channels = first === "grey" ? 1 : 3;
  const given: Record<string, readonly number[]> = { scale: [1], mean: [0], std: [1], keep: [1] };
  for (const word of words.slice(1)) {
    const [key, list] = word.split("=", 2);
    if (!Object.hasOwn(given, key) || list === undefined) {
      throw new ArgumentError(`preprocessing "${text}": "${word}" is not scale=, mean=, std= or keep= with numbers`);
    }
    given[key] = list.split(",").map((part) => readNumber(part, text));
  }
  const perChannel = (key: string): readonly number[] => {
    const list = given[key];
    if (list.length === channels) return list;
    if (list.length === 1) return new Array<number>(channels).fill(list[0]);
    throw new ArgumentError(`preprocessing "${text}": ${key}= has ${list.length} numbers; ${first} has ${channels} channel(s)`);
  };
  const single = (key: string, low: number, high: number): number => {
    const [value] = given[key];
    if (given[key].length === 1 && value > low && value <= high) return value;
    throw new ArgumentError(`preprocessing "${text}": ${key}= is one number above ${low}, at most ${high}`);
  };
  const scale = single("scale", 0, 1e6);
  const kept = single("keep", 0, 1);
  const deviation = perChannel("std");
  if (deviation.some((d) => d === 0)) throw new ArgumentError(`preprocessing "${text}": std= must not be 0`);
  // From (255 · x · scale - mean) / std to (x - mean') / std' with x in 0..1.
  const unit = 255 * scale;
  return {
    name: words.join(" "),
    channels: first,
    mean: perChannel("mean").map((m) => m / unit),
    deviation: deviation.map((d) => d / unit),
    ...(kept < 1 && { kept }),
  };
}

/**
 * What a net of an unknown past was most probably fed, judged by its shapes alone: ImageNet's profile for colour pictures [3, height, width] of
 * 128 pixels and more with 1000 scores, or 1001 where one stands for "none of them". Undefined where shapes tell nothing. A guess, to be shown as
 * one: nets from Caffe have the same shapes and another profile.
 */
export function likelyPreprocessing(inputShape: Shape, scores: number): Preprocessing | undefined {
  const [channels, height, width] = inputShape;
  const likeImageNet = inputShape.length === 3 && channels === 3 && Math.min(height, width) >= 128 && (scores === 1000 || scores === 1001);
  return likeImageNet ? preprocessingProfiles.imagenet : undefined;
}

/** "0.5" or "1/255". */
function readNumber(part: string, text: string): number {
  const [above, below] = part.split("/", 2);
  const value = Number(above) / (below === undefined ? 1 : Number(below));
  if (part.trim() === "" || !Number.isFinite(value)) throw new ArgumentError(`preprocessing "${text}": "${part}" is not a number`);
  return value;
}
