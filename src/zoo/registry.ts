// The nets that can be asked for by name: on the command line, in model files, in the lab.
import { createModel, type Model, type ModelOptions } from "../nn/model.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { proposal } from "../tensor/options.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { alexNets } from "./alexnet.ts";
import type { Architecture } from "./architecture.ts";
import { convNexts } from "./convnext.ts";
import { dcgans } from "./dcgan.ts";
import { denseNets } from "./densenet.ts";
import { efficientNets } from "./efficientnet.ts";
import { googLeNets } from "./googlenet.ts";
import { inceptions } from "./inception-v3.ts";
import { labNets } from "./lab-nets.ts";
import { lecun1989Nets } from "./lecun1989.ts";
import { lenets } from "./lenet.ts";
import { lenets1998 } from "./lenet5-1998.ts";
import { mnistNets } from "./mnist-nets.ts";
import { mobileNetsV1 } from "./mobilenet-v1.ts";
import { mobileNetsV2 } from "./mobilenet-v2.ts";
import { mobileNetsV3 } from "./mobilenet-v3.ts";
import { preActResNets } from "./preact-resnet.ts";
import { resNets } from "./resnet.ts";
import { cifarResNets } from "./resnet-cifar.ts";
import { shuffleNets } from "./shufflenet.ts";
import { spatialTransformers } from "./spatial-transformer.ts";
import { squeezeNets } from "./squeezenet.ts";
import { uNets } from "./unet.ts";
import { vggs } from "./vgg.ts";
import { isWritten, writtenArchitecture } from "./written/index.ts";
import { xceptions } from "./xception.ts";

export const architectures: readonly Architecture[] = [
  ...lenets,
  ...lenets1998,
  ...lecun1989Nets,
  ...mnistNets,
  ...labNets,
  ...alexNets,
  ...vggs,
  ...googLeNets,
  ...inceptions,
  ...resNets,
  ...cifarResNets,
  ...preActResNets,
  ...denseNets,
  ...squeezeNets,
  ...mobileNetsV1,
  ...mobileNetsV2,
  ...mobileNetsV3,
  ...shuffleNets,
  ...xceptions,
  ...efficientNets,
  ...convNexts,
  ...spatialTransformers,
  ...uNets,
  ...dcgans,
];

/** Finds an architecture, also one written as text ("net: conv(8 3) relu ..."); throws `ArgumentError` that lists the known names. */
export function architecture(name: string): Architecture {
  if (typeof name === "string" && isWritten(name)) return writtenArchitecture(name);
  const found = architectures.find((a) => a.name === name);
  if (found === undefined) {
    const names = architectures.map((a) => a.name);
    throw new ArgumentError(`no net is called "${name}"${proposal(name, names)}; known nets: ${names.join(", ")}`);
  }
  return found;
}

export interface ZooOptions extends ModelOptions {
  /** [channels, height, width] (default: what the net was designed for). */
  readonly inputShape?: Shape;
  /** Number of classes (default: of `classes`, or what the net was designed for). */
  readonly outputs?: number;
}

/**
 * A net of the zoo with parameters: `zooModel("resnet18", { outputs: 10 })`. `parameters` may be a state_dict of torchvision; what it holds for
 * parts that exist in training only is left out.
 */
export function zooModel(name: string, { inputShape, outputs, parameters, ...options }: ZooOptions = {}): Model {
  const found = architecture(name);
  const shape = inputShape ?? found.inputShape;
  const net = found.build(shape, outputs ?? options.classes?.length ?? found.classes);
  return createModel(net, shape, { ...options, ...(parameters && { parameters: builtParts(found, parameters) }) });
}

function builtParts({ trainingParts = [] }: Architecture, parameters: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  if (trainingParts.length === 0 || !(parameters instanceof Map)) return parameters;
  return new Map([...parameters].filter(([name]) => !trainingParts.includes(name.split(".")[0])));
}
