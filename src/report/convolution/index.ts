export type { Drawing, Mark } from "./drawing.ts";
export { matrixPicture } from "./matrix.ts";
export * from "./named.ts";
export { isPooling, planWindow, type WindowKind, type WindowOptions, type WindowPlan } from "./options.ts";
export * from "./picture.ts";
export * from "./steps.ts";
export { drawSvg, type SvgOptions } from "./svg.ts";
export { drawTerminal, drawTerminalMatrix, type TerminalOptions, terminalLegend } from "./terminal.ts";
export { showOutputSize, showSettings, showSum, showTitle, showUnused } from "./words.ts";
