import { expect, test } from "vitest";
import { openOnnx, readOnnx } from "../../src/io/onnx/index.ts";
import { FileError } from "../../src/tensor/errors.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { fileOf, node, port, stored } from "../io/onnx/files.ts";

const file = fileOf({
  input: [port("x", ["N", 1, 2, 2])],
  output: [port("y")],
  node: [node("Conv", "x w", "c"), node("Relu", "c", "r"), node("Reshape", "r shape", "y")],
  initializer: [stored("w", tensor([1, -1, 2, -2], [1, 1, 2, 2])), stored("shape", tensor([0, -1], [2], "int32"))],
});

test("EF1 an ONNX network runs in a browser", async () => {
  const network = await readOnnx(file);
  const x = randomNormal([3, 1, 2, 2], random(1));
  const { y } = await network.run({ x }, { device: "wasm" });
  const expected = [0, 1, 2].map((n) => Math.max(0, x.at(n, 0, 0, 0) - x.at(n, 0, 0, 1) + 2 * x.at(n, 0, 1, 0) - 2 * x.at(n, 0, 1, 1)));
  expect(y.shape).toEqual([3, 1]);
  for (const [i, v] of expected.entries()) expect(y.data[i]).toBeCloseTo(v, 5);
});

test("EF1 there are no files to open, and that is said", async () => {
  await expect(openOnnx("model.onnx")).rejects.toBeInstanceOf(FileError);
});
