// A traced net as the tree of parts that it was built from, read off the names of its layers: what source code is written from.
import { createGraph, type Graph } from "../../graph/graph.ts";
import { constant, constantOp, fillOp, variableOp } from "../../graph/record.ts";
import { rewriteGraph } from "../../graph/rewrite.ts";
import { label, type Value } from "../../graph/value.ts";
import type { Model } from "../../nn/model.ts";
import type { Traced } from "../../nn/module.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { isModel } from "../model-or-graph.ts";

/** One line of a part: a part of it that is called, or an op. */
export type Line =
  | { readonly kind: "part"; readonly name: string; readonly part: Part; readonly input: Value; readonly output: Value }
  | { readonly kind: "op"; readonly value: Value };

export interface Part {
  /** "" for the whole, "layer1.0" inside. */
  readonly path: string;
  readonly inputs: readonly Value[];
  readonly outputs: ReadonlyMap<string, Value>;
  /** In order of computation. */
  readonly lines: readonly Line[];
  /** Full names of the parameters and buffers that are read here, and not in a part of this. */
  readonly owned: readonly Value[];
  /** Those of `owned` that are not trained. */
  readonly buffers: ReadonlySet<Value>;
}

/** Whether the parts of `part` are called one after another, and nothing else happens. */
export function isChain({ inputs, outputs, lines }: Part): boolean {
  const [output] = outputs.values();
  let at = inputs[0];
  for (const line of lines) {
    if (line.kind !== "part" || line.input !== at) return false;
    at = line.output;
  }
  return lines.length > 0 && at === output;
}

/** Parts called `part` and theirs, every one after those that it calls. */
export function partsOf(part: Part): Part[] {
  return [...part.lines.flatMap((line) => (line.kind === "part" ? partsOf(line.part) : [])), part];
}

/** Whether the operands are exactly the part's parameters of these names, those with a question mark if they are there at all. */
export function owns(operands: readonly (Value | undefined)[], path: string, names: readonly string[]): boolean {
  const prefix = path === "" ? "" : `${path}.`;
  return names.every((name, i) => {
    const operand = operands[i];
    if (operand === undefined) return name.endsWith("?");
    return operand.op === constantOp && operand.label === `${prefix}${name.replace("?", "")}`;
  });
}

/** Whether a table is repeated for every picture: then its first size is the batch, and not the number it was traced with. */
export function stretchesToBatch({ op, inputs: [x], shape }: Value, { inputs: [input] }: Part): boolean {
  return op.name === "broadcastTo" && isConstant(x) && (x.rank < shape.length || x.shape[0] === 1) && shape[0] === input?.shape[0];
}

/** A model by its layers; a graph, or a model whose names do not nest, as one part of ops. */
export function structureOf(source: Model | Graph, where: string): Part {
  if (!isModel(where, source)) return flat(source);
  const traced = source.trace({ batch: 2 });
  const { input, output, names } = traced;
  const root = [...names].find(([, value]) => value === output)?.[0];
  const nests = [...names.keys()].every((name) => !name.includes(".") || names.has(name.slice(0, name.lastIndexOf("."))));
  const whole = nests && root !== undefined ? partAt(traced, "", input, output) : undefined;
  return whole ?? flat(createGraph({ outputs: { y: output } }));
}

const isConstant = ({ op }: Value): boolean => op === constantOp || op === fillOp;
/** Where nothing says what is trained, what batch norm's statistics are called and integers are not. */
const isStatistic = ({ label: name = "", dtype }: Value): boolean => !dtype.startsWith("float") || /(^|\.)running_(mean|var)$/.test(name);
const isOwned = (value: Value): boolean => value.op === constantOp && value.label !== undefined;

/** Everything in one part; state becomes parameters. */
function flat(graph: Graph): Part {
  const stateless = rewriteGraph(createGraph({ outputs: graph.outputs }), ({ op, attrs }) =>
    op === variableOp ? label(constant(attrs.initial as Tensor), attrs.name as string) : undefined,
  );
  const { order, inputs, outputs } = stateless;
  const lines = order.flatMap((value): Line[] => (value.inputs.length > 0 ? [{ kind: "op", value }] : []));
  const owned = order.filter(isOwned);
  return { path: "", inputs: [...inputs.values()], outputs, lines, owned, buffers: new Set(owned.filter(isStatistic)) };
}

/** Undefined when the part reads anything but its input and numbers. */
function partAt(traced: Traced, path: string, input: Value, output: Value): Part | undefined {
  const prefix = path === "" ? "" : `${path}.`;
  const children = new Map<Value, string>();
  for (const [name, value] of traced.names) {
    const own = name.slice(prefix.length);
    if (name.startsWith(prefix) && !own.includes(".") && (path !== "" || name !== rootName(traced))) children.set(value, own);
  }
  const lines: Line[] = [];
  const owned: Value[] = [];
  const done = new Set<Value>([input]);
  let isClosed = true;
  const visit = (value: Value): void => {
    if (done.has(value) || !isClosed) return;
    done.add(value);
    if (isConstant(value)) {
      if (isOwned(value)) owned.push(value);
      return;
    }
    const child = children.get(value);
    if (child !== undefined) {
      const name = `${prefix}${child}`;
      const from = inputOf(traced, name);
      visit(from);
      const part = partAt(traced, name, from, value);
      if (part !== undefined) {
        lines.push({ kind: "part", name: child, part, input: from, output: value });
        return;
      }
      if (holds(traced, name)) {
        isClosed = false;
        return;
      }
      // A layer that reads more than its input, and is nothing but ops, is written as these: the sum of a residual block.
    }
    if (value.inputs.length === 0) {
      isClosed = false;
      return;
    }
    value.inputs.forEach(visit);
    lines.push({ kind: "op", value });
  };
  visit(output);
  if (!isClosed) return undefined;
  const trained = new Set(traced.parameters.values());
  const buffers = new Set(owned.filter((value) => !trained.has(value)));
  return { path, inputs: [input], outputs: new Map([["y", output]]), lines, owned, buffers };
}

/** Whether a layer has parts or numbers of its own. */
function holds({ names, parameters, buffers }: Traced, layer: string): boolean {
  return [names, parameters, buffers].some((known) => [...known.keys()].some((name) => name.startsWith(`${layer}.`)));
}

/** The whole net goes by its kind, in `names` and among the layers. */
function rootName({ names }: Traced): string {
  return [...names.keys()].at(-1) as string;
}

/** What a part was given: layers say it, and others give it to the first of their own parts. */
function inputOf(traced: Traced, path: string): Value {
  const layer = traced.layers.find(({ name }) => name === path);
  if (layer !== undefined) return layer.input;
  const first = [...traced.names.keys()].find((name) => name.startsWith(`${path}.`) && !name.slice(path.length + 1).includes("."));
  return inputOf(traced, first as string);
}
