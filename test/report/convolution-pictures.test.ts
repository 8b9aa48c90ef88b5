// Pictures of convolution arithmetic: what they say, what they draw, and that nobody is left out - no eyes, no colours, no movement.
import { describe, expect, test } from "vitest";
import { classicKernels } from "../../src/arithmetic/kernels.ts";
import { seenIn, seenStill, widthOf } from "../../src/report/convolution/drawing.ts";
import {
  type Drawing,
  describeSteps,
  drawSvg,
  drawTerminal,
  drawTerminalMatrix,
  kernelTiles,
  matrixPicture,
  namedConfigurations,
  planWindow,
  pyramidPicture,
  showSum,
  showTitle,
  stepPicture,
  terminalLegend,
  type WindowOptions,
} from "../../src/report/convolution/index.ts";
import { coneOf, pyramidRows } from "../../src/report/convolution/pyramid.ts";
import { fixture } from "../support/fixtures.ts";

const guide: WindowOptions = { input: [5, 5], kernel: 3, stride: 2, padding: 1 };
const same = { kernel: 3, padding: 1 } as const;

const drawings: readonly (readonly [string, Drawing])[] = [
  ["steps", stepPicture(guide)],
  ["channels", stepPicture({ input: [4, 4], kernel: 3, inChannels: 4, outChannels: 2, groups: 2 })],
  ["deformable", stepPicture({ kind: "deformable", input: [5, 5], kernel: 3 })],
  ["pooling", stepPicture({ kind: "max pooling", input: [6, 6], kernel: 3, stride: 2, padding: 1, ceilMode: true })],
  ["sequence", stepPicture({ input: [9], kernel: 3, dilation: 2, padding: "causal" })],
  ["matrix", matrixPicture(planWindow({ input: [4, 4], kernel: 3 }))],
  ["transposed matrix", matrixPicture(planWindow({ kind: "transposed", input: [2, 2], kernel: 3 }))],
  ["pyramid", pyramidPicture({ input: 5, layers: [same, same], show: "backward", unit: "each" })],
  ["sharing", pyramidPicture({ input: 5, layers: [same], show: "sharing" })],
  ["kernels", kernelTiles([classicKernels["sobel-x"], classicKernels.laplace])],
];

/** Tags that are opened and not closed, or closed and not opened. */
function unbalanced(svg: string): string[] {
  const open: string[] = [];
  for (const [, slash, name, selfClosing] of svg.matchAll(/<(\/?)([a-z]+)(?:"[^"]*"|[^>"])*?(\/?)>/g)) {
    if (selfClosing === "/") continue;
    if (slash === "") open.push(name);
    else if (open.pop() !== name) return [`</${name}>`];
  }
  return open;
}

