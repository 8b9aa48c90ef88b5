// The messages between page and worker.
import type { ErrorReason } from "fovea/tensor";

export interface Call {
  readonly id: number;
  readonly room: string;
  readonly task: string;
  readonly input: unknown;
}

export type Reply =
  | { readonly id: number; readonly kind: "progress"; readonly progress: unknown }
  | { readonly id: number; readonly kind: "done"; readonly output: unknown }
  | {
      readonly id: number;
      readonly kind: "failed";
      readonly name: string;
      readonly message: string;
      readonly reason: ErrorReason | undefined;
    };
