// Tensors of ONNX files in every type and every place that their numbers may be in.
import { describe, expect, test } from "vitest";
import { decodeTensor, encodeTensor, type TensorProto } from "../../../src/io/onnx/schema.ts";
import { readOnnxTensor } from "../../../src/io/onnx/tensor-file.ts";
import { readTensor } from "../../../src/io/onnx/tensor-proto.ts";
import { dataTypes } from "../../../src/io/onnx/types.ts";
import { ModelFormatError, UnsupportedOpError } from "../../../src/tensor/errors.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";

type Draft = Parameters<typeof encodeTensor>[0];
const proto = (draft: Draft): TensorProto => decodeTensor(encodeTensor(draft));
const read = (draft: Draft, floatType: "float32" | "float64" = "float32"): Tensor => readTensor(proto(draft), "t", { floatType }).tensor;
const raw = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

describe("EF1 tensors in ONNX files", () => {
  test("EF1 raw data of every type", () => {
    const cases: [keyof typeof dataTypes, ArrayBufferView, number[], string][] = [
      ["float", Float32Array.of(1.5, -2), [1.5, -2], "float32"],
      ["double", Float64Array.of(0.1), [Math.fround(0.1)], "float32"],
      ["int64", BigInt64Array.of(-5n, 2n ** 31n - 1n), [-5, 2 ** 31 - 1], "int32"],
      ["uint64", BigUint64Array.of(5n, 2n ** 64n - 1n), [5, 2 ** 31 - 1], "int32"],
      ["int32", Int32Array.of(-5, 2 ** 31 - 1), [-5, 2 ** 31 - 1], "int32"],
      ["uint32", Uint32Array.of(5, 2 ** 32 - 1), [5, 2 ** 31 - 1], "int32"],
      ["int16", Int16Array.of(-5, 7), [-5, 7], "int32"],
      ["uint16", Uint16Array.of(65535), [65535], "int32"],
      ["int8", Int8Array.of(-5), [-5], "int32"],
      ["uint8", Uint8Array.of(0, 255), [0, 255], "uint8"],
      ["bool", Uint8Array.of(0, 1, 7), [0, 1, 1], "uint8"],
      // 1, -2, the smallest subnormal, the largest subnormal, the largest number, infinity.
      [
        "float16",
        Uint16Array.of(0x3c00, 0xc000, 1, 0x3ff, 0x7bff, 0x7c00),
        [1, -2, 2 ** -24, 1023 * 2 ** -24, 65504, Number.POSITIVE_INFINITY],
        "float32",
      ],
      ["bfloat16", Uint16Array.of(0x3f80, 0xc000, 0x4049), [1, -2, 3.140625], "float32"],
    ];
    for (const [type, view, expected, dtype] of cases) {
      const found = read({ dims: [expected.length], dataType: dataTypes[type], rawData: raw(view) });
      expect([type, found.dtype, [...found.data]]).toEqual([type, dtype, expected]);
    }
  });

  test("EF1 typed fields of every type", () => {
    const cases: [keyof typeof dataTypes, Draft, number[]][] = [
      ["float", { floatData: [1.5, -2] }, [1.5, -2]],
      ["double", { doubleData: [0.5, 1e-3] }, [0.5, Math.fround(1e-3)]],
      ["int64", { int64Data: [-5, 7] }, [-5, 7]],
      ["int32", { int32Data: [-5, 7] }, [-5, 7]],
      ["int16", { int32Data: [-5, 7] }, [-5, 7]],
      ["int8", { int32Data: [-5, 7] }, [-5, 7]],
      ["uint16", { int32Data: [65535] }, [65535]],
      ["uint8", { int32Data: [255] }, [255]],
      ["bool", { int32Data: [0, 1] }, [0, 1]],
      ["uint32", { uint64Data: [5] }, [5]],
      ["uint64", { uint64Data: [5] }, [5]],
      ["float16", { int32Data: [0x3c00, 1] }, [1, 2 ** -24]],
      ["bfloat16", { int32Data: [0x4049] }, [3.140625]],
    ];
    for (const [type, draft, expected] of cases) {
      expect([type, ...read({ ...draft, dims: [expected.length], dataType: dataTypes[type] }).data]).toEqual([type, ...expected]);
    }
  });

  test("EF1 floats in double precision, scalars, empty tensors", () => {
    expect(read({ dataType: dataTypes.double, rawData: raw(Float64Array.of(0.1)) }, "float64")).toEqual(tensor([0.1], [], "float64"));
    expect(read({ dataType: dataTypes.float, floatData: [0.5] }, "float64")).toEqual(tensor([0.5], [], "float64"));
    expect(read({ dims: [0], dataType: dataTypes.int64 })).toEqual(tensor([], [0], "int32"));
    expect(read({ dims: [2, 0], dataType: dataTypes.float, rawData: new Uint8Array() }).shape).toEqual([2, 0]);
  });

  test("ONNX's largest int64 stands for the end, and stays so", () => {
    expect(read({ dims: [2], dataType: dataTypes.int64, rawData: raw(BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n))) })).toEqual(
      tensor([2 ** 31 - 1, -(2 ** 31)], [2], "int32"),
    );
  });

  test("PR16 sizes that do not agree with the bytes are refused before anything is allocated", () => {
    expect(() => read({ dims: [1000, 1000, 1000], dataType: 1, rawData: new Uint8Array(8) })).toThrow(
      "t: [1000, 1000, 1000] float takes 1000000000 × 4 = 4000000000 bytes, but there are 8",
    );
    expect(() => read({ dims: [3], dataType: 1, floatData: [1] })).toThrow("t: [3] takes 3 numbers, but there are 1");
    expect(() => read({ dims: [-1], dataType: 1 })).toThrow(ModelFormatError);
    expect(() => read({ dims: [2 ** 20, 2 ** 20], dataType: 1 })).toThrow(/their product is at most 2\^31/);
    expect(() => read({ dims: [0, 2 ** 60], dataType: 1 })).not.toThrow();
    expect(() => read({ dims: [1], dataType: dataTypes.string, stringData: [new Uint8Array()] })).toThrow(UnsupportedOpError);
    expect(() => read({ dims: [1], dataType: 17 })).toThrow("t: its elements are of ONNX's data type 17");
  });
});

