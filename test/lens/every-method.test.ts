// Every method of attribution on a tiny instance of every family of nets: a finite map of the right shape, or a typed error that says why not.
import { describe, expect, test } from "vitest";
import { readOnnx, writeOnnx } from "../../src/io/index.ts";
import { type AttributionMethod, attribute, attributionMethods } from "../../src/lens/index.ts";
import { blocks, createModel, type Model, type Module, nn } from "../../src/nn/index.ts";
import { mul, sigmoid } from "../../src/ops/index.ts";
import { ArgumentError, type FoveaError, UnsupportedOpError } from "../../src/tensor/errors.ts";
import { random, randomNormal } from "../../src/tensor/index.ts";

interface Family {
  readonly net: Module;
  readonly shape: readonly [channels: number, height: number, width: number];
  /** For parameters (default 6). */
  readonly seed?: number;
  /** What is not defined for it. */
  readonly refused?: Partial<Record<AttributionMethod, { readonly error: typeof FoveaError; readonly says: RegExp }>>;
}

const pooled = (channels: number): Readonly<Record<string, Module>> => ({
  pool: nn.globalAvgPool(),
  flatten: nn.flatten(),
  head: nn.linear(channels, 3),
});
const noAverage = { cam: { error: ArgumentError, says: /there is no average|between them is/ } } as const;
const noRelevance = (op: string) => ({ lrp: { error: UnsupportedOpError, says: new RegExp(`no rule for .*${op}`) } });

/** As torchvision writes the gate: the share first. */
const gateFirst: Module = nn.functional((x, context) => mul(sigmoid(context.child("squeeze", nn.globalAvgPool(), x)), x));

const families: Readonly<Record<string, Family>> = {
  "a plain net without an average, one channel": {
    shape: [1, 8, 8],
    net: nn.sequential({
      conv1: nn.conv2d(1, 4, 3),
      relu1: nn.relu(),
      pool: nn.maxPool2d(2),
      conv2: nn.conv2d(4, 5, 2),
      relu2: nn.relu(),
      flatten: nn.flatten(),
      head: nn.linear(20, 3),
    }),
    refused: noAverage,
  },
  "five channels, not square": {
    shape: [5, 8, 11],
    net: nn.sequential({ conv: nn.conv2d(5, 4, 3, { padding: 1 }), leaky: nn.leakyRelu(), ...pooled(4) }),
  },
  "ends in a softmax, after an average over parts": {
    shape: [3, 9, 8],
    net: nn.sequential({
      ...{ conv: nn.conv2d(3, 4, 3, { padding: 1 }), relu: nn.relu(), pool: nn.avgPool2d(4), flatten: nn.flatten() },
      ...{ head: nn.linear(16, 3), softmax: nn.softmax() },
    }),
    refused: noAverage,
  },
  "fully convolutional, as SqueezeNet": {
    shape: [3, 10, 8],
    net: nn.sequential({
      ...{ conv: nn.conv2d(3, 4, 3), relu: nn.relu() },
      fire: nn.branches({ one: nn.conv2d(4, 3, 1), three: nn.conv2d(4, 3, 3, { padding: 1 }) }),
      ...{
        relu2: nn.relu(),
        drop: nn.dropout(),
        conv10: nn.conv2d(6, 3, 1),
        relu3: nn.relu(),
        pool: nn.globalAvgPool(),
        flatten: nn.flatten(),
      },
    }),
  },
  "ReLU6 and depthwise convolutions, as MobileNet v2": {
    shape: [3, 8, 8],
    net: nn.sequential({ block: blocks.invertedResidual(3, 6, { stride: 2 }), relu6: nn.relu6(), ...pooled(6) }),
  },
  "residual with batch norm, as ResNet": {
    shape: [3, 8, 8],
    net: nn.sequential({ block1: blocks.basicBlock(3, 4, { stride: 2 }), block2: blocks.basicBlock(4, 4), ...pooled(4) }),
  },
  "concatenating, norm before convolution, as DenseNet": {
    shape: [3, 8, 8],
    net: nn.sequential({
      block: blocks.denseBlock(3, { layers: 2, growth: 2, bottleneck: 0 }),
      ...{ norm: nn.batchNorm2d(7), relu: nn.relu(), ...pooled(7) },
    }),
  },
  "squeeze and excitation with SiLU, as EfficientNet": {
    shape: [3, 8, 8],
    net: nn.sequential({ conv: nn.conv2d(3, 4, 3), silu: nn.silu(), gate: blocks.squeezeExcite(4, { reduction: 2 }), ...pooled(4) }),
  },
  "a gate that is written first": {
    shape: [3, 8, 8],
    net: nn.sequential({ conv: nn.conv2d(3, 4, 3), relu: nn.relu(), gate: gateFirst, ...pooled(4) }),
  },
  "layer norm and GELU, as ConvNeXt": {
    shape: [3, 8, 8],
    net: nn.sequential({
      ...{ conv: nn.conv2d(3, 4, 2, { stride: 2 }), norm: nn.groupNorm(1, 4), gelu: nn.gelu() },
      ...pooled(4),
    }),
    refused: noRelevance("[nN]orm"),
  },
};

function modelOf({ net, shape, seed = 6 }: Family): Model {
  return createModel(net, shape, { seed });
}

async function imported(model: Model): Promise<Model> {
  return (await readOnnx(writeOnnx(model))).model();
}

const few = { samples: 3, points: 3, masks: 12, window: 4, stride: 4 } as const;

async function expectAnswer(
  model: Model,
  method: AttributionMethod,
  { shape, refused }: Family,
  dtype: "float32" | "float64",
): Promise<void> {
  const [channels, height, width] = shape;
  const image = randomNormal(shape, random(7)).cast(dtype);
  const asked = attribute(model, image, { method, class: 1, device: "reference", dtype, ...few });
  const no = refused?.[method];
  if (no !== undefined) {
    await expect(asked).rejects.toThrow(no.error);
    await expect(asked).rejects.toThrow(no.says);
    return;
  }
  const { map, score, range, warnings } = await asked;
  expect([channels, 1]).toContain(map.shape[0]);
  expect(map.shape.slice(1)).toEqual([height, width]);
  expect(map.data.every(Number.isFinite)).toBe(true);
  expect(Number.isFinite(score)).toBe(true);
  // Zeros may carry a sign.
  expect(range.low).toBeCloseTo(Math.min(...map.data), 12);
  expect(range.high).toBeCloseTo(Math.max(...map.data), 12);
  // An empty map is an answer, but never without its reason.
  if (map.data.every((v) => v === 0)) expect(warnings.join()).toMatch(/zero everywhere/);
}

describe.each(Object.entries(families))("%s", (_, family) => {
  test.each(attributionMethods)("G2 G3 G6 G7 G9 %s, as built in float64, and as read from a file in float32", async (method) => {
    const model = modelOf(family);
    await expectAnswer(model, method, family, "float64");
    await expectAnswer(await imported(model), method, family, "float32");
  });
});
