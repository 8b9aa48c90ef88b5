// Networks from files as models: parameters and layers by the file's names, any batch, training, and what the lens makes of them.
import { describe, expect, test } from "vitest";
import { compile } from "../../../src/backends/compile.ts";
import { synthetic } from "../../../src/data/index.ts";
import { createGraph } from "../../../src/graph/graph.ts";
import { type OnnxNetwork, readOnnx } from "../../../src/io/onnx/index.ts";
import { activations, attribute, costOf, filters, maximise } from "../../../src/lens/index.ts";
import { ArgumentError, ModelFormatError, ShapeError, UnsupportedOpError } from "../../../src/tensor/errors.ts";
import { random, randomNormal } from "../../../src/tensor/random.ts";
import { full, tensor } from "../../../src/tensor/tensor.ts";
import { adam, evaluate, fit } from "../../../src/train/index.ts";
import { fileOf, type GraphDraft, node, port, stored } from "./files.ts";

const data = await synthetic({ seed: 3, size: 16, train: 1000, test: 300 });
const [channels, height, width] = data.train.imageShape;
const classes = data.train.classes.length;

/** A small classifier as exporters write them: weights as initialisers and as Constant nodes, a bias that is added, a literal batch of 1. */
const graph: GraphDraft = {
  input: [port("picture", [1, channels, height, width])],
  output: [port("probabilities")],
  node: [
    node("Constant", "", "c1.weight", { value: randomNormal([8, channels, 3, 3], random(1)) }),
    node("Conv", "picture c1.weight", "c1_out", { pads: [1, 1, 1, 1] }, "/c1/Conv"),
    node("Add", "c1_out c1.bias", "biased"),
    node("BatchNormalization", "biased bn.gain bn.shift bn.mean bn.variance", "normed", { epsilon: 1e-5 }, "bn"),
    node("Relu", "normed", "active"),
    node("Dropout", "active", "kept mask", {}, "drop"),
    node("GlobalAveragePool", "kept", "pooled"),
    node("Reshape", "pooled target", "flat"),
    node("Transpose", "fc.weight", "fc.turned", { perm: [1, 0] }),
    node("MatMul", "flat fc.turned", "logits", {}, "fc"),
    node("Softmax", "logits", "probabilities", { axis: 1 }),
  ],
  initializer: [
    stored("c1.bias", full([8, 1, 1], 0)),
    stored("bn.gain", full([8], 1)),
    stored("bn.shift", full([8], 0)),
    stored("bn.mean", full([8], 0)),
    stored("bn.variance", full([8], 4)),
    stored("target", tensor([1, 8], [2], "int32")),
    stored("fc.weight", randomNormal([classes, 8], random(2))),
  ],
};
const open = (draft: GraphDraft = graph): Promise<OnnxNetwork> => readOnnx(fileOf(draft));

