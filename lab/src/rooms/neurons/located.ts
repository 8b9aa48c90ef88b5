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
  readonly data: DataRef;
  /** Net, layer and unit: what results that do not look at the picture depend on. */
  readonly unitKey: string;
  /** And the picture. */
  readonly key: string;
}

/** What all places of the room have in common. */
export interface Ground {
  readonly net: SessionNet;
  readonly facts: NetFacts;
  readonly picture: Picture;
  readonly data: DataRef;
}

/** Where in the net: as the address says it, which may ask for what is not there. */
export interface PlaceWish {
  readonly layer: string;
  readonly unit: number;
  /** "row,column", or nothing. */
  readonly at: string;
}

/** The place that is meant, or the nearest that there is; undefined for nets without units. */
export function locate({ net, facts, picture, data }: Ground, wish: PlaceWish): Located | undefined {
  const layer = facts.layers.find((one) => one.name === wish.layer && hasUnits(one)) ?? usualLayer(facts.layers);
  if (layer === undefined) return undefined;
  const unit = Math.min(wish.unit, unitsOf(layer) - 1);
  const position = readPosition(wish.at, layer);
  const target = isClasses(layer, facts) ? { class: unit } : { layer: layer.name, channel: unit, ...(position && { position }) };
  const unitKey = `${net.ref.key} ${JSON.stringify(target)}`;
  return { net, facts, layer, unit, target, position, picture, data, unitKey, key: `${unitKey} ${pictureKey(picture)}` };
}

/** "conv2 5" or "conv2 5 3,4": a place as it is pinned. */
export function writePlace({ layer, unit, position }: Located): string {
  return [layer.name, unit, ...(position === undefined ? [] : [position.join(",")])].join(" ");
}

export function readPlace(text: string): PlaceWish | undefined {
  const found = /^(\S+) (\d+)(?: (\d+,\d+))?$/.exec(text);
  return found === null ? undefined : { layer: found[1], unit: Number(found[2]), at: found[3] ?? "" };
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

/** Whether the layer's units are the classes; those of nets from elsewhere may have no names. */
export function isClasses(layer: LayerFacts, { layers, classes }: NetFacts): boolean {
  const last = layers.at(-1);
  return layer === last && last.outputShape.length === 1 && last.outputShape[0] === (classes?.length ?? Math.max(2, last.outputShape[0]));
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

/** Few enough to be looked through in seconds. */
export function usualCount({ inputShape: [, height = 1, width = 1] }: SessionNet): number {
  return height * width > 128 * 128 ? 60 : 500;
}

/** What kind of pictures the net was made for: those that it was trained on here, or those that it probably was. */
export function usualData({ inputShape, classes, trainedOn }: SessionNet): DataRef["kind"] {
  if (trainedOn !== undefined) return "trained";
  const digits = inputShape[0] === 1 && classes.length === 10 && classes.every((name) => /^\d$/.test(name));
  return digits ? "digits" : "shapes";
}
