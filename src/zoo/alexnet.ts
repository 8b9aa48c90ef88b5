// AlexNet: the net that turned computer vision around, as two halves on two GPUs met in layers 3, 6 and 7 only; the same without the
// halves; torchvision's single tower; and ZF Net, which looked inside it and made the first layer finer.
import { initialise, nn } from "../nn/index.ts";
import type { Module } from "../nn/module.ts";
import { type Architecture, type BuildNet, channelsOf, forImageNet } from "./architecture.ts";
import { he, zero } from "./parts.ts";

/** Response normalisation as in section 3.3 of the paper: α multiplies the sum of squares. */
const responseNorm = (): Module => nn.localResponseNorm(5, { k: 2, alpha: 1e-4, beta: 0.75, alphaForm: "sum" });

const dense = { initialise: he, initialiseBias: zero };

/** Two hidden dense layers of `hidden` units with dropout before each; children as in torchvision. */
function denseHead(features: number, classes: number, hidden = 4096): Module {
  return nn.sequential([
    nn.dropout(),
    nn.linear(features, hidden, dense),
    nn.relu(),
    nn.dropout(),
    nn.linear(hidden, hidden, dense),
    nn.relu(),
    nn.linear(hidden, classes, { initialise: initialise.normal(0, 0.01), initialiseBias: zero }),
  ]);
}

/** `groups` 2 is the net of the paper, 1 lets every map see all maps. Krizhevsky, Sutskever, Hinton 2012. */
export function alexNet({ groups = 2 }: { readonly groups?: 1 | 2 } = {}): BuildNet {
  return (inputShape, classes) =>
    nn.sequential({
      conv1: nn.conv2d(channelsOf(inputShape), 96, 11, { stride: 4, ...dense }),
      relu1: nn.relu(),
      norm1: responseNorm(),
      pool1: nn.maxPool2d(3, { stride: 2 }),
      conv2: nn.conv2d(96, 256, 5, { padding: 2, groups, ...dense }),
      relu2: nn.relu(),
      norm2: responseNorm(),
      pool2: nn.maxPool2d(3, { stride: 2 }),
      conv3: nn.conv2d(256, 384, 3, { padding: 1, ...dense }),
      relu3: nn.relu(),
      conv4: nn.conv2d(384, 384, 3, { padding: 1, groups, ...dense }),
      relu4: nn.relu(),
      conv5: nn.conv2d(384, 256, 3, { padding: 1, groups, ...dense }),
      relu5: nn.relu(),
      pool5: nn.maxPool2d(3, { stride: 2 }),
      avgpool: nn.adaptiveAvgPool2d(6),
      flatten: nn.flatten(),
      classifier: denseHead(256 * 36, classes),
    });
}

/** One tower with fewer maps, from Krizhevsky 2014, as torchvision builds it. */
export function alexNetTorchvision(): BuildNet {
  return (inputShape, classes) =>
    nn.sequential({
      features: nn.sequential([
        nn.conv2d(channelsOf(inputShape), 64, 11, { stride: 4, padding: 2, ...dense }),
        nn.relu(),
        nn.maxPool2d(3, { stride: 2 }),
        nn.conv2d(64, 192, 5, { padding: 2, ...dense }),
        nn.relu(),
        nn.maxPool2d(3, { stride: 2 }),
        nn.conv2d(192, 384, 3, { padding: 1, ...dense }),
        nn.relu(),
        nn.conv2d(384, 256, 3, { padding: 1, ...dense }),
        nn.relu(),
        nn.conv2d(256, 256, 3, { padding: 1, ...dense }),
        nn.relu(),
        nn.maxPool2d(3, { stride: 2 }),
      ]),
      avgpool: nn.adaptiveAvgPool2d(6),
      flatten: nn.flatten(),
      classifier: denseHead(256 * 36, classes),
    });
}

/** Zeiler & Fergus 2014, figure 3: maps of 110, 55, 26, 13 and 6. The first two pools round up. */
export function zfNet(): BuildNet {
  return (inputShape, classes) =>
    nn.sequential({
      conv1: nn.conv2d(channelsOf(inputShape), 96, 7, { stride: 2, padding: 1, ...dense }),
      relu1: nn.relu(),
      pool1: nn.maxPool2d(3, { stride: 2, ceilMode: true }),
      norm1: responseNorm(),
      conv2: nn.conv2d(96, 256, 5, { stride: 2, ...dense }),
      relu2: nn.relu(),
      pool2: nn.maxPool2d(3, { stride: 2, ceilMode: true }),
      norm2: responseNorm(),
      conv3: nn.conv2d(256, 384, 3, { padding: 1, ...dense }),
      relu3: nn.relu(),
      conv4: nn.conv2d(384, 384, 3, { padding: 1, ...dense }),
      relu4: nn.relu(),
      conv5: nn.conv2d(384, 256, 3, { padding: 1, ...dense }),
      relu5: nn.relu(),
      pool5: nn.maxPool2d(3, { stride: 2 }),
      avgpool: nn.adaptiveAvgPool2d(6),
      flatten: nn.flatten(),
      classifier: denseHead(256 * 36, classes),
    });
}

export const alexNets: readonly Architecture[] = [
  forImageNet("alexnet", "AlexNet, one tower, as in torchvision (Krizhevsky 2014)", alexNetTorchvision()),
  forImageNet("alexnet-2012", "AlexNet in two halves (Krizhevsky, Sutskever, Hinton 2012)", alexNet(), 227),
  forImageNet("alexnet-ungrouped", "AlexNet of 2012 with all maps connected", alexNet({ groups: 1 }), 227),
  forImageNet("zfnet", "ZF Net (Zeiler & Fergus 2014)", zfNet()),
];
