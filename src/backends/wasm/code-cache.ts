// The code of large programs, kept on disk in Node, so that a later start needs not assemble it and can have it compiled from the very beginning.
// A file is found by the graph alone, before anything else is known; whether it fits is decided by the fingerprint of the finished plan.
import { codeStamp, readFileNow, writeFileAtomically } from "#platform";
import type { Graph } from "../../graph/graph.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Arena } from "./arena.ts";
import { cachePath, foveaVersion, hash, hashText } from "./cache.ts";
import type { Segment } from "./schedule.ts";

export interface StoredCode {
  /** Of the plan that the code was assembled from. */
  readonly fingerprint: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether it was compiled by the optimising compiler at once. */
  readonly eager: boolean;
}

/** Smaller code is assembled faster than a file is read; larger would let the folder grow beyond 64 MiB. */
const smallest = 2 ** 14;
const largest = 2 ** 20;
/** Each graph has one file that may be its own; those that meet in one overwrite each other, so that the folder never needs tidying. */
const files = 64;
/** Graphs of fewer values have smaller code. */
const fewestValues = 24;
const formatVersion = 1;

/**
 * The name of this graph's code, made of all that is known before planning, `circumstances` included; undefined where nothing is kept. Contents
 * of constants are left out: they are large, and where code depends on them, the fingerprint tells.
 */
export function codeKey(graph: Graph, circumstances: object): string | undefined {
  const stamp = codeStamp();
  if (graph.order.length < fewestValues || stamp === undefined || cachePath("") === undefined) return undefined;
  const number = new Map(graph.order.map((value, i) => [value, i]));
  const values = graph.order.map(({ op, attrs, shape, dtype, inputs }) => [op.name, attrs, shape, dtype, inputs.map((v) => number.get(v))]);
  const outputs = [...graph.outputs].map(([name, value]) => [name, number.get(value)]);
  const updates = [...graph.updates].map((pair) => pair.map((value) => number.get(value)));
  return hashText(
    JSON.stringify([formatVersion, foveaVersion, stamp, circumstances, values, outputs, updates], (_, value: unknown) =>
      value instanceof Tensor ? [value.dtype, value.shape] : value,
    ),
  );
}

/** Everything that assembling depends on: the stages by their keys, in order, with their addresses and owners. */
export function fingerprintOf(segments: readonly Segment[], addressOf: Arena["addressOf"], circumstances: object): string {
  const stages = new Map<string, number>();
  const numbers: (number | string)[] = [];
  for (const segment of segments) {
    if (segment.kind === "standIn") {
      numbers.push("reference");
      continue;
    }
    for (const phase of segment.phases) {
      for (const { step, owner } of phase) {
        const { key, items } = step.stage;
        if (!stages.has(key)) stages.set(key, stages.size);
        numbers.push(stages.get(key) as number, items, owner);
        for (const { buffer, offset } of step.args) numbers.push((buffer.bytes === 0 ? 0 : addressOf(buffer)) + offset);
      }
      numbers.push("meet");
    }
    numbers.push("end");
  }
  return hashText(`${JSON.stringify(circumstances)}\n${[...stages.keys()].join("\n")}\n${numbers.join()}`);
}

interface Header extends Omit<StoredCode, "bytes"> {
  readonly key: string;
  readonly checksum: string;
}

function fileOf(key: string): string | undefined {
  return cachePath(`code-${Number.parseInt(key.slice(-4), 16) % files}.bin`);
}

/** What is kept under this key; a file that is damaged, or another graph's, is as good as none. */
export function readCode(key: string): StoredCode | undefined {
  const path = fileOf(key);
  const file = path === undefined ? undefined : readFileNow(path);
  if (file === undefined) return undefined;
  try {
    const end = file.indexOf(newline);
    const found = JSON.parse(new TextDecoder().decode(file.subarray(0, end))) as Header;
    const bytes = file.slice(end + 1);
    return found.key === key && found.checksum === checksumOf(bytes) ? { ...found, bytes } : undefined;
  } catch {
    return undefined;
  }
}

const newline = 10;

function checksumOf(bytes: Uint8Array<ArrayBuffer>): string {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  return `${bytes.length} ${hash(words)} ${hash(bytes.subarray(words.byteLength))}`;
}

let writing: Promise<void> = Promise.resolve();

/** Keeps code for later processes, while the caller goes on. A cache that cannot be written is no error. */
export function writeCode(key: string, code: StoredCode): void {
  const path = fileOf(key);
  const { bytes, ...rest } = code;
  if (path === undefined || bytes.length < smallest || bytes.length > largest) return;
  const header: Header = { ...rest, key, checksum: checksumOf(bytes) };
  const start = new TextEncoder().encode(`${JSON.stringify(header)}\n`);
  const file = new Uint8Array(start.length + bytes.length);
  file.set(start);
  file.set(bytes, start.length);
  writing = writing.then(() => writeFileAtomically(path, file)).catch(() => {});
}

/** Resolves when all that was to be kept is on disk. */
export function codeWritten(): Promise<void> {
  return writing;
}
