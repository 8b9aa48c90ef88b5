// The random transforms between picture and net (seeing-inside.md sections 1 and 13).
import { describe, expect, it } from "vitest";
import { compile } from "../../src/backends/compile.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { input } from "../../src/graph/record.ts";
import { maximise, standardTransforms, type Transform } from "../../src/lens/index.ts";
import { blurMatrix, separably } from "../../src/lens/maximise/blur.ts";
import { drawPlacement, drawShift, type Placement, transforming, untransformed } from "../../src/lens/maximise/transforms.ts";
import { full, random, randomNormal, type Tensor } from "../../src/tensor/index.ts";
import { adam } from "../../src/train/optimisers.ts";
import { smallNet } from "./nets.ts";

const device = "reference" as const;
const threads = 1;

async function applied(picture: Tensor, transforms: readonly Transform[], placement: Placement, grey = 0): Promise<Tensor> {
  const [, channels] = picture.shape;
  const part = transforming(transforms, picture.shape.slice(1), new Array<number>(channels).fill(grey), "float32");
  const program = await compile(createGraph({ outputs: { out: part.apply(input("x", picture.shape)) } }), { device });
  const { out } = await program.run({ x: picture, ...part.feeds(placement) });
  return out;
}

const each: readonly (readonly Transform[])[] = [
  [{ kind: "jitter", pixels: 9 }],
  [{ kind: "jitter", pixels: 4 }],
  [{ kind: "scale", factors: [0.8, 1.3] }],
  [{ kind: "rotate", degrees: [-10, 0, 37] }],
  [{ kind: "blur", sigma: [1, 1.1] }],
  [{ kind: "flip" }],
];

