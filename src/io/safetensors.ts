// Weights on disk: the safetensors format (8-byte header length, JSON header, one buffer without holes), because it is what others
// read and because a file can be checked completely before a byte of it is used. https://github.com/huggingface/safetensors
import type { ErrorReason } from "../tensor/error-reasons.ts";
import { ArgumentError, DTypeError, ModelFormatError } from "../tensor/errors.ts";
import { expectBytes, expectTensor } from "../tensor/expect.ts";
import { checkOptions, showGiven } from "../tensor/options.ts";
import { showShape } from "../tensor/shape.ts";
import { type DType, Tensor, type TensorData } from "../tensor/tensor.ts";
import { fromBfloat16, fromHalf, toBfloat16, toHalf } from "./half-float.ts";

/** Element types that a file may hold. F16 and BF16 become float32, integers but U8 become int32 (range checked), BOOL becomes uint8. */
export type StoredType = "F64" | "F32" | "F16" | "BF16" | "I64" | "I32" | "I16" | "I8" | "U64" | "U32" | "U16" | "U8" | "BOOL";

export interface SafetensorsFile {
  /** By name, in the order of their bytes. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly storedTypes: ReadonlyMap<string, StoredType>;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ReadSafetensorsOptions {
  /** What messages call the file. */
  readonly name?: string;
}

export interface WriteSafetensorsOptions {
  /** Text beside the tensors, stored as `__metadata__`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Store these tensors in another type than their own, e.g. `{ "conv1.weight": "F16" }`. */
  readonly storedTypes?: Readonly<Record<string, StoredType>>;
}

const bytesPerElement: Readonly<Record<StoredType, number>> = {
  ...{ F64: 8, I64: 8, U64: 8, F32: 4, I32: 4, U32: 4 },
  ...{ F16: 2, BF16: 2, I16: 2, U16: 2, U8: 1, I8: 1, BOOL: 1 },
};

/** What each integer type can hold of what a tensor can. */
const ranges: Readonly<Partial<Record<StoredType, readonly [number, number]>>> = {
  ...{ BOOL: [0, 1], U8: [0, 255], I8: [-128, 127], U16: [0, 65535], I16: [-32768, 32767] },
  ...{ U32: [0, 2 ** 31 - 1], U64: [0, 2 ** 31 - 1], I32: [-(2 ** 31), 2 ** 31 - 1], I64: [-(2 ** 31), 2 ** 31 - 1] },
};

const naturalType: Readonly<Record<DType, StoredType>> = { float64: "F64", float32: "F32", int32: "I32", uint8: "U8" };

/** The limit of the reference implementation: a longer header is an attack or not a header. */
const longestHeader = 100_000_000;

interface Entry {
  readonly name: string;
  readonly type: StoredType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a safetensors file. Everything is copied out of `bytes`.
 * Throws `ModelFormatError` when the header is damaged, tensors overlap, leave holes or reach beyond the file, or a value does not fit.
 */
export function readSafetensors(bytes: Uint8Array, options: ReadSafetensorsOptions = {}): SafetensorsFile {
  expectBytes("readSafetensors", bytes);
  checkOptions("readSafetensors", options, ["name"]);
  const name = options.name ?? "safetensors";
  const { header, start } = readHeader(bytes, name);
  const metadata = readMetadata(header.__metadata__, name);
  const entries = Object.entries(header)
    .filter(([key]) => key !== "__metadata__")
    .map(([key, value]) => readEntry(key, value, name))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);

  let reached = 0;
  for (const entry of entries) {
    if (entry.begin !== reached) {
      const what = entry.begin < reached ? "overlaps the tensor before it" : "leaves a hole before it";
      throw new ModelFormatError(`${name}: tensor "${entry.name}" ${what}: it begins at byte ${entry.begin}, expected ${reached}`, {
        reason: damaged(name),
      });
    }
    reached = entry.end;
  }
  const present = bytes.length - start;
  if (reached !== present) {
    const what = reached > present ? "the file is cut off" : "there are bytes that belong to no tensor";
    throw new ModelFormatError(`${name}: ${what}: the tensors need ${reached} bytes after the header, the file has ${present}`, {
      reason: damaged(name),
    });
  }

  const tensors = new Map<string, Tensor>();
  for (const entry of entries) {
    // Not bytes.slice(): of a Node Buffer that is a view, whose start need not be aligned to the element size.
    const own = new Uint8Array(bytes.subarray(start + entry.begin, start + entry.end));
    tensors.set(entry.name, new Tensor(decode(own, entry, name), entry.shape));
  }
  return { tensors, storedTypes: new Map(entries.map((e) => [e.name, e.type])), metadata };
}

