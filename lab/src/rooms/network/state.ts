// What the address keeps of this room: which tab, which picture, which unit is looked at and how deep, and which weights were changed.
import { flag, oneOf, real, text, whole } from "../../state/address.ts";
import { roomState } from "../../state/rooms.svelte.ts";

export const tabs = ["overview", "layers", "equivariance", "edit"] as const;
export type Tab = (typeof tabs)[number];

export const view = roomState("network", {
  tab: oneOf(tabs, "overview"),
  /** Among the net's samples and the reader's own pictures. */
  picture: whole(0, 0),
  /** "conv2:5"; empty for none. */
  unit: text(),
  /** "12,7": a pixel of the input whose influence is shown. */
  pixel: text(),
  /** 0 the net, 1 how the unit comes about, 2 the sum of one cell. */
  depth: whole(0, 0, 2),
  /** Row and column of the unit's map. */
  cell: text(),
  /** The cell's sum, or what comes back to it. */
  way: oneOf(["forward", "backward"], "forward"),
  /** What is followed back. */
  of: oneOf(["score", "loss", "probability"], "score"),
  /** The class of that; -1 for the right one, or else the likeliest. */
  class: whole(-1, -1, 1_000_000),
  /** Which of the maps that the unit reads, and which weight and cell of it. */
  term: whole(0, 0, 1_000_000),
  tap: text(),
  at: text(),
  /** Units that are switched off: "conv1:3,relu2:5". */
  off: text(),
  /** Whether pressing a chosen map opens it, or switches it off and on. */
  press: oneOf(["open", "switch"], "open"),
  /** Colours of |x| instead of x. */
  absolute: flag(false),
  /** "conv1:2": a unit that stays on the screen to compare others with. */
  pinned: text(),
  /** Whether it stands beside the chosen one. */
  beside: flag(true),
  /** Weights that differ from the net's: "conv1.weight:12=0.5,conv1.bias:3=-1". */
  edits: text(),
  /** Each map in its own range, or all of a layer in one. */
  range: oneOf(["layer", "unit"], "layer"),
  layer: text(),
  transform: oneOf(["shift", "rotation", "scale"], "shift"),
  /** Pixels, of which parts too. */
  rows: real(0, -512, 512),
  columns: real(1, -512, 512),
  degrees: real(30, -360, 360),
  factor: real(1.5, 0.1, 8),
});

export interface UnitName {
  readonly layer: string;
  readonly unit: number;
}

/** "conv2:5" as layer and unit; undefined where it names none. */
export function readUnit(written: string): UnitName | undefined {
  const at = written.lastIndexOf(":");
  const unit = Number(written.slice(at + 1));
  return at > 0 && written.slice(at + 1) !== "" && Number.isInteger(unit) && unit >= 0 ? { layer: written.slice(0, at), unit } : undefined;
}

export function writeUnit({ layer, unit }: UnitName): string {
  return `${layer}:${unit}`;
}

/** "12,7" as a pair of whole numbers; undefined where it is none. */
export function readPair(written: string): readonly [number, number] | undefined {
  const parts = written.split(",").map(Number);
  return written !== "" && parts.length === 2 && parts.every((n) => Number.isInteger(n) && n >= 0) ? [parts[0], parts[1]] : undefined;
}

/** "conv1:3,relu2:5" as units by layer. */
export function readUnits(written: string): ReadonlyMap<string, ReadonlySet<number>> {
  const found = new Map<string, Set<number>>();
  for (const one of written.split(",")) {
    const named = readUnit(one);
    if (named !== undefined) found.set(named.layer, (found.get(named.layer) ?? new Set()).add(named.unit));
  }
  return found;
}

/** With this unit in it, or, if it was there, without. */
export function toggled(written: string, unit: UnitName): string {
  const name = writeUnit(unit);
  const others = written.split(",").filter((one) => one !== "" && one !== name);
  return (written.split(",").includes(name) ? others : [...others, name]).join(",");
}
