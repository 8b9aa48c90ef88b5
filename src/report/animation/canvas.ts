// Drawings as pixels, with soft edges and nothing from outside: no fonts, no native code, the same bits on every machine.
import { type Drawing, letterWidth, type Mark, seenIn, type Words } from "../convolution/drawing.ts";
import { looks } from "../convolution/palette.ts";
import type { Raster } from "../raster.ts";
import { strokesOf } from "./strokes.ts";

type Colour = readonly [red: number, green: number, blue: number];

function parse(hex: string): Colour {
  const n = Number.parseInt(hex.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}

/** Frame `frame` of a drawing in its light colours, `scale` pixels per unit (default 1). */
export function drawRaster(drawing: Drawing, frame: number, scale = 1): Raster {
  const width = Math.round(drawing.width * scale);
  const height = Math.round(drawing.height * scale);
  const canvas: Canvas = { width, height, data: new Uint8Array(4 * width * height).fill(255), scale };
  for (const mark of drawing.marks) if (seenIn(mark, frame)) drawMark(canvas, mark);
  return { width, height, data: canvas.data };
}

interface Canvas extends Raster {
  readonly scale: number;
}

function drawMark(canvas: Canvas, mark: Mark): void {
  const look = looks[mark.role];
  const fill = (mark.shape !== "line" ? mark.fill : undefined) ?? look.fill?.[0];
  const stroke = (mark.shape === "line" ? mark.stroke : undefined) ?? look.stroke?.[0];
  const pen = stroke === undefined ? undefined : { colour: parse(stroke), width: look.width ?? 1, dash: look.dash };
  switch (mark.shape) {
    case "words":
      if (fill !== undefined) drawWords(canvas, mark, parse(fill));
      return;
    case "line":
      if (pen !== undefined) drawLine(canvas, mark.from, mark.to, pen);
      return;
    case "dot":
      if (fill !== undefined) fillDisc(canvas, mark.x, mark.y, mark.radius, parse(fill));
      if (pen !== undefined) drawRing(canvas, mark.x, mark.y, mark.radius, pen);
      return;
    case "rect": {
      const { x, y, width, height, radius = 0 } = mark;
      if (radius > 0 && fill === undefined && pen !== undefined) {
        drawRing(canvas, x + width / 2, y + height / 2, radius, pen);
        return;
      }
      if (fill !== undefined) fillRect(canvas, x, y, width, height, parse(fill));
      if (pen === undefined) return;
      const corners = [
        [x, y],
        [x + width, y],
        [x + width, y + height],
        [x, y + height],
      ] as const;
      corners.forEach((corner, i) => {
        drawLine(canvas, corner, corners[(i + 1) % 4], pen);
      });
    }
  }
}

interface Pen {
  readonly colour: Colour;
  readonly width: number;
  readonly dash: readonly [on: number, off: number] | undefined;
}

/** Mixes a colour into the pixels of a box, by the share of each pixel that is covered. */
function cover(
  canvas: Canvas,
  box: readonly [number, number, number, number],
  colour: Colour,
  share: (x: number, y: number) => number,
): void {
  const [left, top, right, bottom] = box;
  const { width, height, data } = canvas;
  for (let y = Math.max(0, Math.floor(top)); y < Math.min(height, Math.ceil(bottom)); y++) {
    for (let x = Math.max(0, Math.floor(left)); x < Math.min(width, Math.ceil(right)); x++) {
      const covered = Math.min(1, Math.max(0, share(x + 0.5, y + 0.5)));
      if (covered === 0) continue;
      const at = 4 * (y * width + x);
      for (let c = 0; c < 3; c++) data[at + c] = Math.round(data[at + c] * (1 - covered) + colour[c] * covered);
    }
  }
}

function fillRect(canvas: Canvas, x: number, y: number, width: number, height: number, colour: Colour): void {
  const { scale } = canvas;
  const [left, top, right, bottom] = [x * scale, y * scale, (x + width) * scale, (y + height) * scale];
  const overlap = (low: number, high: number, centre: number): number => Math.min(high, centre + 0.5) - Math.max(low, centre - 0.5);
  cover(
    canvas,
    [left, top, right, bottom],
    colour,
    (px, py) => Math.max(0, overlap(left, right, px)) * Math.max(0, overlap(top, bottom, py)),
  );
}

function fillDisc(canvas: Canvas, x: number, y: number, radius: number, colour: Colour): void {
  const { scale } = canvas;
  const [cx, cy, r] = [x * scale, y * scale, radius * scale];
  cover(canvas, [cx - r - 1, cy - r - 1, cx + r + 1, cy + r + 1], colour, (px, py) => r + 0.5 - Math.hypot(px - cx, py - cy));
}

function drawRing(canvas: Canvas, x: number, y: number, radius: number, { colour, width }: Pen): void {
  const { scale } = canvas;
  const [cx, cy, r, half] = [x * scale, y * scale, radius * scale, (width * scale) / 2];
  const reach = r + half + 1;
  cover(
    canvas,
    [cx - reach, cy - reach, cx + reach, cy + reach],
    colour,
    (px, py) => half + 0.5 - Math.abs(Math.hypot(px - cx, py - cy) - r),
  );
}

function drawLine(canvas: Canvas, from: readonly [number, number], to: readonly [number, number], { colour, width, dash }: Pen): void {
  const { scale } = canvas;
  const [x1, y1, x2, y2] = [from[0] * scale, from[1] * scale, to[0] * scale, to[1] * scale];
  if (dash === undefined) {
    drawSegment(canvas, x1, y1, x2, y2, (width * scale) / 2, colour);
    return;
  }
  const length = Math.hypot(x2 - x1, y2 - y1);
  const [on, off] = [dash[0] * scale, dash[1] * scale];
  for (let start = 0; start < length; start += on + off) {
    const [a, b] = [start / length, Math.min(length, start + on) / length];
    drawSegment(canvas, x1 + a * (x2 - x1), y1 + a * (y2 - y1), x1 + b * (x2 - x1), y1 + b * (y2 - y1), (width * scale) / 2, colour);
  }
}

/** A line of pixels' own size, round at its ends: covered is what lies nearer than half its width. */
function drawSegment(canvas: Canvas, x1: number, y1: number, x2: number, y2: number, half: number, colour: Colour): void {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const squared = dx * dx + dy * dy;
  const reach = half + 1;
  const box = [Math.min(x1, x2) - reach, Math.min(y1, y2) - reach, Math.max(x1, x2) + reach, Math.max(y1, y2) + reach] as const;
  cover(canvas, box, colour, (px, py) => {
    const along = squared === 0 ? 0 : Math.min(1, Math.max(0, ((px - x1) * dx + (py - y1) * dy) / squared));
    return half + 0.5 - Math.hypot(px - x1 - along * dx, py - y1 - along * dy);
  });
}

/** A sign is 4 grid units wide in an advance of 5; the line's middle lies at 3.6. */
const gridMiddle = 3.6;

function drawWords(canvas: Canvas, { x, y, text, size, anchor = "start", bold = false }: Words, colour: Colour): void {
  const { scale } = canvas;
  const advance = letterWidth * size;
  const unit = advance / 5.2;
  const letters = Array.from(text);
  const shift = { start: 0, middle: 0.5, end: 1 }[anchor] * letters.length * advance;
  const half = Math.max(0.42, (bold ? 0.062 : 0.042) * size * scale);
  letters.forEach((letter, i) => {
    const left = x - shift + i * advance + 0.6 * unit;
    const at = ([gx, gy]: readonly [number, number]): readonly [number, number] => [
      (left + gx * unit) * scale,
      (y + (gy - gridMiddle) * unit) * scale,
    ];
    for (const stroke of strokesOf(letter)) {
      const points = stroke.map(at);
      if (points.length === 1) drawSegment(canvas, ...points[0], ...points[0], half * 1.35, colour);
      for (let p = 1; p < points.length; p++) drawSegment(canvas, ...points[p - 1], ...points[p], half, colour);
    }
  });
}
