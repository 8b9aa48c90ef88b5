// GoogLeNet: nine blocks that look at 1×1, 3×3 and 5×5 windows side by side. Szegedy et al. 2015, table 1.
// torchvision's differs in more than batch norm: its 5×5 branches are 3×3, a known slip that its weights have made permanent.
import { nn } from "../nn/index.ts";
import type { Module } from "../nn/module.ts";
import { type Architecture, type BuildNet, channelsOf, forImageNet } from "./architecture.ts";
import { he, plainConv, zero } from "./parts.ts";

/** Maps of one block: 1×1; 3×3 after its reduction; 5×5 after its reduction; 1×1 after the pool. */
type Block = readonly [one: number, threeFrom: number, three: number, fiveFrom: number, five: number, pooled: number];

const blocks: Readonly<Record<string, Block>> = {
  "3a": [64, 96, 128, 16, 32, 32],
  "3b": [128, 128, 192, 32, 96, 64],
  "4a": [192, 96, 208, 16, 48, 64],
  "4b": [160, 112, 224, 24, 64, 64],
  "4c": [128, 128, 256, 24, 64, 64],
  "4d": [112, 144, 288, 32, 64, 64],
  "4e": [256, 160, 320, 32, 128, 128],
  "5a": [256, 160, 320, 32, 128, 128],
  "5b": [384, 192, 384, 48, 128, 128],
};

/** A convolution with what follows it; the paper's has a bias, torchvision's batch norm. */
type Convolve = (inChannels: number, outChannels: number, kernel: number, stride?: number) => Module;

const withBias: Convolve = (inChannels, outChannels, kernel, stride = 1) =>
  nn.sequential({ conv: plainConv(inChannels, outChannels, kernel, { stride, bias: true, initialiseBias: zero }), relu: nn.relu() });

const withNorm: Convolve = (inChannels, outChannels, kernel, stride = 1) =>
  nn.sequential({
    conv: plainConv(inChannels, outChannels, kernel, { stride }),
    bn: nn.batchNorm2d(outChannels, { eps: 1e-3 }),
    relu: nn.relu(),
  });

function inception(convolve: Convolve, five: 3 | 5, channels: number, block: Block): Module {
  const [one, threeFrom, threes, fiveFrom, fives, pooled] = block;
  return nn.branches({
    branch1: convolve(channels, one, 1),
    branch2: nn.sequential([convolve(channels, threeFrom, 1), convolve(threeFrom, threes, 3)]),
    branch3: nn.sequential([convolve(channels, fiveFrom, 1), convolve(fiveFrom, fives, five)]),
    branch4: nn.sequential([nn.maxPool2d(3, { stride: 1, padding: 1 }), convolve(channels, pooled, 1)]),
  });
}

const pool = (size: number): Module => nn.maxPool2d(size, { stride: 2, ceilMode: true });
const responseNorm = (): Module => nn.localResponseNorm(5, { k: 1, alpha: 1e-4, beta: 0.75 });

/** Without the auxiliary classifiers, which exist in training only. */
export function googLeNet(form: "paper" | "torchvision" = "paper"): BuildNet {
  const paper = form === "paper";
  const convolve = paper ? withBias : withNorm;
  return (inputShape, classes) => {
    let channels = 192;
    const run = (letters: string): Record<string, Module> => {
      const parts: Record<string, Module> = {};
      for (const name of letters.split(" ")) {
        const block = blocks[name];
        parts[`inception${name}`] = inception(convolve, paper ? 5 : 3, channels, block);
        channels = block[0] + block[2] + block[4] + block[5];
      }
      return parts;
    };
    return nn.sequential({
      conv1: convolve(channelsOf(inputShape), 64, 7, 2),
      maxpool1: pool(3),
      ...(paper && { norm1: responseNorm() }),
      conv2: convolve(64, 64, 1),
      conv3: convolve(64, 192, 3),
      ...(paper && { norm2: responseNorm() }),
      maxpool2: pool(3),
      ...run("3a 3b"),
      maxpool3: pool(3),
      ...run("4a 4b 4c 4d 4e"),
      maxpool4: pool(paper ? 3 : 2),
      ...run("5a 5b"),
      avgpool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      dropout: nn.dropout(paper ? 0.4 : 0.2),
      fc: nn.linear(channels, classes, { initialise: he, initialiseBias: zero }),
    });
  };
}

export const googLeNets: readonly Architecture[] = [
  {
    ...forImageNet("googlenet", "GoogLeNet as in torchvision: batch norm, 3×3 where the paper has 5×5", googLeNet("torchvision")),
    trainingParts: ["aux1", "aux2"],
  },
  forImageNet("googlenet-paper", "GoogLeNet of the paper: 5×5 branches, biases, response norm (Szegedy et al. 2015)", googLeNet("paper")),
];
