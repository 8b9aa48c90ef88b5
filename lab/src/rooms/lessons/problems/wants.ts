// The picture that a unit wants most: found by climbing, recognised by what real pictures the unit likes.
import { draws } from "../draw.ts";
import { type Lesson, lesson, show } from "../lesson.ts";
import { letters } from "./examples.ts";

export interface Wants {
  readonly layer: string;
  /** Four units; one of them was climbed for. */
  readonly units: readonly number[];
  /** Index in `units`. */
  readonly climbed: number;
  readonly seed: number;
  readonly steps: number;
  /** How many real pictures are looked at. */
  readonly pictures: number;
}

const unitsOfLayer = 12;

export const wants: Lesson = lesson<Wants>({
  name: "wants",
  make(seed) {
    const { whole } = draws("wants", seed);
    const left = Array.from({ length: unitsOfLayer }, (_, unit) => unit);
    const units = letters.map(() => left.splice(whole(0, left.length - 1), 1)[0]).sort((a, b) => a - b);
    return { layer: "conv2", units, climbed: whole(0, 3), seed: whole(0, 999), steps: 96, pictures: 120 };
  },
  ask: () => ({ kind: "choice" }),
  live: ({ layer, units, climbed, seed }) => ({
    room: "neurons",
    query: { net: "shapes", lens: "climb", layer, unit: String(units[climbed]), goal: "neuron", seed: String(seed), steps: "256" },
    hide: ["net"],
    secret: undefined,
  }),
  words: {
    en: {
      title: "What neurons see: the picture it wants",
      why: "Gradients can change the picture instead of the weights: from noise, uphill, until the unit is as excited as it can be. What comes out is like the pictures that the unit likes, and goes beyond them.",
      ask: ({ layer, steps, pictures }) =>
        `From noise, the engine climbed ${steps} steps for one of four units of ${layer}. This is what it found, as far as the unit can see. Beside it, for each of the units A, B, C and D, the two crops of ${pictures} pictures that excite it most. For which unit did the engine climb?`,
      hint: () =>
        "Colours differ; look for bright and dark. Which side is dark in the climbed picture, and in which direction does the border between them run?",
      choices: ({ units }) => units.map((unit, n) => `${letters[n]} (unit ${unit})`),
      captions: {
        ...{ found: "What the climb found", A: "Crops of A", B: "Crops of B", C: "Crops of C", D: "Crops of D" },
        ...{ ratios: "Answer to the climbed picture / to the best real one: A, B, C, D", path: "Answer of the unit while it climbed" },
      },
      explain: (_, { value, facts: f }, guess) =>
        `It climbed for ${letters[value]}: the climbed picture excites it to ${show(f[`own${value}`], 3)}, ${show(f[`ratio${value}`], 3)} times as much as the best real picture, ${show(f[`best${value}`], 3)}. ` +
        (guess === value
          ? `None of the others gets beyond ${show(Math.max(...letters.flatMap((_l, n) => (n === value ? [] : [f[`ratio${n}`]]))))} times its best.`
          : `${letters[guess]} comes to ${show(f[`own${guess}`], 3)}, ${show(f[`ratio${guess}`], 3)} times its best, ${show(f[`best${guess}`], 3)}.`),
    },
    zh: {
      title: "神经元看到什么：它想要的图像",
      why: "梯度也可以改变图像而不是权重：从噪声开始向上爬，直到单元尽可能兴奋。得到的图像像这个单元喜欢的图片，而且更进一步。",
      ask: ({ layer, steps, pictures }) =>
        `从噪声开始，引擎为 ${layer} 的四个单元之一爬了 ${steps} 步。这就是它找到的图像（单元看得到的部分）。旁边是 A、B、C、D 四个单元各自在 ${pictures} 张图片中最兴奋的两个裁剪。引擎是为哪个单元爬的？`,
      hint: () => "颜色会不同，看明暗。爬升得到的图像哪一侧暗？明暗的分界沿什么方向？",
      choices: ({ units }) => units.map((unit, n) => `${letters[n]}（单元 ${unit}）`),
      captions: {
        ...{ found: "爬升找到的图像", A: "A 的裁剪", B: "B 的裁剪", C: "C 的裁剪", D: "D 的裁剪" },
        ...{ ratios: "对爬升图像的响应 / 对最好的真实图片的响应：A、B、C、D", path: "爬升过程中单元的响应" },
      },
      explain: (_, { value, facts: f }, guess) =>
        `是为 ${letters[value]} 爬的：爬升得到的图像使它达到 ${show(f[`own${value}`], 3)}，是最好的真实图片（${show(f[`best${value}`], 3)}）的 ${show(f[`ratio${value}`], 3)} 倍。` +
        (guess === value
          ? `其他单元都不超过自己最好值的 ${show(Math.max(...letters.flatMap((_l, n) => (n === value ? [] : [f[`ratio${n}`]]))))} 倍。`
          : `${letters[guess]} 只到 ${show(f[`own${guess}`], 3)}，是自己最好值 ${show(f[`best${guess}`], 3)} 的 ${show(f[`ratio${guess}`], 3)} 倍。`),
    },
  },
});
