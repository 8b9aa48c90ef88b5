// A misspelt option must never silently be the default: whoever takes an options object says which name it does not know, and which it knows.
import { describe, expect, it } from "vitest";
import { compile } from "../../src/backends/index.ts";
import * as data from "../../src/data/index.ts";
import { createGraph, gradient, input } from "../../src/graph/index.ts";
import * as io from "../../src/io/index.ts";
import * as lens from "../../src/lens/index.ts";
import { createModel, initialise, type Model, type Module, nn } from "../../src/nn/index.ts";
import * as ops from "../../src/ops/index.ts";
import * as report from "../../src/report/index.ts";
import { ArgumentError, ones, zeros } from "../../src/tensor/index.ts";
import * as train from "../../src/train/index.ts";
import { barNet, bars } from "../train/tiny.ts";

const dataset = bars(6);
const model: Model = createModel(barNet, [1, 8, 8]);
const x = input("x", [2]);
const squares = ops.square(x);
const finished = {} as report.FinishedTraining;

/** What is called, how it is misspelt (with a value that would be right), and what is meant; the last is absent where nothing is near. */
type Row = readonly [where: string, wrong: string, value: unknown, meant: string | undefined, call: (options: never) => unknown];

const layers: readonly Row[] = [
  ["conv1d", "strid", 2, "stride", (o) => nn.conv1d(1, 1, 3, o)],
  ["conv2d", "strid", 2, "stride", (o) => nn.conv2d(1, 1, 3, o)],
  ["conv3d", "dilatation", 2, "dilation", (o) => nn.conv3d(1, 1, 3, o)],
  ["convTranspose2d", "outputPad", 1, "outputPadding", (o) => nn.convTranspose2d(1, 1, 3, o)],
  ["linear", "biass", false, "bias", (o) => nn.linear(2, 2, o)],
  ["locallyConnected2d", "paddding", 1, "padding", (o) => nn.locallyConnected2d(1, 1, 3, o)],
  ["deformConv2d", "modulate", true, "modulated", (o) => nn.deformConv2d(1, 1, 3, o)],
  ["partialConv2d", "strides", 2, "stride", (o) => nn.partialConv2d(1, 1, 3, o)],
  ["coordinateChannels", "radious", true, "radius", (o) => nn.coordinateChannels(o)],
  ["separableConv2d", "multiplyer", 2, "multiplier", (o) => nn.separableConv2d(1, 1, 3, o)],
  ["asymmetricConv2d", "betwen", nn.relu(), "between", (o) => nn.asymmetricConv2d(1, 1, 3, o)],
  ["subPixelConv2d", "initialize", initialise.normal(), "initialise", (o) => nn.subPixelConv2d(1, 1, 3, 2, o)],
  ["resizeConv2d", "aligncorners", true, "alignCorners", (o) => nn.resizeConv2d(1, 1, 3, 2, o)],
  ["maxPool2d", "padd", 1, "padding", (o) => nn.maxPool2d(2, o)],
  ["avgPool2d", "countIncludePadding", false, "countIncludePad", (o) => nn.avgPool2d(2, o)],
  ["lpPool2d", "ceil", true, "ceilMode", (o) => nn.lpPool2d(2, 2, o)],
  ["fractionalMaxPool2d", "outputsize", 3, "outputSize", (o) => nn.fractionalMaxPool2d(2, o)],
  ["stochasticPool2d", "padd", 1, "padding", (o) => nn.stochasticPool2d(2, o)],
  ["globalLpPool", "norm", 3, undefined, (o) => nn.globalLpPool(o)],
  ["batchNorm2d", "momentumm", 0.2, "momentum", (o) => nn.batchNorm2d(3, o)],
  ["layerNorm", "epsilon", 1e-3, undefined, (o) => nn.layerNorm(3, o)],
  ["rmsNorm", "afine", false, "affine", (o) => nn.rmsNorm(3, o)],
  ["groupNorm", "afine", false, "affine", (o) => nn.groupNorm(1, 3, o)],
  ["instanceNorm", "afine", true, "affine", (o) => nn.instanceNorm(3, o)],
  ["localResponseNorm", "alfa", 1, "alpha", (o) => nn.localResponseNorm(5, o)],
  ["leakyRelu", "slop", 0.1, "slope", (o) => nn.leakyRelu(o)],
  ["maxout", "piece", 2, "pieces", (o) => nn.maxout(o)],
  ["glu", "axes", 1, "axis", (o) => nn.glu(o)],
  ["elu", "alfa", 1, "alpha", (o) => nn.elu(o)],
  ["celu", "alfa", 1, "alpha", (o) => nn.celu(o)],
  ["gelu", "approx", "tanh", "approximate", (o) => nn.gelu(o)],
  ["softplus", "betta", 1, "beta", (o) => nn.softplus(o)],
  ["hardTanh", "low", 0, undefined, (o) => nn.hardTanh(o)],
  ["softshrink", "lamda", 1, "lambda", (o) => nn.softshrink(o)],
  ["hardshrink", "lamda", 1, "lambda", (o) => nn.hardshrink(o)],
  ["threshold", "treshold", 1, "threshold", (o) => nn.threshold(o)],
  ["softmax", "axes", 1, "axis", (o) => nn.softmax(o)],
  ["logSoftmax", "axes", 1, "axis", (o) => nn.logSoftmax(o)],
  ["flatten", "start", 1, "startAxis", (o) => nn.flatten(o)],
  ["dropout", "perchannel", true, "perChannel", (o) => nn.dropout(0.5, o)],
  ["pad", "mod", "reflect", "mode", (o) => nn.pad([[1, 1]], o)],
  ["upsample", "alignCorner", true, "alignCorners", (o) => nn.upsample(2, o)],
  ["residual", "shortcuts", nn.relu(), "shortcut", (o) => nn.residual([nn.relu()], o)],
  ["branches", "joint", "add", "join", (o) => nn.branches([nn.relu()], o)],
  ["functional", "kinds", "mine", "kind", (o) => nn.functional((v) => v, o)],
  ["kaimingUniform", "mod", "fanIn", "mode", (o) => initialise.kaimingUniform(o)],
  ["kaimingNormal", "gains", 1, "gain", (o) => initialise.kaimingNormal(o)],
  ["createModel", "sede", 1, "seed", (o) => createModel(barNet, [1, 8, 8], o)],
  ["trace", "batchs", 2, "batch", (o) => model.trace(o)],
];

