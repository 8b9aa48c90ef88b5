// A network as a TypeScript file on fovea itself: layers where there are layers, calls of ops elsewhere.
import type { Graph } from "../../graph/graph.ts";
import { fillOp } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import type { Model } from "../../nn/model.ts";
import { UnsupportedOpError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { isModel } from "../model-or-graph.ts";
import { foveaLayer } from "./fovea-layers.ts";
import { foveaCall, literal } from "./fovea-ops.ts";
import { isChain, type Part, partsOf, stretchesToBatch, structureOf } from "./structure.ts";

/** Numbers of one table that are written into the source. */
const mostNumbers = 20_000;

/**
 * `source` as a TypeScript file that imports fovea. Of a model: `net`, a module of layers, and `model(options)`, which takes weights by
 * the names of `source.state()`. Of a graph, or a model whose names do not nest: `network(inputs, parameters)`, which gives its outputs.
 * Shapes stand in comments, N being the batch. Dropout is an identity: the net is as in evaluation.
 * Throws `UnsupportedOpError` where a table has more than 20,000 numbers.
 */
export function writeFoveaSource(source: Model | Graph, options: Record<string, never> = {}): string {
  checkOptions("writeFoveaSource", options, []);
  const root = structureOf(source, "writeFoveaSource");
  return new FoveaFile(root, isModel("writeFoveaSource", source) ? source.inputShape : undefined).text();
}

class FoveaFile {
  readonly #root: Part;
  readonly #inputShape: readonly number[] | undefined;
  readonly #imports = { fovea: new Set<string>(), "fovea/graph": new Set<string>() };
  readonly #definitions = new Map<string, string>();
  readonly #names = new Map<Part, string>();
  readonly #taken = new Set(["net", "model", "network", "nn", "x"]);

  constructor(root: Part, inputShape: readonly number[] | undefined) {
    this.#root = root;
    this.#inputShape = inputShape;
    // A part of the same name must not hide a function that is called.
    for (const part of partsOf(root)) for (const name of calledBy(part)) this.#taken.add(name);
  }

  text(): string {
    const body = this.#inputShape !== undefined && !this.#isFlat() ? this.#net(this.#inputShape) : this.#network();
    const imports = Object.entries(this.#imports).flatMap(([room, names]) =>
      names.size === 0 ? [] : [`import { ${[...names].sort((a, b) => bare(a).localeCompare(bare(b), "en")).join(", ")} } from "${room}";`],
    );
    return `// Written by fovea.\n${imports.join("\n")}\n\n${body}`;
  }

  /** Parameters whose names are paths belong to no part of the tree. */
  #isFlat(): boolean {
    return partsOf(this.#root).some((part) => part.owned.some((value) => relativeName(part, value).includes(".")));
  }

  #net(inputShape: readonly number[]): string {
    const root = this.#root;
    for (const part of partsOf(root)) if (part !== root && foveaLayer(part) === undefined && !isSequence(part)) this.#define(part);
    const made = foveaLayer(root) ?? (isSequence(root) ? this.#made(root, "") : this.#functional(root));
    for (const name of ["createModel", "nn", "type Model", "type ModelOptions", "type Module"]) this.#imports.fovea.add(name);
    const definitions = [...this.#definitions].map(([text, name]) => `const ${name}: Module = ${text};\n\n`);
    return [
      ...definitions,
      `export const net: Module = ${made};\n\n`,
      "/** The net with parameters: those in `options.parameters`, by name, or new ones. */\n",
      `export function model(options: ModelOptions = {}): Model {\n  return createModel(net, ${literal(inputShape)}, options);\n}\n`,
    ].join("");
  }

  /** A part that is neither a layer nor a sequence, under a name of its own; equal ones are written once. */
  #define(part: Part): void {
    const text = this.#functional(part);
    const known = this.#definitions.get(text);
    const name = known ?? this.#unique(part.path);
    this.#definitions.set(text, name);
    this.#names.set(part, name);
  }

  #unique(path: string): string {
    const camel = path
      .replace(/[^A-Za-z0-9]+(.)/g, (_, c: string) => (/\d/.test(c) ? `_${c}` : c.toUpperCase()))
      .replace(/^(\d)/, "part$1");
    let free = camel;
    for (let i = 2; this.#taken.has(free); i++) free = `${camel}${i}`;
    this.#taken.add(free);
    return free;
  }

  /** How a part is made where it is used. */
  #made(part: Part, indent: string): string {
    const layer = foveaLayer(part);
    if (layer !== undefined) return layer;
    if (!isSequence(part)) return this.#names.get(part) as string;
    const parts = part.lines.filter((line) => line.kind === "part");
    const isNumbered = parts.every(({ name }, i) => name === String(i));
    const lines = parts.map(({ name, part: child, output }) => {
      const made = this.#made(child, `${indent}  `);
      const key = isNumbered ? "" : `${isIdentifier(name) ? name : JSON.stringify(name)}: `;
      return `${indent}  ${key}${made},${made.includes("\n") ? "" : ` // ${showShape(output)}`}`;
    });
    const [open, close] = isNumbered ? ["[", "]"] : ["{", "}"];
    return `nn.sequential(${open}\n${lines.join("\n")}\n${indent}${close})`;
  }

  #functional(part: Part): string {
    const used = new Set<string>();
    const own = (value: Value): string => {
      const name = relativeName(part, value);
      if (part.buffers.has(value)) {
        used.add("buffer");
        this.#imports.fovea.add("zeros");
        return `buffer("${name}", zeros(${literal(value.shape)}${value.dtype === "float32" ? "" : `, "${value.dtype}"`}))`;
      }
      used.add("parameter");
      this.#imports.fovea.add("initialise");
      const start = value.rank > 1 ? "initialise.fanInUniform()" : `initialise.constant(${name === "weight" ? 1 : 0})`;
      return `parameter("${name}", ${literal(value.shape)}, ${start})`;
    };
    const body = new Body(
      part,
      this.#imports,
      own,
      (name, child, input) => {
        used.add("child");
        return `child("${name}", ${this.#made(child, "  ")}, ${input})`;
      },
      this.#taken,
    );
    const statements = body.statements();
    const [output] = part.outputs.values();
    const context = used.size === 0 ? "" : `, { ${[...used].sort().join(", ")} }`;
    return `nn.functional((x${context}) => {\n${statements.map((s) => `  ${s}\n`).join("")}  return ${body.nameOf(output)};\n})`;
  }

  #network(): string {
    const root = this.#root;
    this.#imports.fovea.add("type Tensor").add("type Value").add("constant");
    const body = new Body(
      root,
      this.#imports,
      (value) => `parameter(${JSON.stringify(value.label)})`,
      () => "",
      this.#taken,
    );
    const statements = body.statements();
    const outputs = [...root.outputs].map(([name, value]) => `${JSON.stringify(name)}: ${body.nameOf(value)}`);
    const inputs = root.inputs.map((v) => `  const ${body.nameOf(v)} = inputs[${JSON.stringify(v.attrs.name)}]; // ${showShape(v)}`);
    return [
      "/** The outputs for these inputs, by name; parameters by name as well. */",
      "export function network(inputs: Readonly<Record<string, Value>>, parameters: ReadonlyMap<string, Tensor>): Record<string, Value> {",
      ...(root.owned.length > 0 ? ["  const parameter = (name: string): Value => constant(parameters.get(name) as Tensor);"] : []),
      ...inputs,
      ...statements.map((s) => `  ${s}`),
      `  return { ${outputs.join(", ")} };`,
      "}",
      "",
    ].join("\n");
  }
}

