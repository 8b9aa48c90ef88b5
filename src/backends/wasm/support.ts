// What this engine can do, found by validating three tiny modules: cheaper and surer than reading version numbers.
import { f32x4, ModuleBuilder, v128 } from "./assembler.ts";
import { threadSupport } from "./pool.ts";

export interface WasmSupport {
  readonly simd: boolean;
  /** Fused multiply-add and its kin. */
  readonly relaxedSimd: boolean;
  readonly threads: boolean;
  /** Why there are no threads; empty when there are. */
  readonly threadsReason: string;
}

export function probe(): WasmSupport {
  const { available, reason } = threadSupport();
  return {
    simd: isValid((a) => f32x4.add(a, a)),
    relaxedSimd: isValid((a) => f32x4.relaxedMadd(a, a, a)),
    threads: available,
    threadsReason: reason,
  };
}

function isValid(build: (a: ReturnType<typeof v128.zero>) => ReturnType<typeof v128.zero>): boolean {
  if (typeof WebAssembly !== "object") return false;
  const module = new ModuleBuilder({ shared: false, initial: 1, maximum: 1 });
  module.func("probe", { params: ["i32"] }, (f, p) => f.storeV128(p, build(v128.load(p))));
  return WebAssembly.validate(module.finish());
}