describe("EF1 models of ONNX networks", () => {
  test("EF1 parameters, buffers and layers have the file's names", async () => {
    const model = (await open()).model();
    expect(model.inputShape).toEqual([channels, height, width]);
    expect([...model.parameters].map(([name, { shape }]) => [name, ...shape])).toEqual([
      ["c1.weight", 8, channels, 3, 3],
      ["c1.bias", 8, 1, 1],
      ["bn.gain", 8],
      ["bn.shift", 8],
      ["fc.weight", classes, 8],
    ]);
    expect([...model.buffers.keys()]).toEqual(["bn.mean", "bn.variance"]);
    expect(model.parameterCount).toBe(8 * channels * 9 + 8 + 8 + 8 + 8 * classes);
    const { layers } = model.trace();
    expect(layers.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      "/c1/Conv conv2d",
      "biased add",
      "bn batchNormalization",
      "active relu",
      "drop dropout",
      "pooled globalAveragePool",
      "flat reshape",
      "fc matMul",
      "probabilities softmax",
    ]);
    expect(layers[0].parameters).toEqual(["c1.weight"]);
    const summary = model.summary();
    expect(summary.total.parameters).toBe(model.parameterCount);
    expect(summary.layers[0].macs).toBe(8 * channels * 9 * height * width);
    expect(model.field("/c1/Conv").axes.map(({ size }) => size)).toEqual([3, 3]);
  });

  test("EF1 several pictures at once give what one at a time gives, in either precision", async () => {
    const network = await open();
    const model = network.model();
    const x = randomNormal([3, channels, height, width], random(4));
    const { probabilities } = await network.run({ picture: x });
    const singles = await Promise.all([0, 1, 2].map((i) => network.run({ picture: x.entry(i).reshape([1, channels, height, width]) })));
    for (const [i, single] of singles.entries()) {
      for (const [k, p] of single.probabilities.data.entries()) expect(probabilities.at(i, k)).toBeCloseTo(p, 5);
    }
    expect(model.trace({ batch: 3 }).output.shape).toEqual([3, classes]);
    expect(model.trace({ dtype: "float64" }).output.dtype).toBe("float64");
  });

  test("EF1 the model can be trained on: parameters move, statistics do not", async () => {
    const model = (await open()).model({ output: "logits", classes: data.train.classes });
    const before = await evaluate(model, data.test);
    const trained = await fit(model, data.train, { epochs: 3, batchSize: 32, optimiser: adam(1e-2), seed: 1 });
    const after = await evaluate(trained, data.test);
    expect(after.loss).toBeLessThan(before.loss * 0.9);
    expect(trained.parameters.get("c1.bias")).not.toEqual(model.parameters.get("c1.bias"));
    expect(trained.buffers.get("bn.variance")).toEqual(model.buffers.get("bn.variance"));
  });

  test("EF1 the lens looks into it", async () => {
    const model = (await open()).model({ classes: data.train.classes });
    const image = data.test.image(0);
    expect((await activations(model, image)).get("active")?.shape).toEqual([8, height, width]);
    expect(filters(model, "/c1/Conv")).toEqual(model.parameters.get("c1.weight"));
    expect(() => filters(model, "biased")).toThrow('"biased" has no convolution kernels; layers that have: /c1/Conv');
    const { explained, macs } = costOf(model).layers[0];
    expect(explained?.macs.value).toBe(macs);
    const { map } = await attribute(model, image, { method: "integratedGradients", class: 1 });
    expect(map.shape).toEqual(image.shape);
    const best = await maximise(model, { layer: "/c1/Conv", channel: 2, steps: 5, seed: 1 });
    expect(best.image.shape).toEqual([channels, height, width]);
  });

  test("EF1 other numbers, by name", async () => {
    const model = (await open()).model();
    const changed = model.with(new Map([["c1.bias", full([8, 1, 1], 3)]]));
    expect(changed.parameters.get("c1.bias")?.data[0]).toBe(3);
    expect(changed.parameters.get("bn.gain")).toEqual(model.parameters.get("bn.gain"));
    expect(() => model.with(new Map([["c1.bia", full([8], 3)]]))).toThrow(ModelFormatError);
  });

  test("EF1 [N, classes, 1, 1] comes out as [N, classes]; another picture size is another trace", async () => {
    const nodes = graph.node?.slice(0, 7) ?? [];
    const model = (await open({ ...graph, output: [port("pooled")], node: nodes })).model();
    expect(model.trace().output.shape).toEqual([1, 8]);
    expect(model.trace({ inputShape: [channels, 20, 24] }).layers[0].value.shape).toEqual([1, 8, 20, 24]);
    expect((await open({ ...graph, output: [port("pooled")], node: nodes })).model({ inputShape: [channels, 9, 9] }).inputShape).toEqual([
      channels,
      9,
      9,
    ]);
    expect(() => model.trace({ inputShape: [channels + 1, 20, 24] })).toThrow(ShapeError);
  });

  test("EF1 one weight used twice is one parameter; two nodes of one name are two layers", async () => {
    const model = (
      await open({
        input: [port("x", ["N", 2, 4, 4])],
        output: [port("y")],
        node: [node("Conv", "x w", "a", {}, "same"), node("Conv", "a w", "b", {}, "same"), node("Conv", "b step", "y", {}, "x")],
        initializer: [stored("w", randomNormal([2, 2, 1, 1], random(1))), stored("step", randomNormal([2, 2, 1, 1], random(1)))],
      })
    ).model();
    // "step" is the name of the training counter.
    expect([...model.parameters.keys()]).toEqual(["w", "step_2"]);
    expect(model.trace().layers.map(({ name }) => name)).toEqual(["same", "same_2", "x"]);
  });

  test("EF1 what the file computes from weights follows them: a token for every picture, a table that is read by index", async () => {
    const model = (
      await open({
        input: [port("x", ["N", 2, 3])],
        output: [port("y")],
        node: [
          node("Shape", "x", "shape"),
          node("Slice", "shape zero one zero", "n"),
          node("Concat", "n rest", "sizes", { axis: 0 }),
          node("Expand", "token sizes", "tokens"),
          node("Gather", "table index", "rows", { axis: 0 }),
          node("Concat", "tokens x", "all", { axis: 1 }),
          node("Add", "all rows", "y", {}, "sum"),
        ],
        initializer: [
          stored("token", tensor([7, 8, 9], [1, 1, 3])),
          stored("table", tensor([1, 2, 3, 4, 5, 6], [2, 3])),
          stored("index", tensor([0, 1, 1], [3], "int32")),
          ...[0, 1].map((n) => stored(["zero", "one"][n], tensor([n], [1], "int32"))),
          stored("rest", tensor([1, 3], [2], "int32")),
        ],
      })
    ).model();
    expect([...model.parameters].map(([name, { shape }]) => [name, ...shape])).toEqual([
      ["token", 1, 1, 3],
      ["table", 2, 3],
    ]);
    const program = await compile(createGraph({ outputs: { y: model.trace({ batch: 2 }).output } }), { device: "reference" });
    const { y } = await program.run({ x: full([2, 2, 3], 0) });
    const one = [
      [8, 10, 12],
      [4, 5, 6],
      [4, 5, 6],
    ];
    expect(y.toNested()).toEqual([one, one]);
  });

  test("PR15 what is no model is said", async () => {
    const two = await open({ ...graph, input: [...(graph.input ?? []), port("extra", [1])] });
    expect(() => two.model()).toThrow(/a model has one input; this network has picture, extra. Use graph\(\) or run\(\)/);
    const whole = await open({ ...graph, input: [port("picture", [1, channels, height, width], "int64")] });
    expect(() => whole.model()).toThrow(ArgumentError);
    const idle = await open({ ...graph, output: [port("fc.turned")] });
    expect(() => idle.model()).toThrow(UnsupportedOpError);
    expect(() => idle.model({ output: "logit" })).toThrow('the network has no value "logit" (did you mean "logits"?)');
  });
});
