// EF1: what is in a written file: names, sizes, versions, metadata; that a trained net gives the same answers there; and what is refused.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { createGraph } from "../../../src/graph/graph.ts";
import { input, variable } from "../../../src/graph/record.ts";
import { label, type Value } from "../../../src/graph/value.ts";
import { decodeModel, type ModelProto } from "../../../src/io/onnx/schema.ts";
import { producerVersion } from "../../../src/io/onnx/write/encode.ts";
import { writeOnnx } from "../../../src/io/onnx/write/write.ts";
import { createModel, type Model, nn } from "../../../src/nn/index.ts";
import * as ops from "../../../src/ops/index.ts";
import { ArgumentError, GraphError, UnsupportedOpError } from "../../../src/tensor/errors.ts";
import { random, randomNormal } from "../../../src/tensor/random.ts";
import { ones } from "../../../src/tensor/tensor.ts";
import { adam, fit, predict } from "../../../src/train/index.ts";
import { zooModel } from "../../../src/zoo/registry.ts";
import { deviation } from "../../support/backend-compare.ts";
import { lively } from "../../support/lively.ts";
import { hasRuntime, runOnnx } from "../../support/onnxruntime.ts";
import { barNet, bars } from "../../train/tiny.ts";

const proto = (file: Uint8Array): ModelProto => decodeModel(file);
const graphOf = (file: Uint8Array): NonNullable<ModelProto["graph"]> => proto(file).graph as NonNullable<ModelProto["graph"]>;
const operators = (file: Uint8Array): string[] => graphOf(file).node.map((node) => node.opType);
const initialisers = (file: Uint8Array): string[] => graphOf(file).initializer.map(({ name }) => name);
const sizes = (port: ReturnType<typeof graphOf>["input"][number]): (number | string | undefined)[] =>
  (port.type?.tensorType?.shape?.dim ?? []).map((d) => d.dimValue ?? d.dimParam);

const lenet = zooModel("lenet5", { seed: 3 });

