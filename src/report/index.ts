export * from "./chart.ts";
export * from "./colour.ts";
export type * from "./data.ts";
export { cropSheet, figure, framedSheet, image, legend, paintCrop, photograph, tile } from "./figure.ts";
export * from "./html.ts";
export * from "./range.ts";
export * from "./raster.ts";
export { writeReport } from "./report.ts";
