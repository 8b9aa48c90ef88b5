// The synthetic pictures must be what their ground truth says: that is their whole use.
import { describe, expect, test } from "vitest";
import { classCounts, unnormalise } from "../../src/data/dataset.ts";
import { type GroundTruth, synthetic, syntheticClasses } from "../../src/data/synthetic.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { syntheticChecksum } from "./checksum.ts";

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Centres of the pixels of a mask. */
function pixelsOf(mask: Tensor): Place[] {
  const [height, width] = mask.shape;
  const out: Place[] = [];
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) if (mask.at(y, x) === 1) out.push({ x: x + 0.5, y: y + 0.5 });
  return out;
}

/** Centroid, and the direction (degrees counter-clockwise, 0..180) and lengths of the principal axes, of some pixels. */
function principal(pixels: readonly Place[]): { centre: Place; degrees: number; long: number; short: number } {
  const mean = (pick: (p: Place) => number): number => pixels.reduce((sum, p) => sum + pick(p), 0) / pixels.length;
  const centre = { x: mean((p) => p.x), y: mean((p) => p.y) };
  const xx = mean((p) => (p.x - centre.x) ** 2);
  const yy = mean((p) => (p.y - centre.y) ** 2);
  const xy = mean((p) => -(p.x - centre.x) * (p.y - centre.y));
  const root = Math.hypot(xx - yy, 2 * xy);
  const degrees = (Math.atan2(2 * xy, xx - yy) * 90) / Math.PI;
  return {
    centre,
    degrees: (degrees + 180) % 180,
    long: Math.sqrt((xx + yy + root) / 2),
    short: Math.sqrt(Math.max(0, xx + yy - root) / 2),
  };
}

const angleBetween = (a: number, b: number): number => Math.abs(((((a - b) % 180) + 270) % 180) - 90);

const clean = { train: 300, test: 20, noise: 0, size: 48, seed: 5 };

/** Area of each figure by its geometry, in pixels. */
function area({ className, scale: r, thickness: t }: GroundTruth): number | undefined {
  if (className === "circle") return Math.PI * r * r;
  if (className === "ring") return Math.PI * (r * r - (r - 2 * t) ** 2);
  if (className === "square") return 2 * r * r;
  if (className === "triangle") return (3 * Math.sqrt(3) * r * r) / 4;
  if (className === "cross") return 8 * r * t - 4 * t * t;
  if (className.endsWith("stroke")) return 4 * (r - t) * t + Math.PI * t * t;
  return undefined;
}

