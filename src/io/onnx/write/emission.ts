// What the writer of one op has at hand: the names of its operands in the file, and a pen for nodes and numbers. A file is a plain list of
// nodes and named tensors until `encode.ts` makes bytes of it.
import type { Value } from "../../../graph/value.ts";
import type { Shape } from "../../../tensor/shape.ts";
import { allocate, type DType, Tensor } from "../../../tensor/tensor.ts";
import type { OnnxType } from "../operator.ts";
import { defaultOnnxType } from "../types.ts";

/** A whole number, several of them, a text, or a `float`. */
export type WrittenAttribute = number | readonly number[] | string | { readonly float: number } | { readonly tensor: Tensor };
export type WrittenAttributes = Readonly<Record<string, WrittenAttribute>>;

export interface WrittenNode {
  readonly type: string;
  readonly name: string;
  /** An empty name stands for an operand that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: WrittenAttributes;
}

/** A tensor of the file. int64, which fovea does not compute with, comes as int32 and is widened. */
export interface WrittenTensor {
  readonly type: OnnxType;
  readonly tensor: Tensor;
}

/** A float attribute; a plain number is an integer one. */
export function float(value: number): WrittenAttribute {
  return { float: value };
}

/** What the writer of one value's op is given. */
export interface Writing {
  readonly value: Value;
  /** Names of the operands, in order. */
  readonly x: readonly string[];
  readonly opset: number;
  /** Whether the op's result is the same at every run, so that its shape does not depend on the batch. */
  readonly isFixed: boolean;
  /** Adds a node and returns the name of its output. */
  node(type: string, inputs: readonly string[], attributes?: WrittenAttributes): string;
  /** Adds a node of which output `output` (from 0) of `count` is wanted, and returns its name. */
  nodeOutput(type: string, inputs: readonly string[], output: number, count: number, attributes?: WrittenAttributes): string;
  /** A number as a tensor without axes, by default of the value's own element type. */
  number(n: number, dtype?: DType): string;
  /** A list of int64: axes, shapes, pads ... */
  integers(list: readonly number[]): string;
  /** A list of float32: scales. */
  floats(list: readonly number[]): string;
  /** Any tensor as a constant of the file. */
  tensor(tensor: Tensor): string;
}

/**
 * Writes one value: adds nodes and returns the name of the result, or gives a value of simpler ops to write in its place, or undefined when
 * this op with these attributes has no form in this version of the standard (then its decomposition is tried).
 */
export type OnnxWriter = (writing: Writing) => string | Value | undefined;
export type OnnxWriters = Readonly<Record<string, OnnxWriter>>;

/** The file as it grows. */
export class Emission {
  readonly nodes: WrittenNode[] = [];
  readonly tensors: Map<string, WrittenTensor> = new Map();
  readonly opset: number;
  readonly #taken = new Set<string>();
  readonly #shared = new Map<string, string>();

  constructor(opset: number, reserved: Iterable<string>) {
    this.opset = opset;
    for (const name of reserved) this.#taken.add(name);
  }

  /** `name`, or the first of name_1, name_2 ... that is free. */
  unique(name: string): string {
    let free = name;
    for (let i = 1; this.#taken.has(free); i++) free = `${name}_${i}`;
    this.#taken.add(free);
    return free;
  }

  addTensor(name: string, tensor: Tensor, type: OnnxType = defaultOnnxType(tensor.dtype)): string {
    const unique = this.unique(name);
    this.tensors.set(unique, { type, tensor });
    return unique;
  }

  /** A small tensor that several nodes may read. */
  shared(name: string, tensor: Tensor, type: OnnxType): string {
    const key = `${type} [${tensor.shape}] ${[...tensor.data].map((n) => (Object.is(n, -0) ? "-0" : n))}`;
    const known = this.#shared.get(key) ?? this.addTensor(name, tensor, type);
    this.#shared.set(key, known);
    return known;
  }

  /** The pen for one value, whose name is `name`: nodes on the way to it are called after it. */
  writing(value: Value, name: string, x: readonly string[], isFixed: boolean): Writing {
    const nodeOutput: Writing["nodeOutput"] = (type, inputs, output, count, attributes = {}) => {
      const result = this.unique(`${name}/${type}`);
      const outputs = Array.from({ length: count }, (_, i) => (i === output ? result : this.unique(`${result}/${i}`)));
      this.nodes.push({ type, name: result, inputs, outputs, attributes });
      return result;
    };
    const list = (label: string, type: OnnxType, tensor: Tensor): string => this.shared(`${label}_${show(tensor.data)}`, tensor, type);
    return {
      value,
      x,
      opset: this.opset,
      isFixed,
      nodeOutput,
      node: (type, inputs, attributes) => nodeOutput(type, inputs, 0, 1, attributes),
      number: (n, dtype = value.dtype) => list(dtype, defaultOnnxType(dtype), filled(dtype, [], [n])),
      integers: (numbers) => list("int64", "int64", filled("int32", [numbers.length], numbers)),
      floats: (numbers) => list("float", "float", filled("float32", [numbers.length], numbers)),
      tensor: (tensor) => this.addTensor(`${name}/constant`, tensor),
    };
  }

  /** Gives the output called `from`, if it is of one of the nodes from number `first` on, the name `to`; false when it is of none. */
  rename(from: string, to: string, first: number): boolean {
    const at = this.nodes.findIndex((node, i) => i >= first && node.outputs.includes(from));
    if (at < 0) return false;
    const swap = (names: readonly string[]): string[] => names.map((n) => (n === from ? to : n));
    for (let i = at; i < this.nodes.length; i++) {
      const node = this.nodes[i];
      const name = i === at ? to : node.name;
      this.nodes[i] = { ...node, name, inputs: swap(node.inputs), outputs: swap(node.outputs) };
    }
    this.#taken.delete(from);
    return true;
  }
}

function filled(dtype: DType, shape: Shape, numbers: readonly number[]): Tensor {
  const data = allocate(dtype, numbers.length);
  data.set(numbers);
  return new Tensor(data, shape);
}

/** Numbers as part of a name. */
function show(data: ArrayLike<number>): string {
  const shown = Array.from(data).slice(0, 6).join("_");
  return data.length > 6 ? `${shown}_and_${data.length - 6}_more` : shown;
}
