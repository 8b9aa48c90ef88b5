// The format is checked against bytes laid out by hand from its description, and against hostile files.
import { describe, expect, test } from "vitest";
import { readSafetensors, type StoredType, writeSafetensors } from "../../src/io/safetensors.ts";
import { ArgumentError, DTypeError, FoveaError, ModelFormatError } from "../../src/tensor/errors.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import { Tensor, tensor } from "../../src/tensor/tensor.ts";
import { rounds } from "../support/long.ts";
import { damaged } from "./damage.ts";

/** A file from a header and bytes, neither of which needs to be right. */
function fileOf(header: unknown, data: ArrayLike<number> = [], length?: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const out = new Uint8Array(8 + json.length + data.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(length ?? json.length), true);
  out.set(json, 8);
  out.set(data, 8 + json.length);
  return out;
}

const bytesOf = (view: ArrayBufferView): number[] => [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)];

describe("EF2 safetensors: reading", () => {
  const read = (type: StoredType, shape: number[], data: number[]): Tensor =>
    readSafetensors(fileOf({ t: { dtype: type, shape, data_offsets: [0, data.length] } }, data)).tensors.get("t") as Tensor;

  test("EF2 every element type arrives as documented", () => {
    expect(read("F32", [2], bytesOf(Float32Array.of(1.5, -2)))).toEqual(tensor([1.5, -2]));
    expect(read("F64", [1], bytesOf(Float64Array.of(Math.PI)))).toEqual(tensor([Math.PI], [1], "float64"));
    expect(read("F16", [4], [0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0xff, 0x7b])).toEqual(tensor([1, -2, 2 ** -24, 65504]));
    expect(read("BF16", [3], [0x80, 0x3f, 0x00, 0xc0, 0x49, 0x40])).toEqual(tensor([1, -2, 3.140625]));
    expect(read("I64", [2], bytesOf(BigInt64Array.of(-5n, 2147483647n)))).toEqual(tensor([-5, 2147483647], [2], "int32"));
    expect(read("I32", [2], bytesOf(Int32Array.of(-5, 7)))).toEqual(tensor([-5, 7], [2], "int32"));
    expect(read("I16", [2], bytesOf(Int16Array.of(-5, 7)))).toEqual(tensor([-5, 7], [2], "int32"));
    expect(read("I8", [2], bytesOf(Int8Array.of(-5, 7)))).toEqual(tensor([-5, 7], [2], "int32"));
    expect(read("U64", [1], bytesOf(BigUint64Array.of(5n)))).toEqual(tensor([5], [1], "int32"));
    expect(read("U32", [1], bytesOf(Uint32Array.of(2147483647)))).toEqual(tensor([2147483647], [1], "int32"));
    expect(read("U16", [1], bytesOf(Uint16Array.of(65535)))).toEqual(tensor([65535], [1], "int32"));
    expect(() => read("U32", [1], bytesOf(Uint32Array.of(2147483648)))).toThrow(/element 0 is 2147483648, which does not fit int32/);
    expect(() => read("U64", [1], bytesOf(BigUint64Array.of(2n ** 63n)))).toThrow(ModelFormatError);
    expect(read("U8", [2], [0, 255])).toEqual(tensor([0, 255], [2], "uint8"));
    expect(read("BOOL", [2], [0, 1])).toEqual(tensor([0, 1], [2], "uint8"));
    expect(read("F32", [], bytesOf(Float32Array.of(3)))).toEqual(tensor(3));
    expect(read("F32", [0, 3], [])).toEqual(new Tensor(new Float32Array(0), [0, 3]));
  });

  test("EF2 unaligned tensors, padding spaces and metadata are read", () => {
    const header = {
      __metadata__: { format: "pt" },
      b: { dtype: "F32", shape: [1], data_offsets: [1, 5] },
      a: { dtype: "U8", shape: [1], data_offsets: [0, 1] },
    };
    const { tensors, metadata, storedTypes } = readSafetensors(
      fileOf(`${JSON.stringify(header)}   `, [9, ...bytesOf(Float32Array.of(2.5))]),
    );
    expect([...tensors.keys()]).toEqual(["a", "b"]);
    expect(tensors.get("b")?.item()).toBe(2.5);
    expect(metadata).toEqual({ format: "pt" });
    expect(storedTypes.get("a")).toBe("U8");
  });

  test("EF2 what is read shares no memory with the file", () => {
    const file = fileOf({ t: { dtype: "U8", shape: [1], data_offsets: [0, 1] } }, [7]);
    const { tensors } = readSafetensors(file);
    file.fill(0);
    expect(tensors.get("t")?.item()).toBe(7);
  });
});

