// The place that all lenses look at: a net, a layer, a unit, a picture. Settled from the address, which may ask for what is not there.
import type { LayerFacts, NetFacts } from "../../engine/common.ts";
import type { Picture, SessionNet } from "../../state/session.svelte.ts";
import type { DataRef } from "./tasks/pictures.ts";
import type { UnitRef } from "./tasks/unit.ts";

export interface Located {
  readonly net: SessionNet;
  readonly facts: NetFacts;
  readonly layer: LayerFacts;
  readonly unit: number;
  /** As the library's methods take it. */
  readonly target: UnitRef;
  /** Row and column, where the reader chose them. */
  readonly position: readonly [row: number, column: number] | undefined;
  readonly picture: Picture;
  /** The picture's number among those that are offered. */
  readonly index: number;
  readonly data: DataRef;
  /** Net, layer and unit: what results that do not look at the picture depend on. */
  readonly unitKey: string;
  /** And the picture. */
  readonly key: string;
}

/** Layers whose values are maps or a list of numbers; others have no units to ask about. */
export function hasUnits({ outputShape }: LayerFacts): boolean {
  return outputShape.length === 1 || outputShape.length === 3;
}

export function unitsOf({ outputShape }: LayerFacts): number {
  return outputShape[0];
}

/** [height, width] of the layer's maps; [1, 1] where it has none. */
export function mapSize({ outputShape }: LayerFacts): readonly [height: number, width: number] {
  return outputShape.length === 3 ? [outputShape[1], outputShape[2]] : [1, 1];
}

/** The last convolution: deep enough to be interesting, and it has maps. */
export function usualLayer(layers: readonly LayerFacts[]): LayerFacts | undefined {
  const able = layers.filter(hasUnits);
  return able.findLast(({ kind, outputShape }) => kind.startsWith("conv") && outputShape.length === 3) ?? able.at(-1);
}

/** Whether the layer's units are the classes. */
export function isClasses(layer: LayerFacts, { layers, classes }: NetFacts): boolean {
  const last = layers.findLast(({ outputShape }) => outputShape.length === 1);
  return layer === last && classes !== undefined && layer.outputShape[0] === classes.length;
}

/** "3,4" within the layer's map. */
export function readPosition(text: string, layer: LayerFacts): readonly [number, number] | undefined {
  const [row, column, ...more] = text.split(",").map(Number);
  const [height, width] = mapSize(layer);
  const inside = (value: number, size: number): boolean => Number.isInteger(value) && value >= 0 && value < size;
  return text !== "" && more.length === 0 && height * width > 1 && inside(row, height) && inside(column, width) ? [row, column] : undefined;
}

const numbers = new WeakMap<Picture, number>();
let lastNumber = 0;

/** A number for each picture of the session, for keys. */
export function pictureKey(picture: Picture): number {
  const known = numbers.get(picture) ?? ++lastNumber;
  numbers.set(picture, known);
  return known;
}

/** What kind of pictures the net was probably made for. */
export function usualData({ inputShape, classes }: SessionNet): DataRef["kind"] {
  const digits = inputShape[0] === 1 && classes.length === 10 && classes.every((name) => /^\d$/.test(name));
  return digits ? "digits" : "shapes";
}
