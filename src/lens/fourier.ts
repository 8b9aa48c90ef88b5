// A picture as waves: optimising the waves' sizes, weighted as in natural pictures, reaches smooth pictures first.
// Olah, Mordvintsev, Schubert, "Feature visualization", Distill 2017. The waves here are the real sines and cosines, whose products span
// the same pictures as the complex half-plane of rfft2; the starting deviations are those that a complex start of 0.01 has.
import type { Random } from "../tensor/random.ts";
import { Tensor } from "../tensor/tensor.ts";

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
  const data = new Float32Array(height * width);
  const least = 1 / Math.max(width, height);
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const f = Math.hypot(cyclesOf(i) / height, cyclesOf(j) / width);
      data[i * width + j] = 1 / (4 * Math.max(f, least) ** decay);
    }
  }
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
