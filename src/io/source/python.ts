// A network as a Python file: nested nn.Modules whose state_dict has the names of ours.

import type { Graph } from "../../graph/graph.ts";
import { named } from "../../graph/op.ts";
import { constantOp, fillOp } from "../../graph/record.ts";
import { showValue, type Value } from "../../graph/value.ts";
import type { Model } from "../../nn/model.ts";
import { expressionOf } from "../../ops/elementwise.ts";
import { ArgumentError, UnsupportedOpError } from "../../tensor/errors.ts";
import { checkOptions, showGiven } from "../../tensor/options.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { pythonExpression } from "./python-expression.ts";
import { pythonLayer } from "./python-layers.ts";
import { list, pythonNumber, pythonTypes, pythonWriters } from "./python-ops.ts";
import { isChain, type Line, type Part, partsOf, stretchesToBatch, structureOf } from "./structure.ts";

export interface WritePyTorchOptions {
  /** Name of the class (default "Net"). */
  readonly name?: string;
  /** The file of the weights, as the comment that tells how to load them calls it (default "model.safetensors"). */
  readonly weights?: string;
}

/** Numbers of one table that are written into the source. */
const mostNumbers = 20_000;

/**
 * `source` as a Python file that needs PyTorch alone. The class's state_dict has the names and shapes of `source.state()`, so that weights
 * saved by `writeSafetensors` load into it. Shapes stand in comments, N being the batch. Dropout is left out: the net is as in evaluation.
 * Throws `UnsupportedOpError` that lists every value which has no form in PyTorch.
 */
export function writePyTorch(source: Model | Graph, options: WritePyTorchOptions = {}): string {
  checkOptions("writePyTorch", options, ["name", "weights"]);
  const { name = "Net", weights = "model.safetensors" } = options;
  if (!/^[A-Za-z_]\w*$/.test(name))
    throw new ArgumentError(`writePyTorch: name is ${JSON.stringify(name)}; expected a name of a Python class`);
  if (typeof weights !== "string") throw new ArgumentError(`writePyTorch: weights is ${showGiven(weights)}; expected a file name`);
  const file = new PythonFile(structureOf(source, "writePyTorch"), name, weights);
  return file.text();
}

class PythonFile {
  readonly #root: Part;
  readonly #name: string;
  readonly #weights: string;
  /** Text of a class without its name -> its name. */
  readonly #classes = new Map<string, string>();
  readonly #names = new Map<Part, string>();
  readonly #unwritable: string[] = [];
  readonly #taken = new Set<string>();

  constructor(root: Part, name: string, weights: string) {
    this.#root = root;
    this.#name = name;
    this.#weights = weights;
    this.#taken.add(name);
  }

