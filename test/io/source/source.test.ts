// Generated source code: it reads well, it names its parameters as we do, and what it computes is what the net computes.
import { describe, expect, it } from "vitest";
import { compile } from "../../../src/backends/index.ts";
import { evaluateValues } from "../../../src/graph/evaluate.ts";
import { createGraph } from "../../../src/graph/graph.ts";
import { constant, input } from "../../../src/graph/record.ts";
import { label, type Value } from "../../../src/graph/value.ts";
import { writeFoveaSource } from "../../../src/io/source/fovea.ts";
import { writePyTorch } from "../../../src/io/source/python.ts";
import { createModel, type Model, nn } from "../../../src/nn/index.ts";
import * as ops from "../../../src/ops/index.ts";
import { ArgumentError, UnsupportedOpError } from "../../../src/tensor/errors.ts";
import { random, randomNormal } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { architectures, zooModel } from "../../../src/zoo/registry.ts";
import { deviation } from "../../support/backend-compare.ts";
import { lively } from "../../support/lively.ts";
import { isLong } from "../../support/long.ts";
import { evaluateFovea } from "./evaluate-fovea.ts";
import { hasPyTorch, runPyTorch } from "./run-pytorch.ts";

/** Nets and, where they allow another one, a smaller picture. */
const sample: Readonly<Record<string, readonly number[] | undefined>> = {
  lenet5: undefined,
  "lenet5-1998": undefined,
  "lecun1989-5": undefined,
  "resnet20-cifar": undefined,
  "squeezenet1.1": [3, 64, 64],
  stn: undefined,
  "mobilenet-v3-small": [3, 64, 64],
  "shufflenet-v2-x0.5": [3, 64, 64],
};
const larger: typeof sample = {
  resnet18: [3, 64, 64],
  "mobilenet-v2": [3, 64, 64],
  googlenet: [3, 64, 64],
  "inception-v3": [3, 128, 128],
  densenet121: [3, 64, 64],
  "densenet40-cifar": undefined,
  unet: [1, 188, 188],
  "dcgan-generator": undefined,
  "convnext-tiny": [3, 64, 64],
  "efficientnet-b0": [3, 64, 64],
  "se-resnet50": [3, 64, 64],
  "shufflenet-v1-g3": [3, 64, 64],
};
const nets = Object.entries({ ...sample, ...(isLong ? larger : {}) });

function modelOf(name: string, smaller: readonly number[] | undefined): Model {
  const { build, inputShape, classes } = architectures.find((a) => a.name === name) as (typeof architectures)[number];
  const shape = smaller ?? inputShape;
  return lively(createModel(build(shape, classes), shape), 0.7);
}

async function outputOf(model: Model, x: Tensor): Promise<Tensor> {
  const program = await compile(createGraph({ outputs: { y: model.trace({ batch: x.shape[0] }).output } }), { threads: 1 });
  const { y } = await program.run({ x });
  program.release();
  return y;
}

/** A net with what containers do not say: two inputs to an op, a table, a parameter of its own, layers without a name in PyTorch. */
const oddNet = nn.sequential({
  up: nn.convTranspose2d(2, 4, 3, { stride: 2, padding: 1, outputPadding: 1 }),
  places: nn.coordinateChannels(),
  same: nn.conv2d(6, 4, 4, { padding: "same", stride: 2 }),
  mirror: nn.conv2d(4, 4, 3, { padding: 1, paddingMode: "reflect" }),
  norm: nn.groupNorm(2, 4),
  prelu: nn.prelu(4),
  mixed: nn.functional((x, { parameter, child }) => {
    const scale = parameter("scale", [4, 1, 1], (shape, generator) => randomNormal(shape, generator));
    const gate = child("gate", nn.sequential([nn.conv2d(4, 4, 1), nn.sigmoid()]), x);
    return ops.add(ops.mul(ops.mul(x, scale), gate), ops.maximum(x, 0.25));
  }),
  upsample: nn.upsample(2, { mode: "linear" }),
  lrn: nn.localResponseNorm(3),
  maxout: nn.maxout(),
  gap: nn.globalAvgPool(),
  flat: nn.flatten(),
});
const odd = lively(createModel(oddNet, [2, 5, 6]));

