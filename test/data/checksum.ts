// One number for all pixels of a data set: Node's test and the browser's must find the same.
import type { Dataset } from "../../src/data/dataset.ts";

/** FNV-1a over the bits of the pictures as the net sees them. */
export function syntheticChecksum(dataset: Dataset): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < dataset.size; i++) {
    const { data } = dataset.image(i);
    for (const byte of new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash >>> 0;
}
