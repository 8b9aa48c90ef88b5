// NumPy's file of several named arrays: a zip archive of .npy files.
import { ArgumentError, ModelFormatError } from "../tensor/errors.ts";
import { expectBytes, expectTensor } from "../tensor/expect.ts";
import { checkOptions, showGiven } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { readNpy, writeNpy } from "./npy.ts";
import { isZip, readZip, writeZip } from "./zip.ts";

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

/** Reads a .npz file, stored or deflated: arrays by name, without ".npy". Throws `ModelFormatError` for damaged or too large ones. */
export function readNpz(bytes: Uint8Array, options: ReadNpzOptions = {}): Map<string, Tensor> {
  expectBytes("readNpz", bytes);
  checkOptions("readNpz", options, ["name", "limit"]);
  const { name = "npz", limit = 2 ** 31 } = options;
  if (!isZip(bytes))
    throw new ModelFormatError(`${name}: not a .npz file: it does not begin like a zip archive`, {
      reason: { kind: "not this format", file: name, format: "npz" },
    });
  const files = readZip(bytes, { name, limit, only: (part) => part.endsWith(".npy") });
  return new Map([...files].map(([part, content]) => [part.slice(0, -4), readNpy(content, { name: `${name}: "${part}"` })] as const));
}

/** Writes tensors as a .npz file. The same tensors give the same bytes. */
export function writeNpz(tensors: Iterable<readonly [string, Tensor]>, options: WriteNpzOptions = {}): Uint8Array {
  checkOptions("writeNpz", options, ["compress"]);
  if (typeof tensors !== "object" || tensors === null || !(Symbol.iterator in tensors)) {
    throw new ArgumentError(`writeNpz: the tensors are ${showGiven(tensors)}; expected a Map from names to Tensors`);
  }
  const files = new Map<string, Uint8Array>();
  for (const [name, tensor] of tensors) {
    expectTensor("writeNpz", `the tensor of ${showGiven(name)}`, tensor);
    // NumPy reads names with slashes, but unpacking such an archive elsewhere would make folders, or climb out of them.
    if (typeof name !== "string" || name === "" || name.split("/").includes("..")) {
      throw new ArgumentError(`writeNpz: a tensor cannot be called ${showGiven(name)}`);
    }
    if (files.has(`${name}.npy`)) throw new ArgumentError(`writeNpz: two tensors are called "${name}"`);
    files.set(`${name}.npy`, writeNpy(tensor));
  }
  return writeZip(files, options);
}