describe("EF1 a written file", () => {
  it("EF1 has the names of the state_dict, of the layers and of the ports", () => {
    const file = writeOnnx(lenet);
    expect(initialisers(file).filter((name) => name.includes("."))).toEqual([...lenet.state().keys()]);
    const { node } = graphOf(file);
    expect(node.map(({ name }) => name)).toEqual([
      "conv1",
      "relu1",
      "pool1",
      "conv2",
      "relu2",
      "pool2",
      "flatten",
      "fc1",
      "relu3",
      "fc2",
      "relu4",
      "y",
    ]);
    expect(operators(file)).toEqual("Conv Relu MaxPool Conv Relu MaxPool Flatten Gemm Relu Gemm Relu Gemm".split(" "));
    const renamed = graphOf(writeOnnx(lenet, { names: { x: "image", y: "scores" } }));
    expect([renamed.input[0].name, renamed.output[0].name, renamed.node[0].input[0]]).toEqual(["image", "scores", "image"]);
  });

  it("EF1 holds for every batch where the graph allows it, and says so", () => {
    const dynamic = graphOf(writeOnnx(lenet));
    expect([sizes(dynamic.input[0]), sizes(dynamic.output[0])]).toEqual([
      ["N", 1, 32, 32],
      ["N", 10],
    ]);
    const fixed = graphOf(writeOnnx(lenet, { batch: 5 }));
    expect([sizes(fixed.input[0]), sizes(fixed.output[0])]).toEqual([
      [5, 1, 32, 32],
      [5, 10],
    ]);
    // A mean over the batch is a number that no other batch has.
    const net = nn.functional((x) => ops.mul(x, ops.broadcastTo(ops.sum(x, { axes: 0, keepDims: true }), x.shape)));
    const stretched = createModel(net, [2, 3, 3]);
    expect(sizes(graphOf(writeOnnx(stretched)).input[0])).toEqual([1, 2, 3, 3]);
    expect(() => writeOnnx(stretched, { batch: "dynamic" })).toThrow(GraphError);
    expect(() => writeOnnx(stretched, { batch: "dynamic" })).toThrow(/does not hold for every batch/);
  });

  it("EF1 gives the same bytes for the same source and options", () => {
    const again = zooModel("lenet5", { seed: 3 });
    expect(Buffer.compare(writeOnnx(again), writeOnnx(lenet))).toBe(0);
    expect(Buffer.compare(writeOnnx(again, { opset: 21 }), writeOnnx(lenet))).not.toBe(0);
  });

  it("EF1 says who wrote it, for which version, and what a model was made for", () => {
    const preprocessing = { name: "unit", channels: "grey", mean: [0], deviation: [1] } as const;
    const model = zooModel("lenet", { outputs: 3, classes: ["a", "b", "c"], preprocessing });
    const { producerName, producerVersion: version, opsetImport, irVersion, metadataProps } = proto(writeOnnx(model, { opset: 14 }));
    expect([producerName, version, irVersion]).toEqual(["fovea", producerVersion, 7]);
    expect(opsetImport).toEqual([{ domain: "", version: 14 }]);
    expect(Object.fromEntries(metadataProps.map(({ key, value }) => [key, JSON.parse(value)]))).toEqual({
      "fovea.inputShape": [1, 28, 28],
      "fovea.classes": ["a", "b", "c"],
      "fovea.preprocessing": preprocessing,
    });
    const { version: ours } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as { version: string };
    expect(producerVersion).toBe(ours);
  });

  it("EF1 has no dropout, and a transposed convolution with its bias as one node", () => {
    const net = nn.sequential({
      drop: nn.dropout(0.5),
      up: nn.convTranspose2d(2, 4, 3, { stride: 2, padding: 1, outputPadding: 1, groups: 2 }),
      act: nn.relu6(),
    });
    const file = writeOnnx(createModel(net, [2, 5, 5]));
    expect(operators(file)).toEqual(["ConvTranspose", "Clip"]);
    expect(initialisers(file).filter((name) => name.includes("."))).toEqual(["up.weight", "up.bias"]);
    const attributes = new Map(graphOf(file).node[0].attribute.map((a) => [a.name, a.ints]));
    expect([attributes.get("pads"), attributes.get("output_padding")]).toEqual([
      [1, 1, 1, 1],
      [1, 1],
    ]);
  });

  it("EF1 has positions as int32, and every output of a graph under its own name", () => {
    const x = input("picture", [2, 3, 6, 6]);
    const pooled = label(ops.maxPool2d(x, 2), "pool");
    const where = ops.maxPoolIndices(x, 2);
    const graph = graphOf(writeOnnx(createGraph({ outputs: { pooled, again: pooled, where, picture2: ops.identity(x) } })));
    expect(graph.output.map((o) => [o.name, o.type?.tensorType?.elemType])).toEqual([
      ["pooled", 1],
      ["again", 1],
      ["where", 6],
      ["picture2", 1],
    ]);
    expect(graph.node.filter(({ opType }) => opType === "Identity").map(({ output }) => output[0])).toEqual(["again", "picture2"]);
  });

  it("EF1 state is written with its initial numbers", () => {
    const weight = variable("w", ones([2, 2]));
    const x = input("x", [1, 2]);
    const graph = createGraph({ outputs: { y: ops.matmul(x, weight) }, updates: [[weight, ops.add(weight, 1)]] });
    expect(initialisers(writeOnnx(graph))).toEqual(["w"]);
  });

  it("EF1 lists everything that cannot be written, with labels", () => {
    const counter = input("counter", [1], "int32");
    const x = input("x", [4]);
    const dropped = label(ops.dropout(x, counter), "drop1");
    const y: Value = label(ops.dropout(dropped, counter, { seed: 1 }), "drop2");
    expect(() => writeOnnx(createGraph({ outputs: { y } }))).toThrow(UnsupportedOpError);
    expect(() => writeOnnx(createGraph({ outputs: { y } }))).toThrow(
      'ONNX opset 17 cannot express 2 ops of this graph: dropout "drop1" (made of randomUniform), dropout "drop2" (made of randomUniform)',
    );
  });

  it("PR15 refuses impossible options", () => {
    expect(() => writeOnnx(lenet, { opset: 12 })).toThrow("writeOnnx: opset is 12; expected 13 to 21");
    expect(() => writeOnnx(lenet, { batch: 0 })).toThrow(ArgumentError);
    expect(() => writeOnnx(lenet, { names: { z: "a" } })).toThrow("there is no input or output z; there are x, y");
    expect(() => writeOnnx(lenet, { names: { x: "y" } })).toThrow('would be called "y"');
    expect(() => writeOnnx({} as Model)).toThrow(ArgumentError);
  });
});

