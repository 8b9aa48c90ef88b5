// What a drawing of a network shows: one box for each layer, or for each op that joins branches between layers. Norms and activations
// that merely follow a layer stand in its box, as people draw them.
import type { Graph } from "../graph/graph.ts";
import { constantOp, fillOp, inputOp, variableOp } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import type { Model } from "../nn/model.ts";
import { traceModule } from "../nn/trace.ts";
import { checkOptions } from "../tensor/options.ts";
import type { Shape } from "../tensor/shape.ts";

/** Kinds that are told apart by colour. */
export type Family = "input" | "convolution" | "pooling" | "dense" | "join" | "pointwise" | "other";

export interface GraphBox {
  /** The layer's; "" for an op that is in none. */
  readonly name: string;
  /** What it does, in order: "conv2d 3×3 /2", "batchNorm2d", "relu". */
  readonly kinds: readonly string[];
  readonly family: Family;
  /** Without the batch axis where there is one. */
  readonly shape: Shape;
  readonly isOutput: boolean;
}

/** From one box to another, by their indices. */
export interface GraphEdge {
  readonly from: number;
  readonly to: number;
}

export interface GraphBoxes {
  readonly boxes: readonly GraphBox[];
  readonly edges: readonly GraphEdge[];
}

interface Anchor {
  readonly name: string;
  readonly kind: string;
  /** Where the layer begins, when that is known. */
  readonly input?: Value;
}

interface Network {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Layers by the value that they give. */
  readonly anchors: ReadonlyMap<Value, Anchor>;
}

export interface GraphBoxOptions {
  /** Whether norms and activations that merely follow a layer stand in its box (default) or have one each. */
  readonly followers?: "merged" | "apart";
}

/**
 * The boxes of a model (no parameter is made for it) or of any graph, whose labelled values count as layers. In order of computation: every edge
 * leads from an earlier box to a later one.
 */
export function boxesOf(source: Model | Graph, options: GraphBoxOptions = {}): GraphBoxes {
  checkOptions("boxesOf", options, ["followers"]);
  const network = "net" in source ? networkOfModel(source) : networkOfGraph(source);
  const open = collectBoxes(network);
  return options.followers === "apart" ? allBoxes(open) : mergeFollowers(open);
}

function allBoxes(open: readonly OpenBox[]): GraphBoxes {
  return {
    boxes: open.map(({ from: _, ...box }) => box),
    edges: open.flatMap(({ from }, to) => from.map((source) => ({ from: source, to }))),
  };
}

function networkOfModel({ net, inputShape, seed }: Model): Network {
  const nothing = { parameter: () => undefined, buffer: () => undefined };
  const { input, output, layers } = traceModule(net, {
    shape: [1, ...inputShape],
    dtype: "float32",
    training: false,
    frozen: true,
    seed,
    store: nothing,
  });
  return {
    inputs: [input],
    outputs: [output],
    anchors: new Map(layers.map(({ name, kind, input: from, value }) => [value, { name, kind, input: from }])),
  };
}

const sources: ReadonlySet<unknown> = new Set([constantOp, fillOp, variableOp, inputOp]);

function networkOfGraph({ inputs, outputs, order }: Graph): Network {
  const named = order.filter((value) => value.label !== undefined && !sources.has(value.op));
  return {
    inputs: [...inputs.values()],
    outputs: [...outputs.values()],
    anchors: new Map(named.map((value) => [value, { name: value.label ?? "", kind: value.op.name }])),
  };
}

interface OpenBox extends Omit<GraphBox, "isOutput"> {
  isOutput: boolean;
  /** Indices of the boxes that it reads, each once. */
  readonly from: number[];
}

