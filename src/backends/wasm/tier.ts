// Which tier this engine gets: candidates are compiled, checked against scalar code and raced once per process, when the first program is compiled.
// Versions of engines only decide which flags may be tried at all.
import { environmentVariable } from "#platform";
import { ArgumentError, UnsupportedOpError } from "../../tensor/errors.ts";
import { allowRelaxedSimd, compileEagerly, setRevectorising } from "./engine-flags.ts";
import type { ProbedTile, Tier } from "./kernel.ts";
import { type Candidate, loadProbe, type ProbeKernel, validatesRelaxedSimd, validatesSimd } from "./tier-probe.ts";

export const tiers: readonly Tier[] = ["revectorised", "relaxed", "simd"];

export interface RefusedTier {
  readonly tier: Tier;
  readonly reason: string;
}

/** What the probe found. */
export interface TierChoice {
  readonly tier: Tier;
  /** What one thread reached in the probe's matrix product. */
  readonly gigaflops: number;
  /** The best tile of accumulators for a deep product. */
  readonly tile: ProbedTile;
  /** The better tiers, and why this is none of them. */
  readonly refused: readonly RefusedTier[];
}

/** Best tile first; what is best depends on how an engine gives out its registers. */
const tilesOf: Readonly<Record<Tier, readonly Omit<Candidate, "tier">[]>> = {
  revectorised: [{ rows: 6, vectors: 4, unroll: 4 }],
  relaxed: [
    { rows: 6, vectors: 2, unroll: 4 },
    { rows: 4, vectors: 2, unroll: 1 },
  ],
  simd: [{ rows: 4, vectors: 2, unroll: 1 }],
};

/** A better tier stays out only when it is clearly slower: a noisy moment must not decide which bits a program computes. */
const clearlySlower = 0.8;
/** Without real pairs of vectors, its large tiles are at half the speed of the others. */
const clearlyFaster = 1.3;
/** Enough for an engine that cannot be told to optimise at once to notice that the code is hot. */
const races = 12;

let choice: TierChoice | undefined;

/** The engine's tier, probed at the first call. Throws `UnsupportedOpError` without SIMD or when `FOVEA_TIER` names a tier that is not there. */
export function engineTier(): TierChoice {
  choice ??= probeTiers(forcedTier());
  return choice;
}

function forcedTier(): Tier | undefined {
  const name = environmentVariable("FOVEA_TIER");
  if (name === undefined || name === "" || name === "auto") return undefined;
  const forced = tiers.find((tier) => tier === name);
  if (forced === undefined) throw new ArgumentError(`FOVEA_TIER is "${name}"; expected auto, ${tiers.join(", ")}`);
  return forced;
}

/** Exported for tests: a process probes once. */
export function probeTiers(forced: Tier | undefined): TierChoice {
  const finish = compileEagerly();
  try {
    return race(forced);
  } finally {
    finish();
  }
}

function race(forced: Tier | undefined): TierChoice {
  const refused = new Map<Tier, string>();
  const kernels: ProbeKernel[] = [];
  // Flags hold from their setting on: what is to be compiled without one comes first.
  setRevectorising(false);
  for (const tier of [...tiers].reverse()) {
    if (forced !== undefined && tier !== forced) continue;
    const reason = admit(tier) ?? load(tier, kernels);
    if (reason !== undefined) refused.set(tier, reason);
  }
  const speeds = measure(kernels);
  const best = (tier: Tier): ProbeKernel | undefined =>
    fastest(
      kernels.filter((k) => k.candidate.tier === tier),
      speeds,
    );
  const speedOf = (tier: Tier): number => speeds.get(best(tier) as ProbeKernel) ?? 0;
  if (forced === undefined) {
    const compareTo = (tier: Tier, rival: Tier, factor: number): void => {
      if (best(tier) === undefined || best(rival) === undefined || speedOf(tier) >= factor * speedOf(rival)) return;
      refused.set(tier, `${speedOf(tier).toFixed(0)} GFLOP/s against ${speedOf(rival).toFixed(0)} of "${rival}"`);
    };
    compareTo("revectorised", "relaxed", clearlyFaster);
    compareTo("relaxed", "simd", clearlySlower);
  }
  const tier = tiers.find((t) => best(t) !== undefined && !refused.has(t));
  if (tier !== "revectorised") setRevectorising(false);
  const winner = tier === undefined ? undefined : best(tier);
  if (tier === undefined || winner === undefined) {
    if (forced !== undefined)
      throw new UnsupportedOpError(`wasm: FOVEA_TIER is "${forced}", but ${refused.get(forced) ?? "it is not there"}`);
    throw new UnsupportedOpError(`wasm: this engine has no WebAssembly SIMD (${refused.get("simd") ?? "no tier works"})`);
  }
  const { rows, vectors, unroll } = winner.candidate;
  return {
    tier,
    gigaflops: Math.round(10 * (speeds.get(winner) as number)) / 10,
    tile: { rows, vectors, unroll },
    refused: tiers.slice(0, tiers.indexOf(tier)).map((t) => ({ tier: t, reason: refused.get(t) ?? "another tier was asked for" })),
  };
}

/** Makes this tier usable besides the engine's own, for tests and measurements. Throws `UnsupportedOpError` when it cannot be had. */
export function requireTier(tier: Tier): void {
  const reason = admit(tier);
  if (reason !== undefined) throw new UnsupportedOpError(`wasm: the tier "${tier}" cannot be had here: ${reason}`);
}

/** Switches on what the tier needs. Why it cannot be had; undefined when it can. */
function admit(tier: Tier): string | undefined {
  if (!validatesSimd()) return "the engine does not validate SIMD instructions";
  if (tier === "simd") return undefined;
  allowRelaxedSimd();
  if (!validatesRelaxedSimd()) return "the engine does not validate relaxed SIMD instructions";
  if (tier === "revectorised" && !setRevectorising(true)) return "the engine has no known flag for it";
  return undefined;
}

/** Compiles and checks all candidates of a tier; the reason when none is left. */
function load(tier: Tier, kernels: ProbeKernel[]): string | undefined {
  let reason: string | undefined;
  let good = 0;
  for (const tile of tilesOf[tier]) {
    try {
      const kernel = loadProbe({ tier, ...tile });
      if (kernel.fault !== undefined) reason = `its self-check failed: ${kernel.fault}`;
      else good += kernels.push(kernel);
    } catch (error) {
      reason = `it does not compile: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return good > 0 ? undefined : reason;
}

/** Best of several rounds in which all take turns, so that a slow moment of the machine meets them all. */
function measure(kernels: readonly ProbeKernel[]): Map<ProbeKernel, number> {
  const speeds = new Map<ProbeKernel, number>();
  for (let round = 0; round < races; round++) {
    for (const kernel of kernels) {
      const speed = kernel.measure();
      speeds.set(kernel, Math.max(speeds.get(kernel) ?? 0, speed));
    }
  }
  return speeds;
}

function fastest(kernels: readonly ProbeKernel[], speeds: ReadonlyMap<ProbeKernel, number>): ProbeKernel | undefined {
  let best: ProbeKernel | undefined;
  for (const kernel of kernels) {
    if (best === undefined || (speeds.get(kernel) ?? 0) > (speeds.get(best) ?? 0)) best = kernel;
  }
  return best;
}
