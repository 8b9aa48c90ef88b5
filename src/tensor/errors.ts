// Every failure that a user can cause has a type of its own, so that callers can react to it and the CLI can print one clear line.
// A message says what was wrong, where, and what was expected.
import type { ErrorReason } from "./error-reasons.ts";

export interface FoveaErrorOptions extends ErrorOptions {
  /** What a program can say it from in its own words. */
  readonly reason?: ErrorReason | undefined;
}

/**
 * Base class of every error that fovea throws on purpose. `code` is stable and machine-readable; so is `reason`, which the errors that readers
 * of a program meet most have, too.
 */
export class FoveaError extends Error {
  readonly code: string = "FOVEA";
  readonly reason: ErrorReason | undefined;
  constructor(message: string, { reason, ...options }: FoveaErrorOptions = {}) {
    super(message, options);
    this.name = new.target.name;
    this.reason = reason;
  }
}

/** Sizes do not fit together; the message spells out the arithmetic. */
export class ShapeError extends FoveaError {
  override readonly code = "SHAPE";
}

/** A tensor has the wrong element type for what is asked of it. */
export class DTypeError extends FoveaError {
  override readonly code = "DTYPE";
}

/** An option or argument has an impossible value, or is not known at all. */
export class ArgumentError extends FoveaError {
  override readonly code = "ARGUMENT";
}

/** A backend has no way to run an op with these attributes. */
export class UnsupportedOpError extends FoveaError {
  override readonly code = "UNSUPPORTED_OP";
}

/** A graph is malformed: duplicate names, a missing feed, a value that does not belong. */
export class GraphError extends FoveaError {
  override readonly code = "GRAPH";
}

/** A model or checkpoint file is damaged or not of the expected format. */
export class ModelFormatError extends FoveaError {
  override readonly code = "MODEL_FORMAT";
}

/** A file or folder is missing, cannot be read or written, or there is no file system here at all. */
export class FileError extends FoveaError {
  override readonly code = "FILE";
}

/** A data set is missing, empty, truncated or inconsistent. */
export class DataError extends FoveaError {
  override readonly code = "DATA";
}

/** Training cannot go on, for example because the loss is not a number any more. */
export class TrainingError extends FoveaError {
  override readonly code = "TRAINING";
}
