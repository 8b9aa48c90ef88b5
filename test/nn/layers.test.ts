// Gradients through layers: of the input and of every parameter, in float64 against central differences.
import { describe, expect, test } from "vitest";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { constant } from "../../src/graph/record.ts";
import { substitute } from "../../src/graph/rewrite.ts";
import type { Value } from "../../src/graph/value.ts";
import { createModel, type Model, type Module, nn } from "../../src/nn/index.ts";
import * as ops from "../../src/ops/index.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import { ones, type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { checkGradient } from "../support/gradient-check.ts";

/** The net as a function of its input and parameters, and float64 values for them that are away from kinks and symmetries. */
function asFunction(model: Model, training: boolean, batch: number): { build: (inputs: readonly Value[]) => Value; tensors: Tensor[] } {
  const names = [...model.parameters.keys()];
  const tensors = [[batch, ...model.inputShape], ...[...model.parameters.values()].map((t) => t.shape)].map((shape, i) =>
    randomNormal(shape, random(11, i)).cast("float64"),
  );
  const build = (inputs: readonly Value[]): Value => {
    const traced = model.trace({ batch, training, frozen: false, dtype: "float64" });
    const replaced = new Map<Value, Value>([[traced.input, inputs[0]]]);
    names.forEach((name, i) => {
      replaced.set(traced.parameters.get(name) as Value, inputs[i + 1]);
    });
    for (const [name, value] of traced.variables) {
      if (!model.parameters.has(name)) replaced.set(value, constant(value.attrs.initial as Tensor));
    }
    return substitute([traced.output], replaced)[0];
  };
  return { build, tensors };
}

const layers: [string, Module, readonly number[]][] = [
  ["conv1d", nn.conv1d(2, 4, 3, { stride: 2, padding: 1, groups: 2 }), [2, 9]],
  ["conv2d", nn.conv2d(2, 3, 3, { stride: 2, padding: "same" }), [2, 5, 6]],
  ["conv2d, reflect, dilated", nn.conv2d(2, 3, [3, 2], { padding: 2, dilation: 2, paddingMode: "reflect", bias: false }), [2, 6, 5]],
  [
    "conv3d",
    nn.conv3d(1, 2, 2, {
      padding: [
        [1, 0],
        [0, 0],
        [0, 1],
      ],
    }),
    [1, 3, 4, 3],
  ],
  ["convTranspose1d", nn.convTranspose1d(2, 3, 3, { stride: 2, outputPadding: 1 }), [2, 4]],
  ["convTranspose2d", nn.convTranspose2d(4, 2, 3, { stride: 2, padding: 1, groups: 2 }), [4, 3, 4]],
  ["convTranspose3d", nn.convTranspose3d(1, 2, 2), [1, 2, 3, 2]],
  ["linear", nn.linear(5, 4), [5]],
  ["batchNorm1d", nn.batchNorm1d(3), [3]],
  ["batchNorm2d", nn.batchNorm2d(3), [3, 4, 2]],
  ["batchNorm3d", nn.batchNorm3d(2, { affine: false }), [2, 2, 3, 2]],
  ["layerNorm", nn.layerNorm([3, 4]), [2, 3, 4]],
  ["rmsNorm", nn.rmsNorm(4), [3, 4]],
  ["maxout", nn.maxout({ pieces: 3 }), [6, 2]],
  ["glu", nn.glu(), [6, 2]],
  ["globalLpPool", nn.globalLpPool({ p: 3 }), [2, 3, 3]],
  ["stochasticPool2d", nn.sequential([nn.softplus(), nn.stochasticPool2d(2)]), [2, 4, 4]],
  ["fractionalMaxPool2d", nn.fractionalMaxPool2d(2, { outputSize: 3 }), [2, 5, 5]],
  ["maxPool1d", nn.maxPool1d(2), [2, 6]],
  ["avgPool3d", nn.avgPool3d(2), [1, 4, 2, 4]],
  ["lpPool1d", nn.lpPool1d(2, 3, { stride: 2 }), [2, 7]],
  ["adaptiveAvgPool1d", nn.adaptiveAvgPool1d(3), [2, 7]],
  ["adaptiveMaxPool3d", nn.adaptiveMaxPool3d(2), [1, 3, 4, 3]],
  ["groupNorm", nn.groupNorm(2, 4), [4, 3, 2]],
  ["instanceNorm", nn.instanceNorm(3, { affine: true }), [3, 4, 3]],
  ["localResponseNorm", nn.localResponseNorm(3, { alpha: 0.5, k: 2 }), [5, 2, 2]],
  ["prelu", nn.prelu(3), [3, 4]],
  ["maxPool2d", nn.maxPool2d(3, { stride: 2, padding: 1, ceilMode: true }), [2, 6, 5]],
  ["avgPool2d", nn.avgPool2d(2, { padding: 1, countIncludePad: false }), [2, 5, 4]],
  ["lpPool2d", nn.lpPool2d(3, 2), [2, 4, 4]],
  ["globalAvgPool", nn.globalAvgPool(), [3, 4, 4]],
  ["globalMaxPool", nn.globalMaxPool(), [3, 4, 4]],
  ["adaptiveAvgPool2d", nn.adaptiveAvgPool2d([3, 2]), [2, 5, 7]],
  ["adaptiveMaxPool2d", nn.adaptiveMaxPool2d(3), [2, 5, 7]],
  ["upsample", nn.upsample(2, { mode: "linear" }), [2, 3, 3]],
  [
    "pad",
    nn.pad(
      [
        [1, 0],
        [2, 1],
      ],
      { mode: "replicate" },
    ),
    [2, 3, 3],
  ],
  ["flatten", nn.flatten(), [2, 3, 2]],
  ["dropout", nn.sequential({ fc: nn.linear(6, 8), drop: nn.dropout(0.4) }), [6]],
  [
    "residual",
    nn.residual({ conv1: nn.conv2d(2, 3, 3, { padding: 1 }), act: nn.tanh() }, { shortcut: nn.conv2d(2, 3, 1), activation: nn.silu() }),
    [2, 4, 4],
  ],
  ["branches", nn.branches({ a: nn.conv2d(2, 3, 1), b: nn.sequential([nn.conv2d(2, 1, 3, { padding: 1 }), nn.gelu()]) }), [2, 4, 3]],
  [
    "functional",
    nn.functional((x, c) => ops.mul(c.child("value", nn.linear(4, 3), x), ops.sigmoid(c.child("gate", nn.linear(4, 3), x)))),
    [4],
  ],
];
const activations: [string, Module][] = [
  ["relu", nn.relu()],
  ["relu6", nn.relu6()],
  ["leakyRelu", nn.leakyRelu({ slope: 0.2 })],
  ["sigmoid", nn.sigmoid()],
  ["tanh", nn.tanh()],
  ["elu", nn.elu()],
  ["selu", nn.selu()],
  ["celu", nn.celu({ alpha: 2 })],
  ["gelu", nn.gelu()],
  ["gelu tanh", nn.gelu({ approximate: "tanh" })],
  ["silu", nn.silu()],
  ["mish", nn.mish()],
  ["softplus", nn.softplus({ beta: 2 })],
  ["softsign", nn.softsign()],
  ["logSigmoid", nn.logSigmoid()],
  ["hardSwish", nn.hardSwish()],
  ["hardSigmoid", nn.hardSigmoid()],
  ["hardTanh", nn.hardTanh()],
  ["tanhshrink", nn.tanhshrink()],
  ["softshrink", nn.softshrink()],
  ["hardshrink", nn.hardshrink()],
  ["threshold", nn.threshold({ threshold: 0.1, value: -1 })],
  ["softmax", nn.softmax()],
  ["logSoftmax", nn.logSoftmax()],
  ["identity", nn.identity()],
];

