// Small TensorFlow.js models with random weights and what TensorFlow.js computes with them, into test/golden/tfjs.json. Uses the TensorFlow.js
// of bench/: node tools/golden_tfjs.mjs
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../bench/package.json", import.meta.url));
const tf = require("@tensorflow/tfjs");
await tf.setBackend("cpu");

let state = 7;
/** Numbers in -1..1, coarse, so that the file stays small; the same in every run. */
const uniform = () => {
  state = (state * 1103515245 + 12345) % 2147483648;
  return Math.round((state / 2147483648) * 2000 - 1000) / 1000;
};
const randomTensor = (shape, low = -1) =>
  tf.tensor(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => (low < 0 ? 0.4 * uniform() : low + Math.abs(uniform()))),
    shape,
  );

async function layersCase(name, model) {
  const { json, weights } = await layersFile(model);
  return finish(name, json, weights, model, model.inputs[0].shape.slice(1));
}

/** What TensorFlow.js saves of a model with random weights. */
async function layersFile(model) {
  for (const layer of model.layers.flatMap((l) => l.layers ?? [l])) {
    const weights = layer.weights.map((w) => randomTensor(w.shape, /variance/.test(w.name) ? 0.5 : -1));
    if (weights.length > 0) layer.setWeights(weights);
  }
  let saved;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    }),
  );
  const { modelTopology, weightSpecs, weightData } = saved;
  const json = { format: "layers-model", modelTopology, weightsManifest: [{ paths: ["weights.bin"], weights: weightSpecs }] };
  return { json, weights: Buffer.from(weightData) };
}

async function finish(name, json, weights, model, shape) {
  const x = tf.tensor(Array.from({ length: 2 * shape.reduce((a, b) => a * b, 1) }, uniform), [2, ...shape]);
  const y = model.predict(x);
  const round = (values) => Array.from(values, (v) => Number(v.toPrecision(7)));
  return {
    name,
    json,
    weights: weights.toString("base64"),
    input: { shape: x.shape, values: round(x.dataSync()) },
    output: { shape: y.shape, values: round(y.dataSync()) },
  };
}

const L = tf.layers;
const sequential = tf.sequential({
  name: "plain",
  layers: [
    L.conv2d({ inputShape: [9, 8, 3], filters: 4, kernelSize: 3, strides: 2, padding: "same", activation: "relu", name: "conv1" }),
    L.batchNormalization({ name: "bn1" }),
    L.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: "same", name: "depthwise" }),
    L.leakyReLU({ alpha: 0.2, name: "leaky" }),
    L.zeroPadding2d({
      padding: [
        [1, 0],
        [0, 2],
      ],
      name: "pad",
    }),
    L.maxPooling2d({ poolSize: 2, name: "pool" }),
    L.dropout({ rate: 0.5, name: "drop" }),
    L.flatten({ name: "flatten" }),
    L.dense({ units: 6, activation: "tanh", name: "hidden" }),
    L.dense({ units: 5, activation: "softmax", name: "scores" }),
  ],
});

function functional() {
  const input = tf.input({ shape: [8, 6, 2], name: "picture" });
  const stem = L.conv2d({ filters: 4, kernelSize: [3, 2], padding: "valid", useBias: false, name: "stem" }).apply(input);
  const branchA = L.separableConv2d({ filters: 4, kernelSize: 3, padding: "same", activation: "elu", name: "separable" }).apply(stem);
  const branchB = L.conv2d({
    filters: 4,
    kernelSize: 3,
    padding: "same",
    dilationRate: 2,
    activation: "hardSigmoid",
    name: "dilated",
  }).apply(stem);
  const added = L.add({ name: "add" }).apply([branchA, branchB, stem]);
  const joined = L.concatenate({ name: "join" }).apply([
    added,
    L.averagePooling2d({ poolSize: 3, strides: 1, padding: "same", name: "mean" }).apply(stem),
  ]);
  const prelu = L.prelu({ sharedAxes: [1, 2], name: "prelu" }).apply(joined);
  const grown = L.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: "same", name: "grow" }).apply(prelu);
  const sharper = L.upSampling2d({ size: [2, 2], interpolation: "bilinear", name: "up" }).apply(grown);
  const nested = tf.sequential({
    name: "head",
    layers: [
      L.conv2d({ inputShape: [24, 20, 3], filters: 2, kernelSize: 2, strides: 3, name: "inner" }),
      L.upSampling2d({ size: [1, 2], name: "nearest" }),
      L.layerNormalization({ name: "norm" }),
      L.globalAveragePooling2d({ name: "pooled" }),
    ],
  });
  return tf.model({ name: "branched", inputs: input, outputs: nested.apply(sharper) });
}