describe("EF1 a trained net", () => {
  let trained: Model;
  beforeAll(async () => {
    trained = await fit(barNet, bars(60), { epochs: 2, batchSize: 10, seed: 1, optimiser: adam(0.01), device: "reference" });
  });

  it("EN6 batch norm is kept under its own names, or is gone into the convolution", () => {
    const kept = writeOnnx(trained);
    expect(operators(kept)).toContain("BatchNormalization");
    expect(initialisers(kept)).toEqual(
      expect.arrayContaining(["bn.weight", "bn.bias", "bn.running_mean", "bn.running_var", "conv.weight"]),
    );
    const folded = writeOnnx(trained, { foldBatchNorm: true });
    expect(operators(folded)).not.toContain("BatchNormalization");
    expect(initialisers(folded)).toEqual(["conv.weight", "conv.bias", "logits.weight", "logits.bias"]);
  });

  it.skipIf(!hasRuntime)("EF1 gives the same answers in onnxruntime, batch norm kept and folded", async () => {
    const x = randomNormal([6, 1, 8, 8], random(2));
    const { probabilities } = await predict(trained, x, { device: "reference" });
    for (const foldBatchNorm of [false, true]) {
      const { y } = await runOnnx(writeOnnx(trained, { foldBatchNorm }), { x });
      expect(deviation(ops.softmax(y), probabilities)).toBeLessThan(1e-5);
    }
  });
});

const checker = `
import sys, onnx
for path in sys.argv[1:]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
print("checked", len(sys.argv) - 1)
`;

function pythonHasOnnx(): boolean {
  try {
    execFileSync("/usr/bin/python3", ["-c", "import onnx"], { stdio: "ignore" });
    return true;
  } catch {
    console.warn("python3-onnx is not installed: written files are not given to onnx.checker");
    return false;
  }
}

describe("EF1 the standard's own checker", () => {
  it.skipIf(!pythonHasOnnx()).each([13, 14, 15, 16, 17])("EF1 accepts files of opset %i, shapes inferred", (opset) => {
    const folder = mkdtempSync(join(tmpdir(), "fovea-onnx-"));
    try {
      const nets = ["lenet5", "lenet5-1998", "resnet20-cifar", "squeezenet1.1", "mobilenet-v3-small", "shufflenet-v2-x0.5", "stn"];
      const paths = nets.map((name) => {
        const path = join(folder, `${name}.onnx`);
        writeFileSync(path, writeOnnx(zooModel(name), { opset: name === "stn" ? Math.max(opset, 16) : opset }));
        return path;
      });
      const said = execFileSync("/usr/bin/python3", ["-c", checker, ...paths], { encoding: "utf8" });
      expect(said.trim()).toBe(`checked ${nets.length}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

it.skipIf(!hasRuntime)("EF1 a picture of another batch runs in the same file", async () => {
  const model = lively(zooModel("resnet20-cifar"));
  const file = writeOnnx(model);
  for (const batch of [1, 4]) {
    const x = randomNormal([batch, 3, 32, 32], random(batch));
    const { y } = await runOnnx(file, { x });
    expect(y.shape).toEqual([batch, 10]);
  }
});