describe("EF2 safetensors: writing", () => {
  const original: [string, Tensor][] = [
    ["conv1.weight", randomNormal([4, 3, 3, 3], random(1))],
    ["10", tensor([1, 2, 3], [3], "int32")],
    ["mask", tensor([0, 1, 1], [3], "uint8")],
    ["exact", tensor([Math.PI, -0], [2], "float64")],
    ["empty", new Tensor(new Float32Array(0), [0])],
    ['quote " and 漢', tensor(7)],
  ];

  test("EF2 a round trip keeps names, shapes, types and bits", () => {
    const file = writeSafetensors(original, { metadata: { step: "12", note: "ä" } });
    const { tensors, metadata } = readSafetensors(file);
    expect(new Map(tensors)).toEqual(new Map(original));
    expect(metadata).toEqual({ step: "12", note: "ä" });
  });

  test("EF2 the header is a multiple of 8 bytes, and the order of the tensors does not change the file", () => {
    const file = writeSafetensors(original, { metadata: { b: "2", a: "1" } });
    expect(Number(new DataView(file.buffer).getBigUint64(0, true)) % 8).toBe(0);
    expect(writeSafetensors(original.toReversed(), { metadata: { a: "1", b: "2" } })).toEqual(file);
  });

  test("EF2 an empty file of tensors is legal", () => {
    expect(readSafetensors(writeSafetensors([])).tensors.size).toBe(0);
  });

  test("EF2 other stored types round or refuse", () => {
    const values = tensor([1, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 65519, 65520, 2 ** -25, 3 * 2 ** -25, -0]);
    const half = readSafetensors(writeSafetensors([["t", values]], { storedTypes: { t: "F16" } })).tensors.get("t");
    expect(half?.data).toEqual(Float32Array.of(1, 1, 1 + 2 ** -9, 65504, Number.POSITIVE_INFINITY, 0, 2 ** -23, -0));
    const brain = readSafetensors(
      writeSafetensors([["t", tensor([1 + 2 ** -8, 1 + 3 * 2 ** -8, Number.NaN])]], { storedTypes: { t: "BF16" } }),
    ).tensors.get("t");
    expect(brain?.data).toEqual(Float32Array.of(1, 1 + 2 ** -6, Number.NaN));
    for (const t of ["I16", "I8", "I64"] as const) {
      const narrow = writeSafetensors([["t", tensor([-1, 5], [2], "int32")]], { storedTypes: { t } });
      expect(readSafetensors(narrow).tensors.get("t")).toEqual(tensor([-1, 5], [2], "int32"));
    }
    for (const t of ["U16", "U32", "U64"] as const) {
      const unsigned = writeSafetensors([["t", tensor([40000, 5], [2], "int32")]], { storedTypes: { t } });
      expect(readSafetensors(unsigned).tensors.get("t")).toEqual(tensor([40000, 5], [2], "int32"));
      expect(() => writeSafetensors([["t", tensor([-1], [1], "int32")]], { storedTypes: { t } })).toThrow(DTypeError);
    }
    const wide = writeSafetensors([["t", tensor([-1, 5], [2], "int32")]], { storedTypes: { t: "I64" } });
    expect(readSafetensors(wide).tensors.get("t")).toEqual(tensor([-1, 5], [2], "int32"));
    expect(() => writeSafetensors([["t", tensor([0, 2], [2], "uint8")]], { storedTypes: { t: "BOOL" } })).toThrow(DTypeError);
    expect(() => writeSafetensors([["t", tensor([0.5])]], { storedTypes: { t: "I32" } })).toThrow(
      /element 0 is 0.5, which I32 cannot hold/,
    );
  });

  test("EF2 names that cannot be are refused", () => {
    expect(() => writeSafetensors([["__metadata__", tensor(1)]])).toThrow(ArgumentError);
    expect(() =>
      writeSafetensors([
        ["a", tensor(1)],
        ["a", tensor(2)],
      ]),
    ).toThrow(/two tensors are called "a"/);
  });
});

