// Files that come together are known by what they hold and how they lie.
import { describe, expect, it } from "vitest";
import { createModel, ModelFormatError, nn, writeModel, writeNpz, writeOnnx, writeSafetensors, zoo } from "../../src/index.ts";
import { encodePng, isLeftBehind, readClassNames, recogniseFiles } from "../../src/io/index.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const picture = encodePng({ width: 1, height: 1, channels: 1, data: Uint8Array.from([7]) });
const lenet = zoo.zooModel("lenet");
const onnx = writeOnnx(createModel(nn.sequential({ fc: nn.linear(3, 2) }), [3]));
const idx = Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 2, 7, 3]);
const run = utf8('{\n "format": "fovea-lab-run",\n "version": 1}');

describe("L4 several files by content", () => {
  it.each([
    ["a network with its data beside it", "model", "net.onnx", { "net.onnx.data": idx, "net.onnx": onnx }],
    ["a view of a net", "view", "view.json", { "net/model": onnx, "view.json": utf8('{ "format": "fovea-lab-view", "version": 1 }') }],
    ["a TensorFlow.js folder", "model", "m/model.json", { "m/group1-shard1of1.bin": idx, "m/model.json": utf8('{"modelTopology": {}}') }],
    [
      "a run folder of the command line",
      "model",
      "r/model.safetensors",
      { "r/checkpoint/weights.safetensors": writeModel(lenet, "lenet"), "r/model.safetensors": writeModel(lenet, "lenet") },
    ],
    ["a run of the lab", "run", "lab.json", { "model.safetensors": writeModel(lenet, "lenet"), "lab.json": run }],
    ["bare weights", "weights", "w.bin", { "w.bin": writeSafetensors(lenet.state()) }],
    ["weights from numpy", "weights", "w.npz", { "w.npz": writeNpz(lenet.state()) }],
    ["pictures in folders", "data", "cats/1.png", { "cats/1.png": picture, "dogs/1.png": picture, "cats/.DS_Store": idx }],
    ["pictures in one folder", "pictures", "mine/1.png", { "mine/1.png": picture, "mine/2.png": picture, "mine/notes.txt": utf8("a\nb") }],
    ["a data set", "data", "labels", { labels: idx }],
    ["a list of names", "names", "names.txt", { "names.txt": utf8("cat\ndog\n") }],
    ["a JSON list of names", "names", "names.json", { "names.json": utf8('["cat", "dog"]') }],
    ["other JSON", "unknown", "some.json", { "some.json": utf8('{"some": 1}') }],
    ["nothing that is known", "unknown", "x", { x: Uint8Array.from([1, 0, 2, 0]) }],
  ] as const)("%s: %s", async (_, use, path, files) => {
    expect(await recogniseFiles(new Map(Object.entries(files)))).toMatchObject({ use, path });
  });

  it("what systems leave behind is no file", async () => {
    await expect(recogniseFiles(new Map([["__MACOSX/x", idx]]))).rejects.toThrow("there are no files");
    expect(["a/.DS_Store", "Thumbs.db", "a/b.png"].map(isLeftBehind)).toEqual([true, true, false]);
  });
});

describe("names of classes", () => {
  it("are lines or a JSON array", () => {
    expect(readClassNames("\uFEFFcat\r\ndog\r\n")).toEqual(["cat", "dog"]);
    expect(readClassNames('["cat", "big dog"]')).toEqual(["cat", "big dog"]);
  });
  it.each(['{"0": "cat"}', "[1, 2]", "[]", "", "\n\n", '["cat"'])("%j are none", (text) =>
    expect(() => readClassNames(text, "names.txt")).toThrow(ModelFormatError),
  );
});
