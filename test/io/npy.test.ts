// Files that NumPy wrote (tools/golden_numpy.py), our own read back, and damaged ones.
import { readFileSync } from "node:fs";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { readNpy, writeNpy } from "../../src/io/npy.ts";
import { readNpz, writeNpz } from "../../src/io/npz.ts";
import { ArgumentError, FoveaError, ModelFormatError } from "../../src/tensor/errors.ts";
import { Tensor, tensor } from "../../src/tensor/tensor.ts";
import { rounds } from "../support/long.ts";
import { damaged } from "./damage.ts";

interface Golden {
  readonly npy: Readonly<Record<string, { readonly npy: string; readonly shape: readonly number[]; readonly values: readonly number[] }>>;
  readonly npz: Readonly<Record<string, string>>;
  readonly refused: Readonly<Record<string, string>>;
}
const golden = JSON.parse(readFileSync(new URL("../golden/numpy-files.json", import.meta.url), "utf8")) as Golden;
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));

describe("EF3 npy", () => {
  test.each(Object.entries(golden.npy))("EF3 %s, as NumPy writes it", (_, { npy, shape, values }) => {
    const read = readNpy(bytesOf(npy));
    expect(read.shape).toEqual(shape);
    expect([...read.data]).toEqual(values);
  });

  test.each(["<f4", "<f8", "<i4", "<u1", "scalar", "empty"])("EF3 %s is written byte for byte as NumPy does", (kind) => {
    const bytes = bytesOf(golden.npy[kind].npy);
    expect(writeNpy(readNpy(bytes))).toEqual(bytes);
  });

  test.each(Object.entries(golden.refused))("EF3 %s elements are refused", (_, npy) => {
    expect(() => readNpy(bytesOf(npy), { name: "a.npy" })).toThrow(ModelFormatError);
    expect(() => readNpy(bytesOf(npy), { name: "a.npy" })).toThrow(/^a\.npy: /);
  });

  test("PR16 damaged files end in a ModelFormatError or in a tensor, whatever is broken", () => {
    for (const { bytes } of damaged(bytesOf(golden.npy["<f4"].npy), 1, rounds(300))) {
      try {
        readNpy(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(ModelFormatError);
      }
    }
  });

  test("PR16 a header that promises more than there is takes no memory", () => {
    const bytes = writeNpy(tensor([1, 2, 3]));
    const text = new TextDecoder("latin1").decode(bytes).replace("(3,), }   ", "(2000000,2000),}");
    expect(() => readNpy(Uint8Array.from(text.slice(0, bytes.length), (c) => c.charCodeAt(0)))).toThrow(ModelFormatError);
  });
});

describe("EF3 npz", () => {
  test.each(Object.entries(golden.npz))("EF3 %s, as NumPy writes it", (_, npz) => {
    const read = readNpz(bytesOf(npz));
    expect([...read.keys()].sort()).toEqual(["b", "conv1.weight"]);
    expect(read.get("conv1.weight")).toEqual(tensor([[1], [1]]));
    expect(read.get("b")).toEqual(tensor([3], [1], "int32"));
  });

  test.each([false, true])("EF3 written and read back, compress %s, and the same tensors give the same bytes", (compress) => {
    const tensors = new Map([
      [
        "features.0.weight",
        new Tensor(
          Float32Array.from({ length: 600 }, (_, i) => i % 7),
          [20, 30],
        ),
      ],
      ["labels", tensor([1, -2], [2], "int32")],
    ]);
    const bytes = writeNpz(tensors, { compress });
    expect(readNpz(bytes)).toEqual(tensors);
    expect(writeNpz(tensors, { compress })).toEqual(bytes);
    expect(bytes.length < 1500).toBe(compress);
  });

  test("EF3 names that are twice there or climb out of a folder are refused", () => {
    const one = tensor([1]);
    expect(() => writeNpz([["a", one], ["a", one]])).toThrow(ArgumentError); // biome-ignore format: one thought
    expect(() => writeNpz([["../a", one]])).toThrow(ArgumentError);
  });

  test("PR16 damaged archives end in a ModelFormatError or in tensors", () => {
    for (const { bytes } of damaged(bytesOf(golden.npz.deflated), 2, rounds(300))) {
      try {
        readNpz(bytes, { limit: 1_000_000 });
      } catch (error) {
        if (!(error instanceof FoveaError)) throw error;
      }
    }
  });

  test("PR16 an archive that unpacks beyond the limit is refused", () => {
    const zeros = zipSync({ "a.npy": writeNpy(new Tensor(new Float32Array(1_000_000), [1_000_000])) });
    expect(() => readNpz(zeros, { limit: 1_000_000 })).toThrow(/more than 1000000 bytes/);
    expect(readNpz(zeros).get("a")?.size).toBe(1_000_000);
  });
});