/**
 * Writes tensors as a safetensors file. The same tensors and metadata give the same bytes, in whatever order they come:
 * wide types first (which keeps every tensor aligned), then by name. float64, float32, int32 and uint8 are stored as they are.
 */
export function writeSafetensors(tensors: Iterable<readonly [string, Tensor]>, options: WriteSafetensorsOptions = {}): Uint8Array {
  checkOptions("writeSafetensors", options, ["metadata", "storedTypes"]);
  const wanted = new Map(Object.entries(options.storedTypes ?? {}));
  if (typeof tensors !== "object" || tensors === null || !(Symbol.iterator in tensors)) {
    throw new ArgumentError(`writeSafetensors: the tensors are ${showGiven(tensors)}; expected a Map from names to Tensors`);
  }
  for (const entry of tensors) expectTensor("writeSafetensors", `the tensor of ${showGiven(entry[0])}`, entry[1]);
  const items = Array.from(tensors, ([name, tensor]) => ({ name, tensor, type: wanted.get(name) ?? naturalType[tensor.dtype] }));
  const seen = new Set<string>();
  for (const { name, type } of items) {
    if (name === "__metadata__") throw new ArgumentError('writeSafetensors: a tensor cannot be called "__metadata__"');
    if (bytesPerElement[type] === undefined) throw new DTypeError(`writeSafetensors: "${name}": unknown stored type "${String(type)}"`);
    if (seen.has(name)) throw new ArgumentError(`writeSafetensors: two tensors are called "${name}"`);
    seen.add(name);
  }
  items.sort((a, b) => bytesPerElement[b.type] - bytesPerElement[a.type] || compare(a.name, b.name));

  let reached = 0;
  const lines: string[] = [];
  const metadata = Object.entries(options.metadata ?? {}).sort(([a], [b]) => compare(a, b));
  if (metadata.length > 0) {
    lines.push(`"__metadata__":{${metadata.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`);
  }
  for (const { name, tensor, type } of items) {
    const end = reached + tensor.size * bytesPerElement[type];
    // Written by hand, because an object would put names that look like integers first.
    lines.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype: type, shape: tensor.shape, data_offsets: [reached, end] })}`);
    reached = end;
  }
  const json = new TextEncoder().encode(`{${lines.join(",")}}`);
  const headerLength = Math.ceil(json.length / 8) * 8;
  const out = new Uint8Array(8 + headerLength + reached);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerLength), true);
  out.fill(0x20, 8, 8 + headerLength);
  out.set(json, 8);
  let offset = 8 + headerLength;
  for (const { name, tensor, type } of items) {
    const bytes = encode(tensor.data, type, name);
    out.set(bytes, offset);
    offset += bytes.length;
  }
  return out;
}

const damaged = (file: string): ErrorReason => ({ kind: "damaged file", file, format: "safetensors" });

function readHeader(bytes: Uint8Array, name: string): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8)
    throw new ModelFormatError(`${name}: ${bytes.length} bytes are too few; a safetensors file begins with 8 bytes of length`, {
      reason: { kind: "not this format", file: name, format: "safetensors" },
    });
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(longestHeader) || length > BigInt(bytes.length - 8)) {
    throw new ModelFormatError(
      `${name}: the header is said to have ${length} bytes, but ${bytes.length - 8} follow (at most ${longestHeader} allowed): cut off, or not a safetensors file`,
      { reason: { kind: "not this format", file: name, format: "safetensors" } },
    );
  }
  const start = 8 + Number(length);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start)));
  } catch (cause) {
    throw new ModelFormatError(`${name}: the header is not valid JSON: ${(cause as Error).message}`, { cause, reason: damaged(name) });
  }
  if (!isRecord(header)) throw new ModelFormatError(`${name}: the header is not a JSON object`, { reason: damaged(name) });
  return { header, start };
}

function readMetadata(value: unknown, name: string): Record<string, string> {
  if (value === undefined) return {};
  if (!isRecord(value)) throw new ModelFormatError(`${name}: __metadata__ is not an object of strings`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw new ModelFormatError(`${name}: __metadata__ entry "${key}" is not a string`);
  }
  return value as Record<string, string>;
}

function readEntry(key: string, value: unknown, name: string): Entry {
  const where = `${name}: tensor "${key}"`;
  if (!isRecord(value)) throw new ModelFormatError(`${where}: its header entry is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(bytesPerElement, dtype)) {
    throw new ModelFormatError(`${where}: dtype ${JSON.stringify(dtype)} is not one of ${Object.keys(bytesPerElement).join(", ")}`);
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) throw new ModelFormatError(`${where}: shape ${brief(shape)} is not a list of sizes`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize) || offsets[0] > offsets[1]) {
    throw new ModelFormatError(`${where}: data_offsets ${brief(offsets)} is not [begin, end] with begin <= end`);
  }
  const type = dtype as StoredType;
  const [begin, end] = offsets as [number, number];
  const needed = shape.includes(0) ? 0 : shape.reduce((product: number, n: number) => product * n, bytesPerElement[type]);
  if (needed / bytesPerElement[type] > 2 ** 31) throw new ModelFormatError(`${where}: ${showShape(shape)} has more than 2^31 elements`);
  if (needed !== end - begin) {
    throw new ModelFormatError(
      `${where}: ${type} ${showShape(shape)} needs ${needed} bytes, but data_offsets [${begin}, ${end}] hold ${end - begin}`,
    );
  }
  return { name: key, type, shape, begin, end };
}