/** A frozen graph, written by hand as the converter writes one. */
async function graphCase() {
  const weights = [];
  const nodes = [];
  const constant = (name, tensor, dtype = "float32") => {
    weights.push({ name, shape: tensor.shape, dtype, data: tensor.dataSync() });
    nodes.push({ name, op: "Const", input: [], attr: { dtype: { type: dtype === "int32" ? "DT_INT32" : "DT_FLOAT" } } });
    return name;
  };
  const s = (word) => ({ s: Buffer.from(word).toString("base64") });
  const ints = (...i) => ({ list: { i: i.map(String) } });
  const float = { type: "DT_FLOAT" };
  const add = (op, name, input, attr = {}) => {
    nodes.push({ name, op, input, attr: { T: float, ...attr } });
    return name;
  };
  const int32 = (name, values, shape = [values.length]) => constant(name, tf.tensor(values, shape, "int32"), "int32");
  nodes.push({
    name: "picture",
    op: "Placeholder",
    attr: { dtype: float, shape: { shape: { dim: ["-1", "8", "8", "3"].map((size) => ({ size })) } } },
  });
  const spatial = (strides, padding, dilations = [1, 1]) => ({
    strides: ints(1, ...strides, 1),
    dilations: ints(1, ...dilations, 1),
    padding: s(padding),
    data_format: s("NHWC"),
  });
  const fused = (...names) => ({ fused_ops: { list: { s: names.map((n) => Buffer.from(n).toString("base64")) } }, num_args: { i: "1" } });
  let x = add("Pad", "padded", ["picture", int32("pads", [0, 0, 1, 0, 0, 1, 0, 0], [4, 2])], { Tpaddings: { type: "DT_INT32" } });
  x = add("_FusedConv2D", "block/conv", [x, constant("block/w", randomTensor([3, 3, 3, 4])), constant("block/b", randomTensor([4]))], {
    ...spatial([2, 2], "SAME"),
    ...fused("BiasAdd", "Relu6"),
  });
  const skip = x;
  x = add("DepthwiseConv2dNative", "block/depthwise", [x, constant("block/dw", randomTensor([3, 3, 4, 1]))], spatial([1, 1], "SAME"));
  x = add(
    "FusedBatchNormV3",
    "block/bn",
    [
      x,
      ...["scale", "shift", "mean"].map((n) => constant(`block/${n}`, randomTensor([4]))),
      constant("block/variance", randomTensor([4], 0.5)),
    ],
    { epsilon: { f: 0.001 }, is_training: { b: false }, data_format: s("NHWC") },
  );
  x = add("Relu", "block/relu", [x]);
  x = add("AddV2", "block/sum", [x, skip]);
  x = add("Mul", "scaled", [x, constant("gains", randomTensor([4]))]);
  const pooled = add("MaxPool", "pool", [x], { ksize: ints(1, 2, 2, 1), ...spatial([2, 2], "VALID") });
  const up = add("ResizeBilinear", "up", [pooled, int32("size", [5, 5])], { align_corners: { b: false }, half_pixel_centers: { b: true } });
  x = add("ConcatV2", "joined", [x, up, int32("axis", [3], [])], { N: { i: "2" } });
  x = add(
    "Conv2DBackpropInput",
    "grown",
    [int32("grownSize", [2, 10, 10, 2]), constant("gw", randomTensor([2, 2, 2, 8])), x],
    spatial([2, 2], "SAME"),
  );
  x = add("BiasAdd", "grown/bias", [x, constant("gb", randomTensor([2]))], { data_format: s("NHWC") });
  x = add("Mean", "means", [x, int32("axes", [1])], { keep_dims: { b: false } });
  const shape = add("Shape", "shape", [x], { out_type: { type: "DT_INT32" } });
  const batch = add("StridedSlice", "batch", [shape, int32("b", [0]), int32("e", [1]), int32("s", [1])], {
    T: { type: "DT_INT32" },
    Index: { type: "DT_INT32" },
    begin_mask: { i: "0" },
    end_mask: { i: "0" },
    ellipsis_mask: { i: "0" },
    new_axis_mask: { i: "0" },
    shrink_axis_mask: { i: "1" },
  });
  const target = add("Pack", "target", [batch, int32("rest", [20], [])], { T: { type: "DT_INT32" }, N: { i: "2" }, axis: { i: "0" } });
  x = add("Reshape", "flat", [x, target], { Tshape: { type: "DT_INT32" } });
  x = add("_FusedMatMul", "dense", [x, constant("dw", randomTensor([20, 5])), constant("db", randomTensor([5]))], {
    transpose_a: { b: false },
    transpose_b: { b: false },
    ...fused("BiasAdd"),
  });
  add("Softmax", "Identity", [x]);
  const bytes = Buffer.concat(weights.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)));
  const specs = weights.map(({ name, shape, dtype }) => ({ name, shape, dtype }));
  const modelTopology = { node: nodes, library: {}, versions: { producer: 1 } };
  const signature = { inputs: { x: { name: "picture:0" } }, outputs: { y: { name: "Identity:0" } } };
  const model = await tf.loadGraphModel(
    tf.io.fromMemory({ modelTopology, weightSpecs: specs, weightData: new Uint8Array(bytes).buffer, format: "graph-model", signature }),
  );
  const json = { format: "graph-model", modelTopology, signature, weightsManifest: [{ paths: ["a/weights.bin"], weights: specs }] };
  return finish("graph", json, bytes, model, [8, 8, 3]);
}

