// Concepts of one's own: what each rule marks is counted by hand, and the synthetic pictures' own list agrees with the library's.
import { describe, expect, it } from "vitest";
import { arraysDataset, synthetic } from "../../src/data/index.ts";
import { type Concept, type ConceptRule, conceptsOn, syntheticConcepts } from "../../src/lens/index.ts";
import { ArgumentError, ShapeError } from "../../src/tensor/errors.ts";

/** One picture of 4 x 4 pixels with these values per channel. */
function one(...channels: readonly (readonly number[])[]): ReturnType<typeof arraysDataset> {
  return arraysDataset({
    images: Float32Array.from(channels.flat()),
    labels: [1],
    imageShape: [channels.length, 4, 4],
    classes: ["no", "yes"],
    normalisation: { mean: channels.map(() => 0), deviation: channels.map(() => 1) },
    name: "one",
  });
}
const maskOf = (dataset: ReturnType<typeof arraysDataset>, rule: ConceptRule): number[] | undefined => {
  const found = conceptsOn(dataset, [{ name: "c", rule }]).mask(0, 0);
  return found && Array.from(found);
};
const plane = (of: (y: number, x: number) => number): number[] => Array.from({ length: 16 }, (_, p) => of(Math.floor(p / 4), p % 4));

describe("concepts of one's own", () => {
  const ramp = one(plane((y, x) => (4 * y + x) / 16));

  it("LF30 brightness marks the pixels between its bounds", () => {
    expect(maskOf(ramp, { kind: "brightness", least: 0.5, most: 0.75 })).toEqual(
      plane((y, x) => (4 * y + x >= 8 && 4 * y + x <= 12 ? 1 : 0)),
    );
    expect(maskOf(ramp, { kind: "brightness", least: 2, most: 3 })).toBeUndefined();
  });

  it("LF30 hue marks coloured pixels, and no greys", () => {
    // Red above, green below, the right half grey.
    const coloured = one(
      plane((y, x) => (x > 1 ? 0.5 : y < 2 ? 1 : 0)),
      plane((y, x) => (x > 1 ? 0.5 : y < 2 ? 0 : 1)),
      plane((_, x) => (x > 1 ? 0.5 : 0)),
    );
    expect(maskOf(coloured, { kind: "hue", degrees: 350, within: 30 })).toEqual(plane((y, x) => (x < 2 && y < 2 ? 1 : 0)));
    expect(maskOf(coloured, { kind: "hue", degrees: 120, within: 30 })).toEqual(plane((y, x) => (x < 2 && y > 1 ? 1 : 0)));
    expect(maskOf(coloured, { kind: "hue", degrees: 240, within: 30 })).toBeUndefined();
    expect(() => maskOf(ramp, { kind: "hue", degrees: 0, within: 30 })).toThrow(ArgumentError);
  });

  it("LF30 an upright edge is an edge of 90 degrees and of no other", () => {
    const upright = one(plane((_, x) => (x < 2 ? 0 : 1)));
    const found = maskOf(upright, { kind: "edge", degrees: 90 });
    expect(found).toEqual(plane((_, x) => (x === 1 || x === 2 ? 1 : 0)));
    for (const degrees of [0, 45, 135]) expect(maskOf(upright, { kind: "edge", degrees })).toBeUndefined();
    const rising = one(plane((y, x) => (x + y < 4 ? 0 : 1)));
    expect(maskOf(rising, { kind: "edge", degrees: 45 })?.some((v) => v === 1)).toBe(true);
    expect(maskOf(rising, { kind: "edge", degrees: 135 })).toBeUndefined();
  });

  it("LF30 regions are halves, the middle quarter and the rest", () => {
    const count = (region: "top" | "right" | "centre" | "border"): number =>
      (maskOf(ramp, { kind: "region", region }) ?? []).reduce((a, b) => a + b, 0);
    expect([count("top"), count("right"), count("centre"), count("border")]).toEqual([8, 8, 4, 12]);
    expect(maskOf(ramp, { kind: "region", region: "left" })).toEqual(plane((_, x) => (x < 2 ? 1 : 0)));
  });

  it("LF30 a class is the whole picture where figures are not known, and painted masks are themselves", () => {
    expect(maskOf(ramp, { kind: "class", class: 1 })).toEqual(new Array(16).fill(1));
    expect(maskOf(ramp, { kind: "class", class: 0 })).toBeUndefined();
    const painted = Uint8Array.from(plane((y) => (y === 0 ? 1 : 0)));
    expect(maskOf(ramp, { kind: "masks", masks: new Map([[0, painted]]) })).toEqual(Array.from(painted));
    expect(() => maskOf(ramp, { kind: "masks", masks: new Map([[0, new Uint8Array(9)]]) })).toThrow(ShapeError);
    expect(() => maskOf(ramp, { kind: "masks", masks: new Map([[5, painted]]) })).toThrow("0..0");
  });

  it("LF30 what cannot be is refused: no names, names twice, classes and figures that are not there", () => {
    const rule = { kind: "region", region: "top" } as const;
    expect(() => conceptsOn(ramp, [])).toThrow("no concepts");
    expect(() =>
      conceptsOn(ramp, [
        { name: "a", rule },
        { name: "a", rule },
      ]),
    ).toThrow("names two");
    expect(() => maskOf(ramp, { kind: "class", class: 7 })).toThrow("0..1");
    expect(() => maskOf(ramp, { kind: "figure" })).toThrow("not known");
  });

  it("LF30 classes, lines and tones on synthetic pictures are those of the library's own list", async () => {
    const { test } = await synthetic({ train: 1, test: 40, size: 24, channels: 3 });
    const own = syntheticConcepts(test);
    const lines = ["horizontal line", "rising line", "vertical line", "falling line"];
    const rules: Concept[] = own.concepts.map((name, c) => {
      if (c < 10) return { name, rule: { kind: "class", class: c } };
      if (lines.includes(name)) return { name, rule: { kind: "line", degrees: 45 * lines.indexOf(name) } };
      return { name, rule: { kind: "tone", tone: name.startsWith("brighter") ? "brighter" : "darker" } };
    });
    const same = conceptsOn(test, rules);
    for (let i = 0; i < test.size; i++) {
      own.concepts.forEach((name, c) => void expect(same.mask(i, c), `${name} on picture ${i}`).toEqual(own.mask(i, c)));
    }
  });
});