/** `bytes` is a fresh copy, so its buffer is aligned and may be kept. Typed arrays read little-endian, as every machine with a JavaScript engine does. */
function decode(bytes: Uint8Array<ArrayBuffer>, entry: Entry, name: string): TensorData {
  const { buffer } = bytes;
  const tooLarge = (value: number | bigint, i: number): string =>
    `${name}: tensor "${entry.name}": element ${i} is ${value}, which does not fit int32`;
  switch (entry.type) {
    case "F64":
      return new Float64Array(buffer);
    case "F32":
      return new Float32Array(buffer);
    case "I32":
      return new Int32Array(buffer);
    case "F16":
      return Float32Array.from(new Uint16Array(buffer), fromHalf);
    case "BF16":
      return Float32Array.from(new Uint16Array(buffer), fromBfloat16);
    case "I64":
    case "U64":
      return Int32Array.from(entry.type === "I64" ? new BigInt64Array(buffer) : new BigUint64Array(buffer), (value: bigint, i: number) => {
        if (value !== BigInt.asIntN(32, value)) throw new ModelFormatError(tooLarge(value, i));
        return Number(value);
      });
    case "U32":
      return Int32Array.from(new Uint32Array(buffer), (value, i) => {
        if (value !== (value | 0)) throw new ModelFormatError(tooLarge(value, i));
        return value;
      });
    case "I16":
      return Int32Array.from(new Int16Array(buffer));
    case "U16":
      return Int32Array.from(new Uint16Array(buffer));
    case "I8":
      return Int32Array.from(new Int8Array(buffer));
    case "BOOL": {
      const bad = bytes.findIndex((b) => b > 1);
      if (bad >= 0) throw new ModelFormatError(`${name}: tensor "${entry.name}": element ${bad} is ${bytes[bad]}; a BOOL is 0 or 1`);
      return bytes;
    }
    case "U8":
      return bytes;
  }
}

function encode(data: TensorData, type: StoredType, name: string): Uint8Array {
  if (type === "F16") return bytesOf(Uint16Array.from(data, toHalf));
  if (type === "BF16") return bytesOf(Uint16Array.from(data, toBfloat16));
  if (type === "F64") return bytesOf(data instanceof Float64Array ? data : Float64Array.from(data));
  if (type === "F32") return bytesOf(data instanceof Float32Array ? data : Float32Array.from(data));
  const [low, high] = ranges[type] as readonly [number, number];
  const bad = data.findIndex((v: number) => !Number.isInteger(v) || v < low || v > high);
  if (bad >= 0)
    throw new DTypeError(`writeSafetensors: "${name}": element ${bad} is ${data[bad]}, which ${type} cannot hold (${low}..${high})`);
  // Within the range, signed and unsigned numbers of a size have the same bytes.
  switch (bytesPerElement[type]) {
    case 8:
      return bytesOf(BigInt64Array.from(data as Int32Array, (v: number) => BigInt(v)));
    case 4:
      return bytesOf(data instanceof Int32Array ? data : Int32Array.from(data));
    case 2:
      return bytesOf(Int16Array.from(data));
    default:
      return bytesOf(data instanceof Uint8Array ? data : Uint8Array.from(data));
  }
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A hostile header may hold a list of millions. */
function brief(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 80);
}
