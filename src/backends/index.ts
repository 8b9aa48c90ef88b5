// What a user of the backends sees: one `compile`, and what the backends share.
export type { CompileOptions, Device, Feeds, Program, Results } from "../graph/program.ts";
export * from "./compile.ts";
export * from "./explanation.ts";
export * from "./feeds.ts";
export * from "./reference/index.ts";
export { installWasmEvaluator, removeWasmEvaluator } from "./wasm/evaluator.ts";
