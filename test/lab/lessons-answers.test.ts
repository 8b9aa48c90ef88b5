// The answers of the lessons, without a page: what a lesson's worker says is what the library, or the closed formula, says directly.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Answer, chapters, isRight, type LessonName, lessonNames, liveQuery, slipOf } from "../../lab/src/rooms/lessons/lesson.ts";
import { lessons } from "../../lab/src/rooms/lessons/problems/index.ts";
import { works } from "../../lab/src/rooms/lessons/tasks.ts";
import { typeset } from "../../lab/src/ui/typeset.ts";
import { classicKernel } from "../../src/arithmetic/index.ts";
import { readModel } from "../../src/io/index.ts";
import { activations, grating } from "../../src/lens/index.ts";
import { Tensor } from "../../src/tensor/index.ts";
import { zooModel } from "../../src/zoo/index.ts";

const file = fileURLToPath(new URL("../../lab/assets/nets/shapes.safetensors", import.meta.url));
const { model } = readModel(readFileSync(file), "shapes");
const tools = { net: async () => model };
const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 17, 400];
const of = (name: LessonName) => lessons[lessonNames.indexOf(name)];

const answer = async (name: LessonName, params: unknown, guess = 0): Promise<Answer> => works[name].answer(params as never, tools, guess);

type Numbers = Readonly<Record<string, number>>;
const half = (v: number): number => Math.floor(v);

/** What the answer must be, by other ways than the worker's: loops and closed formulas. */
const expected: Partial<Record<LessonName, (p: never) => number>> = {
  sums: ({ picture, kernel, row, column }: { picture: number[][]; kernel: number[][] } & Numbers) => {
    let sum = 0;
    for (let i = 0; i < 2; i++) for (let j = 0; j < 2; j++) sum += kernel[i][j] * picture[row + i][column + j];
    return sum;
  },
  // The unit that was climbed for is the one whose answer rises furthest beyond real pictures.
  wants: ({ climbed }: Numbers) => climbed,
  sizes: ({ i, k, s, p }: Numbers) => half((i + 2 * p - k) / s) + 1,
  strides: ({ i, k, s, p }: Numbers) => (i + 2 * p - k) % s,
  fields: ({ layers }: { layers: readonly { kernel: number; stride: number }[] }) =>
    // From the last layer back: R <- s·R + k - s.
    layers.reduceRight((size, { kernel, stride }) => stride * size + kernel - stride, 1),
  sharing: ({ i, k, p }: Numbers) => {
    let uses = 0;
    for (let o = 0; o <= i + 2 * p - k; o++) if (o - p >= 0 && o - p < i) uses++;
    return uses ** 2;
  },
  equivariance: ({ s, d }: Numbers) => (d % s === 0 ? 0 : 1),
  activations: ({ first, second, s }: Numbers) => s * (second - 1) + first,
  learning: ({ filter }: Numbers) => filter,
  rates: ({ a, rate }: Numbers) => {
    const factor = 1 - rate * a;
    if (Math.abs(factor) === 1) return 2;
    return Math.abs(factor) > 1 ? 3 : factor < 0 ? 1 : 0;
  },
  vanishing: ({ activation, depth, w, at }: Numbers & { activation: string }) =>
    ({ sigmoid: 0.25, tanh: 1, relu: at > 0 ? 1 : 0 })[activation]! ** depth * w ** (depth - 1),
  variants: ({ kind, m, n, k, g, i, d, s }: Numbers & { kind: string }) =>
    ({ grouped: (k * k * m * n) / g, separable: k * k * m + m * n, dilated: i - d * (k - 1), transposed: s * (i - 1) + k })[kind]!,
};