/** Whether nn.sequential can say it: in an object, names that are numbers would lose their order. */
function isSequence(part: Part): boolean {
  const names = part.lines.flatMap((line) => (line.kind === "part" ? [line.name] : []));
  return isChain(part) && (names.every((name, i) => name === String(i)) || !names.some((name) => /^\d+$/.test(name)));
}

/** An imported name without the word that says it is a type. */
const bare = (name: string): string => name.replace("type ", "");
const isIdentifier = (name: string): boolean => /^[A-Za-z_$][\w$]*$/.test(name);

function relativeName({ path }: Part, { label = "" }: Value): string {
  return path !== "" && label.startsWith(`${path}.`) ? label.slice(path.length + 1) : label;
}

/** A shape with the batch, which is 2 where structures are traced, as N. */
function showShape({ shape }: Value): string {
  return `[${shape.map((n, axis) => (axis === 0 && n === 2 ? "N" : n)).join(", ")}]`;
}

const reserved =
  "break case catch class const continue debugger default delete do else enum export extends false finally for function if import in instanceof new null return super switch this throw true try typeof var void while with yield let static await async arguments eval child parameter buffer parameters inputs nn broadcastTo constant tensor fill zeros initialise".split(
    " ",
  );

/** Ops that take plain numbers beside tensors. */
const takesNumbers: readonly string[] = "add sub mul div pow maximum minimum lt le gt ge eq ne".split(" ");

