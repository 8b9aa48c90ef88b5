import { words } from "../words/words.ts";

export const spanWords = words({
  en: {
    colours: "Colours span",
    layer: "the layer",
    unit: "each map",
    global: "the whole net",
    fixed: "from … to",
    low: "From",
    high: "to",
  },
  zh: {
    colours: "颜色范围",
    layer: "整层共用",
    unit: "每图各自",
    global: "整个网络",
    fixed: "自定范围",
    low: "从",
    high: "到",
  },
});
