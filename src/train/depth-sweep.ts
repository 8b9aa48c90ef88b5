// Depth, first weights and activation decide together whether a net can learn at all (row D6): the sweep that shows it.
import type { Dataset } from "../data/dataset.ts";
import type { Device } from "../graph/program.ts";
import { initialise, type Module, nn } from "../nn/index.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { sizeOf } from "../tensor/shape.ts";
import { evaluate } from "./evaluate.ts";
import { fit } from "./fit.ts";
import { sgd } from "./optimisers.ts";
import { type SweepOptions, type SweepTable, sweep } from "./sweep.ts";

/** First weights by the names that people claim things about; biases start at 0. */
export const firstWeights: Readonly<Record<"gaussian 0.01" | "gaussian 1" | "xavier" | "he", initialise.Initialiser>> = {
  "gaussian 0.01": initialise.normal(0, 0.01),
  "gaussian 1": initialise.normal(0, 1),
  xavier: initialise.xavierNormal(),
  he: initialise.kaimingNormal(),
};

export const activationLayers: Readonly<Record<"sigmoid" | "tanh" | "relu" | "leakyRelu", () => Module>> = {
  sigmoid: nn.sigmoid,
  tanh: nn.tanh,
  relu: nn.relu,
  leakyRelu: nn.leakyRelu,
};

export type FirstWeights = keyof typeof firstWeights;
export type ActivationName = keyof typeof activationLayers;

export interface DepthNetOptions {
  /** Hidden layers. */
  readonly depth: number;
  /** Units of each. */
  readonly width: number;
  readonly activation: ActivationName;
  readonly weights: FirstWeights;
}

/** `depth` dense layers of `width` units, each with its activation, and a dense layer to the classes: children hidden1, act1, ..., output. */
export function depthNet(features: number, classes: number, { depth, width, activation, weights }: DepthNetOptions): Module {
  if (!Number.isInteger(depth) || depth < 0) throw new ArgumentError(`depthNet: depth is ${depth}; expected an integer >= 0`);
  const first = { initialise: firstWeights[weights], initialiseBias: initialise.constant(0) };
  const hidden = Array.from({ length: depth }, (_, i): [string, Module][] => [
    [`hidden${i + 1}`, nn.linear(i === 0 ? features : width, width, first)],
    [`act${i + 1}`, activationLayers[activation]()],
  ]);
  const output = nn.linear(depth === 0 ? features : width, classes, first);
  return nn.sequential({ flatten: nn.flatten(), ...Object.fromEntries(hidden.flat()), output });
}

export interface DepthSweepOptions extends SweepOptions {
  readonly depths?: readonly number[];
  readonly weights?: readonly FirstWeights[];
  readonly activations?: readonly ActivationName[];
  /** Units per layer (default 64). */
  readonly width?: number;
  /** Plain gradient descent with momentum 0.9 (default rate 0.01), so that no optimiser hides what the gradients are like. */
  readonly learningRate?: number;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly device?: Device;
  readonly threads?: number;
}

/** Trains a net for every depth, first weights and activation; results: loss and accuracy on `test`. */
export async function depthSweep(train: Dataset, test: Dataset, options: DepthSweepOptions = {}): Promise<SweepTable> {
  const {
    depths = [1, 5, 10],
    weights = Object.keys(firstWeights) as FirstWeights[],
    activations = Object.keys(activationLayers) as ActivationName[],
    width = 64,
    learningRate = 0.01,
    epochs = 1,
    batchSize = 64,
    device,
    threads,
    ...rest
  } = options;
  const machine = { ...(device !== undefined && { device }), ...(threads !== undefined && { threads }) };
  return sweep(
    { depth: depths, weights, activation: activations },
    async ({ depth, weights: first, activation }, { seed }) => {
      const net = depthNet(sizeOf(train.imageShape), train.classes.length, { depth, width, activation, weights: first });
      const model = await fit(net, train, { epochs, batchSize, optimiser: sgd(learningRate, { momentum: 0.9 }), seed, ...machine });
      const { loss, accuracy } = await evaluate(model, test, machine);
      return { loss, accuracy };
    },
    rest,
  );
}
