// The parts of the R-CNN family, and a toy that uses them all: shapes found on a canvas.
import { afterAll, describe, expect, test } from "vitest";
import { stopWorkers } from "../../src/backends/wasm/index.ts";
import { arraysDataset, synthetic } from "../../src/data/index.ts";
import { createModel } from "../../src/nn/index.ts";
import { ArgumentError, ShapeError } from "../../src/tensor/errors.ts";
import { random, randomNormal, Tensor } from "../../src/tensor/index.ts";
import { adam, evaluate, fit, predict } from "../../src/train/index.ts";
import {
  anchorGrid,
  anchors,
  clipBox,
  type DetectionBox,
  decodeBox,
  encodeBox,
  overlap,
  patternNet,
  proposals,
  suppress,
  warpBox,
} from "../../src/zoo/index.ts";
import { fixture } from "../support/fixtures.ts";
import { rounds } from "../support/long.ts";

afterAll(() => stopWorkers());

describe("F7 boxes", () => {
  test("F7 the nine anchors of base 16, first [-84, -40, 99, 55]", () => {
    const { boxes } = fixture("anchors") as { readonly boxes: readonly DetectionBox[] };
    expect(anchors()).toEqual(boxes);
    const grid = anchorGrid(2, 3, 16);
    expect(grid).toHaveLength(54);
    expect(grid[0]).toEqual([-84, -40, 99, 55]);
    expect(grid[9 * 4]).toEqual([-84 + 16, -40 + 16, 99 + 16, 55 + 16]);
    expect(() => anchors({ scales: [0] })).toThrow(ArgumentError);
  });

  test("F7 overlap of two squares that share a quarter is 25 / 175", () => {
    expect(overlap([0, 0, 10, 10], [5, 5, 15, 15])).toBe(25 / 175);
    expect(overlap([0, 0, 10, 10], [0, 0, 10, 10])).toBe(1);
    expect(overlap([0, 0, 10, 10], [10, 0, 20, 10])).toBe(0);
    expect(overlap([0, 0, 0, 0], [0, 0, 0, 0])).toBe(0);
    expect(clipBox([-3, 2, 30, 40], 20, 25)).toEqual([0, 2, 25, 20]);
  });

  test("F7 suppression keeps the best, drops what overlaps it by more than the threshold, and breaks ties by order", () => {
    const boxes: DetectionBox[] = [[0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 30], [0, 0, 10, 5]]; // biome-ignore format: boxes
    expect(suppress(boxes, [0.8, 0.9, 0.7, 0.6], { threshold: 0.5 })).toEqual([1, 2, 3]);
    expect(suppress(boxes, [0.8, 0.9, 0.7, 0.6], { threshold: 0.4 })).toEqual([1, 2]);
    expect(suppress([boxes[0], boxes[0]], [1, 1])).toEqual([0]);
    // Exactly the threshold is not more than it.
    expect(suppress([boxes[0], boxes[3]], [1, 0.5], { threshold: 0.5 })).toEqual([0, 1]);
    expect(() => suppress(boxes, [1])).toThrow(/4 boxes, but 1 scores/);
  });

  test("F7 regression: what is encoded is decoded again, and a wild change stays finite", () => {
    const generator = random(1);
    for (let i = 0; i < rounds(200); i++) {
      const box = (): DetectionBox => {
        const [x, y] = [50 * generator.normal(), 50 * generator.normal()];
        return [x, y, x + 0.5 + 40 * generator.uniform(), y + 0.5 + 40 * generator.uniform()];
      };
      const [from, to] = [box(), box()];
      for (const [k, v] of decodeBox(from, encodeBox(from, to)).entries()) expect(v).toBeCloseTo(to[k], 8);
    }
    expect(encodeBox([0, 0, 10, 10], [10, 0, 30, 10])).toEqual([1.5, 0, Math.log(2), 0]);
    expect(decodeBox([0, 0, 1, 1], [0, 0, 1000, 1000]).every(Number.isFinite)).toBe(true);
    expect(() => encodeBox([0, 0, 0, 1], [0, 0, 1, 1])).toThrow(/no area/);
  });

  test("F7 proposals are decoded, cut to the picture, filtered, ranked and suppressed", () => {
    const grid = anchorGrid(4, 4, 8, { base: 8, ratios: [1], scales: [2] });
    const scores = grid.map((_, i) => 1 / (1 + i));
    const found = proposals(grid, scores, new Float32Array(64), { height: 32, width: 32, threshold: 0.3, after: 3 });
    expect(found).toHaveLength(3);
    expect(found[0]).toEqual({ box: [0, 0, 11, 11], score: 1 });
    for (const { box } of found) expect(box.every((v) => v >= 0 && v <= 32)).toBe(true);
    expect(proposals(grid, scores, new Float32Array(64), { height: 32, width: 32, leastSide: 100 })).toEqual([]);
    expect(() => proposals(grid, scores, new Float32Array(3), { height: 32, width: 32 })).toThrow(ShapeError);
  });

  test("F7 warp: a box at its own size is a crop, and context leaves the box in the middle", () => {
    const picture = randomNormal([2, 12, 16], random(2));
    const crop = warpBox(picture, [3, 4, 9, 8], { height: 4, width: 6 });
    for (let c = 0; c < 2; c++)
      for (let y = 0; y < 4; y++) for (let x = 0; x < 6; x++) expect(crop.at(c, y, x)).toBeCloseTo(picture.at(c, y + 4, x + 3), 5);
    const wide = warpBox(picture, [4, 4, 8, 8], { height: 8, width: 8, context: 2 });
    for (let y = 0; y < 8; y++) for (let x = 0; x < 8; x++) expect(wide.at(0, y, x)).toBeCloseTo(picture.at(0, y + 2, x + 2), 5);
    expect(() => warpBox(picture, [3, 3, 3, 5], { height: 4, width: 4 })).toThrow(ArgumentError);
  });
});

