// The answers of the lessons, without a page: what a lesson's worker says is what the library, or the closed formula, says directly.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { isRight, type LessonName, lessonNames } from "../../lab/src/rooms/lessons/lesson.ts";
import { lessons } from "../../lab/src/rooms/lessons/problems/index.ts";
import { works } from "../../lab/src/rooms/lessons/tasks.ts";
import { classicKernel } from "../../src/arithmetic/index.ts";
import { readModel } from "../../src/io/index.ts";
import { activations, grating } from "../../src/lens/index.ts";
import { zooModel } from "../../src/zoo/index.ts";

const file = fileURLToPath(new URL("../../lab/assets/nets/shapes.safetensors", import.meta.url));
const { model } = readModel(readFileSync(file), "shapes");
const tools = { net: async () => model };
const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 17, 400];
const of = (name: LessonName) => lessons[lessonNames.indexOf(name)];

interface Answered {
  readonly value: number;
  readonly accepted: readonly number[];
  readonly working: readonly string[];
  readonly facts: Readonly<Record<string, number>>;
}
const answer = async (name: LessonName, params: unknown, guess = 0): Promise<Answered> => works[name].answer(params as never, tools, guess);

type Numbers = Readonly<Record<string, number>>;
const half = (v: number): number => Math.floor(v);

/** What the answer must be, by other ways than the worker's: loops and closed formulas. */
const expected: Partial<Record<LessonName, (p: never) => number>> = {
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
  it("are twelve, in the order of their names, with words in both languages", () => {
    expect(lessons.map(({ name }) => name)).toEqual(lessonNames);
    expect(lessons.length).toBeGreaterThanOrEqual(12);
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
      const { accepted, facts } = await answer("edges", params, 8 + 1);
      expect(accepted).toEqual(cells);
      expect(Math.abs(facts.own)).toBe(sums.get(9));
    }
  });

  it("neurons: the answer is the grating with the greatest value in the unit's map", async () => {
    for (const seed of seeds.slice(0, 4)) {
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
      expect(peaks[value]).toBeCloseTo(Math.max(...peaks), 5);
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
        expect(`${words.ask(params)} ${words.choices(params).join(" ")}`).not.toMatch(/undefined|NaN|\[object/);
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

  it("fields: the net that is linked to has the field of the answer", async () => {
    for (const seed of seeds) {
      const params = of("fields").make(seed);
      const { net } = of("fields").more(params).change as { net: string };
      const layers = zooModel(`net: ${net}`, { inputShape: [3, 96, 96], outputs: 2 }).summary().layers;
      const field = layers.findLast(({ kind }) => kind.startsWith("conv"))?.field;
      expect(field?.axes[0]?.size).toBe((await answer("fields", params)).value);
    }
  });

  it("activations: merged layers agree with the two layers, and do not with ReLU between them", async () => {
    const { facts } = await answer("activations", of("activations").make(1));
    expect(facts.linear).toBeLessThan(1e-4);
    expect(facts.relu).toBeGreaterThan(0.1);
  });
});
