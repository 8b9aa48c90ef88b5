// The WebAssembly backend: machine code for exactly one graph, SIMD kernels over one planned memory, walked by all threads together.
export { compileWasm, compileWasmSync, type WasmCompileOptions } from "./compile.ts";
export { installWasmEvaluator, removeWasmEvaluator } from "./evaluator.ts";
export { stopWorkers } from "./pool.ts";
export { probe, type WasmSupport } from "./support.ts";