const training: readonly Row[] = [
  ["sgd", "momentumm", 0.9, "momentum", (o) => train.sgd(0.1, o)],
  ["adam", "beta", [0.9, 0.9], "betas", (o) => train.adam(0.1, o)],
  ["adamW", "weightdecay", 0.1, "weightDecay", (o) => train.adamW(0.1, o)],
  ["nadam", "momentum_decay", 0, "momentumDecay", (o) => train.nadam(0.1, o)],
  ["rmsProp", "centered", true, "centred", (o) => train.rmsProp(0.1, o)],
  ["crossEntropyLoss", "smoothing", 0.1, "labelSmoothing", (o) => train.crossEntropyLoss(o)],
  ["stepDecay", "evry", 10, "every", (o) => train.stepDecay(o)],
  ["multiStep", "milestone", [1], "milestones", (o) => train.multiStep(o)],
  ["exponential", "gama", 0.9, "gamma", (o) => train.exponential(o)],
  ["polynomial", "powr", 2, "power", (o) => train.polynomial(o)],
  ["inverseTime", "decey", 1, "decay", (o) => train.inverseTime(o)],
  ["cosine", "min", 0, "minimum", (o) => train.cosine(o)],
  ["cosineRestarts", "step", 10, "steps", (o) => train.cosineRestarts(o)],
  ["oneCycle", "max", 0.1, "maximum", (o) => train.oneCycle(o)],
  ["cyclic", "max", 0.1, "maximum", (o) => train.cyclic(o)],
  ["linearWarmUp", "step", 10, "steps", (o) => train.linearWarmUp(o)],
  ["constantWarmUp", "step", 10, "steps", (o) => train.constantWarmUp(o)],
  ["trainingStep", "batchs", 2, "batch", (o) => train.trainingStep(model, o)],
  ["fit", "epoch", 1, "epochs", (o) => train.fit(barNet, dataset, o)],
  ["fit: clip", "nrom", 1, "norm", (clip) => train.fit(barNet, dataset, { clip })],
  ["fit: earlyStop", "patiense", 2, "patience", (earlyStop) => train.fit(barNet, dataset, { earlyStop })],
  ["fit: checkpoint", "everyStep", 2, "everySteps", (checkpoint) => train.fit(barNet, dataset, { checkpoint })],
  ["evaluate", "batch", 2, "batchSize", (o) => train.evaluate(model, dataset, o)],
  ["predict", "thread", 1, "threads", (o) => train.predict(model, zeros([1, 8, 8]), o)],
];

