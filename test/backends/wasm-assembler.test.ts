// The assembler: encodings against the specification's own examples, and small programs that are run.
import { describe, expect, it } from "vitest";
import { signed, signed32, unsigned } from "../../src/backends/wasm/assembler/encoding.ts";
import { atomic, call, f32, f32x4, f64, i32, i32x4, i64, ModuleBuilder, v128 } from "../../src/backends/wasm/assembler.ts";

type Exports = Record<string, (...args: number[]) => number>;

function load(module: ModuleBuilder, memory: WebAssembly.Memory): Exports {
  return new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } }).exports as unknown as Exports;
}

const plain = { shared: false, initial: 1, maximum: 1 };
const memoryOf = (): WebAssembly.Memory => new WebAssembly.Memory({ initial: 1, maximum: 1 });

describe("encoding", () => {
  it("LEB128 matches the standard's examples and agrees between its two signed forms", () => {
    expect(unsigned(624485)).toEqual([0xe5, 0x8e, 0x26]);
    expect(unsigned(0)).toEqual([0]);
    expect(unsigned(2 ** 32 - 1)).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
    expect(signed32(-123456)).toEqual([0xc0, 0xbb, 0x78]);
    for (const n of [0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, 2 ** 31 - 1, -(2 ** 31)]) expect(signed32(n)).toEqual(signed(n));
    expect(signed32(0xfffffff0)).toEqual(signed(-16));
    expect(signed(2n ** 63n - 1n)).toHaveLength(10);
  });
});

describe("functions", () => {
  it("loops, locals and calls compute a factorial sum", () => {
    const module = new ModuleBuilder(plain);
    const factorial = module.func("factorial", { params: ["i32"], result: "i32" }, (f, n) => {
      const product = f.i32(1);
      const k = f.local("i32");
      f.for(k, 1, i32.add(n, 1), 1, () => f.set(product, i32.mul(product, k)));
      f.return(product);
    });
    const sum = module.func("sum", { params: ["i32"], result: "i32" }, (f, n) => {
      const total = f.i32(0);
      f.block((end) => {
        f.loop((again) => {
          f.brIf(end, i32.eqz(n));
          f.set(total, i32.add(total, call(factorial, [n])));
          f.set(n, i32.sub(n, 1));
          f.br(again);
        });
      });
      f.return(total);
    });
    module.export(sum);
    expect(load(module, memoryOf()).sum(5)).toBe(120 + 24 + 6 + 2 + 1);
  });

  it("a loop with an empty range runs not at all; repeat runs exactly as often as said", () => {
    const module = new ModuleBuilder(plain);
    const count = module.func("count", { params: ["i32", "i32"], result: "i32" }, (f, from, to) => {
      const n = f.i32(0);
      const i = f.local("i32");
      f.for(i, from, to, 1, () => f.repeat(3, () => f.set(n, i32.add(n, 1))));
      f.return(n);
    });
    module.export(count);
    const run = load(module, memoryOf()).count;
    expect([run(0, 4), run(4, 4), run(5, 4)]).toEqual([12, 0, 0]);
  });

  it("conditions known while assembling leave no branch, others choose", () => {
    const module = new ModuleBuilder(plain);
    const choose = module.func("choose", { params: ["i32"], result: "i32" }, (f, x) => {
      const out = f.i32(0);
      f.if(
        0,
        () => f.unreachable(),
        () => f.set(out, i32.const(10)),
      );
      f.if(
        i32.gtS(x, 0),
        () => f.set(out, i32.add(out, 1)),
        () => f.set(out, i32.add(out, 2)),
      );
      f.return(out);
    });
    module.export(choose);
    const run = load(module, memoryOf()).choose;
    expect([run(5), run(-5)]).toEqual([11, 12]);
  });

  it("address arithmetic folds constants", () => {
    const x = { type: "i32", bytes: [0x20, 0] } as const;
    expect(i32.add(x, 0)).toBe(x);
    expect(i32.mul(1, x)).toBe(x);
    expect(i32.mul(i32.add(2, 3), 4).constant).toBe(20);
    expect(i32.mul(x, 8).bytes).toEqual([0x20, 0, 0x41, 3, 0x74]);
  });

  it("functions of equal signature share a type, and equal kernels are emitted once", () => {
    const module = new ModuleBuilder(plain);
    const make = (n: number) => () => module.func("f", { params: ["i32"] }, (f, p) => f.storeI32(p, n));
    const a = module.once("a", make(1));
    expect(module.once("a", make(2))).toBe(a);
    expect(module.once("b", make(3))).not.toBe(a);
    expect(module.functionCount).toBe(2);
    const bytes = module.finish();
    expect(bytes[8]).toBe(1);
    expect(bytes[10]).toBe(1);
  });

  it("a call with wrong arguments is refused", () => {
    const module = new ModuleBuilder(plain);
    const target = module.func("target", { params: ["i32", "v128"] }, () => {});
    expect(() => module.func("one", { params: [] }, (f) => f.call(target, [1]))).toThrow("takes 2 arguments, but 1 are given");
    expect(() => module.func("two", { params: [] }, (f) => f.call(target, [1, 2]))).toThrow(
      "argument 1 of target is a number; expected v128",
    );
  });
});

