// The way back through one unit: what is written out product by product is the engine's gradient, and δ is what finite differences say.
import { describe, expect, it, test } from "vitest";
import { compile } from "../../src/backends/index.ts";
import { constant, createGraph, gradient } from "../../src/graph/index.ts";
import {
  activations,
  cellBackward,
  inputGradient,
  type UnitBackward,
  unitBackward,
  weightBackward,
  weightGradient,
} from "../../src/lens/index.ts";
import { createModel, layerValue, type Model } from "../../src/nn/index.ts";
import { crossEntropy } from "../../src/ops/index.ts";
import { random, randomNormal, Tensor } from "../../src/tensor/index.ts";
import { buildNet, readNet } from "../../src/zoo/written/index.ts";

const shape = [4, 8, 8];
const picture = randomNormal(shape, random(3));
const modelOf = (net: string): Model => createModel(buildNet(readNet(net), 3), shape, { seed: 5 });

/** The engine's own gradients of the cross-entropy of class 1: in the picture, a layer's values and all parameters. */
async function engineGradients(
  model: Model,
  layer: string,
): Promise<{ x: Tensor; delta: Tensor; parameters: Map<string, Tensor>; loss: number }> {
  const traced = model.trace({ batch: 1 });
  const loss = crossEntropy(traced.output, constant(new Tensor(Int32Array.of(1), [1])));
  const names = [...traced.parameters.keys()];
  const values = [traced.input, layerValue(traced, layer), ...traced.parameters.values()];
  const made = gradient(loss, values);
  const program = await compile(createGraph({ outputs: { loss, ...Object.fromEntries(made.map((v, i) => [`g${i}`, v])) } }));
  const results = (await program.run({ x: picture.reshape([1, ...shape]) })) as Readonly<Record<string, Tensor>>;
  const parameters = new Map(names.map((name, i) => [name, results[`g${i + 2}`]]));
  return { x: results.g0.entry(0), delta: results.g1.entry(0), parameters, loss: results.loss.data[0] };
}

const total = (data: Iterable<number>): number => Array.from(data).reduce((sum, value) => sum + value, 0);

/** A net whose first layer is looked at, so that what the picture gets comes through that layer alone. */
const nets: readonly (readonly [first: string, rest: string])[] = [
  ["conv(6 3)", "relu flatten linear"],
  ["conv(6 3 stride=2 pad=1)", "globalavg flatten linear"],
  ["conv(4 3 dilation=2 groups=2 bias=off)", "flatten linear"],
  ["conv(6 1)", "relu globalavg flatten linear"],
  ["depthwise(3 pad=1)", "relu flatten linear"],
  ["transposed(4 3 stride=2 pad=1)", "globalavg flatten linear"],
  ["maxpool(3 stride=2 pad=1)", "flatten linear"],
  ["avgpool(3 stride=2 pad=1)", "flatten linear"],
  ["l2pool", "flatten linear"],
  ["globalavg", "flatten linear"],
  ["globalmax", "flatten linear"],
  ["relu", "flatten linear"],
  ["sigmoid", "flatten linear"],
  ["batchnorm", "flatten linear"],
  ["shuffle(2)", "flatten linear"],
  ["flatten", "linear"],
  ["dropout", "flatten linear"],
];

const planes = ({ arithmetic: { terms } }: UnitBackward): number[] => terms.map((_, i) => i);

