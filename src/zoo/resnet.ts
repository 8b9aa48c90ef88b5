// Residual nets for ImageNet and what grew out of them: one table of options, one function. He, Zhang, Ren, Sun 2016 (ResNet);
// Xie et al. 2017 (ResNeXt); Zagoruyko & Komodakis 2016 (wide); Hu, Shen, Sun 2018 (squeeze-and-excitation).
import { nn } from "../nn/index.ts";
import type { Module } from "../nn/module.ts";
import { type Architecture, type BuildNet, channelsOf, forImageNet } from "./architecture.ts";
import { plainConv, squeezeExcite, stage } from "./parts.ts";

export interface ResNetOptions {
  /** Units in each of the stages. */
  readonly units: readonly number[];
  /** Two 3×3 layers per unit (default), or 1×1, 3×3, 1×1 with four times as many maps at the end. */
  readonly unit?: "basic" | "bottleneck";
  /** Where the first bottleneck of a stage halves the map: in its 3×3 layer ("v1.5", torchvision's; default) or its first 1×1 (the paper's). */
  readonly halving?: "3x3" | "1x1";
  /** Groups of the 3×3 layers of bottlenecks (ResNeXt's cardinality, default 1). */
  readonly groups?: number;
  /** Maps of each group in the first stage (default 64). */
  readonly groupWidth?: number;
  /** Reduction of squeeze-and-excitation gates in every unit (default: no gates). */
  readonly squeeze?: number;
  /** Keep biases in the convolutions beside batch norm, as Keras does (default false). */
  readonly bias?: boolean;
  /** Maps after the first layer (default 64). A smaller number gives a small net of the same form. */
  readonly width?: number;
  /** Without shortcuts: the plain twin, which degrades with depth (default true). */
  readonly shortcuts?: boolean;
}

type Plan = Required<Omit<ResNetOptions, "units" | "squeeze">> & Pick<ResNetOptions, "squeeze">;

/** The net for any picture of at least 32 × 32 or so. */
export function resNet({ units, ...options }: ResNetOptions): BuildNet {
  const plan: Plan = {
    unit: "basic",
    halving: "3x3",
    groups: 1,
    groupWidth: 64,
    bias: false,
    width: 64,
    shortcuts: true,
    ...options,
  };
  return (inputShape, classes) => {
    const { width, bias } = plan;
    const expansion = plan.unit === "bottleneck" ? 4 : 1;
    let channels = width;
    const stages = units.map((count, s) =>
      stage(count, (i) => {
        const unit = residualUnit(plan, channels, width * 2 ** s, s > 0 && i === 0 ? 2 : 1);
        channels = width * 2 ** s * expansion;
        return unit;
      }),
    );
    return nn.sequential({
      conv1: plainConv(channelsOf(inputShape), width, 7, { stride: 2, bias }),
      bn1: nn.batchNorm2d(width),
      relu: nn.relu(),
      maxpool: nn.maxPool2d(3, { stride: 2, padding: 1 }),
      ...Object.fromEntries(stages.map((s, i) => [`layer${i + 1}`, s])),
      avgpool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      fc: nn.linear(channels, classes),
    });
  };
}

function residualUnit(plan: Plan, inChannels: number, maps: number, stride: number): Module {
  const { bias, squeeze } = plan;
  const outChannels = plan.unit === "bottleneck" ? 4 * maps : maps;
  const body = {
    ...(plan.unit === "bottleneck" ? bottleneck(plan, inChannels, maps, stride) : basic(plan, inChannels, maps, stride)),
    ...(squeeze !== undefined && { se: squeezeExcite(outChannels, outChannels / squeeze) }),
  };
  if (!plan.shortcuts) return nn.sequential({ ...body, activation: nn.relu() });
  const fits = stride === 1 && inChannels === outChannels;
  const projection = nn.sequential([plainConv(inChannels, outChannels, 1, { stride, bias }), nn.batchNorm2d(outChannels)]);
  return nn.residual(body, { activation: nn.relu(), ...(!fits && { shortcut: projection }) });
}

function basic({ bias }: Plan, inChannels: number, maps: number, stride: number): Record<string, Module> {
  return {
    conv1: plainConv(inChannels, maps, 3, { stride, bias }),
    bn1: nn.batchNorm2d(maps),
    relu1: nn.relu(),
    conv2: plainConv(maps, maps, 3, { bias }),
    bn2: nn.batchNorm2d(maps),
  };
}

function bottleneck({ groups, groupWidth, halving, bias }: Plan, inChannels: number, maps: number, stride: number): Record<string, Module> {
  const inner = Math.floor((maps * groupWidth) / 64) * groups;
  const [first, second] = halving === "1x1" ? [stride, 1] : [1, stride];
  return {
    conv1: plainConv(inChannels, inner, 1, { stride: first, bias }),
    bn1: nn.batchNorm2d(inner),
    relu1: nn.relu(),
    conv2: plainConv(inner, inner, 3, { stride: second, groups, bias }),
    bn2: nn.batchNorm2d(inner),
    relu2: nn.relu(),
    conv3: plainConv(inner, 4 * maps, 1, { bias }),
    bn3: nn.batchNorm2d(4 * maps),
  };
}

/** Units per stage of the ImageNet nets, by number of layers. */
const depths = { 18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3] } as const;

/** A net of bottlenecks. */
function deep(depth: 50 | 101 | 152, options: Omit<ResNetOptions, "units" | "unit"> = {}): BuildNet {
  return resNet({ units: depths[depth], unit: "bottleneck", ...options });
}

const he = "(He et al. 2016)";
const wide = "(Zagoruyko & Komodakis 2016)";

export const resNets: readonly Architecture[] = [
  ...([18, 34] as const).flatMap((depth) => [
    forImageNet(`resnet${depth}`, `ResNet-${depth} ${he}`, resNet({ units: depths[depth] })),
    forImageNet(`plain${depth}`, `ResNet-${depth}'s twin without shortcuts ${he}`, resNet({ units: depths[depth], shortcuts: false })),
  ]),
  ...([50, 101, 152] as const).flatMap((depth) => [
    forImageNet(`resnet${depth}`, `ResNet-${depth}, stride in the 3×3 layers (v1.5, torchvision) ${he}`, deep(depth)),
    forImageNet(
      `resnet${depth}-paper`,
      `ResNet-${depth} as in the paper: stride in the first 1×1 layers ${he}`,
      deep(depth, { halving: "1x1" }),
    ),
  ]),
  forImageNet(
    "resnet50-keras",
    "ResNet-50 as in Keras: stride in the first 1×1 layers, biases kept",
    deep(50, { halving: "1x1", bias: true }),
  ),
  forImageNet("resnext50-32x4d", "ResNeXt-50: 32 groups of 4 maps (Xie et al. 2017)", deep(50, { groups: 32, groupWidth: 4 })),
  forImageNet("resnext101-32x8d", "ResNeXt-101: 32 groups of 8 maps (Xie et al. 2017)", deep(101, { groups: 32, groupWidth: 8 })),
  forImageNet("wide-resnet50-2", `ResNet-50 with twice the maps in the 3×3 layers ${wide}`, deep(50, { groupWidth: 128 })),
  forImageNet("wide-resnet101-2", `ResNet-101 with twice the maps in the 3×3 layers ${wide}`, deep(101, { groupWidth: 128 })),
  forImageNet("se-resnet50", "ResNet-50 with gated maps (Hu, Shen, Sun 2018)", deep(50, { halving: "1x1", squeeze: 16 })),
];