test("F7 toy: windows of a canvas are classified, suppressed, and each drawn figure is found where it is", {
  timeout: 120_000,
}, async () => {
  const machine = { device: "wasm", threads: 1 } as const;
  const classes = ["circle", "cross"];
  const size = 16;
  const { train, test: held } = await synthetic({ train: 800, test: 40, size, noise: 0.02, classes });
  // Everything is drawn by the figures' exact masks, light on dark. A third class of nothing: dark windows, half of which a figure reaches into.
  const [dark, light] = [-1, 1];
  const nothing = 800;
  const count = train.size + nothing;
  const generator = random(3);
  const images = Float32Array.from({ length: count * size * size }, () => dark + 0.1 * generator.normal());
  const labels = new Int32Array(count).fill(2, train.size);
  const draw = (canvas: Float32Array, side: number, mask: Tensor, top: number, left: number): void => {
    for (let y = Math.max(0, -top); y < Math.min(size, side - top); y++) {
      for (let x = Math.max(0, -left); x < Math.min(size, side - left); x++)
        if (mask.at(y, x) > 0) canvas[(top + y) * side + left + x] = light;
    }
  };
  for (let i = 0; i < count; i++) {
    const window = images.subarray(i * size * size, (i + 1) * size * size);
    const { mask, label } = train.groundTruth(i % train.size);
    if (i < train.size) labels[i] = label;
    const [top, left] = i < train.size ? [0, 0] : [0, 1].map(() => (generator.integer(2) === 0 ? -1 : 1) * (8 + generator.integer(8)));
    if (i < train.size || i % 2 === 0) draw(window, size, mask, top, left);
  }
  const data = arraysDataset({
    name: "windows",
    images,
    labels,
    imageShape: [1, size, size],
    classes: [...classes, "nothing"],
    normalisation: { mean: [0], deviation: [1] },
  });
  const net = patternNet(
    {
      blocks: [
        { channels: 12, padding: 1 },
        { channels: 16, padding: 1 },
      ],
      dense: [32],
    },
    [1, size, size],
    3,
  );
  const model = await fit(net, data, { epochs: 8, batchSize: 32, optimiser: adam(3e-3), seed: 2, ...machine });
  const canvas = new Tensor(
    Float32Array.from({ length: 48 * 48 }, () => dark + 0.1 * generator.normal()),
    [1, 48, 48],
  );
  const corners = [[4, 4], [28, 26]] as const; // biome-ignore format: pairs
  const truths = corners.map(([top, left], i) => {
    const { mask, label, centre, scale } = held.groundTruth(i);
    draw(canvas.data as Float32Array, 48, mask, top, left);
    const [x, y] = [left + centre.x, top + centre.y];
    return { label, box: [x - scale, y - scale, x + scale, y + scale] as const };
  });
  const windows: DetectionBox[] = [];
  for (let y = 0; y <= 32; y += 4) for (let x = 0; x <= 32; x += 4) windows.push([x, y, x + size, y + size]);
  const scores: number[] = [];
  const found: number[] = [];
  for (const box of windows) {
    const { probabilities } = await predict(model, warpBox(canvas, box, { height: size, width: size }), machine);
    const best = probabilities.data[0] >= probabilities.data[1] ? 0 : 1;
    found.push(best);
    scores.push(probabilities.data[best]);
  }
  const kept = suppress(windows, scores, { threshold: 0.1 }).filter((i) => scores[i] > 0.5);
  for (const { label, box } of truths) {
    const [x1, y1, x2, y2] = box;
    const covered = ([a, b, c, d]: DetectionBox): number =>
      (Math.max(0, Math.min(c, x2) - Math.max(a, x1)) * Math.max(0, Math.min(d, y2) - Math.max(b, y1))) / ((x2 - x1) * (y2 - y1));
    const around = kept.find((i) => covered(windows[i]) > 0.6);
    expect(around, `a window around the ${classes[label]}`).toBeDefined();
    expect(found[around as number]).toBe(label);
  }
});