describe("LF47 J3 lessons", () => {
  it("are at least twelve, in the order of their names, from basics on, with words in both languages", () => {
    expect(lessons.map(({ name }) => name)).toEqual(lessonNames);
    expect(lessons.length).toBeGreaterThanOrEqual(12);
    expect(lessonNames.slice(0, chapters.basics.length)).toEqual(chapters.basics);
    for (const { words } of lessons) {
      expect(Object.keys(words.zh).sort()).toEqual(Object.keys(words.en).sort());
      expect(Object.keys(words.zh.captions)).toEqual(Object.keys(words.en.captions));
      for (const said of [words.zh.title, words.zh.why]) expect(said).toMatch(/\p{Script=Han}/u);
    }
  });

  it.each(Object.keys(expected) as LessonName[])("%s: the worker's answer is the formula's, for every seed", async (name) => {
    for (const seed of seeds) {
      const params = of(name).make(seed);
      const { value } = await answer(name, params);
      expect(value, `seed ${seed}: ${JSON.stringify(params)}`).toBeCloseTo(expected[name]!(params as never), 5);
    }
  });

  it("edges: the accepted cells are those where a loop finds the greatest sum", async () => {
    for (const seed of seeds) {
      const params = of("edges").make(seed) as { filter: string; picture: number[][] };
      const { matrix } = classicKernel(params.filter);
      const sums = new Map<number, number>();
      for (let y = 1; y < 7; y++) {
        for (let x = 1; x < 7; x++) {
          const sum = matrix.flatMap((row, i) => row.map((w, j) => w * params.picture[y - 1 + i][x - 1 + j])).reduce((a, b) => a + b);
          sums.set(8 * y + x, Math.abs(sum));
        }
      }
      const best = Math.max(...sums.values());
      expect(best).toBeGreaterThan(0);
      const cells = [...sums].filter(([, sum]) => sum === best).map(([cell]) => cell);
      expect(cells, JSON.stringify(params)).toHaveLength(1);
      const { accepted, facts } = await answer("edges", params, 8 + 1);
      expect(accepted).toEqual(cells);
      expect(Math.abs(facts.own)).toBe(sums.get(9));
    }
  });

  it("formulas are set with minus signs, indices, powers and brackets of their own", () => {
    expect(typeset("o = floor((i + 2p - k)/s) + 1 = floor((7 - 3)/2) + 1 = 3")).toBe("o = ⌊(i + 2p − k)/s⌋ + 1 = ⌊(7 − 3)/2⌋ + 1 = 3");
    expect(typeset("y = w0·x0 + w12·x1 = -1·3")).toBe("y = w₀·x₀ + w₁₂·x₁ = −1·3");
    expect(typeset("ceil(5.2e-8) = 4^10 = 1e+21")).toBe("⌈5.2 × 10⁻⁸⌉ = 4¹⁰ = 1 × 10²¹");
  });

  it("neurons: the answer is the grating with the greatest value in the unit's map", async () => {
    for (let seed = 1; seed <= 24; seed++) {
      const params = of("neurons").make(seed) as { layer: string; unit: number; frequency: number };
      const peaks: number[] = [];
      for (const orientation of [0, 45, 90, 135]) {
        const maps = await activations(model, grating([3, 32, 32], { orientation, frequency: params.frequency }), {
          layers: [params.layer],
        });
        const map = maps.get(params.layer)!;
        peaks.push(Math.max(...map.data.subarray(params.unit * 1024, (params.unit + 1) * 1024)));
      }
      const { value } = await answer("neurons", params);
      const [first, second] = peaks.toSorted((a, b) => b - a);
      expect(peaks[value]).toBeCloseTo(first, 5);
      expect(first - second, `unit ${params.unit} leans to no orientation`).toBeGreaterThan(0.15 * first);
    }
  });

  it.each(lessonNames)("%s: the same seed draws the same problem, seeds draw several, and every one can be asked", (name) => {
    const lesson = of(name);
    expect(lesson.make(5)).toEqual(lesson.make(5));
    expect(new Set(seeds.map((seed) => JSON.stringify(lesson.make(seed)))).size).toBeGreaterThan(1);
    for (const language of ["en", "zh"] as const) {
      for (const seed of seeds) {
        const words = lesson.words[language];
        const params = lesson.make(seed);
        expect(`${words.ask(params)} ${words.hint(params)} ${words.choices(params).join(" ")}`).not.toMatch(/undefined|NaN|\[object/);
        expect(words.choices(params).length > 1).toBe(lesson.ask(params).kind === "choice");
      }
    }
  });

  it.each(lessonNames)("%s: a right prediction passes, a wrong one does not, and both are explained with numbers", async (name) => {
    const lesson = of(name);
    for (const seed of seeds.slice(0, 5)) {
      const params = lesson.make(seed);
      const ask = lesson.ask(params);
      const found = await works[name].answer(params as never, tools, 0);
      expect(isRight(ask, found, found.value)).toBe(true);
      const options = ask.kind === "cell" ? ask.rows * ask.columns : lesson.words.en.choices(params).length;
      const wrong =
        ask.kind === "number"
          ? 2 * found.value + 1
          : Array.from({ length: options }, (_, n) => n).find((n) => !found.accepted.includes(n))!;
      expect(isRight(ask, found, wrong)).toBe(false);
      const explained = await works[name].answer(params as never, tools, wrong);
      expect(explained.value).toBe(found.value);
      expect(explained.working.join(" ")).toMatch(/= -?\d/);
      for (const language of ["en", "zh"] as const) {
        for (const guess of [found.value, wrong]) {
          const said = lesson.words[language].explain(params, explained, guess);
          expect(said).toMatch(/\d/);
          expect(said).not.toMatch(/undefined|NaN/);
        }
      }
      for (const { name: shown } of [...(await works[name].scene(params as never, tools)), ...found.shown]) {
        expect(lesson.words.en.captions).toHaveProperty(shown);
      }
    }
  });

  it.each(["fields", "activations"] as const)("%s: the net that is linked to has the field of the answer", async (name) => {
    for (const seed of seeds) {
      const params = of(name).make(seed);
      const { net } = of(name).live(params).query;
      const layers = zooModel(net, { inputShape: [3, 32, 32], outputs: 10 }).summary().layers;
      const field = layers.findLast(({ kind }) => kind.startsWith("conv"))?.field;
      expect(field?.axes[0]?.size).toBe((await answer(name, params)).value);
    }
  });

  it("examples: the answer is the picture with the greatest value in the unit's map, by far, and the crops beat it", async () => {
    for (const seed of seeds.slice(0, 5)) {
      const params = of("examples").make(seed) as { layer: string; unit: number };
      const shown = await works.examples.scene(params as never, tools);
      const peakOf = async (name: string): Promise<number> => {
        const { shape, data } = shown.find((one) => one.name === name)!.values;
        const seen = model.preprocessing!;
        const size = shape[1] * shape[2];
        const input = new Tensor(
          data.map((v, i) => (v - seen.mean[Math.floor(i / size)]) / seen.deviation[Math.floor(i / size)]),
          shape,
        );
        const map = (await activations(model, input, { layers: [params.layer] })).get(params.layer)!;
        const plane = map.size / 12;
        return Math.max(...map.data.subarray(params.unit * plane, (params.unit + 1) * plane));
      };
      const peaks = await Promise.all(["A", "B", "C", "D"].map(peakOf));
      const { value, accepted, facts } = await answer("examples", params);
      const [first, second] = peaks.toSorted((a, b) => b - a);
      expect(peaks[value]).toBe(first);
      expect(accepted).toEqual([value]);
      expect(first - second).toBeGreaterThan(0.01 * Math.abs(first));
      for (const [n, peak] of peaks.entries()) expect(facts[`r${n}`]).toBeCloseTo(peak, 3);
      expect(facts.best).toBeGreaterThanOrEqual(first);
    }
  });

  it.each(lessonNames)("%s: slips are other numbers than the answer, and each is explained in both languages", async (name) => {
    const { words, make, ask } = of(name);
    expect(Object.keys(words.zh.slips ?? {}).sort()).toEqual(Object.keys(words.en.slips ?? {}).sort());
    if (words.en.slips === undefined) return;
    const told = new Set<string>();
    for (let seed = 1; seed <= 40; seed++) {
      const params = make(seed);
      const found = await answer(name, params);
      for (const [slip, value] of Object.entries(found.slips)) {
        expect(words.en.slips, slip).toHaveProperty(slip);
        if (isRight(ask(params), found, value)) expect(slipOf(found, value)).toBeUndefined();
        else told.add(slipOf(found, value)!);
      }
    }
    // Each happens with some problem.
    expect([...told].sort()).toEqual(Object.keys(words.en.slips ?? {}).sort());
  });

  it.each(lessonNames)("L19 %s: its link hides what gives the answer away until the answer is known", (name) => {
    const live = of(name).live(of(name).make(2));
    const [before, after] = [liveQuery(live, false), liveQuery(live, true)];
    expect(after).toMatchObject({ room: live.room, ...live.query });
    if (live.secret === undefined) expect(before).toBeUndefined();
    else expect(before?.hide?.split(",") ?? []).toEqual([...live.hide, ...live.secret]);
    expect(after?.hide?.split(",") ?? []).toEqual(live.hide);
  });

  it("activations: merged layers agree with the two layers, and do not with ReLU between them", async () => {
    const { facts } = await answer("activations", of("activations").make(1));
    expect(facts.linear).toBeLessThan(1e-4);
    expect(facts.relu).toBeGreaterThan(0.1);
  });
});
