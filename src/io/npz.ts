// NumPy's file of several named arrays: a zip archive of .npy files.
import { unzipSync, zipSync } from "fflate";
import { ArgumentError, ModelFormatError } from "../tensor/errors.ts";
import { expectBytes, expectTensor } from "../tensor/expect.ts";
import { checkOptions, showGiven } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { readNpy, writeNpy } from "./npy.ts";

export interface ReadNpzOptions {
  /** What messages call the file. */
  readonly name?: string;
  /** Most bytes that the arrays may have, unpacked (default 2 GiB). */
  readonly limit?: number;
}

export interface WriteNpzOptions {
  /** Deflate the arrays, as `numpy.savez_compressed` (default false: stored, as `numpy.savez`). */
  readonly compress?: boolean;
}

/** No deflated byte unpacks to more than 1032: whoever claims more lies, and is found out before memory is taken. */
const strongestDeflate = 1032;

/** Whether the bytes begin like a zip archive. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);
}

/** Reads a .npz file, stored or deflated: arrays by name, without ".npy". Throws `ModelFormatError` for damaged or too large ones. */
export function readNpz(bytes: Uint8Array, options: ReadNpzOptions = {}): Map<string, Tensor> {
  expectBytes("readNpz", bytes);
  checkOptions("readNpz", options, ["name", "limit"]);
  const { name = "npz", limit = 2 ** 31 } = options;
  if (!isZip(bytes)) throw new ModelFormatError(`${name}: not a .npz file: it does not begin like a zip archive`);
  let total = 0;
  const refuse = (message: string): never => {
    throw new ModelFormatError(`${name}: ${message}`);
  };
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter({ name: part, size, originalSize }) {
        total += originalSize;
        if (size > bytes.length) refuse(`"${part}" is said to have ${size} bytes, the whole file has ${bytes.length}`);
        if (originalSize > size * strongestDeflate + 64) refuse(`"${part}" cannot unpack from ${size} to ${originalSize} bytes`);
        if (total > limit) refuse(`the arrays unpack to more than ${limit} bytes`);
        return part.endsWith(".npy");
      },
    });
  } catch (cause) {
    if (cause instanceof ModelFormatError) throw cause;
    throw new ModelFormatError(`${name}: the zip archive is damaged or cut off: ${(cause as Error).message}`, { cause });
  }
  return new Map(
    Object.entries(files).map(([part, content]) => [part.slice(0, -4), readNpy(content, { name: `${name}: "${part}"` })] as const),
  );
}

/** Writes tensors as a .npz file. The same tensors give the same bytes. */
export function writeNpz(tensors: Iterable<readonly [string, Tensor]>, options: WriteNpzOptions = {}): Uint8Array {
  checkOptions("writeNpz", options, ["compress"]);
  if (typeof tensors !== "object" || tensors === null || !(Symbol.iterator in tensors)) {
    throw new ArgumentError(`writeNpz: the tensors are ${showGiven(tensors)}; expected a Map from names to Tensors`);
  }
  const files: Record<string, Uint8Array> = {};
  for (const [name, tensor] of tensors) {
    expectTensor("writeNpz", `the tensor of ${showGiven(name)}`, tensor);
    // NumPy reads names with slashes, but unpacking such an archive elsewhere would make folders, or climb out of them.
    if (typeof name !== "string" || name === "" || name.split("/").includes("..")) {
      throw new ArgumentError(`writeNpz: a tensor cannot be called ${showGiven(name)}`);
    }
    if (files[`${name}.npy`] !== undefined) throw new ArgumentError(`writeNpz: two tensors are called "${name}"`);
    files[`${name}.npy`] = writeNpy(tensor);
  }
  // The earliest date that a zip archive can tell: a clock would make two equal files differ. It counts in local time.
  return zipSync(files, { level: options.compress === true ? 6 : 0, mtime: new Date(1980, 0, 1) });
}