describe("F12 the pattern of early nets", () => {
  test("F12 [[conv → relu] · 2 → pool] · 2 → [dense → relu] · 1 → dense, with names, sizes and parameters as written", () => {
    const pattern = {
      blocks: [
        { convs: 2, channels: 4, padding: 1 },
        { convs: 2, channels: 8, padding: 1 },
      ],
      dense: [16],
    };
    const model = createModel(patternNet(pattern, [1, 28, 28], 10), [1, 28, 28]);
    const { layers } = model.summary();
    expect(layers.map((l) => l.name)).toContain("block2.conv2");
    expect(layers.find((l) => l.name === "block2.pool")?.outputShape).toEqual([8, 7, 7]);
    expect(model.parameterCount).toBe(4 * 9 + 4 + (4 * 4 * 9 + 4) + (8 * 4 * 9 + 8) + (8 * 8 * 9 + 8) + (392 * 16 + 16) + (16 * 10 + 10));
  });

  test("F12 what does not fit is refused with the sum that shows it, before anything is built", () => {
    const deep = { blocks: Array.from({ length: 4 }, () => ({ channels: 4 })) };
    expect(() => patternNet(deep, [1, 28, 28], 10)).toThrow(ShapeError);
    expect(() => patternNet(deep, [1, 28, 28], 10)).toThrow(/patternNet: block4\.conv1/);
    expect(() => patternNet({ blocks: [{ channels: 4, pool: 40 }] }, [1, 28, 28], 10)).toThrow(/block1\.pool.*26/);
    expect(() => patternNet({ blocks: [], dense: [0] }, [1, 28, 28], 10)).toThrow(/dense\[0\] is 0/);
    expect(() => patternNet({ blocks: [] }, [28, 28], 10)).toThrow(/expected \[channels, height, width\]/);
  });

  test("F12 it learns", { timeout: 60_000 }, async () => {
    const { train, test: held } = await synthetic({
      train: 600,
      test: 60,
      size: 16,
      classes: ["circle", "horizontal stroke", "vertical stroke"],
    });
    const net = patternNet(
      {
        blocks: [
          { channels: 8, padding: 1 },
          { channels: 8, padding: 1 },
        ],
        dense: [16],
      },
      [1, 16, 16],
      3,
    );
    const model = await fit(net, train, { epochs: 5, batchSize: 32, optimiser: adam(5e-3), seed: 1, device: "wasm", threads: 1 });
    expect((await evaluate(model, held, { device: "wasm", threads: 1 })).accuracy).toBeGreaterThan(0.85);
  });
});
