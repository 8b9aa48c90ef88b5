// A small typed WebAssembly assembler: expressions are nested calls (`f32x4.add(a, v128.load(p, 16))`), statements and control are methods of
// the function builder. It knows the instructions that kernels use, and encodes them; it does not optimise.
export { atomic } from "./assembler/atomic.ts";
export type { Code, F32, F64, I32, Local, Type, V128 } from "./assembler/code.ts";
export { call, type FunctionBuilder, type FunctionRef, type Label } from "./assembler/function.ts";
export { type MemoryLimits, ModuleBuilder } from "./assembler/module.ts";
export { f32, f64, i32, i64 } from "./assembler/scalar.ts";
export { f32x4, f64x2, i32x4, type Lanes, v128 } from "./assembler/vector.ts";