describe("A13 every SVG", () => {
  test.each(drawings)("A13 %s: has a name and a description, closed tags, a viewBox, and nothing from outside", (_, drawing) => {
    for (const animate of [false, true]) {
      for (const theme of ["standalone", "inline"] as const) {
        const svg = drawSvg(drawing, { animate, theme });
        expect(unbalanced(svg)).toEqual([]);
        const [, title, description] = /aria-labelledby="(\S+) (\S+)"/.exec(svg) ?? [];
        expect(svg).toMatch(new RegExp(`<title id="${title}">[^<]{5,}</title>`));
        expect(svg).toMatch(new RegExp(`<desc id="${description}">[^<]{10,}</desc>`));
        expect(svg).toMatch(/role="img"/);
        expect(svg).not.toMatch(/NaN|undefined|Infinity|href=|url\(|<script/);
        const ids = [...svg.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]);
        expect(new Set(ids).size).toBe(ids.length);
        expect(drawSvg(drawing, { animate, theme })).toBe(svg);
      }
    }
  });

  test.each(drawings)("A13 %s: every mark lies inside the picture", (_, { marks, width, height }) => {
    for (const mark of marks) {
      const [xs, ys] =
        mark.shape === "line"
          ? [
              [mark.from[0], mark.to[0]],
              [mark.from[1], mark.to[1]],
            ]
          : mark.shape === "rect"
            ? [
                [mark.x, mark.x + mark.width],
                [mark.y, mark.y + mark.height],
              ]
            : mark.shape === "dot"
              ? [
                  [mark.x - mark.radius, mark.x + mark.radius],
                  [mark.y - mark.radius, mark.y + mark.radius],
                ]
              : [textSpan(mark), [mark.y - mark.size / 2, mark.y + mark.size / 2]];
      expect(Math.min(...xs)).toBeGreaterThanOrEqual(-0.01);
      expect(Math.min(...ys)).toBeGreaterThanOrEqual(-0.01);
      expect(Math.max(...xs)).toBeLessThanOrEqual(width + 0.01);
      expect(Math.max(...ys)).toBeLessThanOrEqual(height + 0.01);
    }
  });

  test("A13 movement is only for those who have not asked for rest; the still fallback is complete", () => {
    const drawing = stepPicture(guide);
    const svg = drawSvg(drawing, { animate: true });
    const rules = /<style>([\s\S]*?)<\/style>/.exec(svg)?.[1] ?? "";
    const [still, moving] = rules.split("@media (prefers-reduced-motion:no-preference)");
    expect(still).not.toMatch(/animation|keyframes/);
    // A rule for every frame, and for every output cell that stays.
    expect(moving.match(/@keyframes/g)?.length).toBe(9 + 8);
    expect(moving).toContain("animation-play-state:paused");
    // Without animation: frame 4 and all outputs are seen, the other frames are not.
    expect(svg).toMatch(/<g class="t4-4">/);
    for (const other of [0, 3, 5]) expect(svg).toMatch(new RegExp(`<g class="t${other}-${other}" visibility="hidden">`));
    for (const frame of [0, 5, 7]) expect(svg).toMatch(new RegExp(`<g class="t${frame}-8">`));
    expect(() => drawSvg(drawing, { animate: true, seconds: 0.2 })).toThrow(/at least 0.4/);
    expect(() => drawSvg(drawing, { frame: 9 })).toThrow(/frames 0 to 8/);
  });

  test("inline drawings take their colours from variables and know the dark", () => {
    const svg = drawSvg(stepPicture(guide), { theme: "inline" });
    expect(svg).toContain("fill:var(--fovea-input-fill)");
    expect(svg).toContain("@media (prefers-color-scheme:dark)");
    expect(svg).not.toContain('class="paper"');
    const fixed = drawSvg(stepPicture(guide));
    expect(fixed).not.toMatch(/var\(|prefers-color-scheme/);
    expect(fixed).toContain('class="paper"');
  });
});

function textSpan({
  x,
  text,
  size,
  anchor = "start",
}: {
  x: number;
  text: string;
  size: number;
  anchor?: "start" | "middle" | "end";
}): number[] {
  const width = Array.from(text).length * size * 0.602;
  const left = x - { start: 0, middle: 0.5, end: 1 }[anchor] * width;
  return [left, left + width];
}

describe("what the words say", () => {
  const wordsOf = (options: Parameters<typeof stepPicture>[0]): string[] =>
    stepPicture(options).marks.flatMap((mark) => (mark.shape === "words" ? [mark.text] : []));

  test("A3 A13 a dilated kernel's extent is worked out before the size that it is used in", () => {
    const [extent, size] = wordsOf({ input: [7, 7], kernel: 3, dilation: 2 }).slice(1);
    expect(extent).toBe("extent of the dilated kernel: 2·(3 − 1) + 1 = 5, along both axes");
    expect(size).toBe("output size: 7 − 5 + 1 = 3, along both axes");
    const uneven = wordsOf({ input: [7, 7], kernel: 3, dilation: [2, 1] });
    expect(uneven).toContain("extent of the dilated kernel in rows: 2·(3 − 1) + 1 = 5");
    expect(uneven.filter((text) => text.startsWith("extent"))).toHaveLength(1);
    expect(wordsOf({ input: [7, 7], kernel: 3 }).filter((text) => text.startsWith("extent"))).toEqual([]);
  });

  test("A13 numbers of any length leave a tenth of their cell free on both sides", () => {
    const values = [-999, 0.125, 1234, -1.25, 7].flatMap((v) => [v, v, v, v, v]);
    const drawing = stepPicture({ input: [5, 5], kernel: 1, values, weights: [1] } as Parameters<typeof stepPicture>[0]);
    const cell = Math.max(...drawing.marks.flatMap((mark) => (mark.shape === "rect" && mark.role === "input" ? [mark.width] : [])));
    const numbers = drawing.marks.flatMap((mark) => (mark.shape === "words" && mark.role === "number" ? [mark] : []));
    expect(numbers.map(({ text }) => text)).toContain("−999");
    for (const { text, size } of numbers) expect(widthOf(text, size)).toBeLessThanOrEqual(0.8 * cell);
  });
});

describe("what the frames show", () => {
  test("A13 in each frame of each named configuration: one window, one active cell, the sum that makes it, outputs so far", () => {
    for (const { options } of namedConfigurations) {
      const steps = describeSteps(options);
      const drawing = stepPicture(options);
      expect(drawing.frames).toBe(steps.frames.length);
      for (const f of new Set([0, Math.floor(drawing.frames / 2), drawing.frames - 1])) {
        const seen = drawing.marks.filter((m) => seenIn(m, f) && m.during !== undefined);
        const count = (role: string): number => seen.filter((m) => m.role === role && m.shape === "rect").length;
        expect(count("outline")).toBe(1);
        expect(count("active")).toBe(1);
        expect(count("window")).toBe(steps.frames[f].taps.length);
        expect(count("output")).toBe(f + 1);
        const words = seen.flatMap((m) => (m.shape === "words" ? [m.text] : [])).join(" ");
        expect(words).toContain(showSum(steps, steps.frames[f]).slice(0, 30));
      }
    }
  });

  test("A13 KD13 cells that no window covers are struck out and named in the legend", () => {
    const drawing = stepPicture({ input: [6, 6], kernel: 3, stride: 2, padding: 1 });
    const strikes = drawing.marks.filter((m) => m.role === "unused");
    // 8 + 7 cells and the legend's swatch.
    expect(strikes).toHaveLength(16);
    const words = drawing.marks.flatMap((m) => (m.shape === "words" ? [m.text] : []));
    expect(words).toContain("not covered");
    expect(words).toContain("no window reaches 1 row at the bottom and 1 column at the right");
    expect(words).toContain("output size: ⌊(6 + 2·1 − 3) / 2⌋ + 1 = 3, along both axes");
  });

  test("A13 a still picture has every output, and one window", () => {
    const { marks, still = 0 } = stepPicture(guide);
    const seen = marks.filter((m) => seenStill(m, still));
    expect(seen.filter((m) => m.role === "output" && m.shape === "rect" && m.lasting === true)).toHaveLength(9);
    expect(seen.filter((m) => m.role === "outline")).toHaveLength(1);
  });

  test("sums are written out: products, means, maxima; long ones are cut", () => {
    const first = (options: WindowOptions): string => {
      const steps = describeSteps(options);
      return showSum(steps, steps.frames[0]);
    };
    expect(first({ input: [5, 5], kernel: 3 })).toBe("3·0 + 3·1 + 2·2 + 0·2 + 0·2 + 1·0 + 3·0 + 1·1 + 2·2 = 12");
    expect(first({ input: [2, 2], kernel: 2, values: [1, -2, 3, 0.5], weights: [-1, 1, 0.25, 2] })).toBe(
      "1·(−1) + (−2)·1 + 3·0.25 + 0.5·2 = −1.25",
    );
    expect(first({ kind: "average pooling", input: [5, 5], kernel: 3, stride: 1 })).toBe("(3 + 3 + 2 + 0 + 0 + 1 + 3 + 1 + 2) / 9 = 1.67");
    expect(first({ kind: "max pooling", input: [5, 5], kernel: 2, padding: 1 })).toBe("max(−∞, −∞, −∞, 3) = 3");
    expect(
      first({ kind: "average pooling", input: [4, 4], kernel: 2, padding: 1, countIncludePad: false, values: new Array(16).fill(5) }),
    ).toBe("(5) / 1 = 5");
    expect(first({ input: [8, 8], kernel: 6 })).toMatch(/… 12 more = \d+$/);
    expect(
      showTitle(
        planWindow({
          input: [6, 6],
          kernel: 3,
          stride: 2,
          padding: [
            [0, 1],
            [0, 1],
          ],
          groups: 2,
          inChannels: 2,
          outChannels: 2,
        }),
      ),
    ).toBe(
      "Convolution of 6\u00a0×\u00a06: kernel 3\u00a0×\u00a03, stride 2, padding 0,1, 2 to 2 channels, 2 groups →\u00a03\u00a0×\u00a03",
    );
  });

  test("too much to draw is refused with the numbers", () => {
    expect(() => stepPicture({ input: [64, 64], kernel: 3 })).toThrow(/64 × 64 cells → 62 × 62 cannot be read; at most 40/);
    expect(() => matrixPicture(planWindow({ input: [16, 16], kernel: 3 }))).toThrow(/196 × 256 cannot be read/);
    expect(() => matrixPicture(planWindow({ kind: "max pooling", input: [4, 4], kernel: 2 }))).toThrow(/no matrix/);
    expect(() => pyramidPicture({ input: 100, layers: [same], show: "forward" })).toThrow(/100 units per row/);
    expect(() => pyramidPicture({ input: 5, layers: [same], show: "forward", unit: 5 })).toThrow(/no unit 5; that row has 0 to 4/);
    expect(() => kernelTiles([])).toThrow(/no kernel/);
  });

  test("a misspelt option is refused, and what was meant is named", () => {
    const wrong = (call: () => unknown, name: string): void => expect(call).toThrow(new RegExp(`did you mean "${name}"`));
    wrong(() => describeSteps({ ...guide, strid: 2 } as never), "stride");
    wrong(() => stepPicture(guide, { cells: 20 } as never), "cell");
    wrong(() => drawSvg(stepPicture(guide), { animated: true } as never), "animate");
    wrong(() => kernelTiles([classicKernels.laplace], { perrow: 2 } as never), "perRow");
    wrong(() => pyramidPicture({ input: 5, layers: [same], shows: "forward" } as never), "show");
    wrong(() => pyramidPicture({ input: 5, layers: [{ kernels: 3 } as never], show: "forward" }), "kernel");
    wrong(() => drawTerminal(describeSteps(guide), describeSteps(guide).frames[0], { colours: true } as never), "colour");
  });

  test("A13 the smallest picture, as text", async () => {
    await expect(
      drawSvg(stepPicture({ input: [3], kernel: 2, values: [1, 2, 3], weights: [1, -1] }), { animate: true }),
    ).toMatchFileSnapshot("../golden/pictures/sequence.svg");
  });
});

describe("the matrix", () => {
  const fixtureMatrix = fixture<{ kernel: number[][]; rows: number[][] }>("unrolled_matrix");
  const plan = planWindow({ input: [4, 4], kernel: 3, weights: fixtureMatrix.kernel.flat() });

  test("A7 the picture has the 36 entries of the specification in their places, one colour per kernel entry", () => {
    const drawing = matrixPicture(plan);
    expect(drawing.frames).toBe(4);
    const border = drawing.marks.find((m) => m.role === "border");
    if (border?.shape !== "rect") throw new Error("no border");
    const cell = border.height / 4;
    const tiles = drawing.marks.flatMap((m) => (m.shape === "rect" && m.role === "tile" && m.x < border.x + border.width ? [m] : []));
    expect(tiles).toHaveLength(36);
    const colours = new Map<number, Set<string | undefined>>();
    for (const { x, y, fill } of tiles) {
      const value = fixtureMatrix.rows[Math.round((y - border.y) / cell)][Math.round((x - border.x) / cell)];
      expect(value).not.toBe(0);
      colours.set(value, (colours.get(value) ?? new Set()).add(fill));
    }
    expect([...colours.values()].map((c) => c.size)).toEqual(new Array(9).fill(1));
    expect(new Set([...colours.values()].flatMap((c) => [...c])).size).toBe(9);
    expect(drawing.description).toContain("36 of 64 entries connect (56 %); 9 parameters, each used 4 times");
  });

  test("A7 in a terminal", () => {
    expect(drawTerminalMatrix(plan)).toBe(
      [
        " 1 2 3 · │ 4 5 6 · │ 7 8 9 · │ · · · ·",
        " · 1 2 3 │ · 4 5 6 │ · 7 8 9 │ · · · ·",
        "─────────┼─────────┼─────────┼────────",
        " · · · · │ 1 2 3 · │ 4 5 6 · │ 7 8 9 ·",
        " · · · · │ · 1 2 3 │ · 4 5 6 │ · 7 8 9",
        "",
        "4 × 16 matrix: 36 of 64 entries connect (56 %); 9 parameters, each used 4 times",
      ].join("\n"),
    );
    expect(drawTerminalMatrix(plan, 30)).toMatch(/not drawn: it does not fit 30 characters/);
  });
});

describe("pyramids", () => {
  const cone = (layers: Parameters<typeof pyramidRows>[1], show: "forward" | "backward", unit: number): number[][] =>
    coneOf(pyramidRows(5, layers), show, unit).map((row) => [...row].sort((a, b) => a - b));

  test("H1 x₃ touches s₂ s₃ s₄, against all five of a dense layer", () => {
    expect(cone([same], "forward", 2)).toEqual([[2], [1, 2, 3]]);
    expect(cone([{ kernel: 5, dense: true }], "forward", 2)[1]).toEqual([0, 1, 2, 3, 4]);
    expect(pyramidPicture({ input: 5, layers: [same], show: "forward" }).description).toBe(
      "x3 touches 3 of 5 units of the top row; 13 connections in all.",
    );
  });

  test("H2 s₃ sees x₂ x₃ x₄ through 13 connections, against 25", () => {
    expect(cone([same], "backward", 2)[0]).toEqual([1, 2, 3]);
    expect(pyramidRows(5, [same])[0].edges).toHaveLength(13);
    expect(pyramidRows(5, [{ kernel: 5, dense: true }])[0].edges).toHaveLength(25);
  });

  test("H3 two layers of three taps: g₃ sees x₁ to x₅; the picture lights exactly these units", () => {
    expect(cone([same, same], "backward", 2)).toEqual([[0, 1, 2, 3, 4], [1, 2, 3], [2]]);
    const { marks } = pyramidPicture({ input: 5, layers: [same, same], show: "backward" });
    // One of each stands in the legend.
    expect(marks.filter((m) => m.role === "lit")).toHaveLength(8 + 1);
    expect(marks.filter((m) => m.role === "start")).toHaveLength(1 + 1);
    expect(marks.flatMap((m) => (m.shape === "words" ? [m.text] : []))).toEqual(expect.arrayContaining(["the unit", "what it sees"]));
    expect(marks.filter((m) => m.role === "ray")).toHaveLength(3 + 9);
  });

  test("H4 three parameters on 13 connections, the middle one five times; dense: 25 once each", () => {
    const uses = [0, 1, 2].map((tap) => pyramidRows(5, [same])[0].edges.filter((e) => e.parameter === tap).length);
    expect(uses).toEqual([4, 5, 4]);
    const { marks, description } = pyramidPicture({ input: 5, layers: [same], show: "sharing" });
    expect(description).toBe("3 parameters on 13 connections: each is used 4 to 5 times.");
    const colours = marks.flatMap((m) => (m.shape === "line" && m.stroke !== undefined ? [m.stroke] : []));
    expect(new Set(colours).size).toBe(3);
    expect(pyramidPicture({ input: 5, layers: [{ kernel: 5, dense: true }], show: "sharing" }).description).toMatch(
      /^25 parameters on 25 connections: each is used 1 time\./,
    );
  });
});

test("A13 pictures of giants are refused before anything is allocated", () => {
  const size = /is too large; at most 100000/;
  expect(() => describeSteps({ input: [1e9, 1e9], kernel: 3 })).toThrow(size);
  expect(() => describeSteps({ input: [5, 5], kernel: 3, stride: 1e9, padding: 1e9 })).toThrow(size);
  expect(() => describeSteps({ input: [5, 5], kernel: 3, inChannels: 1e6, outChannels: 1e6 })).toThrow(size);
  expect(() => pyramidPicture({ input: 1e9, layers: [same], show: "forward" })).toThrow(/at most 64/);
});

describe("in a terminal", () => {
  const draw = (options: WindowOptions, frame: number, columns = 80): string | undefined => {
    const steps = describeSteps(options);
    return drawTerminal(steps, steps.frames[frame], { columns });
  };

  test("A13 KD13 input, kernel and output side by side; heavy lines around the window", () => {
    expect(draw({ input: [4, 4], kernel: 3, stride: 2, values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7] }, 0)).toBe(
      [
        "input",
        "┏━━━┳━━━┳━━━┱───┐   kernel",
        "┃ 1 ┃ 2 ┃ 3 ┃ ╳ │   ┌───┬───┬───┐",
        "┣━━━╋━━━╋━━━╉───┤   │ 0 │ 1 │ 2 │   output",
        "┃ 5 ┃ 6 ┃ 7 ┃ ╳ │   ├───┼───┼───┤   ┏━━━━┓",
        "┣━━━╋━━━╋━━━╉───┤ ∗ │ 2 │ 2 │ 0 │ = ┃ 35 ┃",
        "┃ 9 ┃ 1 ┃ 2 ┃ ╳ │   ├───┼───┼───┤   ┗━━━━┛",
        "┡━━━╇━━━╇━━━╃───┤   │ 0 │ 1 │ 2 │",
        "│ ╳ │ ╳ │ ╳ │ ╳ │   └───┴───┴───┘",
        "└───┴───┴───┴───┘",
      ].join("\n"),
    );
    expect(terminalLegend(describeSteps({ input: [6, 6], kernel: 3, stride: 2, padding: 1 }))).toBe(
      "heavy: the window · dashed: padding · ╳: no window reads it",
    );
  });

  test("never wider than the terminal; what cannot fit is not drawn", () => {
    for (const { options } of namedConfigurations) {
      for (const columns of [80, 50]) {
        const text = draw(options, 0, columns);
        for (const line of text?.split("\n") ?? []) expect(Array.from(line).length).toBeLessThanOrEqual(columns);
        if (columns === 80) expect(text).toBeDefined();
      }
    }
    expect(draw({ input: [30, 30], kernel: 3 }, 0)).toBeUndefined();
  });

  test("colour is only added on wish, and changes no character", () => {
    const steps = describeSteps(guide);
    const plain = drawTerminal(steps, steps.frames[4]);
    const coloured = drawTerminal(steps, steps.frames[4], { colour: true });
    expect(plain).not.toContain("\u001b");
    expect(coloured).toContain("\u001b[1;38;5;208m");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are what this is about
    expect(coloured?.replace(/\u001b\[[0-9;]*m/g, "")).toBe(plain);
  });
});
