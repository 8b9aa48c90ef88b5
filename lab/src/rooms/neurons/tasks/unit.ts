// What is meant by "this unit", between page and worker.
import type { Target } from "fovea";

/** A channel of a layer, at a position or wherever it is strongest; or a class. */
export type UnitRef =
  | { readonly class: number }
  | { readonly layer: string; readonly channel: number; readonly position?: readonly [row: number, column: number] };

export function targetOf(unit: UnitRef): Target {
  return { ...unit };
}
