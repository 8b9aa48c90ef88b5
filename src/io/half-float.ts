// The 16-bit floats of model files. Reading is exact (subnormals included); writing rounds to nearest, ties to even, as IEEE 754 does.

/** Value of the 16 bits of an IEEE 754 half: 1 sign, 5 exponent, 10 fraction bits. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The nearest half of a number, as 16 bits. Beyond 65504 (plus half a step) it is infinite. */
export function toHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24);
  let exponent = Math.floor(Math.log2(size));
  // log2 itself is rounded, so it may be off by one next to a power of two.
  if (2 ** exponent > size) exponent--;
  else if (2 ** (exponent + 1) <= size) exponent++;
  // A fraction that rounds up to 1024 carries into the exponent, which is just what the next half is.
  return sign | (((exponent + 15) << 10) + roundToEven((size / 2 ** exponent - 1) * 1024));
}

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

/** Value of a bfloat16: the upper 16 bits of a float32. */
export function fromBfloat16(bits: number): number {
  word[0] = bits << 16;
  return single[0];
}

/** The nearest bfloat16 of a number, as 16 bits (by way of float32). */
export function toBfloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  single[0] = value;
  const bits = word[0];
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