  text(): string {
    const classes: string[] = [];
    for (const part of partsOf(this.#root)) {
      if (part !== this.#root && (pythonLayer(part) !== undefined || isChain(part))) continue;
      const [heading, body] = this.#classText(part);
      const known = part === this.#root ? undefined : this.#classes.get(body);
      const name = known ?? (part === this.#root ? this.#name : this.#className(part));
      this.#names.set(part, name);
      if (known !== undefined) continue;
      this.#classes.set(body, name);
      classes.push(`class ${name}(nn.Module):\n${heading}${body}`);
    }
    if (this.#unwritable.length > 0) {
      throw new UnsupportedOpError(`writePyTorch: PyTorch has no form of ${[...new Set(this.#unwritable)].join(", ")}`);
    }
    const used = classes.join("\n");
    const imports = [
      ...(used.includes("OrderedDict(") ? ["from collections import OrderedDict", ""] : []),
      "import torch",
      ...(used.includes("F.") ? ["import torch.nn.functional as F"] : []),
      "from torch import nn",
    ];
    return `${[...this.#introduction(), ...imports].join("\n")}\n\n\n${used.includes("place(self") ? placeFunction : ""}${classes.join("\n\n")}`;
  }

  #introduction(): string[] {
    return [
      "# Written by fovea. The weights are apart; fovea's writeSafetensors(model.state()) makes the file:",
      "#",
      "#     from safetensors.torch import load_file",
      `#     model = ${this.#name}()`,
      `#     model.load_state_dict(load_file(${JSON.stringify(this.#weights)}))`,
      "#     model.eval()",
      "",
    ];
  }

  #className({ path }: Part): string {
    const camel = path
      .split(/[._]/)
      .map((word) => (/^\d/.test(word) ? `_${word}` : `${word.charAt(0).toUpperCase()}${word.slice(1)}`))
      .join("")
      .replace(/\W/g, "");
    const base = camel === "" ? "Part" : camel;
    let free = base;
    for (let i = 2; this.#taken.has(free); i++) free = `${base}${i}`;
    this.#taken.add(free);
    return free;
  }

  /** How the part is made where it is used: a layer of PyTorch, a sequence, or a class of this file. */
  #made(part: Part, indent: string): string {
    const layer = pythonLayer(part);
    if (layer !== undefined) return layer;
    if (!isChain(part)) return `${this.#names.get(part) as string}()`;
    const inner = `${indent}    `;
    const parts = part.lines.filter((line) => line.kind === "part");
    const isNumbered = parts.every(({ name }, i) => name === String(i));
    const lines = parts.map(({ name, part: child, output }) => {
      const made = this.#made(child, inner);
      return `${inner}${isNumbered ? made : `("${name}", ${made})`},${made.includes("\n") ? "" : `  # ${showShape(output)}`}`;
    });
    return isNumbered
      ? `nn.Sequential(\n${lines.join("\n")}\n${indent})`
      : `nn.Sequential(OrderedDict([\n${lines.join("\n")}\n${indent}]))`;
  }

  /** The docstring, which differs, and the rest, which parts may share. */
  #classText(part: Part): [heading: string, body: string] {
    const [output] = part.outputs.values();
    const shapes = `${part.inputs.map(showShape).join(", ")} -> ${[...part.outputs.values()].map(showShape).join(", ")}`;
    const heading = `    """${part.path === "" ? "" : `${part.path}: `}${shapes}"""\n\n`;
    const forward = new Forward(part, this.#unwritable);
    const statements = forward.statements();
    const made = part.lines.flatMap((line) => (line.kind === "part" ? [[line.name, this.#made(line.part, "        ")] as const] : []));
    const body = [
      "    def __init__(self):",
      "        super().__init__()",
      ...made.map(([name, text]) =>
        isIdentifier(name) ? `        self.${name} = ${text}` : `        self.add_module("${name}", ${text})`,
      ),
      ...forward.registrations(),
      "",
      `    def forward(self, ${forward.parameters()}):`,
      ...statements.map((s) => `        ${s}`),
      `        return ${part.outputs.size === 1 ? forward.nameOf(output) : `{${[...part.outputs].map(([name, v]) => `"${name}": ${forward.nameOf(v)}`).join(", ")}}`}`,
      "",
    ];
    return [heading, body.join("\n")];
  }
}

const keywordsOfPython =
  "False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield".split(
    " ",
  );
const isIdentifier = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name) && !keywordsOfPython.includes(name);

/** A shape with the batch, which is 2 where structures are traced, as N. */
function showShape({ shape }: Value): string {
  return `[${shape.map((n, axis) => (axis === 0 && n === 2 ? "N" : n)).join(", ")}]`;
}

/** Names of variables, in the order in which they are taken. */
const variables = ["x", "y", "z", "u", "v", "w"];

/** The body of one `forward`. */
class Forward {
  readonly #part: Part;
  readonly #unwritable: string[];
  readonly #names = new Map<Value, string>();
  readonly #lines: string[] = [];
  readonly #lastUse = new Map<Value, number>();
  readonly #free: string[];
  readonly #tables = new Map<string, Tensor>();
  readonly #inputName: string;
  readonly #registered = new Map<string, Value>();
  #fresh = 0;
  #needsBatch = false;

  constructor(part: Part, unwritable: string[]) {
    this.#part = part;
    this.#unwritable = unwritable;
    this.#free = [...variables];
    part.inputs.forEach((input, i) => {
      const name =
        part.inputs.length === 1 ? (this.#free.shift() as string) : isIdentifier(input.label ?? "") ? (input.label as string) : `x${i}`;
      this.#names.set(input, name);
    });
    this.#inputName = this.#names.get(part.inputs[0]) ?? "x";
    part.lines.forEach((line, at) => {
      for (const value of readsOf(line)) this.#lastUse.set(value, at);
    });
    for (const value of part.outputs.values()) this.#lastUse.set(value, Number.POSITIVE_INFINITY);
  }

  parameters(): string {
    return this.#part.inputs.map((input) => this.#names.get(input)).join(", ");
  }

  statements(): readonly string[] {
    this.#part.lines.forEach((line, at) => {
      const output = line.kind === "part" ? line.output : line.value;
      const written = line.kind === "part" ? this.#call(line) : this.#op(line.value, line.value);
      this.#assign(output, written, at, readsOf(line), line.kind === "op" ? (line.value.label ?? "") : "");
    });
    return this.#needsBatch ? [`batch = ${this.#inputName}.shape[0]`, ...this.#lines] : this.#lines;
  }

  /** Parameters, buffers and tables that the statements read. */
  registrations(): string[] {
    const owned = [...this.#registered].map(([name, value]) => {
      const shape = list(value.shape);
      const type = value.dtype === "float32" ? "" : `, dtype=${pythonTypes[value.dtype]}`;
      const made = this.#part.buffers.has(value) ? `torch.zeros(${shape}${type})` : `nn.Parameter(torch.empty(${shape}${type}))`;
      if (!isIdentifier(name)) return `        place(self, "${name}", ${made})`;
      return this.#part.buffers.has(value) ? `        self.register_buffer("${name}", ${made})` : `        self.${name} = ${made}`;
    });
    const tables = [...this.#tables].map(([name, { data, shape, dtype }]) => {
      const numbers = Array.from(data, pythonNumber).join(", ");
      return `        self.register_buffer("${name}", torch.tensor([${numbers}], dtype=${pythonTypes[dtype]}).reshape(${list(shape)}), persistent=False)`;
    });
    return [...owned, ...tables];
  }

  nameOf(value: Value): string {
    return this.#names.get(value) ?? this.#constant(value, value);
  }

  #call({ name, input }: Extract<Line, { kind: "part" }>): string {
    const called = isIdentifier(name) ? `self.${name}` : `getattr(self, "${name}")`;
    return `${called}(${this.nameOf(input)})`;
  }

