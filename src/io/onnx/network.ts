// An ONNX file, opened: what it says about itself, its graph at any sizes, and one call that runs it.
import { baseName, joinPath, readFile } from "#platform";
import { compile } from "../../backends/compile.ts";
import { createGraph, type Graph } from "../../graph/graph.ts";
import type { CompileOptions, Feeds, Program, Results } from "../../graph/program.ts";
import { constant } from "../../graph/record.ts";
import { label, type Value } from "../../graph/value.ts";
import type { Model } from "../../nn/model.ts";
import { cast } from "../../ops/cast.ts";
import { identity } from "../../ops/identity.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { expectBytes, expectList, expectTensor, expectText } from "../../tensor/expect.ts";
import { checkOptions, proposal, showGiven } from "../../tensor/options.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { OnnxBindings, OnnxPort } from "./bind.ts";
import { type MissingOperator, refuseMissing } from "./check.ts";
import { type ExternalData, externalFiles } from "./external.ts";
import { type OnnxFile, openFile, readValues } from "./file.ts";
import { modelOf, type OnnxModelOptions } from "./model.ts";
import type { Placement } from "./node.ts";
import { operatorKey, type ReadNode } from "./read-graph.ts";
import { decodeModel } from "./schema.ts";
import { dtypeFor, type FloatType } from "./types.ts";

export interface ReadOnnxOptions {
  /** How messages call the file (default "the ONNX file"). */
  readonly name?: string;
  /** The files beside the model that its tensors have their numbers in, by the path that the model gives: a map, or what fetches one. */
  readonly externalData?: ExternalData;
}

export interface OnnxGraphOptions extends OnnxBindings {
  /** What all floats are computed in (default float32). */
  readonly floatType?: FloatType;
  /** Names of any values to have as outputs, or "all" (default: the file's outputs). */
  readonly outputs?: readonly string[] | "all";
}

export interface OnnxRunOptions extends Omit<OnnxGraphOptions, "inputShapes">, Pick<CompileOptions, "device" | "threads" | "precision"> {}

