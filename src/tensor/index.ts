export type { ErrorReason, ErrorReasonKind, ErrorReasons } from "./error-reasons.ts";
export * from "./errors.ts";
export * from "./expect.ts";
export * from "./options.ts";
export * from "./random.ts";
export * from "./shape.ts";
export * from "./tensor.ts";
