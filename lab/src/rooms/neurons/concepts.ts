// The library's concepts in Chinese; in English they are called as the library calls them.
import { settings } from "../../state/settings.svelte.ts";

const chinese: Readonly<Record<string, string>> = {
  circle: "圆",
  ring: "环",
  square: "方形",
  triangle: "三角形",
  cross: "十字",
  "horizontal stroke": "横线",
  "vertical stroke": "竖线",
  "rising stroke": "上升线",
  "falling stroke": "下降线",
  edge: "边缘",
  "horizontal line": "水平方向",
  "rising line": "上升方向",
  "vertical line": "竖直方向",
  "falling line": "下降方向",
  "brighter than its ground": "比背景亮",
  "darker than its ground": "比背景暗",
};

export function sayConcept(concept: string): string {
  return settings.language === "zh" ? (chinese[concept] ?? concept) : concept;
}
