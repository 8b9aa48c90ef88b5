// The numbers of a TensorFlow.js model: shards of bytes beside the JSON, cut into tensors by its manifest, which may say that they are quantised.
import { ModelFormatError, UnsupportedOpError } from "../../tensor/errors.ts";
import { type Shape, showShape, sizeOf } from "../../tensor/shape.ts";
import { Tensor, type TensorData } from "../../tensor/tensor.ts";
import { fromHalf } from "../half-float.ts";
import { type Json, list, numbers, record, text } from "./json.ts";

/** Gives the bytes of a file that lies beside model.json. */
export type ReadShard = (path: string) => Promise<Uint8Array>;

interface Entry {
  readonly name: string;
  readonly shape: Shape;
  /** The type in memory: float32, int32, bool ... */
  readonly dtype: string;
  /** The type in the file, when quantised. */
  readonly stored: string;
  readonly scale: number;
  readonly min: number;
}

const bytesOf: Readonly<Record<string, number>> = { float32: 4, int32: 4, float16: 2, uint16: 2, uint8: 1, bool: 1 };

/** Reads every tensor of a manifest. Throws `ModelFormatError` when the shards do not hold what it promises. */
export async function readWeights(manifest: Json, readShard: ReadShard, name: string): Promise<Map<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  for (const group of list(manifest, `${name}: weightsManifest`)) {
    const { paths, weights } = record(group, `${name}: weightsManifest`);
    const entries = list(weights, `${name}: weights`).map((entry) => readEntry(entry, name));
    const needed = entries.reduce((sum, { shape, stored }) => sum + sizeOf(shape) * bytesOf[stored], 0);
    const shards: Uint8Array[] = [];
    for (const path of list(paths, `${name}: paths`)) shards.push(await readShard(safePath(text(path, `${name}: paths`), name)));
    const present = shards.reduce((sum, shard) => sum + shard.length, 0);
    if (present !== needed) throw new ModelFormatError(`${name}: its weights need ${needed} bytes, but its shards have ${present}`);
    const bytes = new Uint8Array(present);
    let at = 0;
    for (const shard of shards) {
      bytes.set(shard, at);
      at += shard.length;
    }
    at = 0;
    for (const entry of entries) {
      const length = sizeOf(entry.shape) * bytesOf[entry.stored];
      // A copy of its own, so that it is aligned.
      tensors.set(entry.name, new Tensor(decode(bytes.slice(at, at + length).buffer, entry), entry.shape));
      at += length;
    }
  }
  return tensors;
}

/** Shards lie beside the JSON: a file must not reach for others on the reader's disk. */
function safePath(path: string, name: string): string {
  if (path === "" || /^[/\\]|^[a-z]+:|\\/i.test(path) || path.split("/").includes("..")) {
    throw new ModelFormatError(`${name}: its weights are said to be in ${JSON.stringify(path)}, which is not beside it`);
  }
  return path;
}

function readEntry(given: Json, name: string): Entry {
  const { name: tensor, shape, dtype, quantization } = record(given, `${name}: weights`);
  const where = `${name}: weight ${JSON.stringify(tensor)}`;
  const sizes = numbers(shape, `${where}: shape`);
  if (sizes.some((n) => !Number.isInteger(n) || n < 0) || sizes.reduce((product, n) => product * n, 1) > 2 ** 31) {
    throw new ModelFormatError(`${where}: ${showShape(sizes)} is no shape of a tensor that fits`);
  }
  const kind = text(dtype, `${where}: dtype`);
  const packing = quantization === undefined ? undefined : record(quantization, `${where}: quantization`);
  const stored = packing === undefined ? kind : text(packing.dtype, `${where}: quantization`);
  if (bytesOf[stored] === undefined || !(kind === "float32" || kind === "int32" || kind === "bool")) {
    throw new UnsupportedOpError(`${where}: elements of type ${kind}${packing && ` stored as ${stored}`} are not read`);
  }
  const [scale, min] = [packing?.scale ?? 1, packing?.min ?? 0].map(Number);
  return { name: text(tensor, where), shape: sizes, dtype: kind, stored, scale, min };
}

function decode(buffer: ArrayBuffer, { dtype, stored, scale, min }: Entry): TensorData {
  switch (stored) {
    case "float32":
      return new Float32Array(buffer);
    case "int32":
      return new Int32Array(buffer);
    case "float16":
      return Float32Array.from(new Uint16Array(buffer), fromHalf);
    case "bool":
      return new Uint8Array(buffer);
  }
  // Affine quantisation: w = q · scale + min.
  const codes = stored === "uint8" ? new Uint8Array(buffer) : new Uint16Array(buffer);
  return dtype === "int32"
    ? Int32Array.from(codes, (q: number) => Math.round(q * scale + min))
    : Float32Array.from(codes, (q: number) => q * scale + min);
}
