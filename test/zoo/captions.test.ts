// Pictures and sentences: the score, its loss, the language and its pictures. What nets learn from them is measured in test/examples.test.ts.
import { describe, expect, test } from "vitest";
import { compile } from "../../src/backends/index.ts";
import { captionedShapes, captionVocabulary, decodeCaptions, encodeCaptions, parseCaption } from "../../src/data/index.ts";
import { constant, createGraph, input } from "../../src/graph/index.ts";
import { ArgumentError, DTypeError, FoveaError, ShapeError } from "../../src/tensor/errors.ts";
import { random, randomNormal, Tensor, tensor } from "../../src/tensor/index.ts";
import { alignCaptions, captionStep, describePictures, teachCaptions } from "../../src/train/index.ts";
import { alignmentScores, alignments, captionNets, rankingLoss, spokenWords, traceCaptionNets } from "../../src/zoo/index.ts";
import { checkGradient } from "../support/gradient-check.ts";

const normal = (shape: readonly number[], seed: number): Tensor => randomNormal(shape, random(seed)).cast("float64");

describe("F9 alignment", () => {
  test("F9 by hand: each word takes its best region, and what is no word counts nothing", () => {
    // Two regions, (1, 0) and (0, 2); the words (3, 1), (1, 1) and one that is none, (9, 9): max(3, 2) + max(1, 2).
    const regions = tensor([[[1, 0], [0, 2]]]); // biome-ignore format: a row per feature
    const words = tensor([[[3, 1, 9], [1, 1, 9]]]); // biome-ignore format: a row per feature
    const products = alignments(regions, words);
    expect(products.toNested()).toEqual([[[[3, 1, 9], [2, 2, 18]]]]); // biome-ignore format: a row per region
    expect(alignmentScores(products, new Tensor(Int32Array.of(4, 2, 0), [1, 3])).toNested()).toEqual([[5]]);
  });

  test("F9 20 regions and captions of several lengths: the score is that of four plain loops", () => {
    const [pictures, features, count, captions, length] = [3, 5, 20, 4, 6];
    const regions = normal([pictures, features, count], 1);
    const vectors = normal([captions, features, length], 2);
    const words = Int32Array.from({ length: captions * length }, (_, i) => (i % length < 3 + Math.floor(i / length) ? 1 + (i % 7) : 0));
    const scores = alignmentScores(alignments(regions, vectors), new Tensor(words, [captions, length]));
    expect(scores.shape).toEqual([pictures, captions]);
    for (let n = 0; n < pictures; n++) {
      for (let m = 0; m < captions; m++) {
        let score = 0;
        for (let t = 0; t < 3 + m; t++) {
          let best = Number.NEGATIVE_INFINITY;
          for (let r = 0; r < count; r++) {
            let product = 0;
            for (let d = 0; d < features; d++)
              product += regions.data[(n * features + d) * count + r] * vectors.data[(m * features + d) * length + t];
            best = Math.max(best, product);
          }
          score += best;
        }
        expect(scores.data[n * captions + m]).toBeCloseTo(score, 12);
      }
    }
  });

  test("F9 the loss by hand: 0 where all true pairs win by the margin, else what is lacking, per false pair", () => {
    expect(rankingLoss(tensor([[5, 1], [2, 4]])).item()).toBe(0); // biome-ignore format: a matrix
    // Rows lack 3 - 2 + 1 and 0, columns 0 and 3 - 2.5 + 1; there are two false pairs.
    expect(rankingLoss(tensor([[2, 3], [-4, 2.5]])).item()).toBeCloseTo((2 + 1.5) / 2, 12); // biome-ignore format: a matrix
    expect(rankingLoss(tensor([[2, 3], [-4, 2.5]]), { margin: 0 }).item()).toBeCloseTo((1 + 0.5) / 2, 12); // biome-ignore format: a matrix
    expect(() => rankingLoss(tensor([[1, 2]]))).toThrow(ShapeError);
    expect(() => rankingLoss(tensor([[1]]))).toThrow(/at least 2/);
  });

  test("F9 gradients of score and loss are those of finite differences", () => {
    const words = new Tensor(Int32Array.of(3, 1, 0, 2, 2, 4, 5, 0, 0), [3, 3]);
    const operands = [normal([3, 4, 20], 3), normal([3, 4, 3], 4)];
    const score = checkGradient(([r, w]) => alignmentScores(alignments(r, w), constant(words)), operands);
    expect(score.error, score.worst).toBeLessThan(1e-6);
    const loss = checkGradient(([r, w]) => rankingLoss(alignmentScores(alignments(r, w), constant(words))), operands);
    expect(loss.error, loss.worst).toBeLessThan(1e-6);
  });
});

