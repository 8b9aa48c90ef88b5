// The reader's list of concepts, as it stands in the address: "name=kind:detail; name=kind:detail". Painted masks are kept beside it: they are too
// large for a link.
import type { Concept, ConceptRule, Region } from "fovea/lens";

export const ruleKinds = ["class", "figure", "tone", "line", "brightness", "hue", "edge", "region", "masks"] as const;
export type RuleKind = (typeof ruleKinds)[number];

export interface Entry {
  readonly name: string;
  readonly kind: RuleKind;
  readonly detail: string;
}

export const directions = ["horizontal", "rising", "vertical", "falling"] as const;
export const hues = ["red", "yellow", "green", "cyan", "blue", "magenta"] as const;
export const tones = ["brighter", "darker"] as const;
export const brightnesses = ["dark", "middling", "bright"] as const;
export const regionNames: readonly Region[] = ["top", "bottom", "left", "right", "centre", "border"];

/** What can follow a kind; empty where nothing does, or the classes do. */
export function detailsOf(kind: RuleKind): readonly string[] {
  switch (kind) {
    case "tone":
      return tones;
    case "line":
    case "edge":
      return directions;
    case "brightness":
      return brightnesses;
    case "hue":
      return hues;
    case "region":
      return regionNames;
    default:
      return [];
  }
}

/** A rule as the library takes it. */
export function ruleOf({ name, kind, detail }: Entry, painted: ReadonlyMap<string, ReadonlyMap<number, Uint8Array>>): ConceptRule {
  const place = (list: readonly string[]): number => Math.max(0, list.indexOf(detail));
  switch (kind) {
    case "class":
      return { kind, class: Number(detail) };
    case "figure":
      return { kind };
    case "tone":
      return { kind, tone: tones[place(tones)] };
    case "line":
    case "edge":
      return { kind, degrees: 45 * place(directions) };
    case "brightness":
      return { kind, least: place(brightnesses) / 3, most: (place(brightnesses) + 1) / 3 };
    case "hue":
      return { kind, degrees: 60 * place(hues), within: 30 };
    case "region":
      return { kind, region: regionNames[place(regionNames)] };
    case "masks":
      return { kind, masks: painted.get(name) ?? new Map() };
  }
}

export type ConceptWish = readonly Concept[];

/** What people see first: the classes and directions of figures where they are known; what pixels say themselves where not. */
export function usualList(classes: readonly string[], hasFigures: boolean, hasColours: boolean): readonly Entry[] {
  const each = (kind: RuleKind, names: (detail: string) => string): Entry[] =>
    detailsOf(kind).map((detail) => ({ name: names(detail), kind, detail }));
  const own: readonly Entry[] = classes.slice(0, 20).map((name, i) => ({ name, kind: "class", detail: String(i) }));
  if (hasFigures) return [...own, ...each("line", (d) => `${d} line`), ...each("tone", (d) => `${d} than its ground`)];
  return [
    ...each("edge", (d) => `${d} edge`),
    ...each("brightness", (d) => d),
    ...(hasColours ? each("hue", (d) => d) : []),
    ...each("region", (d) => d),
  ];
}

const clean = (text: string): string => text.replace(/[;=]/g, " ").trim();

export function writeList(list: readonly Entry[]): string {
  return list.map(({ name, kind, detail }) => `${clean(name)}=${kind}${detail === "" ? "" : `:${detail}`}`).join(";");
}

/** Repairs what makes no sense by leaving it out. */
export function readList(text: string): readonly Entry[] {
  const names = new Set<string>();
  return text.split(";").flatMap((part): Entry[] => {
    const [, name = "", kind = "", detail = ""] = /^([^=]+)=(\w+)(?::(.*))?$/.exec(part.trim()) ?? [];
    const known = ruleKinds.find((one) => one === kind);
    if (known === undefined || name.trim() === "" || names.has(name)) return [];
    const offered = detailsOf(known);
    const valid = known === "class" ? /^\d+$/.test(detail) : offered.length === 0 ? detail === "" : offered.includes(detail);
    if (!valid) return [];
    names.add(name);
    return [{ name, kind: known, detail }];
  });
}