describe("EF2 safetensors: bad files", () => {
  const f32 = (shape: unknown, offsets: unknown): object => ({ dtype: "F32", shape, data_offsets: offsets });
  const cases: readonly [string, Uint8Array, RegExp][] = [
    ["nothing", new Uint8Array(3), /3 bytes are too few/],
    ["a header longer than the file", fileOf({}, [], 1000), /said to have 1000 bytes, but 2 follow/],
    ["a header of 2^63 bytes", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x80, 0x7b, 0x7d), /9223372036854775808 bytes/],
    ["no JSON", fileOf("{nonsense"), /not valid JSON/],
    ["JSON nested without end", fileOf("[".repeat(200_000)), /not valid JSON/],
    ["broken UTF-8", Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe), /not valid JSON/],
    ["an array", fileOf("[]"), /not a JSON object/],
    ["an unknown dtype", fileOf({ t: { dtype: "F8", shape: [], data_offsets: [0, 1] } }, [0]), /dtype "F8" is not one of F64/],
    ["a dtype from Object.prototype", fileOf({ t: { dtype: "constructor", shape: [], data_offsets: [0, 1] } }, [0]), /dtype "constructor"/],
    ["a negative size", fileOf({ t: f32([-1], [0, 4]) }, [0, 0, 0, 0]), /shape \[-1\] is not a list of sizes/],
    ["a size that is no integer", fileOf({ t: f32([0.5], [0, 2]) }, [0, 0]), /shape \[0.5\]/],
    ["a hostile size", fileOf({ t: f32([2 ** 40, 2 ** 40], [0, 4]) }, [0, 0, 0, 0]), /more than 2\^31 elements/],
    ["sizes that overflow to the right length", fileOf({ t: f32([2 ** 32, 2 ** 32], [0, 0]) }), /more than 2\^31/],
    ["offsets the wrong way round", fileOf({ t: f32([1], [4, 0]) }, [0, 0, 0, 0]), /is not \[begin, end\]/],
    [
      "too few bytes for the shape",
      fileOf({ t: f32([2], [0, 4]) }, [0, 0, 0, 0]),
      /F32 \[2\] needs 8 bytes, but data_offsets \[0, 4\] hold 4/,
    ],
    [
      "an overlap",
      fileOf({ a: f32([1], [0, 4]), b: f32([1], [2, 6]) }, [0, 0, 0, 0, 0, 0]),
      /"b" overlaps .* begins at byte 2, expected 4/,
    ],
    [
      "a hole",
      fileOf({ a: f32([1], [0, 4]), b: f32([1], [6, 10]) }, new Uint8Array(10)),
      /"b" leaves a hole .* begins at byte 6, expected 4/,
    ],
    ["a hole at the beginning", fileOf({ a: f32([1], [4, 8]) }, new Uint8Array(8)), /hole/],
    [
      "bytes beyond the file",
      fileOf({ a: f32([2], [0, 8]) }, new Uint8Array(4)),
      /cut off: the tensors need 8 bytes after the header, the file has 4/,
    ],
    ["bytes that belong to nothing", fileOf({ a: f32([1], [0, 4]) }, new Uint8Array(5)), /belong to no tensor/],
    [
      "an int64 that does not fit",
      fileOf({ t: { dtype: "I64", shape: [1], data_offsets: [0, 8] } }, bytesOf(BigInt64Array.of(2n ** 31n))),
      /element 0 is 2147483648/,
    ],
    ["a BOOL of 2", fileOf({ t: { dtype: "BOOL", shape: [2], data_offsets: [0, 2] } }, [1, 2]), /element 1 is 2; a BOOL is 0 or 1/],
    ["metadata that is not text", fileOf({ __metadata__: { a: 1 } }), /entry "a" is not a string/],
    ["an entry that is null", fileOf({ t: null }), /entry is not an object/],
  ];
  for (const [what, file, message] of cases) {
    test(`EF2 refused: ${what}`, () => {
      expect(() => readSafetensors(file, { name: "model.safetensors" })).toThrow(message);
      expect(() => readSafetensors(file, { name: "model.safetensors" })).toThrow(/^model\.safetensors: /);
      expect(() => readSafetensors(file)).toThrow(ModelFormatError);
    });
  }

  test(`EF2 fuzz: ${rounds(3000)} damaged files give a result or a ModelFormatError`, () => {
    const file = writeSafetensors(
      [
        ["a", randomNormal([3, 2], random(2))],
        ["b", tensor([1, 2], [2], "int32")],
        ["c", tensor([1, 0], [2], "uint8")],
      ],
      { metadata: { k: "v" }, storedTypes: { b: "I64", c: "BOOL" } },
    );
    let refused = 0;
    for (const { what, bytes } of damaged(file, 3, rounds(3000))) {
      try {
        readSafetensors(bytes);
      } catch (error) {
        expect(error, what).toBeInstanceOf(FoveaError);
        expect((error as FoveaError).code, what).toBe("MODEL_FORMAT");
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(rounds(1000));
  });
});

test("EF2 a Node Buffer that starts at an odd address is read like any bytes", () => {
  const whole = Buffer.alloc(400);
  const file = writeSafetensors([["w", tensor([1.5, -2, 3])]]);
  whole.set(file, 3);
  expect(readSafetensors(whole.subarray(3, 3 + file.length)).tensors.get("w")).toEqual(tensor([1.5, -2, 3]));
});
