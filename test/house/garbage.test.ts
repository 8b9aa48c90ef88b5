// Callers without types hand over anything. Whatever it is, a public function either takes it or throws one of fovea's own errors, whose message says
// what was expected; never a bare TypeError from somewhere inside, never an endless loop.
import { describe, expect, it } from "vitest";
import * as fovea from "../../src/index.ts";

const garbage: readonly (readonly [string, unknown])[] = [
  ["undefined", undefined],
  ["null", null],
  ["3", 3],
  ["NaN", Number.NaN],
  ["text", "text"],
  ["{}", {}],
  ["[]", []],
  ["a function", () => 0],
];

const model = fovea.createModel(
  fovea.nn.sequential({ a: fovea.nn.conv2d(1, 2, 3), b: fovea.nn.flatten(), c: fovea.nn.linear(32, 3) }),
  [1, 6, 6],
);
const t = fovea.zeros([1, 6, 6]);
const data = fovea.arraysDataset({
  name: "two pictures",
  images: new Float32Array(72),
  labels: [0, 1],
  imageShape: [1, 6, 6],
  classes: ["a", "b", "c"],
});
const bytes = { name: "one pixel", images: new Uint8Array(1), labels: [0], imageShape: [1, 1, 1], classes: ["a"] };

/** A call with garbage in one place; `undefined` stands for a default in those of `optional`. */
type Calls = Readonly<Record<string, (g: never) => unknown>>;

