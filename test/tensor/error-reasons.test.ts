// Every kind of failure that programs may put into their own words: provoked once, with its numbers and names.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sayReason } from "../../lab/src/ui/problem-zh.ts";
import { windowAxis } from "../../src/arithmetic/index.ts";
import { datasetFromFiles, labelledPictures, synthetic } from "../../src/data/index.ts";
import {
  decodeImage,
  encodePng,
  gunzip,
  preparePicture,
  readClassNames,
  readModel,
  readNpy,
  readNpz,
  readOnnx,
  readSafetensors,
  readZip,
  writeSafetensors,
  writeZip,
} from "../../src/io/index.ts";
import { attribute, inputGradient, unitBackward } from "../../src/lens/index.ts";
import { createModel, nn } from "../../src/nn/index.ts";
import { describeSteps } from "../../src/report/index.ts";
import type { ErrorReason, ErrorReasonKind, ErrorReasons } from "../../src/tensor/index.ts";
import { FoveaError, ones, zeros } from "../../src/tensor/index.ts";
import { fit, sgd } from "../../src/train/index.ts";
import { buildNet, layerValues, readNet } from "../../src/zoo/index.ts";

const net = createModel(nn.sequential({ conv: nn.conv2d(1, 2, 3), flatten: nn.flatten(), out: nn.linear(8, 2) }), [1, 4, 4]);
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const png = encodePng({ width: 2, height: 2, channels: 1, data: new Uint8Array(4) });
const gzip = async (): Promise<Uint8Array> =>
  new Uint8Array(await new Response(new Blob([new Uint8Array(1000)]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer());

type Provoked = { readonly [K in ErrorReasonKind]: readonly (readonly [() => unknown, ErrorReasons[K]])[] };
const provoked: Provoked = {
  "window does not fit": [
    [
      () => windowAxis({ input: 3, kernel: 3, dilation: 3, padding: 1 }),
      { input: 3, before: 1, after: 1, kernel: 3, dilation: 3, extent: 7 },
    ],
    [() => describeSteps({ input: [2, 5], kernel: 3 }), { input: 2, before: 0, after: 0, kernel: 3, dilation: 1, extent: 3 }],
  ],
  "padding too large": [
    [() => describeSteps({ kind: "max pooling", input: [6, 6], kernel: 2, padding: 2 }), { before: 2, after: 2, most: 1, extent: 2 }],
  ],
  "nothing left": [[() => describeSteps({ kind: "transposed", input: [1, 1], kernel: 3, padding: 2 }), { output: -1 }]],
  "groups do not divide": [
    [
      () => describeSteps({ input: [4, 4], kernel: 3, inChannels: 3, outChannels: 4, groups: 2 }),
      { groups: 2, inChannels: 3, outChannels: 4 },
    ],
  ],
  "too large to draw": [
    [
      () => describeSteps({ input: [4000, 4000], kernel: 3 }),
      expect.objectContaining({ size: expect.any(Number), most: expect.any(Number) }),
    ],
  ],
  "net syntax": [
    [() => readNet("conv(8"), { at: 7, found: "" }],
    [() => readNet("conv(8) ) relu"), { at: 9, found: ")" }],
    [() => readNet("conv(8) §"), { at: 9, found: "§" }],
    [() => readNet("conv(8 pad=1 pad=2)"), { at: 18, found: "pad" }],
  ],
  "net without layers": [[() => readNet(" "), {}]],
  "no such layer kind": [[() => readNet("konv(8)"), { layer: "konv", known: expect.arrayContaining(["conv", "relu"]) as string[] }]],
  "no such layer option": [
    [() => readNet("conv(8 width=3)"), { layer: "conv", option: "width", known: expect.arrayContaining(["pad", "stride"]) as string[] }],
  ],
  "layer option missing": [[() => readNet("conv"), { layer: "conv", option: expect.any(String) as string }]],
  "too many layer values": [[() => readNet("relu(1)"), { layer: "relu", given: 1, options: [] }]],
  "layer option out of range": [
    [() => readNet("maxpool(0)"), { layer: "maxpool", option: expect.any(String) as string, value: 0, least: 1, words: [] }],
    [
      () => layerValues({ kind: "conv", given: [8], named: { bias: "maybe" } }),
      { layer: "conv", option: "bias", value: "maybe", least: undefined, words: ["on", "off"] },
    ],
  ],
  "maps before a dense layer": [
    [
      () => createModel(buildNet(readNet("conv(4 3) linear(2)"), 2), [1, 6, 6]),
      { layer: expect.stringContaining("linear1") as string, maps: 4, size: [4, 4] },
    ],
  ],
  "no such layer": [[() => net.field("conv9"), { layer: "conv9", known: ["conv", "flatten", "out"] }]],
  "not this format": [
    [() => decodeImage(text("hello"), { name: "a.txt" }), { file: "a.txt", format: "PNG, JPEG" }],
    [() => readZip(text("hello"), { name: "a.txt" }), { file: "a.txt", format: "zip" }],
    [() => readNpy(text("hello"), { name: "a.txt" }), { file: "a.txt", format: "npy" }],
    [() => readNpz(text("hello"), { name: "a.txt" }), { file: "a.txt", format: "npz" }],
    [() => readSafetensors(text("hello"), { name: "a.txt" }), { file: "a.txt", format: "safetensors" }],
    [() => readSafetensors(text("hello, hello"), { name: "a.txt" }), { file: "a.txt", format: "safetensors" }],
  ],
  "damaged file": [
    [() => decodeImage(png.subarray(0, png.length - 20), { name: "a.png" }), { file: "a.png", format: "PNG" }],
    [() => decodeImage(bytes(0xff, 0xd8, 0xff, 0xe0), { name: "a.jpg" }), { file: "a.jpg", format: "JPEG" }],
    [() => gunzip(bytes(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3), { name: "a.gz" }), { file: "a.gz", format: "gzip" }],
    [() => readZip(writeZip(new Map([["a", text("hello")]])).subarray(0, 30), { name: "a.zip" }), { file: "a.zip", format: "zip" }],
    [
      () => readSafetensors(writeSafetensors(new Map([["w", ones([4])]])).subarray(0, -3), { name: "w.safetensors" }),
      { file: "w.safetensors", format: "safetensors" },
    ],
    [() => readOnnx(bytes(0x3a, 0xff, 0x01, 2), { name: "net.onnx" }), { file: "net.onnx", format: "protobuf" }],
  ],
  "unpacks to too much": [
    [async () => gunzip(await gzip(), { name: "a.gz", limit: 10 }), { file: "a.gz", limit: 10 }],
    [() => readZip(writeZip(new Map([["a", new Uint8Array(99)]])), { name: "a.zip", limit: 10 }), { file: "a.zip", limit: 10 }],
  ],
  "picture too large": [[() => decodeImage(png, { name: "a.png", maxPixels: 3 }), { file: "a.png", width: 2, height: 2, most: 3 }]],
  "other parameters": [
    [
      () =>
        createModel(nn.linear(2, 2), [2], {
          parameters: new Map([
            ["weight", ones([2, 3])],
            ["b", ones([2])],
          ]),
        }),
      { missing: ["bias"], unknown: ["b"], misshapen: [expect.stringContaining("weight") as string] },
    ],
  ],
  "weights of no net": [[() => readModel(writeSafetensors(new Map([["w", ones([2])]])), "w.safetensors"), { file: "w.safetensors" }]],
  "operators not read": [
    [async () => (await readOnnx(onnxWith("Strange", 17))).model(), { operators: [expect.stringContaining("Strange") as string] }],
  ],
  "version not read": [[() => readOnnx(onnxWith("Relu", 99)), { version: 99, from: 6, to: 26 }]],
  "no class names": [
    [() => readClassNames("{", "names.json"), { file: "names.json" }],
    [() => readClassNames("", "names.txt"), { file: "names.txt" }],
  ],
  "channels of no picture": [
    [
      () => preparePicture({ width: 1, height: 1, channels: 1, data: new Uint8Array(1) }, createModel(nn.conv2d(5, 1, 1), [5, 4, 4])),
      { shape: [5, 4, 4] },
    ],
  ],
  "no data set": [[() => datasetFromFiles(new Map([["notes.txt", text("hello")]])), { file: "notes.txt" }]],
  "no class of the net": [
    [
      () =>
        labelledPictures(
          new Map(["cats/1.png", "birds/1.png", "birds/2.png"].map((path) => [path, png])),
          createModel(net.net, [1, 4, 4], { parameters: net.state(), classes: ["dog", "bird"] }),
        ),
      { name: "birds", classes: ["dog", "bird"] },
    ],
  ],
  "loss not finite": [
    [
      async () => {
        const { train } = await synthetic({ train: 20, test: 2, size: 12, seed: 1 });
        const deep = nn.sequential({ flatten: nn.flatten(), one: nn.linear(144, 8), two: nn.linear(8, train.classes.length) });
        await fit(deep, train, { optimiser: sgd(1e30), epochs: 5, batchSize: 2, device: "reference" });
      },
      expect.objectContaining({ learningRate: 1e30 }) as unknown as ErrorReasons["loss not finite"],
    ],
  ],
  "no global average": [[() => attribute(net, zeros([1, 4, 4]), { method: "cam", class: 0, device: "reference" }), { layer: "conv" }]],
  "no maps before": [
    [
      () => attribute(createModel(nn.linear(3, 2), [3]), zeros([3]), { method: "gradCam", class: 0, device: "reference" }),
      { target: expect.any(String) as string },
    ],
  ],
  "no sum over cells": [
    [
      async () => {
        const normed = createModel(nn.sequential({ norm: nn.groupNorm(2, 2), flatten: nn.flatten(), out: nn.linear(8, 2) }), [2, 2, 2]);
        return inputGradient(await unitBackward(normed, ones([2, 2, 2]), { layer: "norm", unit: 0, class: 0, of: "score" }), 0);
      },
      { layer: "norm" },
    ],
  ],
};

/** A file with one node, written by hand: field numbers of ONNX's protocol buffer. */
function onnxWith(operator: string, opset: number): Uint8Array {
  const field = (number: number, body: Uint8Array): number[] => [8 * number + 2, body.length, ...body];
  const dimension = field(1, Uint8Array.of(8, 1));
  const type = field(1, Uint8Array.from([8, 1, ...field(2, Uint8Array.from(dimension))]));
  const value = (name: string): Uint8Array => Uint8Array.from([...field(1, text(name)), ...field(2, Uint8Array.from(type))]);
  const node = Uint8Array.from([...field(1, text("x")), ...field(2, text("y")), ...field(4, text(operator))]);
  const graph = Uint8Array.from([...field(1, node), ...field(2, text("g")), ...field(11, value("x")), ...field(12, value("y"))]);
  return Uint8Array.from([8, 8, ...field(7, graph), ...field(8, Uint8Array.of(16, opset))]);
}

async function reasonOf(act: () => unknown): Promise<ErrorReason | undefined> {
  try {
    await act();
  } catch (error) {
    expect(error).toBeInstanceOf(FoveaError);
    return (error as FoveaError).reason;
  }
  throw new Error("nothing was thrown");
}

describe("L48 errors say in numbers and names what went wrong", () => {
  for (const [kind, cases] of Object.entries(provoked)) {
    it.each(cases.map(([act, reason]) => [act, reason] as const))(`${kind} %#`, async (act, reason) => {
      const { kind: found, ...details } = (await reasonOf(act)) ?? {};
      expect(found).toBe(kind);
      expect(details).toEqual(reason);
      // The lab says it in Chinese, with every number and name in its place.
      const said = sayReason({ kind: found, ...details } as ErrorReason);
      expect(said).toMatch(/^.*\p{Script=Han}.*。$/u);
      expect(said).not.toMatch(/undefined|\[object/);
      // It crosses from a worker to a page.
      expect(structuredClone({ kind: found, ...details })).toEqual({ kind: found, ...details });
    });
  }

  it("an error without one has none", () => expect(new FoveaError("no").reason).toBeUndefined());
  it("a damaged model file of ours says so", () => {
    const file = new Uint8Array(readFileSync(new URL("../../lab/assets/nets/shapes.safetensors", import.meta.url)));
    expect(() => readModel(file.subarray(0, 4000), "shapes.safetensors")).toThrow(
      expect.objectContaining({ reason: { kind: "damaged file", file: "shapes.safetensors", format: "safetensors" } }),
    );
  });
});
