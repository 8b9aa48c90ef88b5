// Colour maps turn numbers into colours that a reader can order. Sequential maps rise steadily in lightness, so that they survive grey
// print; the diverging map is blue against orange, which every common colour blindness keeps apart. There is no rainbow here.

/** Red, green, blue in 0..255. */
export type Rgb = readonly [red: number, green: number, blue: number];

export interface ColourMap {
  readonly name: "grey" | "ink" | "sequential" | "diverging" | "weights";
  /** Diverging maps are drawn over a range that is symmetric about 0. */
  readonly signed: boolean;
  /** The colour at t in 0..1; t is clipped, and NaN has a colour of its own that no number has. */
  at(t: number): Rgb;
}

/** Magenta: a cell that is not a number must not look like one that is. */
export const notANumber: Rgb = [255, 0, 220];

function throughPoints(name: ColourMap["name"], signed: boolean, points: readonly string[]): ColourMap {
  const colours = points.map(parseHex);
  return {
    name,
    signed,
    at(t) {
      if (Number.isNaN(t)) return notANumber;
      const position = Math.min(1, Math.max(0, t)) * (colours.length - 1);
      const left = Math.min(colours.length - 2, Math.floor(position));
      const share = position - left;
      const [from, to] = [colours[left], colours[left + 1]];
      const mixed = (c: 0 | 1 | 2): number => Math.round(from[c] * (1 - share) + to[c] * share);
      return [mixed(0), mixed(1), mixed(2)];
    },
  };
}

function parseHex(hex: string): Rgb {
  const n = Number.parseInt(hex.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}

/** `#rrggbb` of a colour with parts in 0..255. */
export function toHex([red, green, blue]: Rgb): string {
  return `#${((red << 16) | (green << 8) | blue).toString(16).padStart(6, "0")}`;
}

/** Black to white: pictures as they are. */
export const grey: ColourMap = throughPoints("grey", false, ["#000000", "#ffffff"]);

/** White to black: ink on paper. */
export const ink: ColourMap = throughPoints("ink", false, ["#ffffff", "#000000"]);

/** Dark blue through teal to pale yellow, for quantities that start at 0. Control points after viridis (Smith and van der Walt, 2015). */
export const sequential: ColourMap = throughPoints("sequential", false, [
  "#440154",
  "#472d7b",
  "#3b528b",
  "#2c728e",
  "#21918c",
  "#28ae80",
  "#5ec962",
  "#addc30",
  "#fde725",
]);

/** Blue below 0, near-white at 0, orange above: lightness falls alike on both sides. */
export const diverging: ColourMap = throughPoints("diverging", true, [
  "#08306b",
  "#1f5fa3",
  "#5d9bcb",
  "#b3d1e6",
  "#f7f7f7",
  "#f4c79b",
  "#e0873a",
  "#ad5310",
  "#6b2d04",
]);

/** Purple below 0, near-white at 0, green above: in the same picture, weights must not look like activations. Control points after PRGn (Brewer, 2003). */
export const weightColours: ColourMap = throughPoints("weights", true, [
  "#40004b",
  "#762a83",
  "#9970ab",
  "#c2a5cf",
  "#f7f7f7",
  "#a6dba0",
  "#5aae61",
  "#1b7837",
  "#00441b",
]);

/** Relative luminance as WCAG 2 defines it, 0 (black) to 1 (white). */
export function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((v) => (v <= 10.31475 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
