// Which picture excites a unit, told from the crops of those that excite it most.
import { draws } from "../draw.ts";
import { type Lesson, lesson, show } from "../lesson.ts";

export interface Examples {
  readonly layer: string;
  readonly unit: number;
  /** How many pictures are looked at. */
  readonly pictures: number;
  readonly seed: number;
}

export const letters = ["A", "B", "C", "D"] as const;

export const examples: Lesson = lesson<Examples>({
  name: "examples",
  make(seed) {
    const { whole } = draws("examples", seed);
    return { layer: "conv2", unit: whole(0, 11), pictures: 120, seed: whole(0, 999) };
  },
  ask: () => ({ kind: "choice" }),
  live: ({ layer, unit, pictures }) => ({
    room: "neurons",
    query: { net: "shapes", lens: "examples", layer, unit: String(unit), data: "shapes", count: String(pictures) },
    hide: ["net"],
    secret: undefined,
  }),
  words: {
    en: {
      title: "What neurons see: examples",
      why: "Deeper in the net, kernels read other maps, and cannot be read by eye. So one looks for the pictures that excite a unit most, and cuts out exactly what it saw: its receptive field.",
      ask: ({ layer, unit, pictures }) =>
        `Of ${pictures} pictures of shapes, these crops excite unit ${unit} of ${layer} most. Which of the pictures A, B, C and D excites it most of the four?`,
      hint: () =>
        "What do the crops share: an edge and its direction, a colour, which side is bright? Look for the picture that has it, too.",
      choices: () => letters,
      captions: {
        ...{
          c0: "1st crop",
          c1: "2nd crop",
          c2: "3rd crop",
          c3: "4th crop",
          A: "Picture A",
          B: "Picture B",
          C: "Picture C",
          D: "Picture D",
        },
        answers: "Strongest answer to A, B, C, D",
      },
      explain: (_, { value, facts: f }, guess) =>
        `The strongest answers anywhere in the map are ${letters.map((letter, n) => `${letter}: ${show(f[`r${n}`], 3)}`).join(", ")}. ` +
        `Picture ${letters[value]} is number ${f.rank} of all ${f.pictures}${guess === value ? "" : `; your ${letters[guess]} stays ${show(f[`r${value}`] - f[`r${guess}`])} below it`}. The very best crop reaches ${show(f.best, 3)}.`,
    },
    zh: {
      title: "神经元看到什么：样例",
      why: "在网络深处，核读的是其他特征图，用眼睛看不懂。所以去找最能使单元兴奋的图片，并正好剪下它看到的部分：它的感受野。",
      ask: ({ layer, unit, pictures }) =>
        `在 ${pictures} 张图形图片中，这些裁剪最能使 ${layer} 的单元 ${unit} 兴奋。A、B、C、D 四张图片中，哪一张最能使它兴奋？`,
      hint: () => "这些裁剪有什么共同点：一条边和它的方向、一种颜色、哪一侧更亮？找出也有它的图片。",
      choices: () => letters,
      captions: {
        ...{ c0: "第一个裁剪", c1: "第二个裁剪", c2: "第三个裁剪", c3: "第四个裁剪", A: "图片 A", B: "图片 B", C: "图片 C", D: "图片 D" },
        answers: "对 A、B、C、D 的最强响应",
      },
      explain: (_, { value, facts: f }, guess) =>
        `特征图上最强的响应是 ${letters.map((letter, n) => `${letter}：${show(f[`r${n}`], 3)}`).join("，")}。` +
        `图片 ${letters[value]} 在全部 ${f.pictures} 张中排第 ${f.rank}${guess === value ? "" : `；你选的 ${letters[guess]} 比它低 ${show(f[`r${value}`] - f[`r${guess}`])}`}。最好的裁剪达到 ${show(f.best, 3)}。`,
    },
  },
});
