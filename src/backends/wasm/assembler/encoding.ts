// The binary alphabet of WebAssembly: variable-length integers, little-endian floats, names, vectors and sections.
// WebAssembly Core Specification 2.0, chapter 5.

export type Bytes = readonly number[];

/** Unsigned LEB128. */
export function unsigned(n: number): number[] {
  const out: number[] = [];
  let rest = n;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    out.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return out;
}

/** Signed LEB128, for integers of any size that a bigint holds. */
export function signed(n: number | bigint): number[] {
  const out: number[] = [];
  let rest = BigInt(n);
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) return [...out, low];
    out.push(low | 0x80);
  }
}

/** Signed LEB128 of a 32-bit integer; numbers from 2^31 up are taken as the same bits. */
export function signed32(n: number): number[] {
  const out: number[] = [];
  let rest = n | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
      out.push(low);
      return out;
    }
    out.push(low | 0x80);
  }
}

const scratch = new DataView(new ArrayBuffer(8));
const scratchBytes = new Uint8Array(scratch.buffer);

export function float32(x: number): number[] {
  scratch.setFloat32(0, x, true);
  return Array.from(scratchBytes.subarray(0, 4));
}

export function float64(x: number): number[] {
  scratch.setFloat64(0, x, true);
  return Array.from(scratchBytes);
}

/** A count followed by that many encoded items. */
export function vector(items: readonly Bytes[]): number[] {
  const out = unsigned(items.length);
  for (const item of items) append(out, item);
  return out;
}

export function name(text: string): number[] {
  const encoded = new TextEncoder().encode(text);
  return [...unsigned(encoded.length), ...encoded];
}

/** A numbered section; an empty one is left out. */
export function section(id: number, items: readonly Bytes[]): number[] {
  if (items.length === 0) return [];
  const body = vector(items);
  const out = [id, ...unsigned(body.length)];
  append(out, body);
  return out;
}

/** Pushes without spreading: bodies can be longer than an argument list may be. */
export function append(out: number[], bytes: Bytes): void {
  for (let i = 0; i < bytes.length; i++) out.push(bytes[i]);
}
