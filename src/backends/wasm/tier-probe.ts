// A small matrix product with the inner loop of the real kernels, to find out what an engine makes of a tier: whether it accepts the code, whether
// the numbers are right, and how fast it is. The numbers are small integers, so every correct way of rounding gives the same bits.
import { now } from "#platform";
import { type Code, f32x4, i32, ModuleBuilder, v128 } from "./assembler.ts";
import type { ProbedTile, Tier } from "./kernel.ts";
import { multiplyAdd } from "./kernels/vector-math.ts";

/** A tier together with a tile of accumulators: rows x vectors of four columns, and steps of the depth per round of the loop. */
export interface Candidate extends ProbedTile {
  readonly tier: Tier;
}

export interface ProbeKernel {
  readonly candidate: Candidate;
  /** Runs for about 0.1 ms; GFLOP/s. */
  measure(): number;
  /** Why the engine's result is wrong; undefined when it is right. */
  readonly fault: string | undefined;
}

const depth = 64;
const roundsPerMeasurement = 400;
const bytesPerFloat = 4;
const lanes = 4;

/** Where the product lies; the left factor lies at 0 in columns of `rows` numbers, the right one after it in rows. */
const rightAt = 8192;
const productAt = 32768;

export function probeModule({ tier, rows, vectors, unroll }: Candidate): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder({ shared: false, initial: 1, maximum: 1 });
  const run = module.func("run", { params: ["i32"] }, (f, rounds) => {
    const sums = Array.from({ length: rows }, () => f.locals("v128", vectors));
    const columns = f.locals("v128", vectors);
    const a = f.local("v128");
    const left = f.local("i32");
    const right = f.local("i32");
    f.repeat(rounds, () => {
      for (const sum of sums.flat()) f.set(sum, v128.zero());
      f.set(left, i32.const(0));
      f.set(right, i32.const(rightAt));
      f.loop((again) => {
        for (let k = 0; k < unroll; k++) {
          for (const [v, column] of columns.entries()) f.set(column, v128.load(right, (k * vectors + v) * lanes * bytesPerFloat));
          for (const [r, row] of sums.entries()) {
            f.set(a, v128.load32Splat(left, (k * rows + r) * bytesPerFloat));
            for (const [v, column] of columns.entries()) f.set(row[v], multiplyAdd(tier, a, column, row[v]));
          }
        }
        f.advance(left, unroll * rows * bytesPerFloat);
        f.advance(right, unroll * vectors * lanes * bytesPerFloat);
        f.brIf(again, i32.ltU(left, depth * rows * bytesPerFloat));
      });
      for (const [i, sum] of sums.flat().entries()) f.storeV128(productAt, sum, i * lanes * bytesPerFloat);
    });
  });
  module.export(run);
  return module.finish();
}

/** Compiles the candidate with the engine's present flags and checks it. Throws what the engine throws. */
export function loadProbe(candidate: Candidate): ProbeKernel {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(probeModule(candidate)), { env: { memory } });
  const run = instance.exports.run as (rounds: number) => void;
  const floats = new Float32Array(memory.buffer);
  const { rows, vectors } = candidate;
  const width = vectors * lanes;
  const left = floats.subarray(0, depth * rows);
  const right = floats.subarray(rightAt / bytesPerFloat).subarray(0, depth * width);
  for (const i of left.keys()) left[i] = ((i * 7) % 13) - 6;
  for (const i of right.keys()) right[i] = ((i * 5) % 17) - 8;
  run(1);
  const product = floats.subarray(productAt / bytesPerFloat).subarray(0, rows * width);
  return {
    candidate,
    fault: compare(product, left, right, candidate),
    measure() {
      const start = now();
      run(roundsPerMeasurement);
      const nanoseconds = 1e6 * (now() - start);
      return (2 * rows * width * depth * roundsPerMeasurement) / nanoseconds;
    },
  };
}

function compare(product: Float32Array, left: Float32Array, right: Float32Array, { rows, vectors }: Candidate): string | undefined {
  const width = vectors * lanes;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < width; c++) {
      let expected = 0;
      for (let k = 0; k < depth; k++) expected += left[k * rows + r] * right[k * width + c];
      const actual = product[r * width + c];
      if (actual !== expected) return `it computes ${actual} where scalar code computes ${expected}`;
    }
  }
  return undefined;
}

/** Whether the engine accepts one instruction of a kind: cheaper and surer than reading version numbers. */
function isValid(build: (a: Code<"v128">) => Code<"v128">): boolean {
  if (typeof WebAssembly !== "object") return false;
  const module = new ModuleBuilder({ shared: false, initial: 1, maximum: 1 });
  module.func("probe", { params: ["i32"] }, (f, p) => f.storeV128(p, build(v128.load(p))));
  return WebAssembly.validate(module.finish());
}

export function validatesSimd(): boolean {
  return isValid((a) => f32x4.add(a, a));
}

export function validatesRelaxedSimd(): boolean {
  return isValid((a) => f32x4.relaxedMadd(a, a, a));
}