describe("L9 LF13 the way back through one unit", () => {
  it.each(nets)("%s: δ, dX and dW are the engine's gradients", async (first, rest) => {
    const model = modelOf(`${first} ${rest}`);
    const layer = model.summary().layers[0].name;
    const engine = await engineGradients(model, layer);
    const unit = 1;
    const back = await unitBackward(model, picture, { layer, unit, class: 1 });
    expect(back.score).toBeCloseTo(engine.loss, 5);
    const [units] = engine.delta.shape;
    const own = engine.delta.size / units;
    expect(back.delta.size).toBe(own);
    for (let i = 0; i < own; i++) expect(back.delta.data[i]).toBeCloseTo(engine.delta.data[unit * own + i], 5);
    const plane = shape[1] * shape[2];
    for (const i of planes(back)) {
      const { unit: source, kernel, kernelAt } = back.arithmetic.terms[i];
      const dX = inputGradient(back, i);
      expect(dX.size).toBe(plane);
      for (let c = 0; c < plane; c++) expect(dX.data[c]).toBeCloseTo(engine.x.data[source * plane + c], 4);
      const one = cellBackward(back, i, [3, 4]);
      expect(one.sum).toBeCloseTo(dX.data[3 * shape[2] + 4], 10);
      for (const part of one.parts) expect(part.product).toBeCloseTo(part.delta * part.factor, 12);
      const dW = weightGradient(back, i);
      if (kernel === undefined) expect(dW).toBeUndefined();
      else
        for (const [w, value] of dW!.data.entries())
          expect(value).toBeCloseTo(engine.parameters.get(kernelAt!.parameter)!.data[kernelAt!.offset + w], 4);
    }
    const { bias } = back.arithmetic;
    if (bias?.at !== undefined) expect(total(back.delta.data)).toBeCloseTo(engine.parameters.get(bias.at.parameter)!.data[unit], 4);
  });

  test("behind a flattened map, a dense layer", async () => {
    const model = modelOf("maxpool flatten linear(7) relu linear");
    const engine = await engineGradients(model, "linear1");
    const back = await unitBackward(model, picture, { layer: "linear1", unit: 2, class: 1 });
    expect(back.arithmetic.terms).toHaveLength(4);
    for (const i of planes(back)) {
      const dW = weightGradient(back, i)!;
      for (const [w, value] of dW.data.entries())
        expect(value).toBeCloseTo(engine.parameters.get("linear1.weight")!.data[(2 * 4 + i) * 16 + w], 5);
      // The pooling before routes all of it, so the planes' sums agree.
      const plane = engine.x.data.subarray(i * 64, (i + 1) * 64);
      expect(total(inputGradient(back, i).data)).toBeCloseTo(total(plane), 4);
    }
  });

  test.each(["residual(conv(4 3 pad=1))", "squeeze(reduction=2)", "concat(conv(2 1) | conv(3 3 pad=1))"])(
    "%s: every unit of every layer is written out",
    async (block) => {
      const model = modelOf(`relu ${block} flatten linear`);
      for (const { name } of model.summary().layers) {
        const engine = await engineGradients(model, name);
        const units = engine.delta.shape[0];
        for (const unit of [0, units - 1]) {
          const back = await unitBackward(model, picture, { layer: name, unit, class: 1 });
          for (const i of planes(back)) {
            const dX = inputGradient(back, i);
            expect(dX.shape).toEqual(back.arithmetic.terms[i].map.shape);
          }
          const size = engine.delta.size / units;
          for (let c = 0; c < size; c++) expect(back.delta.data[c]).toBeCloseTo(engine.delta.data[unit * size + c], 5);
        }
      }
    },
  );

  test("a gate gets what its whole map says", async () => {
    const model = modelOf("squeeze(reduction=2) flatten linear");
    const back = await unitBackward(model, picture, { layer: "squeeze1", unit: 2, class: 0, of: "score" });
    const gate = back.arithmetic.terms.findIndex(({ map }) => map.size === 1);
    expect(back.arithmetic.rule.kind).toBe("product");
    const map = back.arithmetic.terms[1 - gate].map;
    const expected = total(Array.from(map.data, (x, i) => x * back.delta.data[i]));
    expect(cellBackward(back, gate, [0, 0]).sum).toBeCloseTo(expected, 6);
  });

  test("a softmax: the Jacobian of the shares", async () => {
    const model = modelOf("flatten linear softmax");
    const layer = model.summary().layers.at(-1)!.name;
    const shares = (await activations(model, picture, { layers: [layer] })).get(layer)!.data;
    const back = await unitBackward(model, picture, { layer, unit: 1, class: 1, of: "probability" });
    expect(back.score).toBeCloseTo(shares[1], 6);
    expect(Array.from(back.deltas.data)).toEqual([0, 1, 0]);
    for (const i of [0, 1, 2])
      expect(cellBackward(back, i, [0, 0]).sum).toBeCloseTo(i === 1 ? shares[1] * (1 - shares[1]) : -shares[1] * shares[i], 6);
    const loss = await unitBackward(model, picture, { layer, unit: 1, class: 1 });
    for (const i of [0, 1, 2]) expect(cellBackward(loss, i, [0, 0]).sum).toBeCloseTo(shares[i] - (i === 1 ? 1 : 0), 5);
  });

  test("δ of a score is what a small change of the bias does", async () => {
    const model = modelOf("conv(5 3) sigmoid globalavg flatten linear");
    const back = await unitBackward(model, picture, { layer: "conv1", unit: 3, class: 2, of: "score" });
    const scoreAt = async (change: number): Promise<number> => {
      const bias = model.parameters.get("conv1.bias")!;
      const edited = model.with(
        new Map([
          [
            "conv1.bias",
            new Tensor(
              Float32Array.from(bias.data, (b, i) => b + (i === 3 ? change : 0)),
              bias.shape,
            ),
          ],
        ]),
      );
      return (await activations(edited, picture, { layers: ["linear1"] })).get("linear1")!.data[2];
    };
    const slope = ((await scoreAt(0.05)) - (await scoreAt(-0.05))) / 0.1;
    expect(total(back.delta.data)).toBeCloseTo(slope, 4);
  });

  test("what is asked wrongly is said", async () => {
    const model = modelOf("conv(4 3) groupnorm(2) flatten linear");
    const back = await unitBackward(model, picture, { layer: "conv1", unit: 0, class: 0 });
    expect(() => cellBackward(back, 9, [0, 0])).toThrow(/reads 4 maps/);
    expect(() => cellBackward(back, 0, [8, 0])).toThrow(/no cell of a map of 8 x 8/);
    expect(() => weightBackward(back, 0, [3, 0])).toThrow(/no weight \(3, 0\)/);
    const norm = await unitBackward(model, picture, { layer: "groupnorm1", unit: 0, class: 0 });
    expect(() => inputGradient(norm, 0)).toThrow(/every cell of its group/);
    await expect(unitBackward(model, picture, { layer: "conv1", unit: 0, class: 3 })).rejects.toThrow(/classes 0\.\.2/);
  });
});
