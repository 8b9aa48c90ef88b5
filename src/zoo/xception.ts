// Xception: Inception's idea taken to its end: maps are mixed at single positions and windows are seen map by map. Chollet 2017, figure 5.
import { nn } from "../nn/index.ts";
import type { Module } from "../nn/module.ts";
import { type Architecture, type BuildNet, channelsOf, forImageNet } from "./architecture.ts";
import { plainConv } from "./parts.ts";

/** A 3×3 convolution per map, then a 1×1 over the maps, nothing between them; batch norm after both. */
function separable(inChannels: number, outChannels: number): Module {
  return nn.sequential({
    depthwise: plainConv(inChannels, inChannels, 3, { groups: inChannels }),
    pointwise: plainConv(inChannels, outChannels, 1),
    bn: nn.batchNorm2d(outChannels),
  });
}

interface Block {
  /** Maps after each separable convolution. */
  readonly maps: readonly number[];
  /** End with a pool that halves the maps' size; the shortcut is then a 1×1 convolution (default true). */
  readonly halve?: boolean;
  /** Start with an activation (default true). */
  readonly activated?: boolean;
}

function block(inChannels: number, { maps, halve = true, activated = true }: Block): Module {
  const parts: Record<string, Module> = {};
  maps.forEach((outChannels, i) => {
    if (i > 0 || activated) parts[`relu${i + 1}`] = nn.relu();
    parts[`sepconv${i + 1}`] = separable(i === 0 ? inChannels : maps[i - 1], outChannels);
  });
  if (!halve) return nn.residual(parts);
  const outChannels = maps[maps.length - 1];
  const shortcut = nn.sequential([plainConv(inChannels, outChannels, 1, { stride: 2 }), nn.batchNorm2d(outChannels)]);
  return nn.residual({ ...parts, pool: nn.maxPool2d(3, { stride: 2, padding: 1 }) }, { shortcut });
}

export function xception(): BuildNet {
  return (inputShape, classes) => {
    const middle = Array.from({ length: 8 }, (_, i) => [`block${i + 4}`, block(728, { maps: [728, 728, 728], halve: false })] as const);
    return nn.sequential({
      conv1: plainConv(channelsOf(inputShape), 32, 3, { stride: 2, padding: 0 }),
      bn1: nn.batchNorm2d(32),
      relu1: nn.relu(),
      conv2: plainConv(32, 64, 3, { padding: 0 }),
      bn2: nn.batchNorm2d(64),
      relu2: nn.relu(),
      block1: block(64, { maps: [128, 128], activated: false }),
      block2: block(128, { maps: [256, 256] }),
      block3: block(256, { maps: [728, 728] }),
      ...Object.fromEntries(middle),
      block12: block(728, { maps: [728, 1024] }),
      sepconv3: separable(1024, 1536),
      relu3: nn.relu(),
      sepconv4: separable(1536, 2048),
      relu4: nn.relu(),
      avgpool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      fc: nn.linear(2048, classes),
    });
  };
}

export const xceptions: readonly Architecture[] = [forImageNet("xception", "Xception (Chollet 2017)", xception(), 299)];