const rooms: readonly Row[] = [
  ["gradient", "rule", {}, "rules", (o) => gradient(squares, [x], o)],
  ["gradient", "seeds", ones([2]), "seed", (o) => gradient(squares, [x], o)],
  ["writeOnnx", "opsets", 18, "opset", (o) => io.writeOnnx(model, o)],
  ["writePyTorch", "nam", "Net", "name", (o) => io.writePyTorch(model, o)],
  ["compile", "device_", "wasm", "device", (o) => compile(createGraph({ outputs: { squares } }), o)],
  ["maximise", "stepz", 1, "steps", (o) => lens.maximise(model, o)],
  ["maximiseEach", "channel", 0, "channels", (o) => lens.maximiseEach(model, o)],
  ["attribute", "methods", "gradient", "method", (o) => lens.attribute(model, zeros([1, 8, 8]), o)],
  ["attributeEach", "class", 0, undefined, (o) => lens.attributeEach(model, [], o)],
  [
    "attributeEach: target",
    "chanel",
    0,
    "channel",
    (target) => lens.attributeEach(model, [{ image: zeros([1, 8, 8]), target }], { method: "gradient" }),
  ],
  ["examples", "channl", 0, "channel", (o) => lens.examples(model, dataset, o)],
  ["activations", "layer", ["conv"], "layers", (o) => lens.activations(model, zeros([1, 8, 8]), o)],
  ["describeTraining", "layr", "conv", "layer", (o) => report.describeTraining(finished, o)],
  ["lineChart", "tittle", "a", "title", (o) => report.lineChart([], o)],
  ["paint", "rang", { low: 0, high: 1 }, "range", (o) => report.paint(zeros([2, 2]), o)],
  ["sheet", "gaps", 1, "gap", (o) => report.sheet([], o)],
  ["loader", "batchsize", 2, "batchSize", (o) => data.loader(dataset, o)],
  ["split", "testshare", 0.5, "testShare", (o) => data.split(dataset, o)],
  ["arraysDataset", "class", [], "classes", (o) => data.arraysDataset(o)],
  ["synthetic", "sizes", 28, "size", (o) => data.synthetic(o)],
  ["mnist", "folders", "/", "folder", (o) => data.mnist(o)],
  ["fashionMnist", "folders", "/", "folder", (o) => data.fashionMnist(o)],
  ["idxDataset", "clases", [], "classes", (o) => data.idxDataset("/", o)],
  ["idxDatasetFromFiles", "clases", [], "classes", (o) => data.idxDatasetFromFiles({} as data.IdxFiles, o)],
  ["pictureFolder", "channel", 1, "channels", (o) => data.pictureFolder("/", o)],
  ["openDataset", "channel", 1, "channels", (o) => data.openDataset("mnist", o)],
  ["randomFlip", "axes", "vertical", "axis", (o) => data.randomFlip(o)],
  ["randomCrop", "pading", 4, "padding", (o) => data.randomCrop(o)],
  ["randomTranslation", "pixel", 4, "pixels", (o) => data.randomTranslation(o)],
  ["randomAffine", "rotate", 4, "rotation", (o) => data.randomAffine(o)],
  ["randomColour", "brightnes", 0.1, "brightness", (o) => data.randomColour(o)],
  ["randomNoise", "deviations", 0.1, "deviation", (o) => data.randomNoise(o)],
  ["randomErasing", "areas", [0, 1], "area", (o) => data.randomErasing(o)],
  ["translate", "dz", 1, "dx", (o) => data.translate(zeros([1, 2, 2]), o)],
  ["affine", "scales", 2, "scale", (o) => data.affine(zeros([1, 2, 2]), o)],
  ["gunzip", "limits", 3, "limit", (o) => io.gunzip(new Uint8Array(2), o)],
  ["decodeImage", "maxPixel", 3, "maxPixels", (o) => io.decodeImage(new Uint8Array(2), o)],
  [
    "pictureToTensor",
    "channel",
    1,
    "channels",
    (o) => io.pictureToTensor({ width: 1, height: 1, channels: 1, data: new Uint8Array(1) }, o),
  ],
  ["tensorToPicture", "hi", 1, "high", (o) => io.tensorToPicture(zeros([2, 2]), o)],
  ["readSafetensors", "nam", "a", "name", (o) => io.readSafetensors(new Uint8Array(8), o)],
  ["writeSafetensors", "meta", {}, "metadata", (o) => io.writeSafetensors([], o)],
  ["maxUnpool", "size", 2, undefined, (o) => ops.maxUnpool(zeros([1, 1, 1, 1]), zeros([1, 1, 1, 1], "int32"), o)],
  ["argMax", "keepdims", true, "keepDims", (o) => ops.argMax(zeros([2]), o)],
  ["variance", "unbiased", true, undefined, (o) => ops.variance(zeros([2]), o)],
  ["flatten", "start", 1, "startAxis", (o) => ops.flatten(zeros([2, 2]), o)],
  ["squeeze", "axis", 0, "axes", (o) => ops.squeeze(zeros([1, 2]), o)],
  ["unsqueeze", "axis", 0, "axes", (o) => ops.unsqueeze(zeros([2]), o)],
  ["fold", "output", [2], "outputSize", (o) => ops.fold(zeros([1, 1, 4]), o)],
  ["createGraph", "output", {}, "outputs", (o) => createGraph(o)],
  ["unfold", "kernel", 2, "kernelSize", (o) => ops.unfold(zeros([1, 1, 3, 3]), o)],
];

