// Unpacking with the runtime's own decompressor, with a limit: a few kilobytes can unpack to gigabytes.
import { DataError } from "../tensor/errors.ts";
import { expectBytes } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";

export interface UnpackOptions {
  /** What messages call the file. */
  readonly name?: string;
  /** Most bytes to accept (default 2 GiB). */
  readonly limit?: number;
}

/** Whether the bytes begin like a gzip file. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Unpacks a gzip file. Throws `DataError` when it is damaged, cut off, or larger than the limit. */
export async function gunzip(bytes: Uint8Array, options: UnpackOptions = {}): Promise<Uint8Array> {
  expectBytes("gunzip", bytes);
  checkOptions("gunzip", options, ["name", "limit"]);
  const { name = "gzip file", limit = 2 ** 31 } = options;
  const packed = new ReadableStream<BufferSource>({
    start(controller) {
      controller.enqueue(bytes as Uint8Array<ArrayBuffer>);
      controller.close();
    },
  });
  const reader = packed.pipeThrough(new DecompressionStream("gzip")).getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  while (true) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new DataError(`${name}: the gzip data is damaged or cut off, after ${length} unpacked bytes: ${(cause as Error).message}`, {
        cause,
        reason: { kind: "damaged file", file: name, format: "gzip" },
      });
    });
    if (done) break;
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      throw new DataError(`${name}: unpacks to more than ${limit} bytes`, { reason: { kind: "unpacks to too much", file: name, limit } });
    }
    parts.push(value);
  }
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}