describe("F9 the language and its pictures", () => {
  test("F9 what is written is read again, and other sentences are not", () => {
    const texts = ["red square left of circle", "yellow cross above triangle"];
    expect(decodeCaptions(encodeCaptions(texts))).toEqual(texts);
    expect(encodeCaptions(texts).shape).toEqual([2, 6]);
    expect(parseCaption(texts[0])).toEqual({ colour: "red", shape: "square", relation: "left of", other: "circle" });
    for (const other of ["red square", "square red left of circle", "red square left circle", "pink square above circle", ""])
      expect(parseCaption(other)).toBeUndefined();
    expect(() => encodeCaptions(["red dog left of circle"])).toThrow(/"dog" in "red dog left of circle" is not one of red,/);
    expect(() => encodeCaptions(["red red red red red red"])).toThrow(/6 words; a caption has at most 5/);
  });

  const { train, test: held } = captionedShapes({ train: 40, test: 40, seed: 3 });

  test("F9 both captions are true of where the figures were drawn, and of their colours", () => {
    for (let i = 0; i < train.size; i++) {
      const [a, b] = train.figures(i);
      const [dx, dy] = [b.centre.x - a.centre.x, b.centre.y - a.centre.y];
      const [there, back] = Math.abs(dx) > Math.abs(dy) ? ["left of", "right of"] : ["above", "below"];
      const first = (Math.abs(dx) > Math.abs(dy) ? dx : dy) > 0;
      expect(train.captions(i)).toEqual([
        `${a.colour} ${a.shape} ${first ? there : back} ${b.shape}`,
        `${b.colour} ${b.shape} ${first ? back : there} ${a.shape}`,
      ]);
      // The figure's colour leads on its own pixels: red and yellow in red, green in green, blue in blue.
      const { pictures } = train.batch([i]);
      const mean = (c: number): number => {
        const inside = [...a.mask.data.keys()].filter((p) => a.mask.data[p] === 1);
        return inside.reduce((sum, p) => sum + pictures.data[c * 1280 + p], 0) / inside.length;
      };
      const [red, green, blue] = [0, 1, 2].map(mean);
      const seen = blue > red && blue > green ? "blue" : green > red ? "green" : green > 0 ? "yellow" : "red";
      expect(seen).toBe(a.colour);
      expect(a.mask.data.some((inside, p) => inside === 1 && b.mask.data[p] === 1)).toBe(false);
    }
  });

  test("F9 the same options give the same pictures, and the shares differ", () => {
    const again = captionedShapes({ train: 40, test: 40, seed: 3 });
    expect(again.train.batch([7, 2])).toEqual(train.batch([7, 2]));
    expect(held.batch([7]).pictures.data).not.toEqual(train.batch([7]).pictures.data);
    expect(captionedShapes({ train: 1, test: 1, seed: 4 }).train.captions(0)).not.toEqual(train.captions(0));
    expect(() => train.batch([40])).toThrow(/there is no picture 40/);
    expect(() => captionedShapes({ train: 0 })).toThrow(ArgumentError);
    expect(() => captionedShapes({ noise: -1 })).toThrow(ArgumentError);
  });
});