test("EF1 a tensor in a file of its own", () => {
  const bytes = encodeTensor({ name: "x", dims: [2, 1], dataType: dataTypes.int64, int64Data: [-1, 5] });
  expect(readOnnxTensor(bytes)).toEqual({ name: "x", type: "int64", tensor: tensor([-1, 5], [2, 1], "int32") });
  expect(readOnnxTensor(encodeTensor({ dataType: 1, floatData: [0.5] }), { floatType: "float64" }).tensor.dtype).toBe("float64");
  expect(() => readOnnxTensor(bytes.subarray(0, 3), { name: "a.pb" })).toThrow(/^a.pb is damaged at byte 3/);
});

describe("EF1 numbers in other files", () => {
  const external = new Map([["weights.bin", raw(Float32Array.of(1, 2, 3, 4))]]);
  const at = (entries: Readonly<Record<string, string>>, dims: number[] = [2]): Tensor => {
    const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
    return readTensor(proto({ dims, dataType: 1, dataLocation: 1, externalData }), "t", { external }).tensor;
  };

  test("EF1 by offset and length", () => {
    expect([...at({ location: "weights.bin", offset: "4", length: "8" }).data]).toEqual([2, 3]);
    expect([...at({ location: "weights.bin" }, [4]).data]).toEqual([1, 2, 3, 4]);
  });

  test("PR16 only files in the model's folder, and only what is there", () => {
    for (const location of ["../secret", "a/../../secret", "/etc/passwd", "C:\\x", "a\\..\\..\\x", "file:///etc/passwd", ""]) {
      expect(() => at({ location }), location).toThrow(/only files in the model's folder are read/);
    }
    expect(() => at({ location: "weights.bin", offset: "12", length: "8" })).toThrow(
      't: it ends at byte 20 of "weights.bin", which has only 16',
    );
    expect(() => at({ location: "weights.bin", offset: "99" })).toThrow(ModelFormatError);
    expect(() => at({ location: "weights.bin", offset: "-4", length: "8" })).toThrow('the offset of its numbers is "-4"');
    expect(() => at({ location: "weights.bin", length: "4" })).toThrow(/takes 2 × 4 = 8 bytes, but there are 4/);
    expect(() => at({ location: "other.bin" })).toThrow(/give readOnnx the option externalData, or open the model with openOnnx/);
  });
});