  /** Gives the result the name of an operand that is not read any more, or a new one. */
  #assign(output: Value, written: string, at: number, reads: readonly Value[], label: string): void {
    const dead = reads.find((v) => this.#names.has(v) && (this.#lastUse.get(v) ?? -1) <= at && !this.#isShared(v));
    const name = (dead && this.#names.get(dead)) ?? this.#free.shift() ?? `t${++this.#fresh}`;
    for (const value of reads) {
      const given = this.#names.get(value);
      const isFreed =
        value !== dead && given !== undefined && given !== name && (this.#lastUse.get(value) ?? -1) <= at && !this.#isShared(value);
      if (isFreed && !this.#free.includes(given)) this.#free.unshift(given);
    }
    this.#names.set(output, name);
    if (written !== name) this.#lines.push(`${name} = ${written}  # ${label === "" ? "" : `${label}: `}${showShape(output)}`);
  }

  /** Whether another value that is still needed goes by the same name. */
  #isShared(value: Value): boolean {
    const name = this.#names.get(value);
    return [...this.#names].some(
      ([other, given]) => other !== value && given === name && (this.#lastUse.get(other) ?? -1) > (this.#lastUse.get(value) ?? -1),
    );
  }

  #op(value: Value, owner: Value): string {
    const x = value.inputs.map((v) => this.#operand(v, value));
    if (stretchesToBatch(value, this.#part)) {
      this.#needsBatch = true;
      return `${x[0]}.expand(${list(["batch", ...value.shape.slice(1)])})`;
    }
    const direct = pythonWriters[value.op.name]?.(value, x);
    if (direct !== undefined) return direct;
    const expression = expressionOf(value);
    if (expression !== undefined) return pythonExpression(expression, x, value.dtype);
    const body = value.op.decompose?.(named(value.op, value.inputs), value.attrs);
    if (body !== undefined) return this.#composed(body, owner);
    this.#unwritable.push(showValue(owner));
    return "None";
  }

  /** What an op is composed of, one line each. */
  #composed(body: Value, owner: Value): string {
    const visit = (value: Value): void => {
      if (this.#names.has(value) || value.op === constantOp || value.op === fillOp) return;
      value.inputs.forEach(visit);
      const written = this.#op(value, owner);
      const name = `t${++this.#fresh}`;
      this.#names.set(value, name);
      this.#lastUse.set(value, Number.POSITIVE_INFINITY);
      this.#lines.push(`${name} = ${written}  # ${showShape(value)}`);
    };
    body.inputs.forEach(visit);
    return this.#names.has(body) ? this.nameOf(body) : this.#op(body, owner);
  }

  #operand(value: Value, reader: Value): string {
    return this.#names.get(value) ?? this.#constant(value, reader);
  }

  #constant(value: Value, reader: Value): string {
    if (value.op === fillOp) {
      const n = pythonNumber(value.attrs.value as number);
      if (value.rank === 0) return scalar(n, value, reader);
      return `torch.full(${list(value.shape)}, ${n}, dtype=${pythonTypes[value.dtype]})`;
    }
    const tensor = value.attrs.value as Tensor;
    if (value.label !== undefined) return this.#owned(value, value.label);
    if (tensor.size === 1 && tensor.rank === 0) return scalar(pythonNumber(tensor.data[0]), value, reader);
    if (tensor.size > mostNumbers) {
      this.#unwritable.push(`${showValue(value)} of ${tensor.size} numbers, too many for source code`);
      return "None";
    }
    for (const [name, known] of this.#tables) if (known === tensor) return `self.${name}`;
    const name = `table${this.#tables.size}`;
    this.#tables.set(name, tensor);
    return `self.${name}`;
  }

  #owned(value: Value, label: string): string {
    const prefix = this.#part.path === "" ? "" : `${this.#part.path}.`;
    const name = label.startsWith(prefix) ? label.slice(prefix.length) : label;
    this.#registered.set(name, value);
    if (isIdentifier(name)) return `self.${name}`;
    return `self.get_${this.#part.buffers.has(value) ? "buffer" : "parameter"}("${name}")`;
  }
}

/** For parameters whose names have dots, which are those of modules within modules. */
const placeFunction = `def place(module, path, tensor):
    """Registers a parameter or buffer under a dotted name."""
    *outer, name = path.split(".")
    for part in outer:
        if part not in module._modules:
            module.add_module(part, nn.Module())
        module = module._modules[part]
    if isinstance(tensor, nn.Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


`;

/** A number where Python's operators take one, else a tensor without axes. */
function scalar(n: string, value: Value, { op }: Value): string {
  return ["add", "sub", "mul", "div", "pow"].includes(op.name) ? n : `torch.tensor(${n}, dtype=${pythonTypes[value.dtype]})`;
}

function readsOf(line: Line): readonly Value[] {
  return line.kind === "part" ? [line.input] : line.value.inputs;
}