/** Functions that the ops of a part are written as. */
function calledBy({ lines }: Part): string[] {
  return lines.flatMap((line) => {
    if (line.kind === "part") return [];
    const { imports } = foveaCall(
      line.value,
      line.value.inputs.map(() => "x"),
    );
    return imports.map(([, name]) => bare(name));
  });
}

/** One function's statements. */
class Body {
  readonly #part: Part;
  readonly #imports: Record<"fovea" | "fovea/graph", Set<string>>;
  readonly #own: (value: Value) => string;
  readonly #call: (name: string, part: Part, input: string) => string;
  readonly #names = new Map<Value, string>();
  readonly #taken: Set<string>;
  readonly #lines: string[] = [];

  constructor(
    part: Part,
    imports: Record<"fovea" | "fovea/graph", Set<string>>,
    own: (value: Value) => string,
    call: (name: string, part: Part, input: string) => string,
    outer: ReadonlySet<string>,
  ) {
    this.#part = part;
    this.#imports = imports;
    this.#own = own;
    this.#call = call;
    // Variables must not hide what later lines call.
    this.#taken = new Set([...reserved, ...outer].filter((name) => name !== "x"));
    for (const input of part.inputs) this.#name(input, part.inputs.length === 1 ? "x" : (input.label ?? "x"));
  }

  statements(): readonly string[] {
    for (const line of this.#part.lines) {
      if (line.kind === "part") {
        const written = this.#call(line.name, line.part, this.nameOf(line.input));
        this.#assign(line.output, line.name, written);
        continue;
      }
      const { value } = line;
      const x = value.inputs.map((v) => this.#names.get(v) ?? this.#constant(v, value));
      const [input] = this.#part.inputs;
      const { text, imports } = foveaCall(value, x, stretchesToBatch(value, this.#part) ? `${this.nameOf(input)}.shape[0]` : undefined);
      for (const [room, name] of imports) this.#imports[room].add(name);
      this.#assign(value, value.label?.split(".").at(-1) ?? value.op.name, text);
    }
    return this.#lines;
  }

  nameOf(value: Value): string {
    return this.#names.get(value) ?? this.#constant(value, value);
  }

  #assign(value: Value, wanted: string, written: string): void {
    this.#lines.push(`const ${this.#name(value, wanted)} = ${written};${written.includes("\n") ? "" : ` // ${showShape(value)}`}`);
  }

  #name(value: Value, wanted: string): string {
    const base = wanted.replace(/[^A-Za-z0-9_$]/g, "_").replace(/^(\d)/, "y$1");
    let free = base;
    for (let i = 1; this.#taken.has(free); i++) free = `${base}${i}`;
    this.#taken.add(free);
    this.#names.set(value, free);
    return free;
  }

  #constant(value: Value, reader: Value): string {
    if (value.op === fillOp) {
      if (value.rank === 0 && takesNumbers.includes(reader.op.name)) return literal(value.attrs.value);
      this.#imports.fovea.add("fill");
      return `fill(${literal(value.shape)}, ${literal(value.attrs.value)}, "${value.dtype}")`;
    }
    const written = value.label === undefined ? this.#table(value.attrs.value as Tensor, reader) : this.#own(value);
    if (value.label !== undefined) {
      this.#assign(value, relativeName(this.#part, value).split(".").at(-1) as string, written);
      return this.#names.get(value) as string;
    }
    return written;
  }

  #table(tensor: Tensor, reader: Value): string {
    if (tensor.rank === 0 && takesNumbers.includes(reader.op.name)) return literal(tensor.data[0]);
    if (tensor.size > mostNumbers) {
      throw new UnsupportedOpError(`writeFoveaSource: ${reader.op.name} reads a table of ${tensor.size} numbers, too many for source code`);
    }
    this.#imports.fovea.add("constant").add("tensor");
    return `constant(${literal(tensor)})`;
  }
}