describe("transforms", () => {
  it("AM7 KD6 every transform keeps a constant picture of 0.5, padded or not, square or not", async () => {
    const generator = random(1);
    for (const transforms of each) {
      for (const padded of [false, true]) {
        const all: readonly Transform[] = padded ? [{ kind: "pad" }, ...transforms] : transforms;
        for (let draw = 0; draw < 6; draw++) {
          const out = await applied(full([1, 2, 9, 14], 0.5), all, drawPlacement(all, generator), 0.5);
          expect(out.shape).toEqual([1, 2, 9, 14]);
          for (const v of out.data) expect(v).toBeCloseTo(0.5, 6);
        }
      }
    }
  });

  it("AM7 the standard transforms keep it, too, at every size", async () => {
    for (const size of [
      [8, 8],
      [28, 28],
      [32, 20],
      [128, 140],
    ] as const) {
      const transforms = standardTransforms(size, { flip: true });
      const out = await applied(full([1, 1, ...size], 0.5), transforms, drawPlacement(transforms, random(3)), 0.5);
      for (const v of out.data) expect(Math.abs(v - 0.5)).toBeLessThan(1e-6);
    }
  });

  it("KD6 strengths follow the picture's size: u = size / 16", () => {
    const jitters = (size: number): number[] => standardTransforms([size, size]).flatMap((t) => (t.kind === "jitter" ? [t.pixels] : []));
    expect(jitters(32)).toEqual([4, 4, 8, 8, 8, 2, 2]);
    expect(jitters(28)).toEqual([4, 4, 8, 8, 8, 2, 2]);
    expect(jitters(224)).toEqual([8, 4]);
    expect(standardTransforms([28, 28]).some((t) => t.kind === "flip" || t.kind === "rotate")).toBe(false);
    const turns = standardTransforms([128, 128]).flatMap((t) => (t.kind === "rotate" ? t.degrees : []));
    expect(turns.filter((d) => d === 0)).toHaveLength(6);
    expect([Math.min(...turns), Math.max(...turns)]).toEqual([-10, 10]);
  });

  it("KD6 jitter moves pictures both ways alike: every crop occurs equally often, and the mean displacement is 0", () => {
    for (const pixels of [4, 5]) {
      const generator = random(1);
      const counts = new Map<number, number>();
      const draws = 20_000;
      let mean = 0;
      for (let i = 0; i < draws; i++) {
        const shift = drawShift(generator, pixels);
        mean += shift / draws;
        counts.set(shift, (counts.get(shift) ?? 0) + 1);
      }
      // Four standard errors of the mean.
      expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt((pixels * (pixels + 2)) / 12 / draws) + 0.01);
      expect(Math.max(...counts.keys())).toBe(-Math.min(...counts.keys()));
      if (pixels === 4) for (const count of counts.values()) expect(Math.abs(count / draws - 0.2)).toBeLessThan(0.015);
    }
  });

  it("KD6 the displacement of all standard transforms together is 0 in the mean", () => {
    for (const size of [28, 128]) {
      const generator = random(7);
      const transforms = standardTransforms([size, size]);
      let [down, across] = [0, 0];
      for (let i = 0; i < 10_000; i++) {
        const { offset } = drawPlacement(transforms, generator);
        down += offset[0] / 10_000;
        across += offset[1] / 10_000;
      }
      expect(Math.abs(down)).toBeLessThan(0.2);
      expect(Math.abs(across)).toBeLessThan(0.2);
    }
  });

  it("a shift reads whole pixels, and grey or the edge beyond them", async () => {
    const picture = randomNormal([1, 1, 5, 7], random(2));
    const shift: Placement = { ...untransformed, offset: [2, -3] };
    const [edge, grey] = [
      await applied(picture, [{ kind: "jitter", pixels: 6 }], shift),
      await applied(picture, [{ kind: "pad" }, { kind: "jitter", pixels: 6 }], shift, 0.25),
    ];
    for (let i = 0; i < 5; i++) {
      for (let j = 0; j < 7; j++) {
        expect(edge.at(0, 0, i, j)).toBe(picture.at(0, 0, Math.min(4, i + 2), Math.max(0, j - 3)));
        if (i + 2 < 5 && j - 3 >= 0) expect(grey.at(0, 0, i, j)).toBeCloseTo(picture.at(0, 0, i + 2, j - 3), 6);
        else expect(grey.at(0, 0, i, j)).toBeCloseTo(0.25, 6);
      }
    }
  });

  it("flip twice, and turn there and back, are the picture", async () => {
    const picture = randomNormal([1, 2, 8, 8], random(4));
    const mirrored: Placement = { ...untransformed, matrix: [1, 0, 0, -1] };
    const once = await applied(picture, [{ kind: "flip" }], mirrored);
    expect(once.at(0, 1, 3, 0)).toBe(picture.at(0, 1, 3, 7));
    expect((await applied(once, [{ kind: "flip" }], mirrored)).data).toEqual(picture.data);
    const quarter: Transform[] = [{ kind: "rotate", degrees: [90] }];
    let turned = picture;
    for (let k = 0; k < 4; k++) turned = await applied(turned, quarter, drawPlacement(quarter, random(0)));
    turned.data.forEach((v, p) => {
      expect(v).toBeCloseTo(picture.data[p], 5);
    });
  });

  it("blur weights sum to 1 at every pixel, and sigma 0 changes nothing", () => {
    const picture = randomNormal([1, 1, 7, 11], random(5));
    expect(separably(picture, blurMatrix(7, 0), blurMatrix(11, 0)).data).toEqual(picture.data);
    const blurred = separably(full([1, 1, 7, 11], 0.5), blurMatrix(7, 1.3), blurMatrix(11, 1.3));
    for (const v of blurred.data) expect(v).toBeCloseTo(0.5, 6);
  });

  it("KD8 transforms act on a copy: at learning rate 0 the picture keeps every bit under all of them", async () => {
    const transforms: Transform[] = [{ kind: "pad" }, ...each.flat()];
    for (const parametrisation of ["pixel", "fourier", "laplacian", "cppn"] as const) {
      const options = { layer: "conv2", channel: 1, transforms, parametrisation, optimiser: adam(0), device: "wasm", threads: 1 } as const;
      const before = await maximise(smallNet(), { ...options, steps: 0 });
      const after = await maximise(smallNet(), { ...options, steps: 20 });
      expect(after.image.data).toEqual(before.image.data);
      expect(new Set(after.history).size).toBeGreaterThan(1);
    }
  });

  it("says what is wrong with impossible transforms", async () => {
    const ask = (options: object): Promise<unknown> => maximise(smallNet(), { layer: "conv2", channel: 0, device, threads, ...options });
    await expect(ask({ transforms: [{ kind: "scale", factors: [0] }] })).rejects.toThrow(/scale.*factors > 0/);
    await expect(ask({ transforms: [{ kind: "jitter", pixels: 1.5 }] })).rejects.toThrow(/whole number/);
    await expect(ask({ transforms: [{ kind: "shear" }] })).rejects.toThrow(/shear/);
    await expect(ask({ transforms: [], jitter: 1 })).rejects.toThrow(/either/);
  });
});
