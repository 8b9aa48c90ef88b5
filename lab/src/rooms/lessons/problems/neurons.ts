// What a unit of a trained net is tuned to.
import { draws } from "../draw.ts";
import { type Lesson, lesson, show } from "../lesson.ts";

export interface Neurons {
  readonly layer: string;
  readonly unit: number;
  /** Cycles per pixel of the stripes. */
  readonly frequency: number;
}

/** Degrees counter-clockwise that the stripes run. */
export const orientations = [0, 45, 90, 135] as const;

/** Units and frequencies at which one orientation stands clearly above the others: other units of the layer see colours, not stripes. */
const tuned = [
  ...([
    [0, 0.25],
    [1, 0.25],
    [2, 0.25],
    [4, 0.25],
    [5, 0.25],
  ] as const),
  ...([
    [0, 0.2],
    [1, 0.2],
    [4, 0.2],
    [5, 0.2],
    [6, 0.2],
  ] as const),
] as const;

export const neurons: Lesson = lesson<Neurons>({
  name: "neurons",
  make(seed) {
    const { oneOf } = draws("neurons", seed);
    const [unit, frequency] = oneOf(tuned);
    return { layer: "conv1", unit, frequency };
  },
  ask: () => ({ kind: "choice" }),
  live: ({ layer, unit, frequency }) => ({
    room: "neurons",
    query: { net: "shapes", lens: "tuning", layer, unit: String(unit), sweep: "orientation", read: "max", wave: String(1 / frequency) },
    hide: ["sweep"],
    secret: undefined,
  }),
  words: {
    en: {
      title: "What neurons see: stripes",
      why: "A unit answers most to what looks like its weights. In a trained net's first layer one can read from the kernel which stripes excite it; deeper, one has to ask with pictures.",
      ask: ({ layer, unit }) =>
        `This is unit ${unit} of ${layer} of the net that was trained on shapes: its weights, summed over the colours. Which stripes excite it most?`,
      hint: () => "Where do weights of one sign lie in a row? Stripes that run along that row, and are as wide, fit best.",
      choices: () => ["Level stripes (0°)", "Rising stripes (45°)", "Upright stripes (90°)", "Falling stripes (135°)"],
      captions: { weights: "Weights", s0: "0°", s1: "45°", s2: "90°", s3: "135°", responses: "Strongest answer to 0°, 45°, 90°, 135°" },
      explain: (_, { value, facts: f }, guess) =>
        `The strongest answers are ${[0, 1, 2, 3].map((n) => `${orientations[n]}°: ${show(f[`r${n}`])}`).join(", ")}. Greatest is ${show(f[`r${value}`])}, at ${orientations[value]}°${guess === value ? "" : `; your ${orientations[guess]}° gives ${show(f[`r${guess}`])}`}.`,
    },
    zh: {
      title: "神经元看到什么：条纹",
      why: "一个单元对与自己权重相像的东西响应最强。在训练好的网络的第一层，看核就能知道它对哪种条纹兴奋；更深的层就要用图像去问。",
      ask: ({ layer, unit }) => `这是在形状上训练的网络中 ${layer} 的第 ${unit} 个单元：它的权重，对颜色求和。哪种条纹使它最兴奋？`,
      hint: () => "同号的权重排成什么方向？沿这个方向、宽度相近的条纹最合适。",
      choices: () => ["水平条纹（0°）", "上升条纹（45°）", "竖直条纹（90°）", "下降条纹（135°）"],
      captions: { weights: "权重", s0: "0°", s1: "45°", s2: "90°", s3: "135°", responses: "对 0°、45°、90°、135° 的最强响应" },
      explain: (_, { value, facts: f }, guess) =>
        `最强响应是 ${[0, 1, 2, 3].map((n) => `${orientations[n]}°：${show(f[`r${n}`])}`).join("，")}。最大的是 ${orientations[value]}° 的 ${show(f[`r${value}`])}${guess === value ? "" : `；你选的 ${orientations[guess]}° 是 ${show(f[`r${guess}`])}`}。`,
    },
  },
});
