// Threefry-2x32 on four counters at once: bit for bit the numbers of tensor/random.ts, so that every backend draws the same masks.
import { threefryParity, threefryRotations } from "../../../tensor/random.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type FunctionBuilder, f32x4, i32, i32x4, type Local, type V128, v128 } from "../assembler.ts";
import { type KernelRule, kernelArguments, kernelParams, rowMajor } from "../kernel.ts";
import { storeLanes } from "./elementwise.ts";

/** Elements of one item; four counters give eight numbers. */
const blockElements = 1024;

function rotate(x: V128, by: number): V128 {
  return v128.or(i32x4.shl(x, by), i32x4.shrU(x, 32 - by));
}

/** Both words for the counters (c0, c1), four of them, as in `threefry`. */
function encrypt(f: FunctionBuilder, [k0, k1]: readonly [number, number], c0: V128, c1: V128): [Local<"v128">, Local<"v128">] {
  const keys = [k0 | 0, k1 | 0, k0 ^ k1 ^ threefryParity];
  const x0 = f.v128(i32x4.add(c0, i32x4.splat(keys[0])));
  const x1 = f.v128(i32x4.add(c1, i32x4.splat(keys[1])));
  for (let group = 0; group < 5; group++) {
    for (let round = 0; round < 4; round++) {
      const turn = threefryRotations[(group % 2) * 4 + round];
      f.set(x0, i32x4.add(x0, x1));
      const before = f.v128(x1);
      f.set(x1, v128.xor(rotate(before, turn), x0));
    }
    f.set(x0, i32x4.add(x0, i32x4.splat(keys[(group + 1) % 3])));
    f.set(x1, i32x4.add(x1, i32x4.splat((keys[(group + 2) % 3] + group + 1) | 0)));
  }
  return [x0, x1];
}

/** The upper 24 bits as a number in [0, 1). */
function unitInterval(word: V128): V128 {
  return f32x4.mul(f32x4.convertI32x4U(i32x4.shrU(word, 8)), f32x4.splat(2 ** -24));
}

const randomUniformRule: KernelRule = {
  op: "randomUniform",
  wishes: (value) => (value.dtype === "float32" ? { operands: ["any"], result: { order: rowMajor(value.rank), dense: true } } : undefined),
  generate(site) {
    const { value } = site;
    const size = sizeOf(value.shape);
    const key = [value.attrs.seed as number, value.attrs.stream as number] as const;
    return {
      name: "random threefry",
      stages: [
        {
          key: `random ${key} ${size}`,
          items: Math.ceil(size / blockElements),
          nanoseconds: size * 5,
          emit: (module) =>
            module.func("random", { params: kernelParams(site) }, (f, ...params) => {
              const { operands, result, start, end } = kernelArguments(site, {}, params);
              const step = f.v128(i32x4.splat(i32.load(operands[0])));
              const out = f.i32(i32.add(result, i32.mul(start, 4 * blockElements)));
              const position = f.i32(i32.mul(start, blockElements));
              const last = f.i32(i32.mul(end, blockElements));
              f.if(i32.gtU(last, size), () => f.set(last, i32.const(size)));
              const eight = (lanes: number): void => {
                const counter = i32x4.add(i32x4.splat(i32.shrU(position, 1)), i32x4.lanes([0, 1, 2, 3]));
                const [x0, x1] = encrypt(f, key, counter, step);
                const even = f.v128(unitInterval(x0));
                const odd = f.v128(unitInterval(x1));
                storeLanes(f, out, 1, 0, Math.min(4, lanes), i32x4.shuffle(even, odd, [0, 4, 1, 5]));
                if (lanes > 4) storeLanes(f, out, 1, 4, lanes - 4, i32x4.shuffle(even, odd, [2, 6, 3, 7]));
              };
              f.block((done) => {
                f.loop((again) => {
                  f.brIf(done, i32.gtU(i32.add(position, 8), last));
                  eight(8);
                  f.advance(out, 32);
                  f.advance(position, 8);
                  f.br(again);
                });
              });
              if (size % 8 > 0) f.if(i32.ltU(position, last), () => eight(size % 8));
            }),
        },
      ],
    };
  },
};

export const randomRules: readonly KernelRule[] = [randomUniformRule];
