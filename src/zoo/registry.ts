// The nets that can be asked for by name: on the command line, in model files, in the lab.
import { createModel, type Model, type ModelOptions } from "../nn/model.ts";
import { ArgumentError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Architecture } from "./architecture.ts";
import { lecun1989Nets } from "./lecun1989.ts";
import { lenets } from "./lenet.ts";
import { mobileNetsV1 } from "./mobilenet-v1.ts";
import { mobileNetsV2 } from "./mobilenet-v2.ts";
import { mobileNetsV3 } from "./mobilenet-v3.ts";
import { resNets } from "./resnet.ts";
import { cifarResNets } from "./resnet-cifar.ts";
import { vggs } from "./vgg.ts";

export const architectures: readonly Architecture[] = [
  ...lenets,
  ...lecun1989Nets,
  ...vggs,
  ...resNets,
  ...cifarResNets,
  ...mobileNetsV1,
  ...mobileNetsV2,
  ...mobileNetsV3,
];

/** Finds an architecture; throws `ArgumentError` that lists the known names. */
export function architecture(name: string): Architecture {
  const found = architectures.find((a) => a.name === name);
  if (found === undefined)
    throw new ArgumentError(`no net is called "${name}"; known nets: ${architectures.map((a) => a.name).join(", ")}`);
  return found;
}

export interface ZooOptions extends ModelOptions {
  /** [channels, height, width] (default: what the net was designed for). */
  readonly inputShape?: Shape;
  /** Number of classes (default: of `classes`, or what the net was designed for). */
  readonly outputs?: number;
}

/** A net of the zoo with parameters: `zooModel("resnet18", { outputs: 10 })`. */
export function zooModel(name: string, { inputShape, outputs, ...options }: ZooOptions = {}): Model {
  const found = architecture(name);
  const shape = inputShape ?? found.inputShape;
  return createModel(found.build(shape, outputs ?? options.classes?.length ?? found.classes), shape, options);
}
