// Activation functions by name, as values of a graph: to draw them, to find them in a net, and to put one in the place of another.
import type { Value } from "../graph/value.ts";
import type { Layer } from "../nn/module.ts";
import * as ops from "../ops/activations.ts";

export type ActivationFunctionName =
  | "sigmoid"
  | "tanh"
  | "relu"
  | "leakyRelu"
  | "elu"
  | "selu"
  | "gelu"
  | "silu"
  | "mish"
  | "softplus"
  | "softsign"
  | "hardSigmoid"
  | "relu6";

/** Each applied to a value; the slope below 0 is leakyRelu's alone. In the order of their invention more or less. */
export const activationFunctions: Readonly<Record<ActivationFunctionName, (x: Value, negativeSlope: number) => Value>> = {
  sigmoid: (x: Value) => ops.sigmoid(x),
  tanh: (x: Value) => ops.tanh(x),
  relu: (x: Value) => ops.relu(x),
  leakyRelu: (x: Value, slope: number) => ops.leakyRelu(x, { slope }),
  elu: (x: Value) => ops.elu(x),
  selu: (x: Value) => ops.selu(x),
  gelu: (x: Value) => ops.gelu(x),
  silu: (x: Value) => ops.silu(x),
  mish: (x: Value) => ops.mish(x),
  softplus: (x: Value) => ops.softplus(x),
  softsign: (x: Value) => ops.softsign(x),
  hardSigmoid: (x: Value) => ops.hardSigmoid(x),
  relu6: (x: Value) => ops.relu6(x),
};

/** Kinds of layers that are functions of one number, applied everywhere. */
const kinds: ReadonlySet<string> = new Set([...Object.keys(activationFunctions), "hardSwish"]);

/** Whether a layer is such a function. One of something that depends on neither picture nor parameters has no slope to ask for. */
export function isActivation({ kind, input, value }: Layer): boolean {
  return kinds.has(kind) && input !== value && input.rank >= 2;
}
