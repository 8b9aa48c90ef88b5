// Where one looks and how: all of it stands in the address.
import { attributionMethods } from "fovea";
import { flag, oneOf, real, text, whole } from "../../state/address.ts";
import { roomState } from "../../state/rooms.svelte.ts";

export const lensNames = ["three", "maps", "climb", "pixels", "compare", "examples", "tuning", "concepts", "ablate"] as const;
export type LensName = (typeof lensNames)[number];

export const sweepNames = ["orientation", "frequency", "phase", "colour", "position", "scale"] as const;

export const view = roomState("neurons", {
  lens: oneOf(lensNames, "three"),
  /** Empty: the last convolution. */
  layer: text(""),
  unit: whole(0, 0, 1_000_000),
  /** Row and column of the unit in its map, "3,4"; empty: where it is strongest. */
  at: text(""),
  picture: whole(0, 0, 9999),
  /** Colours span the whole layer, or each map alone. */
  span: oneOf(["layer", "unit"], "layer"),
  // Which pixels mattered
  method: oneOf(attributionMethods, "gradient"),
  over: flag(false),
  // What methods may be told; 0 and nothing leave it to the library.
  samples: whole(25, 1, 1000),
  points: whole(50, 1, 1000),
  window: whole(0, 0, 1000),
  masks: whole(1000, 10, 20_000),
  maps: text(""),
  composite: oneOf(["epsilonPlus", "epsilonGammaBox", "epsilonPlusFlat"], "epsilonPlus"),
  family: oneOf(["few", "all"], "few"),
  // What it wants
  goal: oneOf(["channel", "neuron", "energy", "caricature", "invert", "between"], "neuron"),
  how: oneOf(["fourier", "pixel", "laplacian", "cppn", "phase"], "fourier"),
  colour: oneOf(["default", "data", "imagenet", "none"], "default"),
  moving: flag(true),
  steps: whole(512, 1, 8192),
  rate: real(0, 0, 100),
  seed: whole(0, 0, 2 ** 31),
  copies: whole(1, 1, 9),
  other: whole(1, 0, 1_000_000),
  // What excites it
  kind: oneOf(["top", "lowest", "random", "quantiles"], "top"),
  by: oneOf(["activation", "relevance"], "activation"),
  data: oneOf(["auto", "shapes", "digits", "own"], "auto"),
  count: whole(500, 1, 10_000),
  once: flag(true),
  // What it is tuned to
  sweep: oneOf(sweepNames, "orientation"),
  read: oneOf(["max", "centre", "mean"], "max"),
  angle: real(0, -360, 360),
  wave: real(8, 2, 1000),
  // What happens without it
  instead: oneOf(["zero", "other"], "zero"),
  from: whole(1, 0, 9999),
  watch: text(""),
});
