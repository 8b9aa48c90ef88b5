// Networks whose weights are in files beside them, as large models are written.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openOnnx, readOnnx } from "../../../src/io/onnx/index.ts";
import { ArgumentError, FileError, ModelFormatError } from "../../../src/tensor/errors.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { fileOf, type GraphDraft, node, port } from "./files.ts";

const weights = new Uint8Array(Float32Array.of(10, 20, 30).buffer);
const file = (location: string): Uint8Array => {
  const graph: GraphDraft = {
    input: [port("x", ["N", 3])],
    output: [port("y")],
    node: [node("Mul", "x w", "y")],
    initializer: [{ name: "w", dims: [3], dataType: 1, dataLocation: 1, externalData: [{ key: "location", value: location }] }],
  };
  return fileOf(graph);
};
const x = tensor([[1, 2, 3]]);
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-onnx-"));
  await mkdir(join(folder, "model", "parts"), { recursive: true });
  await writeFile(join(folder, "secret.bin"), weights);
  await writeFile(join(folder, "model", "parts", "w.bin"), weights);
  for (const [name, location] of [
    ["good", "parts/w.bin"],
    ["climbing", "../secret.bin"],
    ["absolute", join(folder, "secret.bin")],
    ["missing", "w.bin"],
  ]) {
    await writeFile(join(folder, "model", `${name}.onnx`), file(location));
  }
});
afterAll(() => rm(folder, { recursive: true }));

test("EF1 openOnnx finds them in the model's folder", async () => {
  const network = await openOnnx(join(folder, "model", "good.onnx"));
  expect((await network.run({ x })).y.toNested()).toEqual([[10, 40, 90]]);
});

test("PR16 and nowhere else", async () => {
  const open = (name: string): Promise<unknown> => openOnnx(join(folder, "model", `${name}.onnx`));
  await expect(open("climbing")).rejects.toThrow(/"\.\.\/secret\.bin"; only files in the model's folder are read/);
  await expect(open("absolute")).rejects.toThrow(ModelFormatError);
  await expect(open("missing")).rejects.toThrow(FileError);
  await expect(open("no such file")).rejects.toThrow(FileError);
});

test("EF1 readOnnx takes them as a map or fetches them", async () => {
  const bytes = file("parts/w.bin");
  const fromMap = await readOnnx(bytes, { externalData: new Map([["parts/w.bin", weights]]) });
  expect((await fromMap.run({ x })).y.toNested()).toEqual([[10, 40, 90]]);
  const asked: string[] = [];
  const fetched = await readOnnx(bytes, {
    externalData: async (location) => {
      asked.push(location);
      return weights;
    },
  });
  expect((await fetched.run({ x })).y.toNested()).toEqual([[10, 40, 90]]);
  expect(asked).toEqual(["parts/w.bin"]);
});

test("PR15 without them, the error says what to do", async () => {
  const network = await readOnnx(file("parts/w.bin"));
  expect(() => network.graph()).toThrow(/its numbers are in another file, "parts\/w.bin"; give readOnnx the option externalData, or open/);
  await expect(readOnnx(file("a"), { externalData: 3 as never })).rejects.toThrow(ArgumentError);
  await expect(readOnnx(file("a"), { externalData: async () => "text" as never })).rejects.toThrow(/gave "text" for "a"; expected bytes/);
});