const required: Calls = {
  tensor: (g) => fovea.tensor(g),
  Tensor: (g) => new fovea.Tensor(g, [1]),
  Tensor2: (g) => new fovea.Tensor(new Float32Array(1), g),
  zeros: (g) => fovea.zeros(g),
  ones: (g) => fovea.ones(g),
  full: (g) => fovea.full(g, 1),
  full2: (g) => fovea.full([2], g),
  arange: (g) => fovea.arange(g),
  random: (g) => fovea.random(g),
  randomNormal: (g) => fovea.randomNormal(g, fovea.random(1)),
  randomNormal2: (g) => fovea.randomNormal([2], g),
  randomUniform: (g) => fovea.randomUniform(g, fovea.random(1)),
  randomUniform2: (g) => fovea.randomUniform([2], g),
  createModel: (g) => fovea.createModel(g, [1, 6, 6]),
  createModel2: (g) => fovea.createModel(model.net, g),
  with: (g) => model.with(g),
  sequential: (g) => fovea.nn.sequential(g),
  seq2: (g) => fovea.nn.sequential([g]),
  residual: (g) => fovea.nn.residual(g),
  conv: (g) => fovea.nn.conv2d(g, 1, 3),
  conv3: (g) => fovea.nn.conv2d(1, 1, g),
  linear: (g) => fovea.nn.linear(g, 1),
  maxPool: (g) => fovea.createModel(fovea.nn.maxPool2d(g), [1, 6, 6]),
  pad: (g) => fovea.nn.pad(g),
  bn: (g) => fovea.nn.batchNorm2d(g),
  layerNorm: (g) => fovea.nn.layerNorm(g),
  functional: (g) => fovea.nn.functional(g),
  input: (g) => fovea.input(g, [1]),
  input2: (g) => fovea.input("x", g),
  constant: (g) => fovea.constant(g),
  variable: (g) => fovea.variable("x", g),
  createGraph: (g) => fovea.createGraph(g),
  createGraph2: (g) => fovea.createGraph({ outputs: { y: g } }),
  compile: (g) => fovea.compile(g),
  gradient: (g) => fovea.gradient(g, []),
  gradient2: (g) => fovea.gradient(fovea.sum(fovea.input("x", [2])), g),
  gradient3: (g) => fovea.gradient(fovea.sum(fovea.input("x", [2])), [g]),
  fill: (g) => fovea.fill(g, 1),
  substitute: (g) => fovea.substitute(g, new Map()),
  findValue: (g) => fovea.findValue(g, "x"),
  receptiveField: (g) => fovea.receptiveField(g, fovea.input("x", [1, 1, 3, 3])),
  label: (g) => fovea.label(g, "x"),
  fit: (g) => fovea.fit(g, data),
  fit2: (g) => fovea.fit(model, g),
  evaluate: (g) => fovea.evaluate(g, data),
  evaluate2: (g) => fovea.evaluate(model, g),
  predict: (g) => fovea.predict(g, t),
  predict2: (g) => fovea.predict(model, g),
  loader: (g) => fovea.loader(g, { batchSize: 1 }),
  subset: (g) => fovea.subset(data, g),
  subset0: (g) => fovea.subset(g, [0]),
  firstOf: (g) => fovea.firstOf(data, g),
  firstOf0: (g) => fovea.firstOf(g, 1),
  split: (g) => fovea.split(g),
  trainingStep: (g) => fovea.trainingStep(g, { batch: 1 }),
  maximise: (g) => fovea.maximise(g, { class: 0, steps: 1 }),
  attribute: (g) => fovea.attribute(g, t, { method: "gradient", class: 0 }),
  attribute2: (g) => fovea.attribute(model, g, { method: "gradient", class: 0 }),
  examples: (g) => fovea.examples(g, data, { layer: "a" }),
  examples2: (g) => fovea.examples(model, g, { layer: "a" }),
  examplesL: (g) => fovea.examples(model, data, { layer: g }),
  activations: (g) => fovea.activations(g, t),
  activations2: (g) => fovea.activations(model, g),
  filters: (g) => fovea.filters(model, g),
  filters0: (g) => fovea.filters(g, "a"),
  readOnnx: (g) => fovea.readOnnx(g),
  writeOnnx: (g) => fovea.writeOnnx(g),
  writePyTorch: (g) => fovea.writePyTorch(g),
  writeFoveaSource: (g) => fovea.writeFoveaSource(g),
  openOnnx: (g) => fovea.openOnnx(g),
  readSafetensors: (g) => fovea.readSafetensors(g),
  writeSafetensors: (g) => fovea.writeSafetensors(g),
  decodeImage: (g) => fovea.decodeImage(g),
  encodePng: (g) => fovea.encodePng(g),
  pictureToTensor: (g) => fovea.pictureToTensor(g),
  tensorToPicture: (g) => fovea.tensorToPicture(g),
  resizeImage: (g) => fovea.resizeImage(g, 2, 2),
  preparePicture: (g) => fovea.preparePicture(g, model),
  gunzip: (g) => fovea.gunzip(g),
  readModel: (g) => fovea.readModel(g),
  writeModel: (g) => fovea.writeModel(model, g),
  writeModel0: (g) => fovea.writeModel(g, "lenet"),
  describePreprocessing: (g) => fovea.describePreprocessing(g),
  openDataset: (g) => fovea.openDataset(g),
  pictureFolder: (g) => fovea.pictureFolder(g),
  idxDataset: (g) => fovea.idxDataset(g),
  cifar10: (g) => fovea.cifar10(g),
  arraysDataset: (g) => fovea.arraysDataset({ ...bytes, images: g }),
  arraysDataset2: (g) => fovea.arraysDataset({ ...bytes, labels: g }),
  arraysDataset3: (g) => fovea.arraysDataset({ ...bytes, imageShape: g }),
  arraysDataset4: (g) => fovea.arraysDataset({ ...bytes, classes: g }),
  parseIdx: (g) => fovea.parseIdx(g),
  loadCheckpoint: (g) => fovea.loadCheckpoint(g),
  decodeCheckpoint: (g) => fovea.decodeCheckpoint(g),
  normalise: (g) => fovea.normalise(g, { mean: [0], deviation: [1] }),
  unnormalise: (g) => fovea.unnormalise(t, g),
  classCounts: (g) => fovea.classCounts(g),
  affine: (g) => fovea.affine(g, {}),
  translate: (g) => fovea.translate(g, {}),
  compose: (g) => fovea.compose(g),
  accuracy: (g) => fovea.accuracy(g, [0]),
  topK: (g) => fovea.topK(g, [0], 1),
  confusionMatrix: (g) => fovea.confusionMatrix(g, [0], 1),
  classMetrics: (g) => fovea.classMetrics(g),
  inSequence: (g) => fovea.inSequence(g, []),
  perEpoch: (g) => fovea.perEpoch(g),
  concat: (g) => fovea.concat(g),
  conv2d: (g) => fovea.conv2d(g, t),
  relu: (g) => fovea.relu(g),
  add: (g) => fovea.add(g, t),
  matmul: (g) => fovea.matmul(t, g),
  reshape: (g) => fovea.reshape(t, g),
  maxPool2d: (g) => fovea.maxPool2d(fovea.zeros([1, 1, 4, 4]), g),
  maxPool0: (g) => fovea.maxPool2d(g, 2),
  sum: (g) => fovea.sum(g),
  softmax: (g) => fovea.softmax(g),
  crossEntropy: (g) => fovea.crossEntropy(g, t),
  ce2: (g) => fovea.crossEntropy(t, g),
  mse: (g) => fovea.mse(t, g),
  globalAvgPool: (g) => fovea.globalAvgPool(g),
  pad2: (g) => fovea.pad(t, g),
  padx: (g) => fovea.pad(g, []),
  layerNorm2: (g) => fovea.layerNorm(g),
  batchNorm: (g) => fovea.batchNorm(g, t, t),
  oneHot: (g) => fovea.oneHot(g, { classes: 2 }),
  resize: (g) => fovea.resize(g, { scale: 2 }),
  where: (g) => fovea.where(g, t, t),
  map: (g) => fovea.map(g, [t]),
  flatten: (g) => fovea.flatten(g),
  embedding: (g) => fovea.take(t, g),
  convT: (g) => fovea.convTranspose2d(g, t),
};

