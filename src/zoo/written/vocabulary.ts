// The words of written nets: which layers there are, what can be said of them, and what they are built from. Editors make their
// controls from this table, so a layer that is added here can be edited everywhere.
import { blocks, initialise, type Module, nn } from "../../nn/index.ts";
import { ArgumentError } from "../../tensor/errors.ts";

/** What can be said of a layer. */
export interface LayerOption {
  readonly name: string;
  readonly kind: "count" | "number" | "choice";
  /** What holds when nothing is said; without it, it must be said. "out" is the number of classes. */
  readonly default?: number | string;
  /** Smallest value that makes sense. */
  readonly least?: number;
  /** End of a slider; larger values are allowed. */
  readonly usual?: number;
  /** Words that may stand instead of a number, or all words of a choice. */
  readonly words?: readonly string[];
}

export interface LayerWord {
  readonly kind: string;
  readonly group: "convolution" | "pooling" | "activation" | "normalisation" | "shape" | "block" | "around other layers";
  /** In the order in which they may be given without a name. */
  readonly options: readonly LayerOption[];
  /** For layers around other layers: how many branches there may be. */
  readonly branches?: "one" | "some";
}

/** A layer's options with all defaults filled in. */
export type LayerValues = Readonly<Record<string, number | string>>;

export interface BuildPlace {
  /** Maps, or features, that come in. */
  readonly channels: number;
  readonly classes: number;
  /** The branches of a layer around other layers. */
  readonly parts: readonly Module[];
}

interface Word extends LayerWord {
  /** What the library calls such a layer (default: the word). */
  readonly module?: string;
  readonly build: (values: LayerValues, place: BuildPlace) => Module;
}

const count = (name: string, fallback?: number | string, more: Partial<LayerOption> = {}): LayerOption => ({
  name,
  kind: "count",
  least: 1,
  ...(fallback !== undefined && { default: fallback }),
  ...more,
});
const maps = count("maps", undefined, { usual: 64, words: ["out"] });
const kernel = (size: number): LayerOption => count("kernel", size, { usual: 9 });
const stride = count("stride", 1, { usual: 4 });
const pad = count("pad", 0, { least: 0, usual: 4, words: ["same"] });
const dilation = count("dilation", 1, { usual: 4 });
const groups = count("groups", 1, { usual: 16 });
const bias: LayerOption = { name: "bias", kind: "choice", default: "on", words: ["on", "off"] };
const poolWindow = [kernel(2), count("stride", "kernel", { usual: 4, words: ["kernel"] }), count("pad", 0, { least: 0, usual: 2 })];

const startingWeights: Readonly<Record<string, () => initialise.Initialiser>> = {
  he: () => initialise.kaimingNormal(),
  xavier: () => initialise.xavierUniform(),
  small: () => initialise.normal(0, 0.01),
  zero: () => initialise.constant(0),
};
const init: LayerOption = { name: "init", kind: "choice", default: "usual", words: ["usual", ...Object.keys(startingWeights)] };

const n = (values: LayerValues, name: string): number => values[name] as number;
/** Options that all weights take; "usual" is what PyTorch does. */
const weights = ({ bias: b, init: i }: LayerValues): { bias: boolean; initialise?: initialise.Initialiser } => ({
  bias: b !== "off",
  ...(startingWeights[i as string] && { initialise: startingWeights[i as string]() }),
});
/** "same" is spelt alike in the text and in the library. */
const padding = (values: LayerValues): number | "same" => (values.pad === "same" ? "same" : n(values, "pad"));
const window = (values: LayerValues) => ({ stride: n(values, "stride"), padding: padding(values), dilation: n(values, "dilation") });
const poolOptions = (values: LayerValues) => ({
  stride: values.stride === "kernel" ? n(values, "kernel") : n(values, "stride"),
  padding: n(values, "pad"),
});
/** How many there are, where "out" stands for one per class. */
const many = (value: number | string, { classes }: BuildPlace): number => (value === "out" ? classes : (value as number));

