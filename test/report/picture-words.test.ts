// Pictures in another language: every word is the reader's, numbers and formulas stay; and the drawing of activation functions.
import { decodeFrames } from "modern-gif";
import { describe, expect, test } from "vitest";
import { classicKernels } from "../../src/arithmetic/kernels.ts";
import { english } from "../../src/report/convolution/wording.ts";
import {
  activationAt,
  activationPicture,
  backwardWindows,
  describeSteps,
  drawGif,
  drawSvg,
  filterFigure,
  filterGif,
  filterPicture,
  gradientPicture,
  matrixPicture,
  type PictureWords,
  planWindow,
  show,
  showSymbols,
  stepPicture,
  type WindowOptions,
} from "../../src/report/index.ts";
import { ShapeError } from "../../src/tensor/errors.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

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

describe("LF12 LF13 the way back as a picture, and sums in letters", () => {
  const marked = (drawing: ReturnType<typeof stepPicture>, frame: number): string[] =>
    drawing.marks.flatMap((m) =>
      m.shape === "words" && m.during?.[0] === frame && m.during[1] === frame && m.size === 13 ? [m.text] : [],
    );

  test("LF12 a maximum hands its whole gradient to the cell that won", () => {
    const options: WindowOptions = {
      kind: "max pooling",
      input: [4, 4],
      kernel: 2,
      stride: 2,
      values: [1, 2, 0, 0, 3, 9, 5, 0, 0, 0, 1, 1, 7, 0, 1, 2],
    };
    const drawing = gradientPicture(options, [10, 20, 30, 40]);
    expect([0, 1, 2, 3].map((f) => marked(drawing, f))).toEqual([
      ["g(0, 0) = 10 → dX(1, 1) + 10·1 = 10"],
      ["g(0, 1) = 20 → dX(1, 2) + 20·1 = 20"],
      ["g(1, 0) = 30 → dX(3, 0) + 30·1 = 30"],
      ["g(1, 1) = 40 → dX(3, 3) + 40·1 = 40"],
    ]);
    const cells = drawing.marks.flatMap((m) => (m.shape === "words" && m.during === undefined && m.anchor === "middle" ? [m.text] : []));
    expect(cells.slice(0, 16).map(Number)).toEqual([0, 0, 0, 0, 0, 10, 20, 0, 0, 0, 0, 0, 30, 0, 0, 40]);
  });
  test("LF12 an average shares equally, by the cells that it counts", () => {
    const options: WindowOptions = { kind: "average pooling", input: [2, 2], kernel: 2, stride: 1, padding: 1, countIncludePad: false };
    expect(marked(gradientPicture(options), 1)).toEqual(["g(0, 1) = 1 → dX(0, 0) + 1·0.5 = 0.5; dX(0, 1) + 1·0.5 = 0.5"]);
    const counted = gradientPicture({ ...options, countIncludePad: true });
    expect(marked(counted, 1)).toEqual(["g(0, 1) = 1 → dX(0, 0) + 1·0.25 = 0.25; dX(0, 1) + 1·0.25 = 0.25"]);
  });

  const symbols = (options: WindowOptions, f: number): string => {
    const steps = describeSteps(options);
    return showSymbols(steps, steps.frames[f]);
  };
  test.each([
    [{ input: [3], kernel: 2, bias: [1] }, 1, "y(1) = x(1)·w(0) + x(2)·w(1) + b"],
    [{ input: [3, 3], kernel: [1, 2], padding: [0, 1], stride: 2 }, 0, "y(0, 0) = x(0, -1)·w(0, 0) + x(0, 0)·w(0, 1)"],
    [{ kind: "transposed", input: [2], kernel: 3, stride: 2 }, 2, "y(2) = x(0)·w(2) + x(1)·w(0)"],
    [{ input: [2], kernel: 1, inChannels: 2, outChannels: 2, bias: [1, 2] }, 3, "y(1, 1) = x(0, 1)·w(1, 0, 0) + x(1, 1)·w(1, 1, 0) + b(1)"],
    [{ kind: "max pooling", input: [4], kernel: 2 }, 1, "y(1) = max(x(2), x(3))"],
    [{ kind: "average pooling", input: [2], kernel: 2, padding: 1, stride: 1, countIncludePad: false }, 0, "y(0) = (x(0)) / 1"],
    [{ kind: "L2 pooling", input: [2], kernel: 2 }, 0, "y(0) = √(x(0)² + x(1)²)"],
  ] as readonly (readonly [WindowOptions, number, string])[])("L25 in letters: %j", (options, f, text) => {
    expect(symbols(options, f)).toBe(text.replaceAll("-", "−"));
  });
});

describe("LF13 letters of a gradient", () => {
  test("LF13 dW with channels: outputs go by the weight's own indices", () => {
    const steps = describeSteps(backwardWindows({ input: [3], kernel: 2, inChannels: 2, outChannels: 2 }).kernel);
    // Planes: input 0 with outputs 0 and 1, then input 1.
    const letters = {
      ...{ input: "x", kernel: "g", output: "dW", bias: "b" },
      outputChannel: (plane: number) => `${plane % 2}, ${Math.floor(plane / 2)}`,
      kernelChannel: (plane: number) => String(plane % 2),
    };
    expect(showSymbols(steps, steps.frames[3], letters)).toBe("dW(1, 0, 1) = x(0, 1)·g(1, 0) + x(0, 2)·g(1, 1)");
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

describe("LF20 L21 a filtered picture to take along", () => {
  const image = new Tensor(
    Float32Array.from({ length: 30 }, (_, i) => ((i * 7) % 11) / 11),
    [1, 5, 6],
  );
  const filtered = filterPicture(image, { name: "sobel-x", description: "", matrix: classicKernels["sobel-x"].matrix, signed: true });

  test("LF20 the SVG holds picture and response as pixels, every tap as a number, and the raw range", () => {
    const svg = filterFigure(image, filtered, {
      words: { picture: "图片", kernel: "核", response: "响应", range: (a, b) => `${a}，${b}` },
    });
    expect([...svg.matchAll(/<image[^>]*image-rendering="pixelated"/g)]).toHaveLength(2);
    const texts = wordsIn(svg);
    const taps = classicKernels["sobel-x"].matrix.flat().map((w) => show(w));
    expect(texts.filter((text) => taps.includes(text))).toEqual(taps);
    expect(texts).toContain(`${show(filtered.range.low)}，${show(filtered.range.high)}`);
    for (const text of texts) if (text !== "sobel-x") expect(text).not.toMatch(/[A-Za-z]{2,}/);
  });
  test("LF20 the GIF has a frame per row; pictures of another size are refused", async () => {
    const bytes = await filterGif(image, filtered);
    const frames = decodeFrames(bytes.buffer);
    expect(frames).toHaveLength(5);
    expect([frames[0].width, frames[0].height]).toEqual([2 * 6 * 37 + 16, 5 * 37]);
    expect(() => filterGif(new Tensor(new Float32Array(16), [1, 4, 4]), filtered)).toThrow(/4 × 4 pixels, its response 5 × 6/);
  });
});