function collectBoxes({ inputs, outputs, anchors }: Network): OpenBox[] {
  const boxes: OpenBox[] = [];
  const boxOf = new Map<Value, number>();
  const dependent = new Map<Value, boolean>(inputs.map((value) => [value, true]));
  const depends = (value: Value): boolean => {
    const known = dependent.get(value) ?? value.inputs.some(depends);
    dependent.set(value, known);
    return known;
  };
  for (const value of inputs) {
    boxOf.set(value, boxes.length);
    boxes.push({ name: value.label ?? "input", kinds: ["input"], family: "input", shape: value.shape.slice(1), isOutput: false, from: [] });
  }
  /** The box that gives `value`, made when it is first asked for, after those that it reads. */
  const visit = (value: Value): number => {
    const known = boxOf.get(value);
    if (known !== undefined) return known;
    const anchor = anchors.get(value);
    const open = value.inputs.filter(depends);
    if (anchor === undefined && open.length === 1 && isTransparent(value)) {
      const through = visit(open[0]);
      boxOf.set(value, through);
      return through;
    }
    const from: number[] = [];
    const inside: Value[] = [value];
    const enter = (operand: Value): void => {
      const isBorder = boxOf.has(operand) || anchors.has(operand) || operand === anchor?.input || operand.inputs.filter(depends).length > 1;
      if (isBorder || !depends(operand)) {
        if (depends(operand)) from.push(visit(operand));
        return;
      }
      inside.push(operand);
      operand.inputs.forEach(enter);
    };
    value.inputs.forEach(enter);
    const kind = anchor === undefined || containers.has(anchor.kind) ? value.op.name : anchor.kind;
    boxOf.set(value, boxes.length);
    boxes.push({
      name: anchor?.name ?? "",
      kinds: [describeKind(kind, inside)],
      family: familyOf(kind, new Set(from).size),
      shape: value.shape.slice(1),
      isOutput: false,
      from: [...new Set(from)],
    });
    return boxes.length - 1;
  };
  // In their order, so that no walk back is longer than a layer.
  for (const value of anchors.keys()) if (depends(value)) visit(value);
  for (const output of outputs) if (depends(output)) boxes[visit(output)].isOutput = true;
  return boxes;
}

/** Containers of branches are told by the op that joins these. */
const containers: ReadonlySet<string> = new Set(["branches", "dense", "residual"]);

/** Ops that only rename or reshape, and are nobody's layer. */
const isTransparent = ({ op }: Value): boolean => ["identity", "reshape", "stopGradient", "broadcastTo"].includes(op.name);

/** "conv2d 3×3 /2": the window and the stride, where there are some. */
function describeKind(kind: string, values: readonly Value[]): string {
  for (const { op, attrs, inputs } of values) {
    const list = (given: unknown): readonly number[] => (Array.isArray(given) ? given : []);
    const window = /^conv/.test(op.name) ? (inputs[1]?.shape.slice(2) ?? []) : list(attrs.kernelSize);
    if (window.length === 0) continue;
    const stride = list(attrs.stride);
    const groups = typeof attrs.groups === "number" && attrs.groups > 1 ? ` ${attrs.groups} groups` : "";
    const step = stride.every((n) => n === 1) ? "" : ` /${new Set(stride).size === 1 ? stride[0] : stride.join("×")}`;
    return `${kind} ${window.join("×")}${step}${groups}`;
  }
  return kind;
}

const families: readonly (readonly [Family, RegExp])[] = [
  ["convolution", /conv|deform/i],
  ["pooling", /pool|resize|upsample|pixelshuffle|interpolate/i],
  ["dense", /linear|gemm|matmul|dense|embedding/i],
  ["join", /^(add|sub|mul|div|concat|sum|where|addition|multiply|scale)/i],
  ["pointwise", /norm|relu|elu|gelu|sigmoid|tanh|swish|silu|mish|softmax|softplus|clip|dropout|lrn|localresponse|identity|activation/i],
];

/** `branches`: how many boxes are read. */
function familyOf(kind: string, branches: number): Family {
  return families.find(([, pattern]) => pattern.test(kind))?.[0] ?? (branches > 1 ? "join" : "other");
}

/** Pointwise layers that are the only readers of a box move into it. */
function mergeFollowers(open: readonly OpenBox[]): GraphBoxes {
  const readers = open.map(() => 0);
  for (const index of open.flatMap(({ from }) => from)) readers[index]++;
  const boxes: GraphBox[] = [];
  const place: number[] = [];
  const edges: GraphEdge[] = [];
  for (const [i, { from, ...box }] of open.entries()) {
    const [before] = from;
    const isFollower = box.family === "pointwise" && from.length === 1 && readers[before] === 1 && !open[before].isOutput;
    if (isFollower && open[before].family !== "input" && String(open[before].shape) === String(box.shape)) {
      const host = boxes[place[before]];
      const name = host.name === "" ? box.name : host.name;
      boxes[place[before]] = { ...host, name, kinds: [...host.kinds, ...box.kinds], isOutput: box.isOutput };
      place[i] = place[before];
      continue;
    }
    place[i] = boxes.length;
    edges.push(...from.map((source) => ({ from: place[source], to: boxes.length })));
    boxes.push(box);
  }
  return { boxes, edges };
}