describe("E3 gradients through layers", () => {
  test.each([...layers, ...activations.map(([name, layer]): [string, Module, readonly number[]] => [name, layer, [4, 3, 2]])])(
    "E3 %s in training",
    (_, layer, shape) => {
      const { build, tensors } = asFunction(createModel(layer, shape), true, 3);
      const report = checkGradient(build, tensors);
      expect(report.error, report.worst).toBeLessThan(1e-6);
    },
  );

  test.each(layers.filter(([name]) => name.startsWith("batchNorm")))("E3 %s outside training", (_, layer, shape) => {
    const { build, tensors } = asFunction(createModel(layer, shape), false, 2);
    expect(checkGradient(build, tensors).error).toBeLessThan(1e-6);
  });

  test("E3 a planted bug, the kernel transposed in the input gradient, is found", () => {
    const { build, tensors } = asFunction(createModel(nn.conv2d(2, 2, 3, { padding: 1 }), [2, 5, 5]), true, 2);
    const wrong = {
      conv: {
        x: (g: Value, ins: Readonly<Record<string, Value>>, attrs: object, y: Value): Value => {
          const flipped = ops.transpose(ins.weight, { permutation: [0, 1, 3, 2] });
          const rule = (y.op.grad as Record<string, (...args: unknown[]) => Value>).x;
          return rule(g, { ...ins, weight: flipped, all: [ins.x, flipped] }, attrs, y);
        },
      },
    };
    expect(checkGradient(build, tensors).error).toBeLessThan(1e-6);
    expect(checkGradient(build, tensors, { rules: wrong }).error).toBeGreaterThan(1e-2);
  });
});

/** One run of the layer and its updates. */
function runOnce(model: Model, x: Tensor, training: boolean): { output: Tensor; updated: Map<string, Tensor> } {
  const traced = model.trace({ batch: x.shape[0], training, frozen: false });
  const known = new Map<Value, Tensor>([[traced.input, x]]);
  for (const value of traced.variables.values()) known.set(value, value.attrs.initial as Tensor);
  const [output, ...next] = evaluateValues([traced.output, ...traced.updates.map(([, value]) => value)], known);
  return { output, updated: new Map(traced.updates.map(([target], i) => [target.label as string, next[i]])) };
}

