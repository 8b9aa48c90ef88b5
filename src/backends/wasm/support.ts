// What this engine can do, found by trying it out.
import { allowRelaxedSimd } from "./engine-flags.ts";
import { threadSupport } from "./pool.ts";
import { engineTier, type TierChoice } from "./tier.ts";
import { validatesRelaxedSimd, validatesSimd } from "./tier-probe.ts";

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
  allowRelaxedSimd();
  return { simd: validatesSimd(), relaxedSimd: validatesRelaxedSimd(), threads: available, threadsReason: reason };
}

/** `probe()` and the engine's tier, which takes some milliseconds to find out the first time. Throws as `engineTier` does. */
export function probeSpeed(): WasmSupport & { readonly engine: TierChoice } {
  return { ...probe(), engine: engineTier() };
}
