export * from "./activations.ts";
export * from "./attribute.ts";
export * from "./examples.ts";
export { type AscentOptions, type MaximiseEachOptions, type MaximiseOptions, maximise, maximiseEach } from "./maximise.ts";
export type { Bounds, ParametrisationName } from "./parametrise.ts";
export type * from "./records.ts";
export { type ReluRule, reluRules } from "./rules.ts";
export type { Progress, RunOptions } from "./run.ts";
export type { Target } from "./target.ts";
