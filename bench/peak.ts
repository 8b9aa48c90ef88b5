// What the machine can do at this moment: multiplications and additions in registers, nothing loaded or stored. The products do not wait for
// the sums, as in a matrix product; two of the operands change in every round, so that no product can be computed beforehand.
import { f32x4, i32, ModuleBuilder } from "../src/backends/wasm/assembler.ts";

const rounds = 20_000;
const changing = 2;
const fixed = 4;
/** Per round: a multiplication and an addition per pair, and what changes the operands. */
export const peakFlop: number = rounds * (changing * fixed * 2 + changing) * 4;

export function peakKernel(): () => void {
  const module = new ModuleBuilder({ shared: false, initial: 1, maximum: 1 });
  module.export(
    module.func("peak", { params: [] }, (f) => {
      const sums = Array.from({ length: changing }, () => f.locals("v128", fixed));
      const factors = Array.from({ length: fixed }, (_, i) => f.v128(f32x4.splat(0.5 + i)));
      const turns = Array.from({ length: changing }, (_, i) => f.v128(f32x4.splat(0.25 + i)));
      const round = f.i32(0);
      f.doWhile(round, rounds, 1, () => {
        for (const [i, turn] of turns.entries()) {
          for (const [j, factor] of factors.entries()) f.set(sums[i][j], f32x4.add(sums[i][j], f32x4.mul(turn, factor)));
          f.set(turn, f32x4.sub(factors[0], turn));
        }
      });
      for (const [i, sum] of sums.flat().entries()) f.storeV128(i32.const(0), sum, 16 * i);
    }),
    "peak",
  );
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  return new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } }).exports.peak as () => void;
}
