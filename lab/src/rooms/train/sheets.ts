// How parameters and maps of any layer are laid out as sheets of small pictures.
import type { Numbers } from "../../engine/tensors.ts";
import { type ColourName, type Range, rangeFor } from "../../ui/paint.ts";
import type { OpenedLayer, Span } from "./tasks.ts";

export interface Sheet {
  /** [rows, columns, height, width]. */
  readonly tiles: Numbers;
  /** Tiles that exist; the last row may have fewer. */
  readonly count: number;
  /** Rows that are shown, of all. */
  readonly shown: number;
  readonly total: number;
}

const mostTiles = 256;
/** Maps in a row, at most. */
const across = 8;
/** Between tiles, in CSS pixels. */
export const tileGap = 3;

/** Parameters as sheets: kernels a row per filter and a column per input channel; matrices behind a flatten likewise, as the maps they weigh. */
export function parameterSheet(values: Numbers, unflattened: readonly number[] | undefined): Sheet {
  const { shape, data } = values;
  if (shape.length === 4) return rowsOf(shape, data);
  if (shape.length === 2 && unflattened !== undefined) return rowsOf([shape[0], ...unflattened], data);
  const [height, width] = shape.length === 2 ? shape : [1, data.length];
  return { tiles: { shape: [1, 1, height, width], data }, count: 1, shown: height, total: height };
}

function rowsOf([out, channels, height, width]: readonly number[], data: Float32Array): Sheet {
  const shown = Math.max(1, Math.min(out, Math.floor(mostTiles / channels)));
  const tiles = { shape: [shown, channels, height, width], data: data.subarray(0, shown * channels * height * width) };
  return { tiles, count: shown * channels, shown, total: out };
}

/** Maps [C, H, W] as many in a row as there is room for; other values as one row of numbers. */
export function mapSheet({ shape, data }: Numbers, room: number = across): Sheet {
  if (shape.length !== 3) return { tiles: { shape: [1, 1, 1, data.length], data }, count: 1, shown: 1, total: 1 };
  const [count, height, width] = shape;
  const most = Math.max(1, Math.min(across, count, room));
  const rows = Math.ceil(count / most);
  const columns = Math.ceil(count / rows);
  const filled = new Float32Array(rows * columns * height * width);
  filled.set(data);
  return { tiles: { shape: [rows, columns, height, width], data: filled }, count, shown: count, total: count };
}

/** The shape [C, H, W] that a layer's inputs had before they were made flat, where there was such a layer before it. */
export function unflattenedInput(layers: readonly OpenedLayer[], name: string): readonly number[] | undefined {
  const at = layers.findIndex((layer) => layer.name === name);
  const inputs = layers[at]?.inputShape;
  if (inputs?.length !== 1) return undefined;
  const flat = layers.slice(0, at).findLast(({ kind }) => kind === "flatten");
  const shape = flat?.inputShape;
  return shape?.length === 3 && shape.reduce((a, b) => a * b, 1) === inputs[0] ? shape : undefined;
}

export function tileOf({ tiles }: Sheet, row: number, column: number): Numbers {
  const [rows, columns, height, width] = tiles.shape;
  const at = (Math.min(row, rows - 1) * columns + Math.min(column, columns - 1)) * height * width;
  return { shape: [height, width], data: tiles.data.subarray(at, at + height * width) };
}

export const spanNames = ["layer", "unit", "all", "fixed"] as const;
export type SpanName = (typeof spanNames)[number];

/** What the colours of one tile span. */
export function rangeOf(
  how: SpanName,
  colours: ColourName,
  { sheet, tile, all, fixed }: { readonly sheet: Sheet; readonly tile: Numbers; readonly all: Span; readonly fixed: number },
): Range {
  const signed = colours === "diverging" || colours === "weights";
  if (how === "unit") return rangeFor(colours, tile);
  if (how === "layer") return rangeFor(colours, sheet.tiles);
  if (how === "fixed") return { low: signed ? -fixed : 0, high: fixed };
  const most = Math.max(Math.abs(all.low), Math.abs(all.high));
  return signed ? { low: -most, high: most } : { ...all };
}
