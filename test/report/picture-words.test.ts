// Pictures in another language: every word is the reader's, numbers and formulas stay; and the drawing of activation functions.
import { describe, expect, test } from "vitest";
import { english } from "../../src/report/convolution/wording.ts";
import {
  activationAt,
  activationPicture,
  drawGif,
  drawSvg,
  matrixPicture,
  type PictureWords,
  planWindow,
  show,
  stepPicture,
  type WindowOptions,
} from "../../src/report/index.ts";
import { ShapeError } from "../../src/tensor/errors.ts";

/** A language without Latin letters: whatever Latin remains was not translated. */
const other = Object.fromEntries(
  Object.entries(english).map(([key, value]) => {
    if (typeof value === "string") return [key, "字"];
    if (typeof value === "object") return [key, Object.fromEntries(Object.keys(value).map((kind) => [kind, "种"]))];
    return [key, (...given: unknown[]) => `字${given.filter((g) => typeof g !== "object").join("，")}`];
  }),
) as unknown as PictureWords;

const cases: readonly (readonly [string, WindowOptions])[] = [
  ["channels", { input: [5, 6], kernel: 3, stride: 2, padding: [1, [0, 1]], inChannels: 4, outChannels: 2, groups: 2, dilation: [1, 2] }],
  ["circular", { input: [5, 5], kernel: 3, padding: 1, border: "circular" }],
  ["transposed", { kind: "transposed", input: [3, 3], kernel: 3, stride: 2, outputPadding: 1 }],
  ["deformable", { kind: "deformable", input: [5, 5], kernel: 3 }],
  ["max pooling", { kind: "max pooling", input: [6, 6], kernel: 3, stride: 2, padding: 1, ceilMode: true }],
  ["many terms", { input: [8, 8], kernel: 6 }],
];
const wordsIn = (svg: string): string[] => [...svg.matchAll(/<(?:text|title|desc)[^>]*>([^<]*)</g)].map(([, text]) => text);

describe("L48 words in pictures", () => {
  test.each(cases)("L48 %s: nothing but numbers and the chosen words, inside the picture", (_, options) => {
    const drawing = stepPicture(options, { words: other });
    const found = wordsIn(drawSvg(drawing, { animate: true }));
    expect(found.length).toBeGreaterThan(10);
    // The side of an uncovered border is handed to the dictionary, which here repeats it.
    for (const text of found) expect(text.replace(/\b(top|bottom|left|right|max|a)\b/g, "")).not.toMatch(/[A-Za-z]{2,}/);
    for (const mark of drawing.marks)
      if (mark.shape === "words" && mark.anchor === undefined) expect(mark.x, mark.text).toBeLessThan(drawing.width);
    const plain = stepPicture(options);
    expect(plain.frames).toBe(drawing.frames);
    expect(plain.title).not.toBe(drawing.title);
  });

  test("L48 the matrix, likewise; words of English stay what they were", () => {
    const plan = planWindow({ input: [4, 4], kernel: 3, names: { input: "输入", output: "输出", kernel: "核" } });
    for (const text of wordsIn(drawSvg(matrixPicture(plan, { words: other })))) expect(text).not.toMatch(/[A-Za-z]{2,}/);
    expect(matrixPicture(plan).description).toMatch(/36 of 64 entries connect \(56 %\); 9 parameters, each used 4 times/);
    expect(() => matrixPicture(plan, { words: { inputs: "x" } as never })).toThrow(/unknown option "inputs"/);
  });

  test("L48 signs that fill a square take their room: long Chinese lines are broken, not cut", () => {
    const long =
      "这是一个很长的标题，没有空格，必须在方块字之间断行，否则就会伸出图片的边缘，读者就看不到后面的内容了，所以要断行，再断行。";
    const drawing = stepPicture({ input: [3, 3], kernel: 2, title: long });
    const lines = drawing.marks.flatMap((m) => (m.shape === "words" && m.size === 16 ? [m.text] : []));
    expect(lines.join("")).toBe(long);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) {
      expect(line.length * 16).toBeLessThanOrEqual(drawing.width);
      expect(line).not.toMatch(/^[，。]/);
    }
  });

  test("L21 a moment of a moving picture has only what is there by then", () => {
    const drawing = stepPicture({ input: [4, 4], kernel: 3 });
    const outputs = (svg: string): number => [...svg.matchAll(/<rect class="output"/g)].length;
    const legend = 1;
    expect(outputs(drawSvg(drawing, { frame: 1 }))).toBe(4 + legend);
    expect(outputs(drawSvg(drawing, { frame: 1, moment: true }))).toBe(2 + legend);
  });

  test("L21 GIF frames may be drawn by a page with fonts of its own; what has another size is refused", async () => {
    const drawing = stepPicture({ input: [3, 3], kernel: 2 });
    const asked: number[] = [];
    const bytes = await drawGif(drawing, {
      rasterise: async ({ width, height }, frame) => {
        asked.push(frame);
        return { width, height, data: new Uint8Array(4 * Math.round(width) * Math.round(height)).fill(60 * frame) };
      },
    });
    expect(asked).toEqual([0, 1, 2, 3]);
    expect(String.fromCharCode(...bytes.subarray(0, 6))).toBe("GIF89a");
    const small = { width: 1, height: 1, data: new Uint8Array(4) };
    await expect(drawGif(drawing, { rasterise: () => small })).rejects.toThrow(ShapeError);
  });
});

describe("LF14 L21 the picture of activation functions", () => {
  test("LF14 says value and derivative of both functions at every step, and at the chosen one where it stands still", () => {
    const drawing = activationPicture(["sigmoid", "relu"], { at: 1.5 });
    expect(drawing.frames).toBe(49);
    expect(drawing.still).toBe(30);
    const said = drawing.marks.flatMap((m) => (m.shape === "words" && m.during?.[0] === 30 ? [m.text] : []));
    const { value, slope } = activationAt("sigmoid", 1.5);
    expect(said).toEqual([`sigmoid at 1.5: value ${show(value)}, derivative ${show(slope)}`, "relu at 1.5: value 1.5, derivative 1"]);
    expect(() => activationPicture([])).toThrow(/0 functions; expected 1 or 2/);
  });
  test("LF14 bars stand as high as the histogram says, the flat part below", () => {
    const histogram = new Array<number>(48).fill(0);
    const flat = new Array<number>(48).fill(0);
    histogram[10] = 8;
    flat[10] = 2;
    histogram[30] = 4;
    const study = { layer: "relu1", places: 12, saturated: 1 / 6, histogram, flat };
    const { marks } = activationPicture(["relu"], { study });
    const rects = marks.flatMap((m) => (m.shape === "rect" ? [m] : []));
    expect(rects).toHaveLength(3);
    const [low, rest, second] = rects;
    expect(rest.height / low.height).toBeCloseTo(3, 9);
    expect(rest.y + rest.height).toBeCloseTo(low.y, 9);
    expect(second.height).toBeCloseTo((low.height + rest.height) / 2, 9);
    const words = marks.flatMap((m) => (m.shape === "words" ? [m.text] : []));
    expect(words).toContain("bars: 12 sums that reach relu1; 16.7 % of them where the slope is below 0.05 (orange)");
  });
});
