// The cost meter on a model: parameters, multiply-adds, activations and memory of every layer and in total, with the formula behind them
// where a layer has one. Two meters that disagree usually count different things; this one says what it counts.
import { type ExplainedCost, explainConvCost, explainLinearCost, explainTransposedCost } from "../../arithmetic/explain-costs.ts";
import type { Model } from "../../nn/model.ts";
import type { Layer } from "../../nn/module.ts";
import type { LayerSummary } from "../../nn/summary.ts";

export interface LayerCostReading {
  readonly name: string;
  readonly kind: string;
  readonly parameters: number;
  /** Multiply-adds for one picture. */
  readonly macs: number;
  /** Numbers that the layer gives out for one picture. */
  readonly activations: number;
  /** Bytes of parameters and activations. */
  readonly memory: number;
  /** The formulas, for convolutions, transposed ones and dense layers. */
  readonly explained?: ExplainedCost;
}

export interface CostReading {
  readonly layers: readonly LayerCostReading[];
  readonly total: Readonly<Record<"parameters" | "macs" | "activations" | "memory", number>>;
}

/** Reads the meter. `bytes` per number: default 4, float32. */
export function costOf(model: Model, options: { readonly bytes?: number } = {}): CostReading {
  const { bytes = 4 } = options;
  const traced = new Map(model.trace().layers.map((layer) => [layer.name, layer]));
  const layers = model.summary().layers.map((row): LayerCostReading => {
    const { name, kind, parameters, macs, activations } = row;
    const explained = explainLayer(model, row, traced.get(name), bytes);
    const memory = bytes * (parameters + activations);
    return { name, kind, parameters, macs, activations, memory, ...(explained !== undefined && { explained }) };
  });
  const sum = (key: "parameters" | "macs" | "activations" | "memory"): number => layers.reduce((total, layer) => total + layer[key], 0);
  return {
    layers,
    total: { parameters: sum("parameters"), macs: sum("macs"), activations: sum("activations"), memory: sum("memory") },
  };
}

function explainLayer(model: Model, row: LayerSummary, layer: Layer | undefined, bytes: number): ExplainedCost | undefined {
  if (layer === undefined) return undefined;
  // In nets from files the names of parameters need not be those of their layers, but a convolution's first one is its weight.
  const named = layer.parameters.includes(`${row.name}.weight`);
  const weight = model.parameters.get(named ? `${row.name}.weight` : (layer.parameters[0] ?? ""));
  if (weight === undefined || !(named || row.kind.startsWith("conv"))) return undefined;
  const bias = named ? model.parameters.has(`${row.name}.bias`) : layer.parameters.length > 1;
  const [first, second, ...kernel] = weight.shape;
  const [inChannels, ...input] = layer.input.shape.slice(1);
  const [outChannels, ...output] = row.outputShape;
  if (/^conv\dd$/.test(row.kind)) {
    return explainConvCost({ inChannels, outChannels: first, kernel, output, groups: inChannels / second, bias }, { bytes });
  }
  if (/^convTranspose\dd$/.test(row.kind)) {
    return explainTransposedCost({ inChannels, outChannels, kernel, input, output, groups: outChannels / second, bias }, { bytes });
  }
  // A dense layer over more than one row is a product of matrices, with another formula.
  return row.kind === "linear" && layer.input.rank === 2
    ? explainLinearCost({ inFeatures: second, outFeatures: first, bias }, { bytes })
    : undefined;
}
