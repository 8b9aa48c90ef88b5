// The WebAssembly backend: machine code for exactly one graph, SIMD kernels over one planned memory, walked by all threads together.
export { compileWasm, compileWasmSync, type WasmCompileOptions } from "./compile.ts";
export { installWasmEvaluator, removeWasmEvaluator } from "./evaluator.ts";
export { stopWorkers } from "./pool.ts";
export { probe, probeSpeed, type WasmSupport } from "./support.ts";
export { engineTier, type RefusedTier, type TierChoice } from "./tier.ts";
