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
  /** See picture-link.ts. */
  picture: text("0"),
  /** Colours span the whole layer, or each map alone. */
  span: oneOf(["layer", "unit", "global", "fixed"], "layer"),
  /** The ends of fixed colours. */
  low: real(0),
  high: real(1),
  /** A place to compare with: "layer unit", or "layer unit row,column"; and whether it is shown beside. */
  pin: text(""),
  beside: flag(false),
  // Which pixels mattered
  method: oneOf(attributionMethods, "gradient"),
  over: flag(false),
  /** Maps without their sign. */
  absolute: flag(false),
  // What methods may be told; 0 and nothing leave it to the library.
  samples: whole(25, 1, 1000),
  points: whole(50, 1, 1000),
  window: whole(0, 0, 1000),
  masks: whole(1000, 10, 20_000),
  maps: text(""),
  composite: oneOf(["epsilonPlus", "epsilonGammaBox", "epsilonPlusFlat"], "epsilonPlus"),
  family: oneOf(["few", "all"], "few"),
  // What it wants
  goal: oneOf(["channel", "neuron", "energy", "caricature", "invert", "between", "direction"], "neuron"),
  how: oneOf(["fourier", "pixel", "laplacian", "cppn", "phase"], "fourier"),
  colour: oneOf(["default", "data", "imagenet", "none"], "default"),
  moving: flag(true),
  steps: whole(512, 1, 8192),
  rate: real(0, 0, 100),
  seed: whole(0, 0, 2 ** 31),
  copies: whole(1, 1, 9),
  other: whole(1, 0, 1_000_000),
  /** What pictures of a batch are asked for besides: to differ, or to be like their neighbours. */
  variety: real(100, 0, 100_000),
  likeness: real(0, 0, 100_000),
  /** How much more the likeness of directions counts than their strength. */
  power: real(1, 0, 8),
  toward: oneOf(["pictures", "classes", "units"], "pictures"),
  away: text("1"),
  plus: whole(0, 0, 1_000_000),
  minus: whole(1, 0, 1_000_000),
  /** Mixed units: "5:1,7:-0.5". */
  mix: text(""),
  // What excites it
  kind: oneOf(["top", "lowest", "random", "quantiles"], "top"),
  by: oneOf(["activation", "relevance"], "activation"),
  data: oneOf(["auto", "shapes", "digits", "own", "folder", "trained"], "auto"),
  /** 0: as many as are soon looked through. */
  count: whole(0, 0, 100_000),
  once: flag(true),
  // What it is tuned to
  sweep: oneOf(sweepNames, "orientation"),
  read: oneOf(["max", "centre", "mean"], "max"),
  angle: real(0, -360, 360),
  wave: real(8, 2, 1000),
  // What happens without it
  instead: oneOf(["zero", "other"], "zero"),
  from: text("1"),
  watch: text(""),
  seen: oneOf(attributionMethods, "gradient"),
  // Which concept it stands for
  concepts: text(""),
  share: real(0.005, 1e-6, 0.5),
  overlap: real(0.04, 0, 1),
});
