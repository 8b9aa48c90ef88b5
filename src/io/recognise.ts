// What a file is, by what it holds. Names lie, and a dropped file often has none that helps.
import { gunzip } from "./gzip.ts";

/** "picture" is PNG, JPEG, GIF, WebP, BMP or AVIF; "labels" is a list of names, one on each line. */
export type FileKind =
  | "picture"
  | "onnx"
  | "model"
  | "weights"
  | "npz"
  | "npy"
  | "zip"
  | "idx"
  | "cifar"
  | "tfjs"
  | "json"
  | "csv"
  | "labels"
  | "nothing"
  | "unknown";

const begins = (bytes: Uint8Array, signature: readonly number[], at = 0): boolean => signature.every((byte, i) => bytes[at + i] === byte);
const ascii = (text: string): number[] => [...text].map((sign) => sign.charCodeAt(0));
const pictures: readonly ((bytes: Uint8Array) => boolean)[] = [
  (b) => begins(b, [0x89, ...ascii("PNG")]),
  (b) => begins(b, [0xff, 0xd8, 0xff]),
  (b) => begins(b, ascii("GIF8")),
  (b) => begins(b, ascii("RIFF")) && begins(b, ascii("WEBP"), 8),
  (b) => begins(b, ascii("BM")) && b.length > 26 && b[14] + 256 * b[15] <= 128,
  (b) => begins(b, ascii("ftypavi"), 4),
];
/** Bytes of a CIFAR-10 record: a label and 32×32 pixels of three colours. */
const cifarRecord = 3073;

/**
 * Recognises a file by its contents: "model" is a safetensors file that says which net it is, "weights" one that does not, "npz" a zip of arrays.
 * What is gzip'ed is looked into. Files with no mark of their own are "unknown".
 */
export async function recogniseFile(bytes: Uint8Array): Promise<FileKind> {
  if (bytes.length === 0) return "nothing";
  if (begins(bytes, [0x1f, 0x8b])) return recogniseUnpacked(bytes);
  if (pictures.some((is) => is(bytes))) return "picture";
  if (begins(bytes, ascii("PK\x03\x04")) || begins(bytes, ascii("PK\x05\x06"))) return zipHolds(bytes, ".npy") ? "npz" : "zip";
  if (begins(bytes, [0x93, ...ascii("NUMPY")])) return "npy";
  if (begins(bytes, [0, 0]) && bytes[2] >= 8 && bytes[2] <= 14 && bytes[3] >= 1 && bytes[3] <= 8) return "idx";
  const header = safetensorsHeader(bytes);
  if (header !== undefined) return /"fovea"\s*:/.test(header) ? "model" : "weights";
  if (bytes.length % cifarRecord === 0 && labelsOfCifar(bytes)) return "cifar";
  const text = textOf(bytes);
  if (text !== undefined) return kindOfText(text);
  return isOnnx(bytes) ? "onnx" : "unknown";
}

async function recogniseUnpacked(bytes: Uint8Array): Promise<FileKind> {
  try {
    const inner = await gunzip(bytes);
    return begins(inner, [0x1f, 0x8b]) ? "unknown" : await recogniseFile(inner);
  } catch {
    return "unknown";
  }
}

/** Whether the central directory's last pages, or the first entry, name a file that ends so. */
function zipHolds(bytes: Uint8Array, ending: string): boolean {
  const length = bytes[26] + 256 * bytes[27];
  return new TextDecoder("latin1").decode(bytes.subarray(30, 30 + length)).endsWith(ending);
}

/** Bytes that the format allows a header to have. */
const longestHeader = 100_000_000;

function safetensorsHeader(bytes: Uint8Array): string | undefined {
  if (bytes.length < 10 || bytes[8] !== 0x7b) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = view.getUint32(0, true);
  if (view.getUint32(4, true) !== 0 || length > longestHeader) return undefined;
  // A file that is cut off is still one of these, and its reader says where it ends.
  const header = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  return /^\{\s*"/.test(header) ? header : undefined;
}

function labelsOfCifar(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += cifarRecord) if (bytes[at] > 9) return false;
  return true;
}

/** The beginning as text, or undefined when it is none. */
function textOf(bytes: Uint8Array): string | undefined {
  const part = bytes.subarray(0, 65_536);
  if (part.includes(0)) return undefined;
  try {
    // A character that the end of the part cuts is no fault.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(part, { stream: part.length < bytes.length });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what tells bytes from text
    return /[\x01-\x08\x0e-\x1f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

function kindOfText(text: string): FileKind {
  const start = text.replace(/^\uFEFF/, "").trimStart();
  if (start.startsWith("{")) return /"modelTopology"|"weightsManifest"/.test(text) ? "tfjs" : "json";
  if (start.startsWith("[")) return "json";
  const [first = ""] = start.split(/\r?\n/);
  const cells = first.split(",");
  return cells.length > 8 ? "csv" : "labels";
}

/** ModelProto has no signature. Its fields have: the first is the version (1, a small number) or one of the known others. */
function isOnnx(bytes: Uint8Array): boolean {
  if (begins(bytes, [0x08]) && bytes[1] >= 1 && bytes[1] <= 30) return [0x12, 0x1a, 0x22, 0x2a, 0x32, 0x3a, 0x42].includes(bytes[2]);
  return false;
}
