// A TensorFlow.js model, opened: its graph with all its inputs and outputs, one call that runs it, and the model that it is where it takes one picture.
import { baseName, joinPath, readFile, readText } from "#platform";
import { compile } from "../../backends/compile.ts";
import { createGraph, type Graph } from "../../graph/graph.ts";
import type { CompileOptions, Feeds, Results } from "../../graph/program.ts";
import { input } from "../../graph/record.ts";
import { substitute } from "../../graph/rewrite.ts";
import type { Value } from "../../graph/value.ts";
import { createModel, type Model, type Preprocessing } from "../../nn/model.ts";
import { defineModule } from "../../nn/module.ts";
import { ArgumentError, ModelFormatError, ShapeError, UnsupportedOpError } from "../../tensor/errors.ts";
import { expectTensor, expectText } from "../../tensor/expect.ts";
import { checkOptions, proposal, showGiven } from "../../tensor/options.ts";
import { checkShape, type Shape, showShape } from "../../tensor/shape.ts";
import { type Json, record } from "./json.ts";
import { readKeras } from "./keras.ts";
import type { ReadNet, TfjsPort } from "./read-net.ts";
import { readTensorFlowGraph } from "./tensorflow-graph.ts";
import { type ReadShard, readWeights } from "./weights.ts";

export interface TfjsModelOptions {
  /** [channels, height, width], where the file leaves sizes open, or to read it at another size. */
  readonly inputShape?: Shape;
  readonly classes?: readonly string[];
  readonly preprocessing?: Preprocessing;
}

export interface TfjsGraphOptions {
  /** Default 1. */
  readonly batch?: number;
  /** Shapes without the batch, by input, where the file leaves them open or others are wanted. */
  readonly inputShapes?: Readonly<Record<string, Shape>>;
}

export interface TfjsNetwork {
  readonly inputs: readonly TfjsPort[];
  readonly outputs: readonly string[];
  /** The graph at these sizes, weights as constants, inputs and outputs under the file's names. Throws `UnsupportedOpError` for sizes that are left open. */
  graph(options?: TfjsGraphOptions): Graph;
  /** Runs the network once on these inputs, each [N, ...]. For many runs compile `graph`. */
  run(feeds: Feeds, options?: Pick<CompileOptions, "device" | "threads">): Promise<Results>;
  /** A network of one input and one output as a model: trainable, any batch. Throws `UnsupportedOpError` for others. */
  model(options?: TfjsModelOptions): Model;
}

/**
 * Reads a TensorFlow.js model, layers or graph. `json` is the text of model.json, `readShard` gives the files that lie beside it. Pictures go in
 * as [N, channels, height, width] and maps come out in that order, whatever the file's own. Throws `ModelFormatError` when files are damaged,
 * `UnsupportedOpError` that lists every layer or operator that is not read.
 */
export async function readTfjsNetwork(json: string, readShard: ReadShard, options: { readonly name?: string } = {}): Promise<TfjsNetwork> {
  checkOptions("readTfjsNetwork", options, ["name"]);
  if (typeof json !== "string") throw new ArgumentError("readTfjs: the first argument is the text of model.json");
  const { name = "model.json" } = options;
  let parsed: Json;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw new ModelFormatError(`${name}: not valid JSON: ${(cause as Error).message}`, { cause });
  }
  const { format, modelTopology, weightsManifest, signature, userDefinedMetadata } = record(parsed, name);
  if (modelTopology === undefined || modelTopology === null || weightsManifest === undefined) {
    throw new ModelFormatError(`${name}: has no modelTopology with a weightsManifest, so it is no TensorFlow.js model`);
  }
  const weights = await readWeights(weightsManifest, readShard, name);
  const isGraph = format === "graph-model" || record(modelTopology, `${name}: modelTopology`).node !== undefined;
  const net = isGraph
    ? readTensorFlowGraph(modelTopology, weights, signature ?? (userDefinedMetadata as Record<string, Json> | undefined)?.signature, name)
    : readKeras(modelTopology, weights, name);
  return networkOf(net, name);
}

/**
 * Opens the model.json at `path`, with the shards in its folder. In Node; in browsers, which have no files, it throws `FileError`, and
 * `readTfjsNetwork` is what to use. Throws otherwise as that does.
 */
export async function openTfjs(path: string): Promise<TfjsNetwork> {
  expectText("openTfjs", "the path", path);
  const folder = path.slice(0, path.length - baseName(path).length);
  return readTfjsNetwork(await readText(path), (shard) => readFile(joinPath(folder, ...shard.split("/"))), { name: path });
}