describe("EF6 synthetic pictures", () => {
  test("EF6 the masks have the areas, centres and directions that geometry demands", async () => {
    const { train } = await synthetic(clean);
    for (let i = 0; i < train.size; i++) {
      const truth = train.groundTruth(i);
      const pixels = pixelsOf(truth.mask);
      const what = `picture ${i}, ${truth.className}`;
      const { centre, degrees, long, short } = principal(pixels);
      const expected = area(truth);
      if (expected !== undefined) {
        expect(Math.abs(pixels.length / expected - 1), `${what}: ${pixels.length} pixels, area ${expected}`).toBeLessThan(0.25);
        expect(Math.hypot(centre.x - truth.centre.x, centre.y - truth.centre.y), what).toBeLessThan(0.75);
        expect(Math.max(...pixels.map((p) => Math.hypot(p.x - truth.centre.x, p.y - truth.centre.y))), what).toBeLessThan(
          truth.scale + truth.thickness,
        );
      }
      if (truth.className.endsWith("stroke")) expect(angleBetween(degrees, truth.orientation), what).toBeLessThan(5);
      if (["circle", "ring", "square", "triangle", "cross"].includes(truth.className)) expect(short / long, what).toBeGreaterThan(0.9);
      if (truth.className === "edge") expect(angleBetween(degrees, truth.orientation), what).toBeLessThan(4);
    }
  });

  test("EF6 strokes point where their names say", async () => {
    const { train } = await synthetic({ ...clean, classes: syntheticClasses.filter((name) => name.endsWith("stroke")) });
    const directions: Record<string, number> = {
      "horizontal stroke": 0,
      "vertical stroke": 90,
      "rising stroke": 45,
      "falling stroke": 135,
    };
    for (let i = 0; i < train.size; i++) {
      const { className, mask } = train.groundTruth(i);
      expect(angleBetween(principal(pixelsOf(mask)).degrees, directions[className]), className).toBeLessThan(17.5);
    }
  });

  test("EF6 without noise, pixels deep in the figure have its colour, pixels far away the shaded background's", async () => {
    for (const channels of [1, 3] as const) {
      const { train } = await synthetic({ ...clean, channels, train: 60 });
      for (let i = 0; i < train.size; i++) {
        const truth = train.groundTruth(i);
        if (truth.className === "edge") continue;
        const picture = unnormalise(train.image(i), train.normalisation);
        const at = (x: number, y: number): number[] => Array.from({ length: channels }, (_, c) => picture.at(c, y, x));
        const [height, width] = truth.mask.shape;
        const near = (x: number, y: number, reach: number, wanted: number): boolean => {
          for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++)
            for (let u = Math.max(0, x - reach); u <= Math.min(width - 1, x + reach); u++) if (truth.mask.at(v, u) === wanted) return true;
          return false;
        };
        // The worst pixel stands for all: an assertion for each would take seconds.
        let [inside, outside] = [0, 0];
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            if (!near(x, y, 1, 0)) for (const [c, v] of at(x, y).entries()) inside = Math.max(inside, Math.abs(v - truth.figure[c]));
            if (!near(x, y, 2, 1)) for (const [c, v] of at(x, y).entries()) outside = Math.max(outside, Math.abs(v - truth.background[c]));
          }
        }
        expect(inside).toBeLessThan(0.003);
        expect(outside).toBeLessThan(0.203);
        const mean = (colour: readonly number[]): number => colour.reduce((a, b) => a + b, 0) / colour.length;
        expect(Math.abs(mean(truth.figure) - mean(truth.background))).toBeGreaterThanOrEqual(0.35);
      }
    }
  });

  test("EF6 an edge has one colour on its left and the other on its right", async () => {
    const { train } = await synthetic({ ...clean, train: 40, classes: ["edge"] });
    for (let i = 0; i < train.size; i++) {
      const { centre, orientation, figure, background } = train.groundTruth(i);
      const picture = unnormalise(train.image(i), train.normalisation);
      const angle = ((orientation - 90) * Math.PI) / 180;
      const right = picture.at(0, Math.floor(centre.y - 5 * Math.sin(angle)), Math.floor(centre.x + 5 * Math.cos(angle)));
      const left = picture.at(0, Math.floor(centre.y + 5 * Math.sin(angle)), Math.floor(centre.x - 5 * Math.cos(angle)));
      expect(Math.abs(right - figure[0])).toBeLessThan(0.21);
      expect(Math.abs(left - background[0])).toBeLessThan(0.21);
    }
  });

  test("EF6 the same options give the same pictures; another seed, another share, other pictures", async () => {
    const options = { train: 50, test: 50, seed: 3 };
    const [a, b, other] = [await synthetic(options), await synthetic(options), await synthetic({ ...options, seed: 4 })];
    const all = Array.from({ length: 50 }, (_, i) => i);
    expect(a.train.batch(all)).toEqual(b.train.batch(all));
    expect(a.train.batch(all).x.data).not.toEqual(other.train.batch(all).x.data);
    expect(a.train.batch(all).x.data).not.toEqual(a.test.batch(all).x.data);
    const longer = await synthetic({ ...options, train: 80 });
    expect(longer.train.batch(all)).toEqual(a.train.batch(all));
  });

  test("EF6 the pictures are the same bits as in a browser", async () => {
    const { train } = await synthetic({ train: 100, test: 1, channels: 3, seed: 11 });
    // test/browser/platform.test.ts expects this number too.
    expect(syntheticChecksum(train)).toBe(3605973807);
  });

  test("EF6 every prefix is balanced, and the options are obeyed", async () => {
    const { train, test: held } = await synthetic({ train: 200, test: 10, size: 20, channels: 3 });
    expect(classCounts(train)).toEqual(new Array(10).fill(20));
    expect([held.size, held.imageShape, train.classes]).toEqual([10, [3, 20, 20], syntheticClasses]);
    const { train: two } = await synthetic({ train: 6, classes: ["ring", "edge"] });
    expect([two.classes, two.label(3), two.groundTruth(3).className]).toEqual([["ring", "edge"], 1, "edge"]);
    await expect(synthetic({ classes: ["hexagon"] })).rejects.toThrow(/there is no class "hexagon"; there are circle, ring/);
    await expect(synthetic({ train: 0 })).rejects.toBeInstanceOf(ArgumentError);
    await expect(synthetic({ size: 5 })).rejects.toThrow(/need at least 12 pixels/);
    expect(() => train.groundTruth(200)).toThrow(ArgumentError);
  });

  test("L33 drawing many pictures tells how far it is, and stops when it is asked to", async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const drawn = synthetic({
      train: 1_000_000,
      test: 10,
      size: 12,
      signal: controller.signal,
      onProgress(done, count) {
        expect(count).toBe(1_000_010);
        seen.push(done);
        if (seen.length === 2) controller.abort(new Error("enough"));
      },
    });
    await expect(drawn).rejects.toThrow("enough");
    expect(seen[1]).toBeGreaterThan(seen[0]);
    expect(seen.length).toBe(2);
  });

  test("EF6 no pixel and no mean brightness gives the class away: light and dark figures are equally common", async () => {
    const { train } = await synthetic({ train: 2000, test: 1 });
    const lighter = new Array<number>(10).fill(0);
    for (let i = 0; i < train.size; i++) {
      const { label, figure, background } = train.groundTruth(i);
      if (figure[0] > background[0]) lighter[label]++;
    }
    // 200 tosses of a fair coin: beyond 60..140 once in 10^8 times.
    for (const count of lighter) expect(Math.abs(count - 100)).toBeLessThan(40);
  });
});
