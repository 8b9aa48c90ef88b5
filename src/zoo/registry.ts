// The nets that can be asked for by name: on the command line, in model files, in the lab.
import type { Module } from "../nn/module.ts";
import { ArgumentError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import { lenet5Net, smallNet } from "./lenet.ts";

export interface Architecture {
  readonly name: string;
  /** One line: what it is and where it comes from. */
  readonly about: string;
  /** [channels, height, width] it was designed for. */
  readonly inputShape: Shape;
  readonly classes: number;
  /** The net for pictures [channels, height, width] and a number of classes; throws `ShapeError` when they do not suit it. */
  build(inputShape: Shape, classes: number): Module;
}

export const architectures: readonly Architecture[] = [
  {
    name: "lenet",
    about: "LeNet-class net for small pictures: conv 16@5, pool, conv 32@5, pool, dense",
    inputShape: [1, 28, 28],
    classes: 10,
    build: smallNet,
  },
  {
    name: "lenet5",
    about: "LeNet-5 (LeCun, Bottou, Bengio, Haffner 1998) with ReLU, max pooling and all maps connected, 32 × 32",
    inputShape: [1, 32, 32],
    classes: 10,
    build: lenet5Net,
  },
];

/** Finds an architecture; throws `ArgumentError` that lists the known names. */
export function architecture(name: string): Architecture {
  const found = architectures.find((a) => a.name === name);
  if (found === undefined)
    throw new ArgumentError(`no net is called "${name}"; known nets: ${architectures.map((a) => a.name).join(", ")}`);
  return found;
}
