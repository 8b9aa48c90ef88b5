// All maps of a layer that are in sight on one canvas, each in its unit's place: what a browser does before it shows a frame grows with the square
// of the canvases on the page, and large nets have hundreds of units in sight.
import type { Numbers } from "../../engine/tensors.ts";
import { type ColourName, paintOn, type Range } from "../../ui/paint.ts";
import { gap } from "./layout.ts";

export interface SheetCell {
  readonly unit: number;
  readonly map: Numbers;
  readonly range: Range;
}

export interface Sheet {
  readonly cells: readonly SheetCell[];
  readonly colours: ColourName;
  readonly columns: number;
  /** Width and height of a cell, in CSS pixels. */
  readonly cell: readonly [number, number];
  /** Rows of cells that are drawn: from this one, so many. */
  readonly firstRow: number;
  readonly rows: number;
}

/** A map as it is, one pixel per number, before it is stretched to its cell. */
const plain = document.createElement("canvas");

/** Draws the sheet, and puts the canvas where its first row belongs: both in one frame. */
export function paintSheet(canvas: HTMLCanvasElement, { cells, colours, columns, cell: [width, height], firstRow, rows }: Sheet): void {
  const [across, down] = [columns * (width + gap) - gap, rows * (height + gap) - gap];
  const scale = devicePixelRatio;
  canvas.width = Math.round(across * scale);
  canvas.height = Math.round(down * scale);
  Object.assign(canvas.style, { width: `${across}px`, height: `${down}px`, top: `${firstRow * (height + gap)}px` });
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(scale, scale);
  for (const { unit, map, range } of cells) {
    paintOn(plain, map, colours, range);
    // Squares stay squares; only what has more numbers than the cell has pixels is blended.
    context.imageSmoothingEnabled = plain.width > width * scale || plain.height > height * scale;
    context.drawImage(plain, (unit % columns) * (width + gap), (Math.floor(unit / columns) - firstRow) * (height + gap), width, height);
  }
}
