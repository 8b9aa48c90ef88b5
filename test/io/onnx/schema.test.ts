// Protobuf coding: against bytes laid out by hand from protobuf's description of its encoding, against files that ONNX's own tools wrote, and
// against damage.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decodeModel, decodeTensor, encodeModel, encodeTensor } from "../../../src/io/onnx/schema.ts";
import { ModelFormatError } from "../../../src/tensor/errors.ts";

const ascii = (text: string): number[] => [...new TextEncoder().encode(text)];

describe("EF1 ONNX messages", () => {
  // 08 08: irVersion 8. 12 01 'p': producer. 3a: graph. 42 04 0a 00 10 0d: opset 13 of domain "".
  const graph = [0x0a, 0x09, 0x0a, 0x01, 0x78, 0x12, 0x01, 0x79, 0x22, 0x01, 0x41, 0x12, 0x01, 0x67];
  const file = Uint8Array.from([0x08, 0x08, 0x12, 0x01, 0x70, 0x3a, graph.length, ...graph, 0x42, 0x04, 0x0a, 0x00, 0x10, 0x0d]);

  test("EF1 a file laid out by hand is read", () => {
    const model = decodeModel(file);
    expect(model.irVersion).toBe(8);
    expect(model.producerName).toBe("p");
    expect(model.opsetImport).toEqual([{ domain: "", version: 13 }]);
    expect(model.graph?.name).toBe("g");
    expect(model.graph?.node.map(({ opType, input, output }) => [opType, input, output])).toEqual([["A", ["x"], ["y"]]]);
  });

  test("EF1 and is written with the same bytes", () => {
    const node = [{ opType: "A", input: ["x"], output: ["y"] }];
    const model = { irVersion: 8, producerName: "p", graph: { name: "g", node }, opsetImport: [{ domain: "", version: 13 }] };
    expect([...encodeModel(model)]).toEqual([...file]);
    expect([...encodeModel(decodeModel(file))]).toEqual([...file]);
  });

  test("EF1 numbers of every kind, packed or not", () => {
    const bytes = Uint8Array.from([
      ...[0x08, 0x03, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], // dims 3, -1, one by one
      ...[0x10, 0x01],
      ...[0x22, 0x04, 0, 0, 0xc0, 0x3f, 0x25, 0, 0, 0x20, 0xc0], // floatData 1.5 packed, -2.5 not
      ...[0x2a, 0x02, 0x96, 0x01], // int32Data 150, the example of protobuf's documentation
      ...[0x52, 0x08, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f], // doubleData 1
      ...[0x5a, 0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], // uint64Data 2^64 - 1
      ...[0x4a, 0x02, 0x07, 0x09],
      ...[0x42, 0x02, ...ascii("é")],
      ...[0xf8, 0x06, 0x05], // field 111, which nobody knows
    ]);
    const tensor = decodeTensor(bytes);
    expect(tensor.dims).toEqual([3, -1]);
    expect(tensor.floatData).toEqual([1.5, -2.5]);
    expect(tensor.int32Data).toEqual([150]);
    expect(tensor.doubleData).toEqual([1]);
    expect(tensor.uint64Data).toEqual([2 ** 64]);
    expect(tensor.rawData).toEqual(Uint8Array.of(7, 9));
    expect(tensor.name).toBe("é");
    expect(decodeTensor(encodeTensor({ int64Data: [-1, -(2 ** 63), 2 ** 53, -129] })).int64Data).toEqual([-1, -(2 ** 63), 2 ** 53, -129]);
  });

  test("PR16 damage is named with its byte and its field", () => {
    const cut =
      (length: number): (() => unknown) =>
      () =>
        decodeModel(file.slice(0, length), "net.onnx");
    expect(cut(9)).toThrow(/^net.onnx is damaged at byte 7, in graph: 14 more bytes are announced, but only 2 are left$/);
    expect(cut(1)).toThrow("it ends within a number");
    const broken = file.slice();
    broken[8] = 0x70;
    expect(() => decodeModel(broken)).toThrow(
      /the ONNX file is damaged at byte 9, in graph.node\[0\]: 112 more bytes are announced, but only 12 are left/,
    );
    expect(() => decodeModel(Uint8Array.of(0x08, ...new Array(11).fill(0xff)))).toThrow("a number has more than 10 bytes");
    expect(() => decodeModel(Uint8Array.of(0x3d, 1, 2, 3, 4))).toThrow(/in graph: a field of wire type 5 where 2 belongs/);
    expect(() => decodeModel(Uint8Array.of(0x0b))).toThrow(/in irVersion: a field of wire type 3 where 0 belongs/);
    expect(() => decodeModel(Uint8Array.of(0xfb, 0x06))).toThrow("there is no wire type 3");
    expect(() => decodeModel(Uint8Array.of(0x00))).toThrow("there is no field number 0");
  });

  test("PR16 deep nesting is refused", () => {
    // graph > node > attribute > graph > ...
    let inner: number[] = [];
    const wrap = (tag: number): void => {
      const length = inner.length;
      inner = [tag * 8 + 2, 0x80 | (length & 0x7f), 0x80 | ((length >> 7) & 0x7f), length >> 14, ...inner];
    };
    for (let depth = 0; depth < 40; depth++) for (const tag of [6, 5, 1]) wrap(tag);
    wrap(7);
    expect(() => decodeModel(Uint8Array.from(inner))).toThrow(/messages are nested more than 100 deep/);
    expect(() => decodeModel(Uint8Array.from(inner))).toThrow(ModelFormatError);
  });
});

const data = "/usr/share/libonnx-testdata/data";

describe.skipIf(!existsSync(data))("EF1 files of libonnx-testdata", () => {
  test("EF1 what is read is written back; most files byte by byte", () => {
    let files = 0;
    let same = 0;
    for (const set of ["node", "simple", "pytorch-converted", "pytorch-operator"]) {
      for (const name of readdirSync(`${data}/${set}`)) {
        const path = `${data}/${set}/${name}/model.onnx`;
        if (!existsSync(path)) continue;
        files++;
        const bytes = new Uint8Array(readFileSync(path));
        const model = decodeModel(bytes);
        const again = encodeModel(model);
        expect(decodeModel(again), path).toEqual(model);
        if (Buffer.compare(bytes, again) === 0) same++;
      }
    }
    expect(files).toBeGreaterThan(1000);
    // The others spell out empty texts, or pack lists that the schema does not pack.
    expect(same).toBeGreaterThan(750);
  });
});
