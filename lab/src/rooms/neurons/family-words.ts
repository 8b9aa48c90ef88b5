// Kinds of methods whose maps share a scale; ids are the library's titles.
import { words } from "../../words/words.ts";

export const familyWords = words({
  en: {
    slopes: "Slopes: score per unit of a pixel",
    "slopes by other ReLU rules": "Slopes by other ReLU rules",
    "squares and variances of slopes": "Squares and variances of slopes",
    contributions: "Contributions: parts of the score",
    "class maps weighed by gradients": "Class maps weighed by gradients",
    own: "Each on a scale of its own",
  },
  zh: {
    slopes: "斜率：像素每变一个单位时得分的变化",
    "slopes by other ReLU rules": "按其他 ReLU 规则的斜率",
    "squares and variances of slopes": "斜率的平方与方差",
    contributions: "贡献：得分的组成部分",
    "class maps weighed by gradients": "按梯度加权的类激活图",
    own: "各用自己的标度",
  },
});
