// What a user sees when a command fails: one clear line, never a stack trace, and an exit code that a script can read.
import { ArgumentError, FoveaError, UnsupportedOpError } from "../tensor/errors.ts";

export const exitCodes = { ok: 0, failed: 1, usage: 2, unsupported: 3, interrupted: 130 } as const;

/** The line to print for `error`, and the code to leave with. */
export function describeFailure(
  error: unknown,
  command: string | undefined,
): { readonly message: string | undefined; readonly exitCode: number } {
  const help = `see: fovea ${command === undefined || command === "" ? "" : `${command} `}--help`;
  if (error instanceof ArgumentError) return { message: `${error.message}\n${help}`, exitCode: exitCodes.usage };
  if (error instanceof UnsupportedOpError) return { message: error.message, exitCode: exitCodes.unsupported };
  if (error instanceof FoveaError) return { message: error.message, exitCode: exitCodes.failed };
  if (!(error instanceof Error)) return { message: String(error), exitCode: exitCodes.failed };
  // The command has said by now what is kept and how to go on.
  if (error.name === "AbortError") return { message: undefined, exitCode: exitCodes.interrupted };
  if ("code" in error && typeof error.code === "string" && "syscall" in error)
    return { message: error.message, exitCode: exitCodes.failed };
  return {
    message: `internal error: ${error.message}\nThis is a defect in fovea; FOVEA_DEBUG=1 shows where it happened.`,
    exitCode: exitCodes.failed,
  };
}
