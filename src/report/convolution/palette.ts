// What each role looks like, in light and in dark. Blue is input, orange is what this frame reads and writes, green-grey is what is done:
// blue and orange stay apart under every common colour blindness, and no state is told by colour alone (dashes, strokes, position).

/** Colours in light and dark. */
type Pair = readonly [light: string, dark: string];

export interface Look {
  readonly fill?: Pair;
  readonly stroke?: Pair;
  readonly width?: number;
  readonly dash?: readonly [on: number, off: number];
  /** 0..1; default 1. */
  readonly opacity?: number;
}

export type Role =
  | "paper"
  | "ink"
  | "soft"
  | "input"
  | "padding"
  | "stretch"
  | "extra"
  | "beyond"
  | "unused"
  | "window"
  | "outline"
  | "neighbour"
  | "kernel"
  | "pending"
  | "output"
  | "active"
  | "winner"
  | "point"
  | "shift"
  | "number"
  | "zero"
  | "weight"
  | "tile"
  | "border"
  | "block"
  | "node"
  | "lit"
  | "start"
  | "edge"
  | "ray";

const orange: Pair = ["#b4500a", "#f2a35e"];

export const looks: Readonly<Record<Role, Look>> = {
  paper: { fill: ["#ffffff", "#1b1d20"] },
  ink: { fill: ["#1c1d20", "#e9e9e6"] },
  soft: { fill: ["#565b64", "#a9adb5"] },
  input: { fill: ["#d9e8f5", "#1f3f5c"], stroke: ["#6f9cc4", "#5d8fbd"], width: 1 },
  padding: { fill: ["#ffffff", "#1b1d20"], stroke: ["#8b9099", "#80858e"], width: 1, dash: [3, 3] },
  stretch: { fill: ["#f1f1ee", "#26292d"], stroke: ["#8b9099", "#80858e"], width: 1, dash: [1.5, 2.5] },
  extra: { fill: ["#f3ecd2", "#3a3520"], stroke: ["#9a8232", "#b09a55"], width: 1, dash: [3, 3] },
  beyond: { fill: ["#ffffff", "#1b1d20"], stroke: ["#c9ccd1", "#44484e"], width: 1, dash: [1.5, 3.5] },
  unused: { stroke: ["#8b9099", "#80858e"], width: 1 },
  window: { fill: ["#fbd9b0", "#6b3d12"], stroke: orange, width: 1.5 },
  outline: { stroke: orange, width: 3 },
  neighbour: { fill: ["#fbd9b0", "#6b3d12"], stroke: ["#6f9cc4", "#5d8fbd"], width: 1 },
  kernel: { fill: ["#fdf1e2", "#3d2a17"], stroke: ["#d19a5f", "#a3703c"], width: 1 },
  pending: { fill: ["#ffffff", "#1b1d20"], stroke: ["#a9c0ba", "#4d625d"], width: 1 },
  output: { fill: ["#dcebe6", "#21413a"], stroke: ["#7ba69b", "#5c8f83"], width: 1 },
  active: { fill: ["#fbd9b0", "#6b3d12"], stroke: orange, width: 3 },
  winner: { stroke: orange, width: 2.5 },
  point: { fill: orange, stroke: ["#ffffff", "#1b1d20"], width: 1 },
  shift: { stroke: orange, width: 1.25 },
  number: { fill: ["#1c1d20", "#f1f1ee"] },
  zero: { fill: ["#767b84", "#9a9fa8"] },
  weight: { fill: ["#8a3a02", "#ffc48c"] },
  tile: { stroke: ["#ffffff", "#1b1d20"], width: 0.5 },
  border: { stroke: ["#565b64", "#a9adb5"], width: 1 },
  block: { stroke: ["#565b64", "#a9adb5"], width: 1 },
  node: { fill: ["#ffffff", "#26292d"], stroke: ["#8b9099", "#80858e"], width: 1.25 },
  lit: { fill: ["#d9e8f5", "#1f3f5c"], stroke: ["#2166ac", "#6aaee6"], width: 2 },
  start: { fill: ["#fbd9b0", "#6b3d12"], stroke: orange, width: 2.5 },
  edge: { stroke: ["#c9ccd1", "#44484e"], width: 1 },
  ray: { stroke: ["#2166ac", "#6aaee6"], width: 2 },
};
