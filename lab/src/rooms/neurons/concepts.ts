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
  "horizontal edge": "水平边缘",
  "rising edge": "上升边缘",
  "vertical edge": "竖直边缘",
  "falling edge": "下降边缘",
  dark: "暗",
  middling: "中等亮度",
  bright: "亮",
  red: "红",
  yellow: "黄",
  green: "绿",
  cyan: "青",
  blue: "蓝",
  magenta: "品红",
  top: "上半部",
  bottom: "下半部",
  left: "左半部",
  right: "右半部",
  centre: "中部",
  border: "四周",
  "brighter than its ground": "比背景亮",
  "darker than its ground": "比背景暗",
};

export function sayConcept(concept: string): string {
  return settings.language === "zh" ? (chinese[concept] ?? concept) : concept;
}
