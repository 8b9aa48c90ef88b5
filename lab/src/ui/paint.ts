// Numbers to pixels: fovea's own colour maps and ranges, so that a map looks the same in the lab, in a report and in a file.
import { report, Tensor } from "fovea";
import type { Numbers } from "../engine/tensors.ts";

export type ColourName = "grey" | "ink" | "sequential" | "diverging" | "weights";
export interface Range {
  readonly low: number;
  readonly high: number;
}

const maps: Readonly<Record<ColourName, report.ColourMap>> = {
  grey: report.grey,
  ink: report.ink,
  sequential: report.sequential,
  diverging: report.diverging,
  weights: report.weightColours,
};

export function colourMap(name: ColourName): report.ColourMap {
  return maps[name];
}

/** What a map spans: from its least to its greatest value; for signed maps symmetric about 0. */
export function rangeFor(name: ColourName, ...values: readonly Numbers[]): Range {
  return report.defaultRange(maps[name], ...values.map(({ data, shape }) => new Tensor(data, shape)));
}

/** Draws [H, W], [1, H, W] or [3, H, W], one canvas pixel per number. */
export function paintOn(canvas: HTMLCanvasElement, { data, shape }: Numbers, name: ColourName, range?: Range): void {
  const raster = report.paint(new Tensor(data, shape), { map: maps[name], ...(range && { range }) });
  canvas.width = raster.width;
  canvas.height = raster.height;
  const image = new ImageData(new Uint8ClampedArray(raster.data), raster.width, raster.height);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}

/** A CSS gradient of the whole map, for legends. */
export function gradientOf(name: ColourName): string {
  const stops = Array.from({ length: 9 }, (_, i) => report.toHex(maps[name].at(i / 8)));
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

export { percent } from "./numbers.ts";

export const show: (value: number, digits?: number) => string = report.show;