describe("E8 layers that differ in training", () => {
  test("E8 batch norm of 1..4 and its running statistics, the variance unbiased", () => {
    const model = createModel(nn.batchNorm1d(1), [1]);
    const x = tensor([1, 2, 3, 4], [4, 1]);
    const { output, updated } = runOnce(model, x, true);
    for (const [i, v] of [-1.34163542, -0.44721181, 0.44721181, 1.34163542].entries()) expect(output.data[i]).toBeCloseTo(v, 6);
    expect(updated.get("running_mean")?.item()).toBeCloseTo(0.25, 6);
    expect(updated.get("running_var")?.item()).toBeCloseTo(0.9 + 0.1 * (5 / 3), 6);
    expect(updated.get("num_batches_tracked")?.item()).toBe(1);
  });

  test("E8 momentum null averages all batches equally", () => {
    let model = createModel(nn.batchNorm1d(1, { momentum: null }), [1]);
    for (const batch of [
      [1, 3],
      [5, 7],
      [0, 2],
    ]) {
      model = model.with(runOnce(model, tensor(batch, [2, 1]), true).updated);
    }
    expect(model.buffers.get("running_mean")?.item()).toBeCloseTo(3, 5);
    expect(model.buffers.get("running_var")?.item()).toBeCloseTo(2, 5);
  });

  test("E8 outside training batch norm uses the running statistics and changes nothing", () => {
    const model = createModel(nn.batchNorm1d(2, { eps: 0 }), [2]).with(
      new Map([
        ["running_mean", tensor([1, 2])],
        ["running_var", tensor([4, 9])],
      ]),
    );
    const { output, updated } = runOnce(model, tensor([3, 8], [1, 2]), false);
    expect([...output.data]).toEqual([1, 2]);
    expect(updated.size).toBe(0);
  });

  test("E8 one value per channel in training is an error that says so", () => {
    const model = createModel(nn.sequential({ bn: nn.batchNorm1d(3) }), [3]);
    expect(() => model.trace({ batch: 1, training: true })).toThrow(/bn/);
  });

  test("E8 dropout keeps each value or zeroes it, scales by 1/(1-p), draws anew at each step, and is deterministic outside training", () => {
    const model = createModel(nn.dropout(0.25), [4000], { seed: 1 });
    const x = ones([1, 4000]);
    const first = runOnce(model, x, true);
    const kept = [...first.output.data].filter((v) => v !== 0);
    expect(new Set(kept)).toEqual(new Set([Math.fround(4 / 3)]));
    expect(kept.length / 4000).toBeCloseTo(0.75, 1.3);
    expect(first.updated.get("step")?.item()).toBe(1);
    const traced = model.trace({ batch: 1, training: true });
    const at = (step: number): Tensor =>
      evaluateValues(
        [traced.output],
        new Map([
          [traced.input, x],
          [traced.variables.get("step") as Value, tensor([step], [1], "int32")],
        ]),
      )[0];
    expect(at(0).data).toEqual(first.output.data);
    expect(at(1).data).not.toEqual(at(0).data);
    expect(runOnce(model, x, false).output.data).toEqual(x.data);
  });

  test("E8 two dropouts of one net drop different values", () => {
    const net = nn.functional((x, c) => ops.concat([c.child("a", nn.dropout(), x), c.child("b", nn.dropout(), x)], { axis: 0 }));
    const { output } = runOnce(createModel(net, [100]), ones([1, 100]), true);
    expect(output.entry(0).data).not.toEqual(output.entry(1).data);
  });

  test("E8 per channel, whole maps are dropped or kept", () => {
    const { output } = runOnce(createModel(nn.dropout(0.5, { perChannel: true }), [40, 2, 2]), ones([1, 40, 2, 2]), true);
    const maps = Array.from({ length: 40 }, (_, c) => new Set(output.data.slice(4 * c, 4 * c + 4)));
    expect(maps.every((values) => values.size === 1)).toBe(true);
    expect(new Set(maps.flatMap((values) => [...values]))).toEqual(new Set([0, 2]));
  });

  test("E8 local response norm, the paper's form", () => {
    const fixture = [0.5942915817132711, 1.1878710105259485, 1.7801403935901126, 2.3736092915813667, 2.9674555452942113];
    const model = createModel(nn.localResponseNorm(5, { k: 2, alpha: 1e-4, beta: 0.75, alphaForm: "sum" }), [5, 1, 1]);
    const { output } = runOnce(model, tensor([1, 2, 3, 4, 5], [1, 5, 1, 1]), false);
    for (const [i, v] of fixture.entries()) expect(output.data[i]).toBeCloseTo(v, 6);
  });
});