const convolutions: readonly Word[] = [
  {
    kind: "conv",
    module: "conv2d",
    group: "convolution",
    options: [maps, kernel(3), stride, pad, dilation, groups, bias, init],
    build: (v, place) =>
      nn.conv2d(place.channels, many(v.maps, place), n(v, "kernel"), { ...window(v), groups: n(v, "groups"), ...weights(v) }),
  },
  {
    kind: "depthwise",
    module: "conv2d",
    group: "convolution",
    options: [kernel(3), stride, pad, dilation, count("multiplier", 1, { usual: 4 }), bias, init],
    build: (v, { channels }) =>
      nn.conv2d(channels, channels * n(v, "multiplier"), n(v, "kernel"), { ...window(v), groups: channels, ...weights(v) }),
  },
  {
    kind: "separable",
    module: "separableConv2d",
    group: "convolution",
    options: [maps, kernel(3), stride, pad, dilation, bias, init],
    build: (v, place) => nn.separableConv2d(place.channels, many(v.maps, place), n(v, "kernel"), { ...window(v), ...weights(v) }),
  },
  {
    kind: "transposed",
    module: "convTranspose2d",
    group: "convolution",
    options: [maps, kernel(2), count("stride", 2, { usual: 4 }), count("pad", 0, { least: 0, usual: 4 }), dilation, bias, init],
    build: (v, place) => nn.convTranspose2d(place.channels, many(v.maps, place), n(v, "kernel"), { ...window(v), ...weights(v) }),
  },
  {
    kind: "deformable",
    module: "deformConv2d",
    group: "convolution",
    options: [maps, kernel(3), stride, count("pad", 0, { least: 0, usual: 4 }), dilation, bias, init],
    build: (v, place) => nn.deformConv2d(place.channels, many(v.maps, place), n(v, "kernel"), { ...window(v), ...weights(v) }),
  },
];

const pools: readonly Word[] = [
  {
    kind: "maxpool",
    module: "maxPool2d",
    group: "pooling",
    options: poolWindow,
    build: (v) => nn.maxPool2d(n(v, "kernel"), poolOptions(v)),
  },
  {
    kind: "avgpool",
    module: "avgPool2d",
    group: "pooling",
    options: poolWindow,
    build: (v) => nn.avgPool2d(n(v, "kernel"), poolOptions(v)),
  },
  {
    kind: "l2pool",
    module: "lpPool2d",
    group: "pooling",
    options: poolWindow.slice(0, 2),
    build: (v) => nn.lpPool2d(2, n(v, "kernel"), { stride: poolOptions({ ...v, pad: 0 }).stride }),
  },
  { kind: "globalavg", module: "globalAvgPool", group: "pooling", options: [], build: () => nn.globalAvgPool() },
  { kind: "globalmax", module: "globalMaxPool", group: "pooling", options: [], build: () => nn.globalMaxPool() },
];

const activation = (kind: string, build: () => Module, module = kind): Word => ({ kind, module, group: "activation", options: [], build });
const activations: readonly Word[] = [
  activation("relu", nn.relu),
  {
    kind: "leaky",
    module: "leakyRelu",
    group: "activation",
    options: [{ name: "slope", kind: "number", default: 0.01, least: 0, usual: 0.5 }],
    build: (v) => nn.leakyRelu({ slope: n(v, "slope") }),
  },
  activation("sigmoid", nn.sigmoid),
  activation("tanh", nn.tanh),
  activation("elu", nn.elu),
  activation("selu", nn.selu),
  activation("gelu", nn.gelu),
  activation("silu", nn.silu),
  activation("relu6", nn.relu6),
  activation("softplus", nn.softplus),
  activation("hardswish", nn.hardSwish, "hardSwish"),
  activation("softmax", nn.softmax),
  activation("identity", nn.identity),
];

const normalisations: readonly Word[] = [
  // Whichever rank comes in: maps are normalised per map, features per feature.
  { kind: "batchnorm", module: "batchNorm2d", group: "normalisation", options: [], build: (_, { channels }) => nn.batchNorm2d(channels) },
  {
    kind: "groupnorm",
    module: "groupNorm",
    group: "normalisation",
    options: [count("groups", 1, { usual: 16 })],
    build: (v, { channels }) => nn.groupNorm(n(v, "groups"), channels),
  },
  {
    kind: "lrn",
    module: "localResponseNorm",
    group: "normalisation",
    options: [count("size", 5, { usual: 9 })],
    build: (v) => nn.localResponseNorm(n(v, "size")),
  },
  {
    kind: "dropout",
    group: "normalisation",
    options: [{ name: "p", kind: "number", default: 0.5, least: 0, usual: 0.9 }],
    build: (v) => nn.dropout(n(v, "p")),
  },
];

