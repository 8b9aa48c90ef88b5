// The five nets with which LeCun asked in 1989 what knowledge about pictures is worth: dense, deeper, local, local and shared, twice shared.
// From net to net they have more connections and fewer weights, and get better on unseen digits.
// LeCun, "Generalization and network design strategies", technical report CRG-TR-89-4, University of Toronto.
import { initialise, nn } from "../nn/index.ts";
import { checkChannels } from "../nn/layers/conv.ts";
import type { Model } from "../nn/model.ts";
import { defineModule, type Module } from "../nn/module.ts";
import { add, conv2d } from "../ops/index.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape } from "../tensor/shape.ts";
import { type Architecture, forDigits } from "./architecture.ts";

export type Lecun1989 = 1 | 2 | 3 | 4 | 5;

/** What the report counts and found. Test accuracy in percent, on 160 digits after training on 320. */
export interface Lecun1989Figures {
  readonly about: string;
  readonly links: number;
  readonly weights: number;
  readonly accuracy: number;
}

export const lecun1989Figures: Readonly<Record<Lecun1989, Lecun1989Figures>> = {
  1: { about: "one dense layer", links: 2570, weights: 2570, accuracy: 80.0 },
  2: { about: "12 hidden units, dense", links: 3214, weights: 3214, accuracy: 87.0 },
  3: { about: "two hidden layers of local windows, nothing shared", links: 1226, weights: 1226, accuracy: 88.5 },
  4: { about: "two maps with shared weights, then local windows", links: 2266, weights: 1132, accuracy: 94.0 },
  5: { about: "two levels of maps with shared weights", links: 5194, weights: 1060, accuracy: 98.4 },
};

/** Every map halves the picture's size; the windows overlap. */
const halving = { stride: 2, padding: "same" } as const;

/** A convolution whose weights are shared and whose biases are not: one constant for each unit, as the report has it. */
function sharedMaps(inChannels: number, outChannels: number, kernelSize: number): Module {
  checkChannels("sharedMaps", { inChannels, outChannels, kernelSize });
  return defineModule("sharedMaps", (x, context) => {
    const fans = { fanIn: inChannels * kernelSize ** 2, fanOut: outChannels * kernelSize ** 2 };
    const weight = context.parameter("weight", [outChannels, inChannels, kernelSize, kernelSize], initialise.fanInUniform(), fans);
    const y = conv2d(x, weight, undefined, halving);
    return add(y, context.parameter("bias", y.shape.slice(1), initialise.fanInUniform(), fans));
  });
}

/**
 * Net-1 to Net-5 for pictures of 1×16×16, with tanh units; the last layer gives logits. Throws `ShapeError` for other pictures, because the
 * counts belong to this size, and `ArgumentError` for other numbers.
 */
export function lecun1989Net(number: Lecun1989, inputShape: Shape = [1, 16, 16], classes = 10): Module {
  if (inputShape.join() !== "1,16,16") {
    throw new ShapeError(`lecun1989: pictures are ${showShape(inputShape)}; the five nets are for [1, 16, 16]`);
  }
  const last = (features: number): Readonly<Record<string, Module>> => ({ flatten: nn.flatten(), logits: nn.linear(features, classes) });
  switch (number) {
    case 1:
      return nn.sequential(last(256));
    case 2:
      return nn.sequential({ flatten: nn.flatten(), h1: nn.linear(256, 12), tanh1: nn.tanh(), logits: nn.linear(12, classes) });
    case 3:
      return nn.sequential({
        h1: nn.locallyConnected2d(1, 1, 3, halving),
        tanh1: nn.tanh(),
        h2: nn.locallyConnected2d(1, 1, 5, halving),
        tanh2: nn.tanh(),
        ...last(16),
      });
    case 4:
      return nn.sequential({
        h1: sharedMaps(1, 2, 3),
        tanh1: nn.tanh(),
        h2: nn.locallyConnected2d(2, 1, 5, halving),
        tanh2: nn.tanh(),
        ...last(16),
      });
    case 5:
      return nn.sequential({ h1: sharedMaps(1, 2, 3), tanh1: nn.tanh(), h2: sharedMaps(2, 4, 5), tanh2: nn.tanh(), ...last(64) });
    default:
      throw new ArgumentError(`lecun1989: there is no Net-${String(number)}; there are Net-1 to Net-5`);
  }
}

/** Links as the report counts them: one for each product and one for each unit's bias; windows at the border keep their links. */
export function linksOf(model: Model): number {
  const weighted = model.summary().layers.filter((layer) => layer.parameters > 0);
  return weighted.reduce((sum, layer) => sum + layer.macs + layer.activations, 0);
}

export const lecun1989Nets: readonly Architecture[] = ([1, 2, 3, 4, 5] satisfies Lecun1989[]).map((number) =>
  forDigits(
    `lecun1989-${number}`,
    `Net-${number} of LeCun 1989, 16 × 16: ${lecun1989Figures[number].about}`,
    (inputShape, classes) => lecun1989Net(number, inputShape, classes),
    16,
  ),
);