function networkOf(net: ReadNet, name: string): TfjsNetwork {
  const graph = (options: TfjsGraphOptions = {}): Graph => {
    checkOptions("graph", options, ["batch", "inputShapes"]);
    return graphOf(net, options, name);
  };
  return {
    inputs: net.inputs,
    outputs: net.outputs,
    graph,
    async run(feeds, options = {}) {
      checkOptions("run", options, ["device", "threads"]);
      const program = await compile(graph(boundBy(net, feeds, name)), options);
      try {
        // Inputs that no output needs are not in the graph.
        return await program.run(Object.fromEntries(Object.entries(feeds).filter(([port]) => program.graph.inputs.has(port))));
      } finally {
        program.release();
      }
    },
    model(options = {}) {
      checkOptions("model", options, ["inputShape", "classes", "preprocessing"]);
      return modelOf(net, options, name);
    },
  };
}

function modelOf(net: ReadNet, { inputShape, classes, preprocessing }: TfjsModelOptions, name: string): Model {
  const { inputs, outputs } = net;
  if (inputs.length !== 1 || outputs.length !== 1) {
    throw new UnsupportedOpError(
      `${name}: has ${inputs.length} inputs and ${outputs.length} outputs (${outputs.join(", ")}); a model has one picture and one result: take it as a graph, by openTfjs or readTfjsNetwork`,
    );
  }
  const module = defineModule(net.kind, (x, context) => net.build([x], context)[0]);
  const shape = boundShape(inputs[0], inputShape, "inputShape", name);
  return createModel(module, shape, { ...(classes && { classes }), ...(preprocessing && { preprocessing }) });
}

function boundShape({ shape }: TfjsPort, wanted: Shape | undefined, option: string, name: string): Shape {
  const bound = wanted ?? shape;
  if (bound.some((n) => n === undefined)) {
    throw new UnsupportedOpError(`${name}: takes [${shape.map((n) => n ?? "any").join(", ")}]; say at what size, with ${option}`);
  }
  return bound as Shape;
}

/** A module has one input, so the others are recorded beside it whenever it is traced; all take part in the same graph. */
function graphOf(net: ReadNet, { batch = 1, inputShapes = {} }: TfjsGraphOptions, name: string): Graph {
  const names = net.inputs.map((port) => port.name);
  for (const [given, shape] of Object.entries(inputShapes)) {
    if (!names.includes(given)) throw new ArgumentError(`graph: there is no input "${given}"${proposal(given, names)}`);
    checkShape(shape, `graph: inputShapes.${given}`);
  }
  const shapes = net.inputs.map((port) =>
    boundShape(port, inputShapes[port.name], `inputShapes: { ${JSON.stringify(port.name)}: ... }`, name),
  );
  let outputs: readonly Value[] = [];
  const module = defineModule(net.kind, (x, context) => {
    const others = names.slice(1).map((other, i) => input(other, [x.shape[0], ...shapes[i + 1]]));
    outputs = net.build([x, ...others], context);
    return outputs[0];
  });
  const traced = createModel(module, shapes[0]).trace({ batch });
  const results = substitute(outputs, new Map([[traced.input, input(names[0], traced.input.shape)]]));
  return createGraph({ outputs: new Map(net.outputs.map((output, i) => [output, results[i]])) });
}

/** The sizes that these feeds have. */
function boundBy({ inputs }: ReadNet, feeds: Feeds, name: string): TfjsGraphOptions {
  if (typeof feeds !== "object" || feeds === null) {
    throw new ArgumentError(`run: the feeds are ${showGiven(feeds)}; expected an object of Tensors by input name`);
  }
  const shapes = inputs.map((port): readonly [string, Shape] => {
    const given = feeds[port.name];
    if (given === undefined)
      throw new ArgumentError(`run: nothing is given for "${port.name}"; ${name} takes ${inputs.map((p) => p.name).join(", ")}`);
    expectTensor("run", `the input "${port.name}"`, given);
    if (given.rank !== port.shape.length + 1) {
      throw new ShapeError(
        `run: "${port.name}" is ${showShape(given.shape)}; expected [${["N", ...port.shape.map((n) => n ?? "any")].join(", ")}]`,
      );
    }
    return [port.name, given.shape];
  });
  const unknown = Object.keys(feeds).find((given) => !inputs.some((port) => port.name === given));
  if (unknown !== undefined)
    throw new ArgumentError(
      `run: there is no input "${unknown}"${proposal(
        unknown,
        inputs.map((p) => p.name),
      )}`,
    );
  const [batch] = shapes[0][1];
  const other = shapes.find(([, shape]) => shape[0] !== batch);
  if (other !== undefined) throw new ShapeError(`run: "${shapes[0][0]}" has ${batch} pictures and "${other[0]}" ${other[1][0]}`);
  return { batch, inputShapes: Object.fromEntries(shapes.map(([port, shape]) => [port, shape.slice(1)])) };
}
