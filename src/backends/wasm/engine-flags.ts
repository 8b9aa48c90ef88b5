// What V8 can do but does not do unasked, and since which version it can be asked: it complains on stderr about flags that it does not know.
// Flags hold for the whole process. Browsers take none, and every function here does nothing there.
import { environment, setEngineFlag } from "#platform";

function isBetween(from: readonly [number, number], to: readonly [number, number]): boolean {
  const { runtime, v8 } = environment();
  if (runtime !== "node" || v8 === undefined) return false;
  const order = ([major, minor]: readonly [number, number]): number => 1000 * major + minor;
  return order(v8) >= order(from) && order(v8) < order(to);
}

/** The last version whose flags are known. */
const known: readonly [number, number] = [15, 0];

/** Relaxed SIMD hides behind a flag in Node 20; later versions have it unasked. */
export function allowRelaxedSimd(): void {
  if (isBetween([11, 0], [11, 4])) setEngineFlag("--experimental-wasm-relaxed-simd");
}

/**
 * Makes the optimising compiler pair neighbouring 128-bit operations into 256-bit ones from now on. False where there is no such compiler; true
 * only says that the flag exists, and not that it helps.
 */
export function setRevectorising(on: boolean): boolean {
  if (environment().architecture !== "x64" || !isBetween([13, 0], known)) return false;
  setEngineFlag(on ? "--experimental-wasm-revectorize" : "--no-experimental-wasm-revectorize");
  return true;
}

let compilations = 0;

/**
 * Has all functions compiled by the optimising compiler at once until the returned function is called. Otherwise code starts in the baseline
 * tier, at a tenth of its speed, and waits there until the engine notices that it is hot.
 */
export function compileEagerly(): () => void {
  if (!isBetween([11, 0], known)) return () => {};
  if (compilations++ === 0) setOptimisingOnly(true);
  return () => {
    if (--compilations === 0) setOptimisingOnly(false);
  };
}

function setOptimisingOnly(on: boolean): void {
  setEngineFlag(on ? "--no-liftoff" : "--liftoff");
  setEngineFlag(on ? "--no-wasm-lazy-compilation" : "--wasm-lazy-compilation");
  // V8 14 inlines by what the baseline code has counted, and ends the process when there was none.
  if (isBetween([14, 0], known)) setEngineFlag(on ? "--no-wasm-inlining" : "--wasm-inlining");
}