/** In these places `undefined` stands for a default. */
const optional: Calls = {
  transpose: (g) => fovea.transpose(t, g),
  slice: (g) => fovea.slice(t, g),
  cast: (g) => fovea.cast(t, { dtype: g }),
  tensor2: (g) => fovea.tensor([1, 2], g),
  tensor3: (g) => fovea.tensor([1, 2], [2], g),
  arange2: (g) => fovea.arange(4, g),
  zerosd: (g) => fovea.zeros([1], g),
  createModel3: (g) => fovea.createModel(model.net, [1, 6, 6], { seed: g }),
  params: (g) => fovea.createModel(model.net, [1, 6, 6], { parameters: g }),
  trace: (g) => model.trace({ batch: g }),
  traceShape: (g) => model.trace({ inputShape: g }),
  field: (g) => model.field(g),
  dropout: (g) => fovea.nn.dropout(g),
  sgd: (g) => fovea.sgd(g),
  adam: (g) => fovea.adam(g),
  fitOpt: (g) => fovea.fit(model, data, { optimiser: g }),
  fitLoss: (g) => fovea.fit(model, data, { loss: g }),
  fitSched: (g) => fovea.fit(model, data, { schedule: g }),
  fitVal: (g) => fovea.fit(model, data, { validation: g }),
  fitRes: (g) => fovea.fit(model, data, { resume: g }),
  fitAug: (g) => fovea.fit(model, data, { augment: g }),
  fitTr: (g) => fovea.fit(model, data, { trainable: g }),
  sumAxes: (g) => fovea.sum(t, { axes: g }),
};

const rows = (calls: Calls): [string, (g: never) => unknown][] => Object.entries(calls);

async function failureOf(call: (g: never) => unknown, given: unknown): Promise<unknown> {
  try {
    await call(given as never);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("garbage in the place of an argument", () => {
  it.each([...rows(required), ...rows(optional)])("%s", async (_, call) => {
    for (const [name, given] of garbage) {
      const error = await failureOf(call, given);
      if (error === undefined) continue;
      expect(error, `${name}: ${String(error)}`).toBeInstanceOf(fovea.FoveaError);
      expect((error as Error).message.length, name).toBeGreaterThan(15);
    }
  });

  it.each(rows(required))("%s: undefined is not enough", async (_, call) => {
    expect(await failureOf(call, undefined)).toBeInstanceOf(fovea.FoveaError);
  });
});

describe("the messages", () => {
  it.each([
    [
      "a generator that is missing",
      () => fovea.randomNormal([2, 2], undefined as never),
      /randomNormal: the generator is undefined; expected a seeded one, such as random\(0\)/,
    ],
    [
      "text for a tensor",
      () => fovea.tensor("text" as never),
      /tensor: found "text"; expected numbers, nested lists of numbers or a typed array/,
    ],
    ["text among the numbers", () => fovea.tensor([[1, "2"]] as never), /tensor: found "2"/],
    ["a shape that is no list", () => fovea.zeros(3 as never), /zeros: the shape is 3; expected a list of sizes/],
    [
      "a typed array of another kind",
      () => fovea.tensor(new Uint16Array(2) as never),
      /the data is a Uint16Array; expected a Float32Array/,
    ],
    ["a model for a net", () => fovea.createModel({} as never, [1]), /createModel: the net is an object; expected a layer/],
    ["no graph", () => fovea.compile(3 as never), /compile: the graph is 3; expected a Graph, made by createGraph/],
    [
      "no data set",
      () => fovea.fit(model, {} as never),
      /fit: the data set is an object; expected a data set, an object with size, imageShape/,
    ],
    ["no model", () => fovea.evaluate("net" as never, data), /evaluate: the model is "net"; expected a model/],
    [
      "no optimiser",
      () => fovea.fit(model, data, { optimiser: "adam" as never }),
      /fit: optimiser is "adam"; expected an optimiser, such as adam\(1e-3\)/,
    ],
    [
      "a picture of another shape",
      () => fovea.attribute(model, fovea.zeros([1, 9, 9]), { method: "gradient", class: 0 }),
      /\[1, 9, 9\].*\[1, 6, 6\]/,
    ],
    ["no value", () => fovea.gradient(3 as never, []), /gradient: y is 3; expected a graph Value/],
    ["text for bytes", () => fovea.decodeImage("a.png" as never), /decodeImage: the file is "a.png"; expected its bytes, a Uint8Array/],
  ])("%s", async (_, call, message) => {
    const error = await failureOf(call, undefined);
    expect(error).toBeInstanceOf(fovea.FoveaError);
    expect((error as Error).message).toMatch(message);
  });
});
