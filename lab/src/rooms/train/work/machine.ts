// What the bits of a run depend on besides its settings: the threads that share its sums, and the instructions that its kernels are made of.

import { DataError } from "fovea/tensor";
import type { LiveTraining } from "fovea/train";

export interface Machine {
  readonly backend: string;
  readonly threads: number;
  /** Of the engine's instructions: fused multiply-adds round otherwise than separate ones. */
  readonly tier: string;
}

export const machineParts = ["backend", "threads", "tier"] as const satisfies readonly (keyof Machine)[];

export function machineOf(training: LiveTraining): Machine {
  const { backend, threads, engine } = training.explain();
  return { backend, threads, tier: engine?.tier ?? "none" };
}

/** In what two machines differ, as far as bits are concerned. */
export function machineDifferences(there: Machine, here: Machine): (keyof Machine)[] {
  return machineParts.filter((part) => there[part] !== here[part]);
}

/** What a file says; undefined where it is older than this. Throws `DataError` for what is no machine. */
export function readMachine(given: unknown, name: string): Machine | undefined {
  if (given === undefined) return undefined;
  const { backend, threads, tier } = (given ?? {}) as Partial<Record<keyof Machine, unknown>>;
  if (typeof backend !== "string" || typeof threads !== "number" || typeof tier !== "string")
    throw new DataError(
      `${name}: what it says of its machine is ${JSON.stringify(given)?.slice(0, 80)}; expected backend, threads and tier`,
    );
  return { backend, threads, tier };
}
