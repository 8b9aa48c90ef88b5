// How a picture's power is spread over frequencies: the magnitudes of its half-plane transform, and the slope by which power falls, about -2
// in natural pictures (Field 1987) and near 0 in noise. Made for any size, so the transform is the mixed-radix one of Cooley and Tukey 1965.
import type { Tensor } from "../../tensor/tensor.ts";

/** The discrete Fourier transform of re + i·im, in place; sums of n terms, not scaled. */
export function fourier(re: Float64Array, im: Float64Array): void {
  const n = re.length;
  const radix = smallestFactor(n);
  const inner = n / radix;
  if (n === 1) return;
  const { cosines, sines } = circle(n);
  const parts = Array.from({ length: radix }, (_, r) => {
    const real = new Float64Array(inner);
    const imaginary = new Float64Array(inner);
    for (let k = 0; k < inner; k++) {
      real[k] = re[k * radix + r];
      imaginary[k] = im[k * radix + r];
    }
    fourier(real, imaginary);
    return { real, imaginary };
  });
  for (let k = 0; k < n; k++) {
    let [real, imaginary] = [0, 0];
    for (let r = 0; r < radix; r++) {
      const turn = (r * k) % n;
      const a = parts[r].real[k % inner];
      const b = parts[r].imaginary[k % inner];
      real += a * cosines[turn] + b * sines[turn];
      imaginary += b * cosines[turn] - a * sines[turn];
    }
    re[k] = real;
    im[k] = imaginary;
  }
}

interface Circle {
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
}

const circles = new Map<number, Circle>();

/** Cosine and sine of n equal turns; transforms of one picture ask for the same ones again and again. */
function circle(n: number): Circle {
  const known = circles.get(n);
  if (known !== undefined) return known;
  const turns = new Float64Array(n).map((_, k) => (2 * Math.PI * k) / n);
  const made = { cosines: turns.map(Math.cos), sines: turns.map(Math.sin) };
  circles.set(n, made);
  return made;
}

function smallestFactor(n: number): number {
  for (let f = 2; f * f <= n; f++) if (n % f === 0) return f;
  return n;
}

/** |rfft2| of a plane [height, width], row-major [height, ⌊width/2⌋ + 1]. */
export function magnitudes(plane: ArrayLike<number>, height: number, width: number): Float64Array {
  const half = Math.floor(width / 2) + 1;
  const columns = Array.from({ length: half }, () => ({ re: new Float64Array(height), im: new Float64Array(height) }));
  for (let i = 0; i < height; i++) {
    const re = Float64Array.from({ length: width }, (_, j) => plane[i * width + j]);
    const im = new Float64Array(width);
    fourier(re, im);
    for (let j = 0; j < half; j++) {
      columns[j].re[i] = re[j];
      columns[j].im[i] = im[j];
    }
  }
  const out = new Float64Array(height * half);
  columns.forEach(({ re, im }, j) => {
    fourier(re, im);
    for (let i = 0; i < height; i++) out[i * half + j] = Math.hypot(re[i], im[i]);
  });
  return out;
}

/** Cycles per pixel of every entry of `magnitudes`. */
export function frequencies(height: number, width: number): Float64Array {
  const half = Math.floor(width / 2) + 1;
  return Float64Array.from({ length: height * half }, (_, p) => {
    const row = Math.floor(p / half);
    return Math.hypot(Math.min(row, height - row) / height, (p % half) / width);
  });
}

/**
 * d log(power) / d log(frequency) of a picture [C, H, W]: power averaged over channels and rings of equal frequency, least squares over the
 * rings from one cycle per picture to half a cycle per pixel. NaN for constant pictures and for pictures of fewer than three rings.
 */
export function spectralSlope({ data, shape: [channels, height, width] }: Tensor): number {
  const power = new Float64Array(height * (Math.floor(width / 2) + 1));
  for (let c = 0; c < channels; c++) {
    const plane = data.subarray(c * height * width, (c + 1) * height * width);
    magnitudes(plane, height, width).forEach((m, p) => {
      power[p] += m * m;
    });
  }
  return slopeOf(power, height, width);
}

/** The same of a power spectrum as `magnitudes` lays it out. */
export function slopeOf(power: ArrayLike<number>, height: number, width: number): number {
  const size = Math.min(height, width);
  const rings = Array.from({ length: Math.floor(size / 2) + 1 }, () => ({ power: 0, count: 0 }));
  frequencies(height, width).forEach((f, p) => {
    const ring = rings[Math.round(f * size)];
    if (ring === undefined) return;
    ring.power += power[p];
    ring.count++;
  });
  // What is left of a constant picture is rounding.
  const nothing = 1e-20 * rings[0].power;
  const points = rings.flatMap(({ power: sum, count }, k) => (k > 0 && sum > nothing ? [[Math.log(k / size), Math.log(sum / count)]] : []));
  if (points.length < 3) return Number.NaN;
  const [x, y] = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
  const across = points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
  return points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / across;
}
