// A dropped file is known by its contents.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createModel, nn, Tensor, writeModel, writeNpy, writeNpz, writeOnnx, writeSafetensors, zoo } from "../../src/index.ts";
import { encodePng, recogniseFile } from "../../src/io/index.ts";

const model = zoo.zooModel("lenet");
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const tensor = new Tensor(new Float32Array(6), [2, 3]);
const idx = Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 2, 7, 3]);
const cifar = new Uint8Array(2 * 3073);
cifar[3073] = 9;

describe("L4 files by content", () => {
  it.each([
    ["picture", encodePng({ width: 1, height: 1, channels: 1, data: Uint8Array.from([7]) })],
    ["picture", Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 16])],
    ["onnx", writeOnnx(createModel(nn.sequential({ fc: nn.linear(3, 2) }), [3]))],
    ["model", writeModel(model, "lenet")],
    ["weights", writeSafetensors(model.state())],
    ["model", writeModel(model, "lenet").subarray(0, 300)],
    ["npz", writeNpz(new Map([["a", tensor]]))],
    ["npy", writeNpy(tensor)],
    ["idx", idx],
    ["idx", Uint8Array.from(gzipSync(idx))],
    ["cifar", cifar],
    ["tfjs", utf8('{"modelTopology": {}, "weightsManifest": []}')],
    ["json", utf8('{"some": "thing"}')],
    ["labels", utf8("cat\ndog\n")],
    ["csv", utf8(`${Array.from({ length: 785 }, (_, i) => i).join(",")}\n`)],
    ["nothing", new Uint8Array(0)],
    ["unknown", Uint8Array.from([1, 2, 3, 4, 0, 0, 9])],
    ["unknown", Uint8Array.from([0x1f, 0x8b, 1, 2, 3])],
  ] as const)("%s", async (kind, bytes) => expect(await recogniseFile(bytes)).toBe(kind));

  const vectors = "/usr/share/libonnx-testdata";
  const files = existsSync(vectors)
    ? readdirSync(vectors, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith("model.onnx"))
    : [];
  it.skipIf(files.length === 0)("ONNX's own test models are all recognised", async () => {
    const missed: string[] = [];
    for (const name of files) if ((await recogniseFile(readFileSync(`${vectors}/${name}`))) !== "onnx") missed.push(name);
    expect(missed).toEqual([]);
  });
});