describe("EF4 PyTorch source", () => {
  it("reads as a person would have written it", async () => {
    await expect(writePyTorch(zooModel("lenet5"), { name: "LeNet5" })).toMatchFileSnapshot("lenet5.py");
    expect(writePyTorch(zooModel("lenet5"), { weights: "net.safetensors" })).toContain('load_file("net.safetensors")');
  });

  it.skipIf(!hasPyTorch)("EF4 computes the same in PyTorch, with our weights under our names and no others", async () => {
    const models = new Map([...nets.map(([name, shape]) => [name, modelOf(name, shape)] as const), ["odd", odd]]);
    const jobs = [...models].map(([name, model]) => ({
      name: name.replace(/\W/g, "_"),
      source: writePyTorch(model),
      state: model.state(),
      x: randomNormal([3, ...model.inputShape], random(4)),
    }));
    const results = runPyTorch(jobs);
    for (const [i, [name, model]] of [...models].entries()) {
      const wanted = await outputOf(model, jobs[i].x);
      const got = results.get(jobs[i].name) as Tensor;
      expect(got.shape, name).toEqual(wanted.shape);
      expect(deviation(got, wanted), name).toBeLessThan(1e-5);
    }
  });

  it.skipIf(!hasPyTorch)("EF4 a graph keeps the dotted names of its parameters", () => {
    const state = new Map([
      ["a.b.weight", randomNormal([4, 3], random(1))],
      ["bias", randomNormal([4], random(2))],
    ]);
    const parameter = (name: string): Value => label(constant(state.get(name) as Tensor), name);
    const x = input("x", [2, 3]);
    const graph = createGraph({ outputs: { y: ops.tanh(ops.linear(x, parameter("a.b.weight"), parameter("bias"))) } });
    const given = randomNormal([2, 3], random(3));
    const got = runPyTorch([{ name: "graph", source: writePyTorch(graph), state, x: given }]).get("graph") as Tensor;
    const [wanted] = evaluateValues([...graph.outputs.values()], new Map([[x, given]]));
    expect(deviation(got, wanted)).toBeLessThan(1e-5);
  });

  it("lists what PyTorch has no form of", () => {
    const x = input("x", [1, 1, 4, 4]);
    const boxes = input("boxes", [1, 5]);
    const y = label(ops.roiPool(x, boxes, { outputSize: 2 }), "regions");
    expect(() => writePyTorch(createGraph({ outputs: { y } }))).toThrow(UnsupportedOpError);
    expect(() => writePyTorch(createGraph({ outputs: { y } }))).toThrow('PyTorch has no form of roiPool "regions"');
  });

  it("PR15 refuses names that are none in Python", () => {
    expect(() => writePyTorch(odd, { name: "2 nets" })).toThrow(ArgumentError);
    expect(() => writePyTorch(odd, { weights: 1 as unknown as string })).toThrow("weights is 1; expected a file name");
    expect(() => writePyTorch({} as Model)).toThrow(ArgumentError);
  });
});

describe("fovea source", () => {
  it("reads as a person would have written it", async () => {
    await expect(writeFoveaSource(zooModel("lenet5"))).toMatchFileSnapshot("lenet5.txt");
  });

  it.each([...nets, ["odd", undefined] as const])("%s: builds the same net, to the bit", async (name, shape) => {
    const model = name === "odd" ? odd : modelOf(name, shape);
    const { model: build } = evaluateFovea<{ model: (options: object) => Model }>(writeFoveaSource(model));
    const again = build({ parameters: model.state() });
    expect([...again.parameters.keys()].sort()).toEqual([...model.parameters.keys()].sort());
    expect([...again.buffers.keys()].sort()).toEqual([...model.buffers.keys()].sort());
    const x = randomNormal([2, ...model.inputShape], random(4));
    expect((await outputOf(again, x)).data).toEqual((await outputOf(model, x)).data);
  });

  it("a graph becomes a function of its inputs and parameters", () => {
    const weight = label(constant(randomNormal([3, 2, 3, 3], random(1))), "features.0.weight");
    const image = input("image", [2, 2, 6, 6]);
    const pooled = ops.maxPool2d(ops.relu(ops.conv2d(image, weight, { padding: 1 })), 2);
    const graph = createGraph({ outputs: { pooled, where: ops.argMax(ops.flatten(pooled)) } });
    const source = writeFoveaSource(graph);
    expect(source).toContain('const weight = parameter("features.0.weight");');
    type Network = (inputs: Record<string, Value>, parameters: ReadonlyMap<string, Tensor>) => Record<string, Value>;
    const { network } = evaluateFovea<{ network: Network }>(source);
    const again = network({ image }, new Map([["features.0.weight", weight.attrs.value as Tensor]]));
    const known = new Map([[image, randomNormal([2, 2, 6, 6], random(2))]]);
    const wanted = evaluateValues([...graph.outputs.values()], known);
    expect(evaluateValues([again.pooled, again.where], known)).toEqual(wanted);
  });
});