/** The call itself may throw, or what it promises. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("unknown options are errors that name the known ones", () => {
  it.each([...layers, ...training, ...rooms])("%s({ %s })", async (where, wrong, value, meant, call) => {
    const error = await failureOf(() => call({ [wrong]: value } as never));
    expect(error).toBeInstanceOf(ArgumentError);
    const { message } = error as ArgumentError;
    const proposal = meant === undefined ? "" : ` (did you mean "${meant}"?)`;
    expect(message).toContain(`${where}: unknown option "${wrong}"${proposal}; known options: `);
  });

  it.each([...layers, ...training, ...rooms])("%s(7 in place of options, not %s)", async (where, _wrong, _value, _meant, call) => {
    for (const given of [7, null, "same"]) {
      const error = await failureOf(() => call(given as never));
      expect(error).toBeInstanceOf(ArgumentError);
      expect((error as ArgumentError).message).toContain(where);
    }
  });
});

describe("replacement rules of gradient()", () => {
  it("a rule for an op that does not exist would silently give the plain gradient", () => {
    const call = (): unknown => gradient(squares, [x], { rules: { relux: (g) => g } });
    expect(call).toThrow(ArgumentError);
    expect(call).toThrow(/no op has that name \(did you mean "relu"\?\)/);
  });

  it("so would a rule for an operand that the op does not have", () => {
    const call = (): unknown => gradient(squares, [x], { rules: { conv: { wieght: (g) => g } } });
    expect(call).toThrow(/rules of "conv": unknown option "wieght".*known options: all, x, weight, bias/);
  });

  it("an op that is known but not in the graph is fine", () => {
    expect(gradient(squares, [x], { rules: { relu: (g) => g } })).toHaveLength(1);
  });
});

it("an option given as undefined is an option not given", () => {
  const layer = nn.conv2d(1, 2, 3, { stride: undefined } as never) as Module;
  expect(createModel(layer, [1, 5, 5]).trace().output.shape).toEqual([1, 2, 3, 3]);
});