const shapes: readonly Word[] = [
  { kind: "flatten", group: "shape", options: [], build: () => nn.flatten() },
  {
    kind: "linear",
    group: "shape",
    options: [count("features", "out", { usual: 256, words: ["out"] }), bias, init],
    build: (v, place) => nn.linear(place.channels, many(v.features, place), weights(v)),
  },
  {
    kind: "shuffle",
    module: "channelShuffle",
    group: "shape",
    options: [count("groups", undefined, { usual: 8 })],
    build: (v) => nn.channelShuffle(n(v, "groups")),
  },
  { kind: "upsample", group: "shape", options: [count("scale", 2, { usual: 4 })], build: (v) => nn.upsample(n(v, "scale")) },
];

const made: readonly Word[] = [
  {
    kind: "squeeze",
    module: "squeezeExcite",
    group: "block",
    options: [count("reduction", 4, { usual: 16 })],
    build: (v, { channels }) => blocks.squeezeExcite(channels, { reduction: n(v, "reduction") }),
  },
  {
    kind: "dense",
    group: "block",
    options: [count("growth", 8, { usual: 32 }), count("layers", 3, { usual: 8 })],
    build: (v, { channels }) => blocks.denseBlock(channels, { growth: n(v, "growth"), layers: n(v, "layers") }),
  },
  {
    kind: "inception",
    group: "block",
    options: ["one", "threeReduce", "three", "fiveReduce", "five", "pool"].map((name) => count(name, 4, { usual: 32 })),
    build: (v, { channels }) => {
      const [one, threeReduce, three, fiveReduce, five, pool] = ["one", "threeReduce", "three", "fiveReduce", "five", "pool"].map((o) =>
        n(v, o),
      );
      return blocks.inception(channels, { one, threeReduce, three, fiveReduce, five, pool });
    },
  },
  {
    kind: "basic",
    group: "block",
    options: [maps, stride],
    build: (v, place) => blocks.basicBlock(place.channels, many(v.maps, place), { stride: n(v, "stride") }),
  },
  {
    kind: "inverted",
    group: "block",
    options: [maps, stride],
    build: (v, place) => blocks.invertedResidual(place.channels, many(v.maps, place), { stride: n(v, "stride") as 1 | 2 }),
  },
];

const around: readonly Word[] = [
  {
    kind: "residual",
    group: "around other layers",
    branches: "one",
    options: [],
    build: (_, { parts }) => nn.residual({ body: parts[0] }),
  },
  { kind: "concat", group: "around other layers", branches: "some", options: [], build: (_, { parts }) => nn.branches(byName(parts)) },
  {
    kind: "add",
    group: "around other layers",
    branches: "some",
    options: [],
    build: (_, { parts }) => nn.branches(byName(parts), { join: "add" }),
  },
];

function byName(parts: readonly Module[]): Record<string, Module> {
  return Object.fromEntries(parts.map((part, i) => [`branch${i + 1}`, part]));
}

const words: readonly Word[] = [...convolutions, ...pools, ...activations, ...normalisations, ...shapes, ...made, ...around];

/** All words of written nets with their options. */
export const layerVocabulary: readonly LayerWord[] = words.map(({ build: _, module: __, ...word }) => word);

/** The word, or undefined. */
export function wordOf(kind: string): Word | undefined {
  return words.find((word) => word.kind === kind);
}

/** The value of an option as text or number, refused where it makes no sense. */
export function checkOption(kind: string, option: LayerOption, value: number | string): number | string {
  const { name, least = Number.NEGATIVE_INFINITY, words: allowed = [] } = option;
  const refused = {
    kind: "layer option out of range",
    layer: kind,
    option: name,
    value,
    least: option.kind === "choice" ? undefined : option.least,
    words: allowed,
  } as const;
  if (typeof value === "string") {
    if (allowed.includes(value)) return value;
    const expected = option.kind === "choice" ? allowed.join(", ") : ["a number", ...allowed].join(" or ");
    throw new ArgumentError(`${kind}: ${name} is ${value}; expected ${expected}`, { reason: refused });
  }
  if (option.kind === "choice")
    throw new ArgumentError(`${kind}: ${name} is ${value}; expected ${allowed.join(", ")}`, { reason: refused });
  if (value < least || (option.kind === "count" && !Number.isInteger(value)) || value > 65_536) {
    throw new ArgumentError(`${kind}: ${name} is ${value}; expected ${option.kind === "count" ? "an integer" : "a number"} >= ${least}`, {
      reason: refused,
    });
  }
  return value;
}
