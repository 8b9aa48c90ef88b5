// The messages between page and worker.
import { type ErrorReason, FoveaError } from "fovea/tensor";

export interface Call {
  readonly id: number;
  readonly room: string;
  readonly task: string;
  readonly input: unknown;
}

export type Reply =
  | { readonly id: number; readonly kind: "progress"; readonly progress: unknown }
  | { readonly id: number; readonly kind: "done"; readonly output: unknown }
  | ({ readonly id: number; readonly kind: "failed" } & ToldError);

/** An error as plain data: what crosses from the worker. */
export interface ToldError {
  /** The library's class, or "Error". */
  readonly name: string;
  readonly message: string;
  readonly reason: ErrorReason | undefined;
}

export function tellError(error: unknown): ToldError {
  const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
  return { name, message, reason: error instanceof FoveaError ? error.reason : undefined };
}
