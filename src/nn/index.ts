// Layers live under one name, so that nn.relu() (a layer) and relu(x) (an op) cannot be confused.

export * as blocks from "./blocks/index.ts";
export type { Fans, Initialiser } from "./initialise.ts";
export * as initialise from "./initialise.ts";
export * as nn from "./layers/index.ts";
export * from "./model.ts";
export * from "./module.ts";
export type { LayerField, LayerSummary, ModelSummary } from "./summary.ts";
