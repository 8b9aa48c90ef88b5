// Zip archives, with their claims checked before memory is taken: a few kilobytes can unpack to gigabytes.
import { unzipSync, zipSync } from "fflate";
import type { ErrorReason } from "../tensor/error-reasons.ts";
import { ArgumentError, ModelFormatError } from "../tensor/errors.ts";
import { expectBytes } from "../tensor/expect.ts";
import { checkOptions, showGiven } from "../tensor/options.ts";

export interface ReadZipOptions {
  /** What messages call the file. */
  readonly name?: string;
  /** Most bytes that the files may have, unpacked (default 2 GiB). */
  readonly limit?: number;
  /** Which files to unpack (default all). Folders are never listed. */
  readonly only?: (path: string) => boolean;
}

export interface WriteZipOptions {
  /** Deflate the files (default false: stored). */
  readonly compress?: boolean;
}

/** No deflated byte unpacks to more than 1032: whoever claims more lies, and is found out before memory is taken. */
const strongestDeflate = 1032;

/** Whether the bytes begin like a zip archive. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);
}

/** The files of a zip archive, stored or deflated, by path. Throws `ModelFormatError` for damaged or too large ones. */
export function readZip(bytes: Uint8Array, options: ReadZipOptions = {}): Map<string, Uint8Array> {
  expectBytes("readZip", bytes);
  checkOptions("readZip", options, ["name", "limit", "only"]);
  const { name = "zip archive", limit = 2 ** 31, only = () => true } = options;
  const refuse = (message: string, reason: ErrorReason = { kind: "damaged file", file: name, format: "zip" }): never => {
    throw new ModelFormatError(`${name}: ${message}`, { reason });
  };
  if (!isZip(bytes)) refuse("it does not begin like a zip archive", { kind: "not this format", file: name, format: "zip" });
  let total = 0;
  try {
    const files = unzipSync(bytes, {
      filter({ name: part, size, originalSize }) {
        if (part.endsWith("/") || !only(part)) return false;
        total += originalSize;
        if (size > bytes.length) refuse(`"${part}" is said to have ${size} bytes, the whole file has ${bytes.length}`);
        if (originalSize > size * strongestDeflate + 64) refuse(`"${part}" cannot unpack from ${size} to ${originalSize} bytes`);
        if (total > limit) refuse(`the files unpack to more than ${limit} bytes`, { kind: "unpacks to too much", file: name, limit });
        return true;
      },
    });
    return new Map(Object.entries(files));
  } catch (cause) {
    if (cause instanceof ModelFormatError) throw cause;
    throw new ModelFormatError(`${name}: the zip archive is damaged or cut off: ${(cause as Error).message}`, {
      cause,
      reason: { kind: "damaged file", file: name, format: "zip" },
    });
  }
}

/** Writes files as a zip archive. The same files give the same bytes. Throws `ArgumentError` for paths that lead elsewhere. */
export function writeZip(files: ReadonlyMap<string, Uint8Array | string>, options: WriteZipOptions = {}): Uint8Array {
  checkOptions("writeZip", options, ["compress"]);
  const encoder = new TextEncoder();
  const parts: Record<string, Uint8Array> = {};
  for (const [path, contents] of files) {
    if (path === "" || path.startsWith("/") || path.split("/").includes("..")) {
      throw new ArgumentError(`writeZip: a file cannot be called ${showGiven(path)}`);
    }
    parts[path] = typeof contents === "string" ? encoder.encode(contents) : contents;
  }
  // The earliest date that a zip archive can tell: a clock would make two equal files differ. It counts in local time.
  return zipSync(parts, { level: options.compress === true ? 6 : 0, mtime: new Date(1980, 0, 1) });
}