describe("instructions", () => {
  it("float32 vectors: load, multiply, add, compare, select, lanes", () => {
    const module = new ModuleBuilder(plain);
    const run = module.func("run", { params: [] }, (f) => {
      const x = f.v128(v128.load(0));
      const doubled = f.v128(f32x4.mul(x, f32x4.splat(2)));
      f.storeV128(16, f32x4.add(doubled, f32x4.splat(f32.load(0, 4))));
      f.storeV128(32, v128.bitselect(doubled, x, f32x4.gt(x, f32x4.splat(2.5))));
      f.storeV128(48, i32x4.shuffle(x, doubled, [3, 0, 7, 4]));
      f.storeLane32(64, x, 2);
      f.storeLane64(68, x, 1);
      f.storeF32(76, f32x4.extractLane(doubled, 3));
      f.storeV128(80, v128.load32Lane(4, v128.load32Splat(0), 2));
      f.storeV128(96, i32x4.shl(i32x4.truncSatF32x4S(x), 4));
    });
    module.export(run);
    const memory = memoryOf();
    const floats = new Float32Array(memory.buffer);
    floats.set([1, 2, 3, 4]);
    load(module, memory).run();
    expect(Array.from(floats.subarray(4, 24))).toEqual([4, 6, 8, 10, 1, 2, 6, 8, 4, 1, 8, 2, 3, 3, 4, 8, 1, 1, 2, 1]);
    expect(Array.from(new Int32Array(memory.buffer, 96, 4))).toEqual([16, 32, 48, 64]);
  });

  it("scalars of every type convert, compare and select", () => {
    const module = new ModuleBuilder(plain);
    const run = module.func("run", { params: ["i32"], result: "i32" }, (f, n) => {
      f.storeF64(0, f64.div(f64.convertI32S(n), 4));
      f.storeF32(8, f32.sqrt(f32.demoteF64(f64.load(0))));
      f.storeI32(12, i32.wrapI64(i64.shrU(i64.mul(i64.extendI32S(n), i64.const(2n ** 33n)), i64.const(32n))));
      f.storeI32As8(16, n);
      f.return(i32.select(f64.lt(f64.load(0), 10), i32.truncSatF32(f32.load(8)), i32.load8U(16)));
    });
    module.export(run);
    const memory = memoryOf();
    const exports = load(module, memory);
    expect(exports.run(36)).toBe(3);
    expect(new Int32Array(memory.buffer)[3]).toBe(72);
    expect(exports.run(300)).toBe(300 % 256);
  });

  it("bulk memory: fill and copy", () => {
    const module = new ModuleBuilder(plain);
    const run = module.func("run", { params: [] }, (f) => {
      f.memoryFill(0, 7, 8);
      f.memoryCopy(8, 2, 4);
    });
    module.export(run);
    const memory = memoryOf();
    load(module, memory).run();
    expect(Array.from(new Uint8Array(memory.buffer, 0, 13))).toEqual([7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0]);
  });

  it("atomics on shared memory: add, exchange, wait that times out, notify without sleepers", () => {
    const module = new ModuleBuilder({ shared: true, initial: 1, maximum: 1 });
    const run = module.func("run", { params: [], result: "i32" }, (f) => {
      f.atomicStoreI32(0, 5);
      const before = f.i32(atomic.add(0, 3));
      const swapped = f.i32(atomic.exchange(0, 9));
      const waited = f.i32(atomic.wait(0, 9, i64.const(1000n)));
      const differs = f.i32(atomic.wait(0, 1, i64.const(-1n)));
      const parts = [before, swapped, atomic.load(0), waited, differs, atomic.notify(0, 1)];
      f.return(parts.reduce((sum, part) => i32.add(i32.mul(sum, 10), part)));
    });
    module.export(run);
    expect(load(module, new WebAssembly.Memory({ shared: true, initial: 1, maximum: 1 })).run()).toBe(589210);
  });
});
