export * from "./activation-curves.ts";
export * from "./activation-picture.ts";
export * from "./animation/index.ts";
export * from "./atlas.ts";
export {
  commonRange,
  type DrawingOptions,
  drawAttribution,
  overlay,
  type PaintedMap,
  paintAttribution,
  paintMap,
  planeOf,
} from "./attribution-picture.ts";
export * from "./chart.ts";
export * from "./colour.ts";
export { type ComparisonData, comparisonRows, paintComparison, writeComparison } from "./comparison.ts";
export * from "./convolution/index.ts";
export type * from "./data.ts";
export { type DissectionData, unitsByConcept, writeDissection } from "./dissection-page.ts";
export { type ExplainedPicture, type ExplanationData, writeExplanation } from "./explanation.ts";
export { cropSheet, figure, framedSheet, image, legend, paintCrop, photograph, sumOverChannels, tile } from "./figure.ts";
export { boxesOf, type Family, type GraphBox, type GraphBoxes, type GraphBoxOptions, type GraphEdge } from "./graph-boxes.ts";
export { type DrawGraphOptions, drawGraph } from "./graph-drawing.ts";
export * from "./html.ts";
export type { JudgedMap } from "./judged-map.ts";
export { type Page, writePage } from "./page.ts";
export * from "./range.ts";
export * from "./raster.ts";
export { writeReport } from "./report.ts";
export { type DescribeOptions, describeTraining, type FinishedTraining } from "./training-report.ts";
