// What the examples show is true: each runs here, and its results are checked.
import { beforeAll, describe, expect, test } from "vitest";
import { parseCaption } from "../src/data/index.ts";
import type { Tensor } from "../src/tensor/index.ts";

test("J1 first-network: trains without any download and looks inside in three ways", async () => {
  const { results } = await import("../examples/first-network.ts");
  expect(results.accuracy).toBeGreaterThan(0.8);
  expect(results.reached).toBeGreaterThan(results.best);
  expect(results.patch).toEqual([1, 14, 14]);
});

test("H11 convolution-by-hand: an edge answers 0 30 30 0", async () => {
  const { results } = await import("../examples/convolution-by-hand.ts");
  expect(results.response).toEqual(Array.from({ length: 4 }, () => [0, 30, 30, 0]));
  expect(results.back).toEqual([1, 1, 6, 6]);
});

test("E4 gradients: a filter is learned back, and gradients have gradients", async () => {
  const { results } = await import("../examples/gradients.ts");
  expect(results.loss).toBeLessThan(1e-6);
  for (const [i, w] of [-1, 0, 1, -2, 0, 2, -1, 0, 1].entries()) expect(results.kernel[i]).toBeCloseTo(w, 3);
  expect(results.curvature).toEqual([6, 12, 18]);
});

describe("F9 captions: pictures become sentences", () => {
  let learned: Awaited<typeof import("../examples/captions.ts")>["results"];
  beforeAll(async () => {
    learned = (await import("../examples/captions.ts")).results;
  }, 120_000);

  test("F9 what is said of pictures never seen is grammatical, and true of most", () => {
    const { said, shapes, right } = learned;
    expect(said.length).toBe(200);
    expect(said.filter((text) => parseCaption(text) !== undefined).length).toBeGreaterThan(190);
    // 192 captions exist, and two are true of a picture: guessing would be right in 1 %.
    const isTrue = (text: string, i: number): boolean => {
      const caption = parseCaption(text);
      const [a, b] = shapes.test.figures(i);
      const [first, second] = a.shape === caption?.shape ? [a, b] : [b, a];
      const [dx, dy] = [second.centre.x - first.centre.x, second.centre.y - first.centre.y];
      const relation = Math.abs(dx) > Math.abs(dy) ? (dx > 0 ? "left of" : "right of") : dy > 0 ? "above" : "below";
      return (
        caption?.colour === first.colour && caption.shape === first.shape && caption.relation === relation && caption.other === second.shape
      );
    };
    expect(said.filter(isTrue).length / 200).toBe(right);
    expect(right).toBeGreaterThan(0.85);
  });

  test("F9 among 200 captions one that is true of the picture comes first, far above chance", () => {
    const { shapes, found, best } = learned;
    const trueOf = (i: number): number =>
      [...best.keys()].filter((m) => shapes.test.captions(i).includes(shapes.test.captions(m)[0])).length;
    const chance = Array.from({ length: 200 }, (_, i) => trueOf(i) / 200).reduce((a, b) => a + b) / 200;
    expect(chance).toBeLessThan(0.03);
    expect(found).toBeGreaterThan(0.3);
  });

  test("F9 the words for the figure that is spoken of point at it, and not at the other", () => {
    const { shapes, regions } = learned;
    const [hits, chances, nearer] = [[] as number[], [] as number[], [] as number[]];
    for (let i = 0; i < 200; i++) {
      const [figure, other] = shapes.test.figures(i);
      const touched = touchedRegions(figure.mask);
      // The colour and the shape.
      for (const place of [0, 1]) {
        const region = regions.data[(i * 200 + i) * 6 + place];
        const distance = ({ x, y }: { x: number; y: number }): number =>
          Math.hypot(x - (region % 5) * 8 - 4, y - Math.floor(region / 5) * 8 - 4);
        hits.push(touched.has(region) ? 1 : 0);
        chances.push(touched.size / 20);
        nearer.push(distance(figure.centre) < distance(other.centre) ? 1 : 0);
      }
    }
    const share = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
    expect(share(hits)).toBeGreaterThan(2 * share(chances));
    expect(share(nearer)).toBeGreaterThan(0.75);
  });
});

/** The regions of 8 × 8 pixels that a mask [32, 40] has pixels in. */
function touchedRegions(mask: Tensor): Set<number> {
  const touched = new Set<number>();
  mask.data.forEach((inside, p) => {
    if (inside === 1) touched.add(Math.floor(p / 40 / 8) * 5 + Math.floor((p % 40) / 8));
  });
  return touched;
}
