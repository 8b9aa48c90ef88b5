// The letters of a GIF. A raster needs shapes of its own, because fonts differ from machine to machine and the same drawing shall give the
// same bytes. Each sign is a few strokes on a grid 4 wide; capitals reach from 0 to 6, small letters from 2, tails to 8.

/** Strokes of a sign: points as pairs of digits (column, row), strokes separated by "/". One point alone is a dot. */
const signs: Readonly<Record<string, string>> = {
  "0": "10 30 41 45 36 16 05 01 10",
  "1": "02 20 26/06 46",
  "2": "01 10 30 41 42 06 46",
  "3": "01 10 30 41 42 33 44 45 36 16 05/13 33",
  "4": "36 30 04 44",
  "5": "40 00 03 33 44 45 36 16 05",
  "6": "41 30 10 01 05 16 36 45 44 33 13 04",
  "7": "00 40 41 16",
  "8": "10 30 41 42 33 13 02 01 10/13 04 05 16 36 45 44 33",
  "9": "42 33 13 02 01 10 30 41 45 36 16 05",
  A: "06 20 46/14 34",
  B: "00 06 36 45 44 33 03/33 42 41 30 00",
  C: "41 30 10 01 05 16 36 45",
  D: "00 06 26 44 42 20 00",
  E: "40 00 06 46/03 33",
  F: "40 00 06/03 33",
  G: "41 30 10 01 05 16 36 45 43 23",
  H: "00 06/40 46/03 43",
  I: "10 30/20 26/16 36",
  J: "40 45 36 16 05",
  K: "00 06/40 03 46",
  L: "00 06 46",
  M: "06 00 23 40 46",
  N: "06 00 46 40",
  O: "10 30 41 45 36 16 05 01 10",
  P: "06 00 30 41 42 33 03",
  Q: "10 30 41 45 36 16 05 01 10/34 46",
  R: "06 00 30 41 42 33 03/23 46",
  S: "41 30 10 01 02 13 33 44 45 36 16 05",
  T: "00 40/20 26",
  U: "00 05 16 36 45 40",
  V: "00 26 40",
  W: "00 16 23 36 40",
  X: "00 46/40 06",
  Y: "00 23 40/23 26",
  Z: "00 40 06 46",
  a: "12 32 43 46/44 14 05 16 36 45",
  b: "00 06/03 12 32 43 45 36 16 05",
  c: "43 32 12 03 05 16 36 45",
  d: "40 46/43 32 12 03 05 16 36 45",
  e: "04 44 43 32 12 03 05 16 36 45",
  f: "40 30 21 26/12 42",
  g: "42 47 38 18 07/43 32 12 03 05 16 36 45",
  h: "00 06/03 12 32 43 46",
  i: "12 22 26/06 46/20",
  j: "12 32 37 28 18/30",
  k: "00 06/32 04 36",
  l: "10 20 25 36",
  m: "06 02/03 12 23 26/23 32 43 46",
  n: "06 02/03 12 32 43 46",
  o: "12 32 43 45 36 16 05 03 12",
  p: "02 08/03 12 32 43 45 36 16 05",
  q: "42 48/43 32 12 03 05 16 36 45",
  r: "02 06/04 22 32 43",
  s: "43 32 12 03 14 34 45 36 16 05",
  t: "10 15 26 36/02 32",
  u: "02 05 16 36 45/42 46",
  v: "02 26 42",
  w: "02 16 23 36 42",
  x: "02 46/42 06",
  y: "02 26/42 18 08",
  z: "02 42 06 46",
  "+": "22 26/04 44",
  "−": "04 44",
  "-": "14 34",
  "×": "02 46/42 06",
  "·": "24",
  "=": "03 43/05 45",
  "±": "21 25/03 43/06 46",
  "∗": "22 26/03 45/43 05",
  "/": "40 06",
  "(": "30 21 12 14 25 36",
  ")": "10 21 32 34 25 16",
  "[": "30 10 16 36",
  "]": "10 30 36 16",
  "⌊": "10 16 36",
  "⌋": "30 36 16",
  "⌈": "16 10 30",
  "⌉": "10 30 36",
  ",": "25 26 17",
  ".": "26",
  ":": "23/26",
  ";": "23/25 26 17",
  "!": "20 24/26",
  "?": "01 10 30 41 42 23 24/26",
  "'": "20 21",
  '"': "10 11/30 31",
  _: "07 47",
  "|": "20 27",
  "<": "42 04 46",
  ">": "02 44 06",
  "%": "40 06/01/45",
  "°": "11 20 31 22 11",
  "→": "04 44/23 44 25",
  "←": "04 44/23 04 25",
  "∞": "24 13 04 15 24 33 44 35 24",
  "…": "06/26/46",
  ᵀ: "00 20/10 13",
  Σ: "40 00 23 06 46",
  "√": "04 14 26 40",
  Δ: "06 20 46 06",
};

/** Signs that share their strokes with another. */
const alike: Readonly<Record<string, string>> = { "*": "∗", "’": "'", "–": "-", "—": "−" };

/** Raised digits are their plain ones, small and high. */
const raised = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻";
const raisedOf = (sign: string): string | undefined => (raised.includes(sign) ? "0123456789-"[raised.indexOf(sign)] : undefined);

/** What stands for a sign that is not in the table: a box, so that something is seen to be missing. */
const missing = "00 40 46 06 00";

export type Stroke = readonly (readonly [x: number, y: number])[];

/** Whether this sign can be drawn. */
export function hasSign(sign: string): boolean {
  return /\s/.test(sign) || (raisedOf(sign) ?? alike[sign] ?? sign) in signs;
}

/** The strokes of one sign in units of the grid: x 0..4, y 0..8 with the base line at 6. */
export function strokesOf(sign: string): Stroke[] {
  if (/\s/.test(sign)) return [];
  const plain = raisedOf(sign);
  if (plain !== undefined) return strokesOf(plain).map((stroke) => stroke.map(([x, y]) => [x * 0.6, y * 0.55] as const));
  return (signs[alike[sign] ?? sign] ?? missing)
    .split("/")
    .map((stroke) => stroke.split(" ").map((point) => [Number(point[0]), Number(point[1])] as const));
}
