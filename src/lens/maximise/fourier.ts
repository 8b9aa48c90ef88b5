// A picture as waves: optimising the waves' sizes, weighted as in natural pictures, reaches smooth pictures first.
// Olah, Mordvintsev, Schubert, "Feature visualization", Distill 2017. The waves here are the real sines and cosines, whose products span
// the same pictures as the complex half-plane of rfft2; the starting deviations are those that a complex start of 0.01 has.
import type { Operand } from "../../graph/record.ts";
import { add, matmul, sub } from "../../ops/index.ts";
import type { Random } from "../../tensor/random.ts";
import { Tensor, type TensorData } from "../../tensor/tensor.ts";

/** [size, size]: column k is an orthonormal wave; 0 is constant, then cosine and sine of 1, 2, ... cycles, and the alternating one. */
export function waveBasis(size: number): Tensor {
  const data = new Float32Array(size * size);
  for (let k = 0; k < size; k++) {
    const cycles = cyclesOf(k);
    const single = k === 0 || 2 * cycles === size;
    const scale = Math.sqrt((single ? 1 : 2) / size);
    for (let i = 0; i < size; i++) {
      const angle = (2 * Math.PI * cycles * i) / size;
      data[i * size + k] = scale * (k % 2 === 1 ? Math.cos(angle) : k === 0 ? 1 : Math.sin(angle));
    }
  }
  return new Tensor(data, [size, size]);
}

/** Cycles per picture of wave k. */
function cyclesOf(k: number): number {
  return Math.ceil(k / 2);
}

/** [height, width]: the factor of every wave, 1 / max(f, 1/max(w, h))^decay / 4 with f in cycles per pixel. */
export function waveScales(height: number, width: number, decay: number): Tensor {
  const least = 1 / Math.max(width, height);
  return eachWave(height, width, (down, across) => 1 / (4 * Math.max(Math.hypot(down / height, across / width), least) ** decay));
}

/**
 * The same from a data set's mean spectrum [C, H', W'/2 + 1], averaged over channels and taken at the nearest frequency: as large in the root
 * mean square as the waves of decay 1.
 */
export function dataScales(height: number, width: number, spectrum: Tensor): Tensor {
  const magnitude = magnitudeAt(spectrum);
  const scales = eachWave(height, width, (down, across) => magnitude(down / height, across / width));
  const energy = ({ data }: Tensor): number => {
    let sum = 0;
    for (const v of data) sum += v * v;
    return sum;
  };
  // The mean brightness is not the waves' business: it would drown them all.
  scales.data[0] = strongest(scales.data);
  const ratio = Math.sqrt(energy(waveScales(height, width, 1)) / Math.max(energy(scales), 1e-30));
  scales.data.forEach((v, p) => {
    scales.data[p] = v * ratio;
  });
  return scales;
}

/** The largest entry but the first. */
function strongest(data: TensorData): number {
  let most = data.length > 1 ? 0 : 1;
  for (let p = 1; p < data.length; p++) most = Math.max(most, data[p]);
  return most;
}

/** Mean magnitude over channels at a frequency in cycles per pixel, both 0..0.5. */
function magnitudeAt(spectrum: Tensor): (down: number, across: number) => number {
  const [channels, height, half] = spectrum.shape;
  const width = 2 * (half - 1) || 1;
  return (down, across) => {
    const [row, column] = [Math.min(Math.floor(height / 2), Math.round(down * height)), Math.min(half - 1, Math.round(across * width))];
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += spectrum.data[(c * height + row) * half + column];
    return sum / channels;
  };
}

function eachWave(height: number, width: number, of: (down: number, across: number) => number): Tensor {
  const data = new Float32Array(height * width);
  for (let i = 0; i < height; i++) for (let j = 0; j < width; j++) data[i * width + j] = of(cyclesOf(i), cyclesOf(j));
  return new Tensor(data, [height, width]);
}

/** One channel's starting waves, N(0, 0.01²) per complex number: a real wave inside the half-plane has twice its variance. */
export function drawWaves(height: number, width: number, generator: Random): Float32Array {
  const data = new Float32Array(height * width);
  for (let p = 0; p < data.length; p++) {
    const cycles = cyclesOf(p % width);
    const inside = cycles > 0 && 2 * cycles !== width;
    data[p] = 0.01 * (inside ? Math.SQRT2 : 1) * generator.normal();
  }
  return data;
}

/** The matrices of the inverse transform of a half-plane: irfft2(re + i·im) as real products. */
export interface InverseTransform {
  /** [height, height], cosine and sine of 2π·row·k/height, over √height. */
  readonly rows: readonly [Tensor, Tensor];
  /** [half, width] likewise, over √width; columns that stand for two waves count twice. */
  readonly columns: readonly [Tensor, Tensor];
}

export function inverseTransform(height: number, width: number): InverseTransform {
  const half = Math.floor(width / 2) + 1;
  const table = (rows: number, columns: number, n: number, of: (angle: number, row: number) => number): Tensor => {
    const data = new Float32Array(rows * columns);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) data[i * columns + j] = of((2 * Math.PI * ((i * j) % n)) / n, i) / Math.sqrt(n);
    }
    return new Tensor(data, [rows, columns]);
  };
  const share = (column: number): number => (column === 0 || 2 * column === width ? 1 : 2);
  return {
    rows: [table(height, height, height, Math.cos), table(height, height, height, Math.sin)],
    columns: [
      table(half, width, width, (angle, k) => share(k) * Math.cos(angle)),
      table(half, width, width, (angle, k) => share(k) * Math.sin(angle)),
    ],
  };
}

/** √(height · width) · irfft2(re + i·im) over the last two axes, [..., height, half] to [..., height, width]. */
export function inverseFourier<T extends Operand>(re: T, im: T, rows: readonly [T, T], columns: readonly [T, T]): T {
  const [cosine, sine] = rows;
  const real = sub(matmul(cosine, re), matmul(sine, im));
  const imaginary = add(matmul(sine, re), matmul(cosine, im));
  return sub(matmul(real, columns[0]), matmul(imaginary, columns[1]));
}