/** A picture and numbers go in, a map and scores come out. */
function twoByTwo() {
  const picture = tf.input({ shape: [6, 5, 2], name: "picture" });
  const numbers = tf.input({ shape: [3], name: "numbers" });
  const map = L.conv2d({ filters: 3, kernelSize: 3, strides: 2, padding: "same", activation: "relu", name: "map" }).apply(picture);
  const joined = L.concatenate({ name: "joined" }).apply([L.flatten({ name: "flat" }).apply(map), numbers]);
  return tf.model({
    inputs: [picture, numbers],
    outputs: [map, L.dense({ units: 4, activation: "softmax", name: "scores" }).apply(joined)],
  });
}

/** Two pictures are added; the sum, and its means per channel times a matrix, come out. */
async function twoByTwoGraph() {
  const float = { type: "DT_FLOAT" };
  const open = (...sizes) => ({ shape: { dim: sizes.map((size) => ({ size: String(size) })) } });
  const matrix = randomTensor([2, 3]);
  const axes = tf.tensor([1, 2], [2], "int32");
  const modelTopology = {
    node: [
      { name: "left", op: "Placeholder", attr: { dtype: float, shape: open(-1, 4, 3, 2) } },
      { name: "right", op: "Placeholder", attr: { dtype: float, shape: open(-1, 4, 3, 2) } },
      { name: "matrix", op: "Const", attr: { dtype: float } },
      { name: "axes", op: "Const", attr: { dtype: { type: "DT_INT32" } } },
      { name: "sum", op: "AddV2", input: ["left", "right"], attr: { T: float } },
      { name: "means", op: "Mean", input: ["sum", "axes"], attr: { T: float, keep_dims: { b: false } } },
      {
        name: "scores",
        op: "MatMul",
        input: ["means", "matrix"],
        attr: { T: float, transpose_a: { b: false }, transpose_b: { b: false } },
      },
    ],
    library: {},
    versions: { producer: 1 },
  };
  const named = (...names) => Object.fromEntries(names.map((name) => [name, { name: `${name}:0` }]));
  const signature = { inputs: named("left", "right"), outputs: named("sum", "scores") };
  const weights = [
    { name: "matrix", shape: [2, 3], dtype: "float32" },
    { name: "axes", shape: [2], dtype: "int32" },
  ];
  const bytes = Buffer.concat([matrix, axes].map((t) => Buffer.from(t.dataSync().buffer)));
  const weightData = new Uint8Array(bytes).buffer;
  const model = await tf.loadGraphModel(
    tf.io.fromMemory({ modelTopology, weightSpecs: weights, weightData, format: "graph-model", signature }),
  );
  const json = { format: "graph-model", modelTopology, signature, weightsManifest: [{ paths: ["weights.bin"], weights }] };
  return { json, bytes, model };
}

/** Inputs and outputs by name, for networks with several. */
function finishNetwork(name, json, weights, shapes, run) {
  const plain = (tensors) =>
    Object.fromEntries(
      Object.entries(tensors).map(([key, t]) => [
        key,
        { shape: t.shape, values: Array.from(t.dataSync(), (v) => Number(v.toPrecision(7))) },
      ]),
    );
  const inputs = Object.fromEntries(
    Object.entries(shapes).map(([key, shape]) => [
      key,
      tf.tensor(Array.from({ length: shape.reduce((a, b) => a * b, 1) }, uniform), shape),
    ]),
  );
  return { name, json, weights: Buffer.from(weights).toString("base64"), inputs: plain(inputs), outputs: plain(run(inputs)) };
}

const cases = [await layersCase("sequential", sequential), await layersCase("functional", functional()), await graphCase()];

const keras = twoByTwo();
const kerasFile = await layersFile(keras);
const graph = await twoByTwoGraph();
const networks = [
  finishNetwork("layers", kerasFile.json, kerasFile.weights, { picture: [2, 6, 5, 2], numbers: [2, 3] }, ({ picture, numbers }) => {
    const [map, scores] = keras.predict([picture, numbers]);
    return { map, scores };
  }),
  finishNetwork("graph", graph.json, graph.bytes, { left: [2, 4, 3, 2], right: [2, 4, 3, 2] }, (inputs) => {
    const [sum, scores] = graph.model.execute(inputs, ["sum", "scores"]);
    return { sum, scores };
  }),
];
writeFileSync(
  new URL("../test/golden/tfjs.json", import.meta.url),
  JSON.stringify({ "@tensorflow/tfjs": tf.version.tfjs, cases, networks }),
);
console.log(cases.map((c) => `${c.name}: ${c.output.shape} ${c.output.values.slice(0, 4)}`).join("\n"));
