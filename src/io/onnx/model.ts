// A network with one picture input as a model: a net that reads the file's graph again at every size, batch and mode that is asked for, with the
// file's weights as its parameters. So it can be trained, summarised and looked into like any other.
import { Value } from "../../graph/value.ts";
import { createModel, type Model, type ModelOptions } from "../../nn/model.ts";
import { type Context, defineModule, type Module } from "../../nn/module.ts";
import { reshape } from "../../ops/reshape.ts";
import { ArgumentError, UnsupportedOpError } from "../../tensor/errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { bindShapes, type OnnxBindings, showPort } from "./bind.ts";
import { refuseMissing } from "./check.ts";
import { type OnnxFile, readValues } from "./file.ts";
import type { Placement } from "./node.ts";
import { purposeOf } from "./purpose.ts";
import type { ReadNode } from "./read-graph.ts";
import { isFloatType } from "./types.ts";

export interface OnnxModelOptions extends Omit<ModelOptions, "partial" | "seed">, Pick<OnnxBindings, "dims"> {
  /** One picture, [channels, height, width] (default: what the file says). */
  readonly inputShape?: Shape;
  /** Name of the value that the model gives (default: the file's first output). The one before a final softmax is what losses want. */
  readonly output?: string;
}

/**
 * Throws `ArgumentError` when the network has several inputs, or one that is no batch of pictures, and for sizes that are left open;
 * `UnsupportedOpError` for operators that fovea does not read.
 */
export function modelOf(file: OnnxFile, options: OnnxModelOptions): Model {
  refuseMissing(file.missing);
  const [port, another] = file.inputs;
  if (port === undefined || another !== undefined) {
    throw new ArgumentError(
      `a model has one input; this network has ${file.inputs.map(({ name }) => name).join(", ") || "none"}. Use graph() or run() instead`,
    );
  }
  if (port.type === undefined || !isFloatType(port.type) || (port.shape !== undefined && port.shape.length < 2)) {
    throw new ArgumentError(
      `a model takes pictures, [N, C, H, W] of floats; the input "${port.name}" is ${port.type ?? "no tensor"} ${showPort(port.shape)}`,
    );
  }
  const { inputShape: given, output = file.outputs[0]?.name, dims, ...rest } = options;
  if (output === undefined) throw new ArgumentError("the network has no output");
  const bindings: OnnxBindings = {
    ...(given !== undefined && { inputShapes: { [port.name]: [1, ...given] } }),
    ...(dims !== undefined && { dims }),
  };
  const [, ...inputShape] = bindShapes(file.inputs, bindings).get(port.name) ?? [];
  return createModel(netOf(file, port.name, output), inputShape, { ...purposeOf(file.model.metadataProps), ...rest });
}

function netOf(file: OnnxFile, inputName: string, output: string): Module {
  return defineModule("onnx", (x, context) => {
    const book = bookkeeping(x, context);
    const scope = readValues(file, {
      floatType: x.dtype === "float64" ? "float64" : "float32",
      inputShapes: { [inputName]: x.shape },
      wanted: [output],
      fed: new Map([[inputName, x]]),
      placement: book,
      record: book.record,
    });
    const entry = scope.get(output);
    if (!(entry?.operand instanceof Value)) {
      throw new UnsupportedOpError(`the output "${output}" does not depend on the input; a model has nothing to learn or to show there`);
    }
    // Nets without dense layers end in [N, classes, 1, 1]; losses and meters want [N, classes].
    const [batch, classes, ...rest] = entry.operand.shape;
    if (rest.length === 0 || rest.some((n) => n !== 1)) return entry.operand;
    const value = reshape(entry.operand, [batch, classes]);
    return book.record({ name: "flatten", type: "Flatten", inputs: [entry], outputs: [{ name: "flatten", value }] })[0];
  });
}

/** Names that a traced net uses itself: its input's, and its step counter's. */
const reserved: ReadonlySet<string> = new Set(["x", "step"]);

/** Enters weights as parameters and buffers, and nodes as layers, under the file's names. */
function bookkeeping(x: Value, { ledger }: Context): Placement & { record(node: ReadNode): readonly Value[] } {
  const placed = new Map<Tensor, Value>();
  const weights = new Set<string>(reserved);
  const layers = new Set<string>();
  const dependent = new Map<Value, boolean>([[x, true]]);
  const depends = (value: Value): boolean => {
    const known = dependent.get(value) ?? value.inputs.some(depends);
    dependent.set(value, known);
    return known;
  };
  let own: string[] = [];
  return {
    folded: false,
    parameter(name, stored) {
      const known = placed.get(stored);
      if (known !== undefined) return known;
      const free = freeName(name, weights);
      const value = ledger.parameter(free, stored);
      own.push(free);
      placed.set(stored, value);
      return value;
    },
    buffer(name, stored) {
      const value = placed.get(stored) ?? ledger.buffer(freeName(name, weights), stored);
      placed.set(stored, value);
      return value;
    },
    record(node) {
      const input = node.inputs.map((entry) => entry?.operand).find((operand) => operand instanceof Value && depends(operand)) as Value;
      const values = node.outputs.map(({ name, value }, i) => {
        // Masks of ones, tables made of sizes: the same for every picture, so they are no layer's work.
        if (!depends(value)) return value;
        const layer = freeName(i === 0 ? node.name : name, layers);
        return ledger.layer({ name: layer, kind: kindOf(node.type, value), input, value, parameters: i === 0 ? own : [] });
      });
      own = [];
      return values;
    },
  };
}

/** The name, or with a number behind it when it is taken: files may give one name to several nodes. */
function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let i = 2; taken.has(free); i++) free = `${name}_${i}`;
  taken.add(free);
  return free;
}

/** What fovea's own layers of this kind are called, so that tables and meters treat them alike. */
function kindOf(type: string, { rank }: Value): string {
  if (type === "Gemm") return "linear";
  const name = type.charAt(0).toLowerCase() + type.slice(1);
  return /^(conv|convTranspose|maxPool|averagePool|lpPool)$/.test(name) ? `${name.replace("average", "avg")}${rank - 2}d` : name;
}
