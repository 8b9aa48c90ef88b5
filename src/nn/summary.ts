// The layer table: what each layer gives out, what it sees, and what it costs. Everything is read off the traced graph, so the table
// cannot disagree with what runs.
import { MisalignedFieldError, type ReceptiveField, receptiveField } from "../graph/field.ts";
import { named } from "../graph/op.ts";
import type { Value } from "../graph/value.ts";
import { type Shape, showShape, sizeOf } from "../tensor/shape.ts";
import type { Traced } from "./module.ts";

/** Receptive field of a layer's units in the net's input, per spatial axis; branches that look at different places have none. */
export type LayerField = ReceptiveField | { readonly status: "misaligned"; readonly axes: readonly []; readonly reason: string };

export interface LayerSummary {
  /** Path, as in PyTorch's state_dict. */
  readonly name: string;
  readonly kind: string;
  /** For one picture, without the batch axis. */
  readonly outputShape: Shape;
  readonly field: LayerField;
  /** Trainable numbers of the layer itself. */
  readonly parameters: number;
  /** Multiply-adds for one picture; biases, norms and activations count 0, as papers print it. */
  readonly macs: number;
  /** Numbers that the layer gives out for one picture. */
  readonly activations: number;
}

export interface ModelSummary {
  readonly layers: readonly LayerSummary[];
  readonly total: { readonly parameters: number; readonly macs: number; readonly activations: number };
  /** A table for a terminal. */
  toString(): string;
}

/** Reads the table off a net traced for one picture. */
export function summarise(traced: Traced): ModelSummary {
  const macs = macsOfLayers(traced);
  const layers = traced.layers.map((layer): LayerSummary => {
    const outputShape = layer.value.shape.slice(1);
    let field: LayerField | undefined;
    return {
      name: layer.name,
      kind: layer.kind,
      outputShape,
      // Each field is a walk back to the input: in a net of a thousand layers, nobody should wait for those that are not looked at.
      get field() {
        field ??= fieldOf(layer.value, traced.input);
        return field;
      },
      parameters: layer.parameters.reduce((sum, name) => sum + sizeOf(traced.parameters.get(name)?.shape ?? [0]), 0),
      macs: macs.get(layer.value) ?? 0,
      activations: sizeOf(outputShape),
    };
  });
  const sum = (key: "parameters" | "macs" | "activations"): number => layers.reduce((total, layer) => total + layer[key], 0);
  const total = { parameters: sum("parameters"), macs: sum("macs"), activations: sum("activations") };
  return { layers, total, toString: () => printTable(layers, total) };
}

function fieldOf(value: Value, input: Value): LayerField {
  try {
    return receptiveField(value, input);
  } catch (error) {
    if (!(error instanceof MisalignedFieldError)) throw error;
    return { status: "misaligned", axes: [], reason: error.message };
  }
}

/** Multiply-adds by layer value. A node belongs to the first layer that needs it, so nothing is counted twice. */
function macsOfLayers(traced: Traced): Map<Value, number> {
  const counted = new Set<Value>();
  const macs = new Map<Value, number>();
  for (const layer of traced.layers) {
    let sum = 0;
    const open = [layer.value];
    for (let value = open.pop(); value !== undefined; value = open.pop()) {
      if (counted.has(value)) continue;
      counted.add(value);
      open.push(...value.inputs);
      const shapes = named(
        value.op,
        value.inputs.map((v) => v.shape),
      );
      sum += value.op.cost(shapes, value.attrs, value.shape).macs;
    }
    macs.set(layer.value, sum);
  }
  return macs;
}

const columns = ["layer", "kind", "output", "field", "stride", "parameters", "multiply-adds"] as const;

function printTable(layers: readonly LayerSummary[], total: ModelSummary["total"]): string {
  const count = (n: number): string => n.toLocaleString("en-US");
  const rows: string[][] = [
    [...columns],
    ...layers.map((l) => [
      l.name,
      l.kind,
      showShape(l.outputShape),
      showField(l.field),
      showStride(l.field),
      count(l.parameters),
      count(l.macs),
    ]),
    ["total", "", "", "", "", count(total.parameters), count(total.macs)],
  ];
  const widths = columns.map((_, c) => Math.max(...rows.map((row) => row[c].length)));
  const numeric = new Set(["parameters", "multiply-adds"]);
  const lines = rows.map((row) =>
    row
      .map((cell, c) => (numeric.has(columns[c]) ? cell.padStart(widths[c]) : cell.padEnd(widths[c])))
      .join("  ")
      .trimEnd(),
  );
  const rule = "-".repeat(Math.max(...lines.map((line) => line.length)));
  return [lines[0], rule, ...lines.slice(1, -1), rule, lines[lines.length - 1]].join("\n");
}

/** "14", "3×5", or why there is no such size. */
export function showField(field: LayerField): string {
  if (field.status !== "exact" && field.status !== "upper bound") return field.status;
  const size = showAxes(field.axes.map((axis) => axis.size));
  return field.status === "exact" ? size : `≤ ${size}`;
}

export function showStride(field: LayerField): string {
  return field.status === "exact" || field.status === "upper bound" ? showAxes(field.axes.map((axis) => axis.stride)) : "";
}

/** One number when all axes agree. */
function showAxes(numbers: readonly number[]): string {
  return new Set(numbers).size <= 1 ? String(numbers[0] ?? "") : numbers.join("×");
}
