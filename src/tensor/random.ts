// Counter-based random numbers: bit i of stream s depends on (seed, stream, i) alone, never on what was drawn before.
// So a mask can be made inside a graph, on any backend and any thread, and every backend makes the same bits.
// Threefry-2x32 with 20 rounds: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
import { ArgumentError } from "./errors.ts";
import { showGiven } from "./options.ts";
import { checkShape, type Shape, sizeOf } from "./shape.ts";
import { Tensor } from "./tensor.ts";

/** Rotation distances of the eight rounds that repeat, and the constant that ends the key schedule. */
export const threefryRotations: readonly number[] = [13, 15, 26, 6, 17, 29, 16, 24];
export const threefryParity = 0x1bd11bda;

/** Encrypts the counter (c0, c1) under the key (k0, k1); returns two 32-bit words as signed integers. */
export function threefry(k0: number, k1: number, c0: number, c1: number, out: Int32Array | number[] = [0, 0]): typeof out {
  const keys = [k0 | 0, k1 | 0, k0 ^ k1 ^ threefryParity];
  let x0 = (c0 + keys[0]) | 0;
  let x1 = (c1 + keys[1]) | 0;
  for (let group = 0; group < 5; group++) {
    for (let r = 0; r < 4; r++) {
      const turn = threefryRotations[(group % 2) * 4 + r];
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << turn) | (x1 >>> (32 - turn))) ^ x0;
    }
    x0 = (x0 + keys[(group + 1) % 3]) | 0;
    x1 = (x1 + keys[(group + 2) % 3] + group + 1) | 0;
  }
  out[0] = x0;
  out[1] = x1;
  return out;
}

/** A 32-bit word as a number in [0, 1) with 24 random bits: exact in float32. */
export function unitInterval(word: number): number {
  return (word >>> 8) * 2 ** -24;
}

/** A seeded generator for host-side use (initialisation, shuffling). Same seed and stream, same numbers, everywhere. */
export interface Random {
  readonly seed: number;
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal (Box-Muller). */
  normal(): number;
  /** Uniform integer in 0..n-1. */
  integer(n: number): number;
  /** 0..n-1 in random order (Fisher-Yates). */
  permutation(n: number): Int32Array;
  /** An independent generator; the same label always gives the same one. */
  fork(label: string | number): Random;
}

/** FNV-1a: names become stream numbers. */
export function hashLabel(label: string | number): number {
  let h = 0x811c9dc5;
  for (const ch of String(label)) h = Math.imul(h ^ (ch.codePointAt(0) ?? 0), 0x01000193);
  return h | 0;
}

/**
 * A generator for the key (seed, stream), both integers (stream default 0): keys that differ give independent numbers.
 * Throws `ArgumentError` for a seed that is not an integer.
 */
export function random(seed: number, stream = 0): Random {
  if (!Number.isInteger(seed) || !Number.isInteger(stream)) {
    throw new ArgumentError(`random: the key is (${showGiven(seed)}, ${showGiven(stream)}); expected integers`);
  }
  let counter = 0;
  const pair = [0, 0];
  let spare: number | undefined;
  const uniform = (): number => {
    if (counter % 2 === 0) threefry(seed, stream, counter / 2, 0, pair);
    return unitInterval(pair[counter++ % 2]);
  };
  return {
    seed,
    uniform,
    normal() {
      if (spare !== undefined) {
        const value = spare;
        spare = undefined;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    integer: (n) => Math.floor(uniform() * n),
    permutation(n) {
      const order = new Int32Array(n);
      for (let i = 0; i < n; i++) order[i] = i;
      for (let i = n - 1; i > 0; i--) {
        const j = Math.floor(uniform() * (i + 1));
        const kept = order[i];
        order[i] = order[j];
        order[j] = kept;
      }
      return order;
    },
    fork: (label) => random(threefry(seed, stream, hashLabel(label), 1)[0], hashLabel(label)),
  };
}

function checkGenerator(where: string, generator: Random): void {
  if (typeof generator?.uniform === "function" && typeof generator.normal === "function") return;
  throw new ArgumentError(`${where}: the generator is ${showGiven(generator)}; expected a seeded one, such as random(0)`);
}

/** A float32 tensor of independent uniforms in [low, high) (default 0, 1). Throws `ArgumentError` without a generator: nothing is unseeded. */
export function randomUniform(shape: Shape, generator: Random, low = 0, high = 1): Tensor {
  checkShape(shape, "randomUniform");
  checkGenerator("randomUniform", generator);
  const data = new Float32Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = low + (high - low) * generator.uniform();
  return new Tensor(data, shape);
}

/** A float32 tensor of independent normals (default mean 0, deviation 1). Throws `ArgumentError` without a generator: nothing is unseeded. */
export function randomNormal(shape: Shape, generator: Random, mean = 0, deviation = 1): Tensor {
  checkShape(shape, "randomNormal");
  checkGenerator("randomNormal", generator);
  const data = new Float32Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = mean + deviation * generator.normal();
  return new Tensor(data, shape);
}