/** A node as the file lists it. */
export interface OnnxNodeInfo {
  readonly name: string;
  /** "Conv"; with the domain in front where that is not ONNX's own. */
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface OnnxNetwork {
  /** Who wrote the file, and with which version. */
  readonly producer: string;
  readonly irVersion: number;
  /** Version of the operators by domain; "" is ONNX's own. */
  readonly opsets: ReadonlyMap<string, number>;
  /** What must be fed; weights that old files list among the inputs are left out. */
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  readonly nodes: readonly OnnxNodeInfo[];
  readonly metadata: ReadonlyMap<string, string>;
  /** Operators that the outputs need and that fovea does not read. When there are some, all that follows throws `UnsupportedOpError`. */
  readonly unsupported: readonly MissingOperator[];
  readonly warnings: readonly string[];
  /**
   * The graph at these sizes, weights as constants. Every value has the file's name for it as its label. Throws `ArgumentError` for sizes that are
   * left open, `ShapeError` where they do not fit, `UnsupportedOpError`, and `ModelFormatError` for a file that makes no sense.
   */
  graph(options?: OnnxGraphOptions): Graph;
  /** Runs the network once on these inputs, whose shapes bind what the file leaves open. Programs are kept for the next call of the same shapes. */
  run(feeds: Feeds, options?: OnnxRunOptions): Promise<Results>;
  /**
   * A network with one picture input as a model: trainable, any batch, other picture sizes where the layers allow them. Parameters and layers have
   * the file's names. Throws as `graph` does, and `ArgumentError` for networks with other inputs.
   */
  model(options?: OnnxModelOptions): Model;
}

/**
 * Opens an ONNX file (opset 6 to 26). Nothing of the graph is read yet: sizes that the file leaves open are bound by `graph` and `run`.
 * Throws `ModelFormatError` for damaged files, saying at which byte, and `UnsupportedOpError` for versions that fovea does not know.
 */
export async function readOnnx(bytes: Uint8Array, options: ReadOnnxOptions = {}): Promise<OnnxNetwork> {
  expectBytes("readOnnx", bytes);
  checkOptions("readOnnx", options, ["name", "externalData"]);
  const model = decodeModel(bytes, options.name);
  const file = openFile(model, await externalFiles(model, options.externalData), bytes.length);
  return networkOf(file);
}

/**
 * Opens the ONNX file at `path`, with the files in its folder that its tensors are in. In Node; in browsers, which have no files, it throws `FileError`,
 * and `readOnnx` with `externalData` is what to use. Throws otherwise as `readOnnx` does.
 */
export async function openOnnx(path: string): Promise<OnnxNetwork> {
  expectText("openOnnx", "the path", path);
  const name = baseName(path);
  const folder = path.slice(0, path.length - name.length);
  return readOnnx(await readFile(path), { name, externalData: (location) => readFile(joinPath(folder, ...location.split("/"))) });
}

function networkOf(file: OnnxFile): OnnxNetwork {
  const { model, graph } = file;
  const programs = new Map<string, Program>();
  return {
    producer: [model.producerName, model.producerVersion].filter((part) => part !== "").join(" "),
    irVersion: model.irVersion,
    opsets: file.opsets,
    inputs: file.inputs,
    outputs: file.outputs,
    nodes: graph.node.map(({ name, domain, opType, input, output }) => ({
      name,
      operator: operatorKey(domain, opType),
      inputs: input,
      outputs: output,
    })),
    metadata: new Map(model.metadataProps.map(({ key, value }) => [key, value])),
    unsupported: file.missing,
    warnings: file.warnings,
    graph(graphOptions = {}) {
      checkOptions("graph", graphOptions, ["inputShapes", "dims", "floatType", "outputs"]);
      return graphOf(file, graphOptions);
    },
    async run(feeds, runOptions = {}) {
      checkOptions("run", runOptions, ["dims", "floatType", "outputs", "device", "threads", "precision"]);
      return runFile(file, programs, feeds, runOptions);
    },
    model(modelOptions = {}) {
      checkOptions("model", modelOptions, ["inputShape", "output", "dims", "classes", "preprocessing", "parameters"]);
      return modelOf(file, modelOptions);
    },
  };
}

/** Weights as constants under their own names; each once. */
function constants(): Placement {
  const placed = new Map<Tensor, Value>();
  const place = (name: string, stored: Tensor): Value => {
    const value = placed.get(stored) ?? label(constant(stored), name);
    placed.set(stored, value);
    return value;
  };
  return { parameter: place, buffer: place, folded: true };
}

/** Puts the file's name on a value. One that has a name already (dropout passes its input on) gets a twin for it. */
function named(value: Value, name: string): Value {
  return label(value.label === undefined ? value : identity(value), name);
}

function graphOf(file: OnnxFile, options: OnnxGraphOptions): Graph {
  refuseMissing(file.missing);
  const { outputs = file.outputs.map(({ name }) => name), floatType } = options;
  if (outputs !== "all") expectList("graph", "outputs", outputs, 'names of values (or "all")');
  if (floatType !== undefined && floatType !== "float32" && floatType !== "float64") {
    throw new ArgumentError(`graph: floatType is ${showGiven(floatType)}; expected float32 or float64`);
  }
  const computed: string[] = [];
  const scope = readValues(file, {
    ...options,
    wanted: outputs === "all" ? file.graph.node.flatMap(({ output }) => output.filter((name) => name !== "")) : outputs,
    placement: constants(),
    record(node: ReadNode) {
      computed.push(...node.outputs.map(({ name }) => name));
      return node.outputs.map(({ name, value }) => named(value, name));
    },
  });
  const names = outputs === "all" ? computed.filter((name) => scope.has(name)) : outputs;
  return createGraph({
    outputs: new Map(
      names.map((name) => {
        const operand = scope.get(name)?.operand;
        if (operand === undefined) throw new ArgumentError(`graph: there is no value "${name}"${proposal(name, [...file.names])}`);
        return [name, operand instanceof Tensor ? label(constant(operand), name) : operand];
      }),
    ),
  });
}

/** Programs kept per network; the one not used for longest goes first. */
const mostPrograms = 4;

async function runFile(file: OnnxFile, programs: Map<string, Program>, feeds: Feeds, options: OnnxRunOptions): Promise<Results> {
  if (typeof feeds !== "object" || feeds === null) {
    throw new ArgumentError(`run: the feeds are ${showGiven(feeds)}; expected an object of Tensors by input name`);
  }
  refuseMissing(file.missing);
  const { device, threads, precision, ...rest } = options;
  const { floatType = "float32" } = options;
  const fed = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, converted(file, name, tensor, floatType)]));
  const inputShapes = Object.fromEntries(Object.entries(fed).flatMap(([name, { shape }]) => (file.isInput(name) ? [[name, shape]] : [])));
  const key = JSON.stringify([inputShapes, options]);
  const known = programs.get(key);
  const program =
    known ??
    (await compile(graphOf(file, { ...rest, inputShapes }), {
      ...(device !== undefined && { device }),
      ...(threads !== undefined && { threads }),
      ...(precision !== undefined && { precision }),
    }));
  programs.delete(key);
  programs.set(key, program);
  for (const [oldest, old] of programs) {
    if (programs.size <= mostPrograms) break;
    programs.delete(oldest);
    old.release();
  }
  // Inputs that no output needs are not in the graph.
  return program.run(Object.fromEntries(Object.entries(fed).filter(([name]) => program.graph.inputs.has(name) || !file.isInput(name))));
}

/** What is fed in the element type that it is computed in, where that loses no meaning: floats for floats, integers for integers. */
function converted(file: OnnxFile, name: string, given: Tensor, floatType: FloatType): Tensor {
  expectTensor("run", `the input "${name}"`, given);
  const type = file.inputs.find((port) => port.name === name)?.type;
  if (type === undefined) return given;
  const wanted = dtypeFor(type, floatType);
  const float = (dtype: string): boolean => dtype.startsWith("float");
  return given.dtype === wanted || float(given.dtype) !== float(wanted) ? given : cast(given, { dtype: wanted });
}
