// How every method of this room is run: on which device, with how many threads, in which precision, and how it is told to stop.
import { breather } from "#platform";
import type { CompileOptions, Device } from "../graph/program.ts";
import type { DType } from "../tensor/tensor.ts";

export interface RunOptions {
  /** Default "auto". */
  readonly device?: Device;
  readonly threads?: number;
  /** float64 for checks against theory; only the reference device has it (default float32). */
  readonly dtype?: DType;
  /** Stops the work between two runs; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** For `checkOptions`. */
export const runOptionNames: readonly (keyof RunOptions)[] = ["device", "threads", "dtype", "signal", "onProgress"];

export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** The part that compilers want, without keys that the caller left out. */
export function compileOptions({ device, threads }: RunOptions): CompileOptions {
  return { ...(device !== undefined && { device }), ...(threads !== undefined && { threads }) };
}

/** A function to await before each run of a program: Ctrl-C and progress bars get their turn, and then the work ends where `signal` says so. */
export function pauseBetweenRuns({ signal }: RunOptions): () => Promise<void> {
  const breathe = breather();
  return async () => {
    await breathe();
    signal?.throwIfAborted();
  };
}
