// A Keras model as TensorFlow.js stores it: layers that name the layers they read, possibly whole models among them.
import type { Value } from "../../graph/value.ts";
import { type Context, defineModule } from "../../nn/module.ts";
import { ModelFormatError, UnsupportedOpError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { ChannelsLast } from "./channels-last.ts";
import { type Json, type JsonRecord, list, record, text } from "./json.ts";
import { type KerasFunction, type KerasLayer, kerasLayers } from "./keras-layers.ts";
import { channelsFirst, type ReadNet, type TfjsPort } from "./read-net.ts";

/** One layer of the container: what it computes, and which layers it reads. */
interface Node {
  readonly name: string;
  readonly className: string;
  readonly reads: readonly string[];
  readonly run: KerasFunction;
}

/** A container of layers: each once, in an order that can be run. */
interface Container {
  readonly nodes: readonly Node[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** TensorFlow's shapes of the inputs that say theirs, without the batch. */
  readonly shapes: ReadonlyMap<string, OpenShape>;
}

type OpenShape = readonly (number | undefined)[];

const containers = ["Sequential", "Model", "Functional"];

/** Reads a topology. Throws `UnsupportedOpError` that lists every layer class that is not read, `ModelFormatError` where it is damaged. */
export function readKeras(topology: Json, weights: ReadonlyMap<string, Tensor>, name: string): ReadNet {
  const outer = record(topology, `${name}: modelTopology`);
  const model = record(outer.model_config ?? outer, `${name}: modelTopology`);
  const unknown = new Map<string, string[]>();
  survey(model, name, unknown);
  if (unknown.size > 0) {
    const listed = [...unknown].map(([kind, where]) => `${kind} (${where.length} times: ${where.slice(0, 3).join(", ")})`);
    throw new UnsupportedOpError(`${name}: these layers are not read: ${listed.join("; ")}`);
  }
  const container = readContainer(model, weights, name, 0);
  const inputs = container.inputs.map((input): TfjsPort => {
    const shape = container.shapes.get(input);
    if (shape === undefined) throw new ModelFormatError(`${name}: no layer says what shape the input "${input}" has`);
    return { name: input, shape: channelsFirst(shape) };
  });
  if (inputs.length === 0 || container.outputs.length === 0)
    throw new ModelFormatError(`${name}: has ${inputs.length} inputs and ${container.outputs.length} outputs`);
  return {
    kind: "keras",
    inputs,
    outputs: container.outputs,
    build(values, context) {
      const results = runContainer(
        container,
        values.map((value) => ChannelsLast.ofChannelsFirst(value)),
        context,
      );
      return container.outputs.map((output) => (results.get(output) as ChannelsLast).first() as Value);
    },
  };
}

/** Every class that is not known, with the names of the layers, before anything is built. */
function survey(model: JsonRecord, where: string, unknown: Map<string, string[]>, depth = 0): void {
  for (const layer of layersOf(model, where)) {
    const className = text(layer.class_name, `${where}: class_name`);
    const config = record(layer.config, `${where}: ${className}`);
    if (containers.includes(className)) {
      if (depth > 16) throw new ModelFormatError(`${where}: models within models more than 16 deep`);
      survey(layer, where, unknown, depth + 1);
    } else if (className !== "InputLayer" && !Object.hasOwn(kerasLayers, className)) {
      unknown.set(className, [...(unknown.get(className) ?? []), String(config.name)]);
    }
  }
}

function layersOf(model: JsonRecord, where: string): readonly JsonRecord[] {
  // The oldest files have a Sequential's layers as its configuration.
  const { config } = model;
  const layers = Array.isArray(config) ? config : record(config, `${where}: config`).layers;
  return list(layers, `${where}: layers`).map((layer) => record(layer, `${where}: layers`));
}

function readContainer(model: JsonRecord, weights: ReadonlyMap<string, Tensor>, where: string, depth: number): Container {
  const layers = layersOf(model, where);
  const sequential = text(model.class_name, `${where}: class_name`) === "Sequential";
  const config = Array.isArray(model.config) ? {} : record(model.config, where);
  const nodes: Node[] = [];
  const inputs: string[] = [];
  const shapes = new Map<string, OpenShape>();
  let previous: string | undefined;
  for (const layer of layers) {
    const settings = record(layer.config, `${where}: layer`);
    const className = text(layer.class_name, `${where}: class_name`);
    const layerName = text(layer.name ?? settings.name, `${where}: name of a ${className}`);
    if (nodes.some((n) => n.name === layerName)) throw new ModelFormatError(`${where}: two layers are called "${layerName}"`);
    const shape = settings.batch_input_shape ?? settings.batch_shape;
    const open = shape === undefined ? undefined : openShape(shape, `${where}: "${layerName}"`);
    if (className === "InputLayer") {
      inputs.push(layerName);
      if (open !== undefined) shapes.set(layerName, open);
      nodes.push({ name: layerName, className, reads: [], run: ([x]) => x });
      previous = layerName;
      continue;
    }
    if (sequential && previous === undefined) {
      inputs.push("input");
      if (open !== undefined) shapes.set("input", open);
      nodes.push({ name: "input", className: "InputLayer", reads: [], run: ([x]) => x });
      previous = "input";
    }
    const reads = sequential ? [previous as string] : inbound(layer.inbound_nodes, `${where}: "${layerName}"`);
    const inner = containers.includes(className) ? readContainer(layer, weights, `${where}: "${layerName}"`, depth + 1) : undefined;
    // A Sequential that begins with a whole model leaves it to that to say what it takes.
    const innerShape = inner?.shapes.get(inner.inputs[0]);
    if (sequential && innerShape !== undefined && reads[0] === inputs[0] && !shapes.has(inputs[0])) shapes.set(inputs[0], innerShape);
    const run = inner
      ? nested(inner, `${where}: "${layerName}"`)
      : kerasLayers[className](describe(className, layerName, settings, weights, where));
    nodes.push({ name: layerName, className, reads, run });
    previous = layerName;
  }
  if (nodes.length === 0) throw new ModelFormatError(`${where}: has no layers`);
  const names = (given: Json, otherwise: readonly string[]): readonly string[] =>
    given === undefined ? otherwise : endpoints(given, `${where}: input_layers or output_layers`);
  return {
    nodes: inOrder(nodes, where),
    inputs: sequential ? inputs : names(config.input_layers, inputs),
    outputs: sequential ? [previous as string] : names(config.output_layers, []),
    shapes,
  };
}

function nested(container: Container, where: string): KerasFunction {
  const { outputs } = container;
  if (outputs.length !== 1) throw new UnsupportedOpError(`${where}: has ${outputs.length} outputs; models within models have one`);
  return (inputs, context) => runContainer(container, inputs, context).get(outputs[0]) as ChannelsLast;
}

/** Runs the layers, each as a part of its own, so that it can be tapped and explained by its name. */
function runContainer(container: Container, inputs: readonly ChannelsLast[], context: Context): ReadonlyMap<string, ChannelsLast> {
  const results = new Map<string, ChannelsLast>();
  for (const { name, className, reads, run } of container.nodes) {
    if (className === "InputLayer") {
      results.set(name, inputs[Math.max(0, container.inputs.indexOf(name))]);
      continue;
    }
    const operands = reads.map((read) => results.get(read) as ChannelsLast);
    let kept: ChannelsLast | undefined;
    const part = defineModule(className, (_, inner) => {
      kept = run(operands, inner);
      return kept.atHand() as Value;
    });
    // Layers that pass their operand on as it is get a value of their own that carries their name.
    const value = context.child(name.replaceAll(".", "_"), part, operands[0].atHand() as Value);
    results.set(name, (kept as ChannelsLast | undefined)?.isChannelsFirst ? ChannelsLast.ofChannelsFirst(value) : ChannelsLast.of(value));
  }
  return results;
}

/** Each layer after those that it reads. Throws `ModelFormatError` for unknown ones and for circles. */
function inOrder(nodes: readonly Node[], where: string): readonly Node[] {
  const waiting = new Map(nodes.map((node) => [node.name, node]));
  const ordered: Node[] = [];
  const done = new Set<string>();
  for (const { name, reads } of nodes) {
    for (const read of reads) if (!waiting.has(read)) throw new ModelFormatError(`${where}: "${name}" reads "${read}", which is not there`);
  }
  while (waiting.size > 0) {
    const ready = [...waiting.values()].filter(({ reads }) => reads.every((read) => done.has(read)));
    if (ready.length === 0)
      throw new ModelFormatError(`${where}: layers read each other in a circle: ${[...waiting.keys()].slice(0, 5).join(", ")}`);
    for (const node of ready) {
      ordered.push(node);
      done.add(node.name);
      waiting.delete(node.name);
    }
  }
  return ordered;
}

/** [["conv", 0, 0], ...] or one of them: the names. */
function endpoints(given: Json, where: string): readonly string[] {
  const items = list(given, where);
  return typeof items[0] === "string" ? [items[0]] : items.map((item) => text(list(item, where)[0], where));
}

/** The layers that a layer's one call reads: Keras 2 lists them, Keras 3 hides them in arguments. */
function inbound(given: Json, where: string): readonly string[] {
  const calls = list(given ?? [], `${where}: inbound_nodes`);
  if (calls.length > 1)
    throw new UnsupportedOpError(`${where}: is called ${calls.length} times; layers that share weights between calls are not read`);
  if (calls.length === 0) return [];
  if (Array.isArray(calls[0])) return calls[0].map((read: Json) => text(list(read, where)[0], `${where}: inbound_nodes`));
  const found: string[] = [];
  const search = (node: Json, depth: number): void => {
    if (depth > 8 || typeof node !== "object" || node === null) return;
    const { keras_history: history } = node as JsonRecord;
    if (Array.isArray(history)) found.push(text(history[0], where));
    else for (const part of Object.values(node)) search(part, depth + 1);
  };
  search(calls[0], 0);
  return found;
}

function openShape(given: Json, where: string): OpenShape {
  return list(given, `${where}: batch_input_shape`)
    .slice(1)
    .map((n) => {
      if (n === null) return undefined;
      if (!Number.isInteger(n) || (n as number) < 1 || (n as number) > 65536)
        throw new ModelFormatError(`${where}: an input size of ${String(n)}`);
      return n as number;
    });
}

function describe(className: string, name: string, config: JsonRecord, weights: ReadonlyMap<string, Tensor>, where: string): KerasLayer {
  const here = `${where}: ${className} "${name}"`;
  const find = (last: string): Tensor | undefined => {
    // "conv1/kernel", "model/conv1/conv1/kernel:0": the layer's own name, somewhere before the tensor's.
    const matches = [...weights].filter(([full]) => {
      const parts = full.replace(/:\d+$/, "").split("/");
      return parts.at(-1) === last && `/${parts.slice(0, -1).join("/")}/`.includes(`/${name}/`);
    });
    const exact = matches.find(([full]) => full === `${name}/${last}`) ?? matches[0];
    return exact?.[1];
  };
  return {
    className,
    where: here,
    config,
    find,
    weight(last) {
      const found = find(last);
      if (found === undefined) throw new ModelFormatError(`${here}: the file has no weight "${name}/${last}"`);
      return found;
    },
  };
}