describe("F9 the nets", () => {
  const vocabulary = captionVocabulary.length;
  const nets = captionNets({ vocabulary, length: 6, features: 8, seed: 1 });
  const { train } = captionedShapes({ train: 8, test: 1 });
  const { pictures, words } = train.batch([0, 1, 2]);

  test("F9 a picture has 20 regions, and each sees 22 pixels", () => {
    const traced = traceCaptionNets(nets, { pictures: 3, captions: 3 });
    expect(traced.look(constant(pictures)).shape).toEqual([3, 8, 20]);
    expect(traced.read(constant(words)).shape).toEqual([3, 8, 6]);
    const field = nets.looker.field("looker.regions");
    expect(field.axes.map(({ size, stride }) => [size, stride])).toEqual([[22, 8], [22, 8]]); // biome-ignore format: pairs
  });

  test("F9 the speaker hears the words before a place, and neither that one nor those after", async () => {
    const traced = traceCaptionNets(nets, { pictures: 3, captions: 3 });
    const given = input("words", [3, 6], "int32");
    const program = await compile(createGraph({ outputs: { scores: traced.speak(traced.look(constant(pictures)), given) } }), {
      device: "reference",
    });
    const before = (await program.run({ words })).scores;
    const changed = words.clone();
    changed.data[2] = changed.data[2] === 1 ? 2 : 1;
    const after = (await program.run({ words: changed })).scores;
    const differs = (n: number, t: number): boolean =>
      Array.from({ length: vocabulary }, (_, v) => (n * vocabulary + v) * 6 + t).some((i) => before.data[i] !== after.data[i]);
    expect([0, 1, 2, 3, 4, 5].map((t) => differs(0, t))).toEqual([false, false, false, true, true, true]);
    expect(differs(1, 4)).toBe(false);
  });

  test("F9 what is said is, word by word, the likeliest after what was said", async () => {
    const said = await describePictures(nets, pictures, { device: "wasm", threads: 1 });
    expect(said.shape).toEqual([3, 6]);
    const traced = traceCaptionNets(nets, { pictures: 3, captions: 3 });
    const regions = traced.look(constant(pictures));
    const outputs = { scores: traced.speak(regions, constant(said)), again: spokenWords(traced, regions, 6) };
    const { scores, again } = await (await compile(createGraph({ outputs }), { device: "reference" })).run({});
    expect(again.data).toEqual(said.data);
    for (let n = 0; n < 3; n++) {
      for (let t = 0; t < 6; t++) {
        const row = Array.from({ length: vocabulary }, (_, v) => scores.data[(n * vocabulary + v) * 6 + t]);
        expect(row.indexOf(Math.max(...row))).toBe(said.data[n * 6 + t]);
      }
    }
  });

  test("F9 a step teaches every parameter of all four nets, and is the same each time", async () => {
    const options = { epochs: 1, batch: 4, device: "wasm", threads: 1 } as const;
    const [first, second] = [await teachCaptions(nets, train, options), await teachCaptions(nets, train, options)];
    for (const name of ["looker", "reader", "asker", "speaker"] as const) {
      for (const [parameter, value] of first[name].parameters) {
        expect(value.data, parameter).not.toEqual(nets[name].parameters.get(parameter)?.data);
        expect(value.data, parameter).toEqual(second[name].parameters.get(parameter)?.data);
      }
    }
  });

  test("F9 what does not fit is refused", async () => {
    expect(() => captionNets({ vocabulary, length: 6, inputShape: [3, 30, 40] })).toThrow(/multiples of 8/);
    expect(() => captionNets({ vocabulary: 1, length: 6 })).toThrow(ArgumentError);
    expect(() => captionStep(nets, { batch: 1 })).toThrow(/at least 2/);
    await expect(teachCaptions(nets, train, { batch: 9 })).rejects.toThrow(/8 pictures do not fill one batch of 9/);
    await expect(describePictures(nets, tensor([[1]]))).rejects.toThrow(ShapeError);
    await expect(alignCaptions(nets, pictures, tensor([[1, 2]]))).rejects.toThrow(/expected \[M, 6\]/);
    await expect(alignCaptions(nets, pictures, tensor([[1, 2, 3, 4, 5, 6]]))).rejects.toThrow(DTypeError);
    await expect(describePictures({} as never, pictures)).rejects.toThrow(FoveaError);
  });
});
