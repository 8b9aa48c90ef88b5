// One unit taken apart: the sums written out are what the engine computed, and the edges are those along which something flows.
import { describe, expect, it, test } from "vitest";
import {
  activations,
  cellArithmetic,
  cellReading,
  pointwiseCurve,
  pointwiseFormula,
  type UnitArithmetic,
  unitArithmetic,
  unitReads,
} from "../../src/lens/index.ts";
import { createModel, type Model } from "../../src/nn/index.ts";
import { random, randomNormal, Tensor } from "../../src/tensor/index.ts";
import { buildNet, readNet } from "../../src/zoo/written/index.ts";

const shape = [4, 8, 8];
const picture = randomNormal(shape, random(3));
const modelOf = (net: string): Model => createModel(buildNet(readNet(net), 3), shape, { seed: 5 });

/** The last layer's unit, its map on the picture, and its arithmetic. */
async function scene(net: string, unit = 1): Promise<{ model: Model; layer: string; map: Tensor; arithmetic: UnitArithmetic }> {
  const model = modelOf(net);
  const layer = model.summary().layers.at(-1)!.name;
  const map = (await activations(model, picture, { layers: [layer] })).get(layer)!.entry(unit);
  return { model, layer, map, arithmetic: await unitArithmetic(model, picture, { layer, unit }) };
}

const cells = ({ result }: UnitArithmetic): [number, number][] =>
  Array.from(result.data, (_, i) => [Math.floor(i / result.shape[1]), i % result.shape[1]]);

const sums = [
  "conv(6 3)",
  "conv(6 3 stride=2 pad=1)",
  "conv(4 3 dilation=2 groups=2 bias=off)",
  "depthwise(3 pad=1)",
  "separable(5)",
  "transposed(6)",
  "transposed(4 3 stride=2 pad=1)",
  "conv(4 3 pad=same stride=2)",
  "flatten linear",
  "flatten linear(7) relu linear",
];

describe("L9 the sum of every cell", () => {
  it.each(sums)("%s: products and bias give the cell", async (net) => {
    const { map, arithmetic } = await scene(net);
    for (const [i, position] of cells(arithmetic).entries()) {
      const cell = cellArithmetic(arithmetic, position);
      if (cell.kind !== "weighted sum") throw new Error(cell.kind);
      for (const { taps, sum } of cell.shares) {
        expect(sum).toBeCloseTo(
          taps.reduce((s, t) => s + t.x * t.weight, 0),
          10,
        );
        for (const t of taps) expect(t.inside || t.x === 0).toBe(true);
      }
      expect(cell.sum + (cell.bias ?? 0)).toBeCloseTo(map.rank === 0 ? map.data[0] : map.data[i], 4);
      expect(cell.result).toBe(map.data[i]);
    }
  });

  it.each(sums)("L8 %s: partial maps and bias sum up to the map", async (net) => {
    const { map, arithmetic } = await scene(net);
    const { terms, bias, sum } = arithmetic;
    expect(terms.length).toBeGreaterThan(0);
    for (let i = 0; i < map.size; i++) {
      const total = terms.reduce((sum, { partial }) => sum + partial!.data[i], 0);
      expect(sum!.data[i]).toBeCloseTo(total, 10);
      expect(total + (bias?.value ?? 0)).toBeCloseTo(map.data[i], 4);
    }
  });

  it.each(["conv(6 3)", "conv(6 3 stride=2 pad=1)", "transposed(4 3 stride=2 pad=1)", "maxpool(3 stride=2 pad=1)", "relu"])(
    "L9 %s: from a cell that is read to one that reads it",
    async (net) => {
      const { arithmetic } = await scene(net);
      const [height, width] = arithmetic.terms[0].map.shape;
      for (let row = 1; row < height - 1; row++) {
        for (let column = 1; column < width - 1; column++) {
          const cell = cellArithmetic(arithmetic, cellReading(arithmetic, [row, column]));
          const taps = cell.kind === "weighted sum" ? cell.shares[0].taps : cell.kind === "pooling" ? cell.taps : undefined;
          if (taps === undefined) expect(cell.position).toEqual([row, column]);
          else expect(taps.some((t) => t.row === row && t.column === column)).toBe(true);
        }
      }
    },
  );

  it.each(sums)("L14 %s: kernels and biases are where they say", async (net) => {
    const { model, arithmetic } = await scene(net);
    const state = model.state();
    for (const { kernel, kernelAt } of arithmetic.terms) {
      const stored = state.get(kernelAt!.parameter)!.data;
      expect([...kernel!.data]).toEqual([...stored.slice(kernelAt!.offset, kernelAt!.offset + kernel!.size)]);
    }
    const { bias } = arithmetic;
    if (bias !== undefined) expect(bias.value).toBe(state.get(bias.at!.parameter)!.data[bias.at!.offset]);
  });

  it.each([
    ["maxpool", "max"],
    ["maxpool(3 stride=2 pad=1)", "max"],
    ["avgpool(3 stride=2 pad=1)", "average"],
    ["l2pool(2)", "power"],
    ["globalavg", "average"],
    ["globalmax", "max"],
  ])("%s: the window gives the cell", async (net, mode) => {
    const { map, arithmetic } = await scene(net);
    for (const [i, position] of cells(arithmetic).entries()) {
      const cell = cellArithmetic(arithmetic, position);
      if (cell.kind !== "pooling") throw new Error(cell.kind);
      expect(cell.mode).toBe(mode);
      const sum = cell.taps.reduce((s, t) => s + t.product, 0);
      const value = mode === "max" ? cell.taps[cell.winner!].x : mode === "average" ? sum : sum ** (1 / cell.power);
      expect(value).toBeCloseTo(map.data[i], 5);
    }
  });

  it.each(["batchnorm", "groupnorm(2)"])("%s: standardised, scaled and shifted", async (net) => {
    const { map, arithmetic } = await scene(net);
    const { rule } = arithmetic;
    if (rule.kind !== "norm") throw new Error(rule.kind);
    for (const [i, position] of cells(arithmetic).entries()) {
      const cell = cellArithmetic(arithmetic, position);
      if (cell.kind !== "norm") throw new Error(cell.kind);
      expect(cell.standardised * rule.scale + rule.shift).toBeCloseTo(map.data[i], 4);
    }
  });

  it.each(["relu", "leaky(0.2)", "sigmoid", "tanh", "gelu"])("%s: the curve passes through the cell", async (net) => {
    const { map, arithmetic } = await scene(net);
    const cell = cellArithmetic(arithmetic, [2, 3]);
    if (cell.kind !== "pointwise") throw new Error(cell.kind);
    expect(cell.x).toBe(picture.entry(1).data[2 * 8 + 3]);
    const curve = pointwiseCurve(arithmetic, cell.x - 1, cell.x + 1, 3);
    expect(curve[1][1]).toBeCloseTo(map.data[2 * 8 + 3], 5);
    if (net === "relu") expect(cell.slope).toBeCloseTo(cell.x > 0 ? 1 : 0, 5);
  });

  test("softmax: shares of the powers", async () => {
    const { map, arithmetic } = await scene("flatten linear softmax", 2);
    const cell = cellArithmetic(arithmetic, [0, 0]);
    if (cell.kind !== "softmax") throw new Error(cell.kind);
    expect(cell.terms).toHaveLength(3);
    expect(cell.terms[2].share).toBeCloseTo(map.data[0], 6);
    expect(cell.terms.reduce((s, t) => s + t.share, 0)).toBeCloseTo(1, 10);
  });

  it.each(["residual(conv(4 3 pad=1))", "add(conv(4 3 pad=1) | identity)", "squeeze(2)"])("%s: terms cell by cell", async (net) => {
    const { map, arithmetic } = await scene(net);
    const cell = cellArithmetic(arithmetic, [4, 5]);
    if (cell.kind !== "sum" && cell.kind !== "product") throw new Error(cell.kind);
    const value = cell.values.reduce((a, b) => (cell.kind === "sum" ? a + b : a * b));
    expect(value).toBeCloseTo(map.data[4 * 8 + 5], 5);
  });

  it.each(["flatten", "shuffle(2)", "concat(identity | conv(3 3 pad=1))", "identity"])("%s: hands cells on", async (net) => {
    const { map, arithmetic } = await scene(net);
    const cell = cellArithmetic(arithmetic, [0, 0]);
    if (cell.kind !== "copy") throw new Error(cell.kind);
    const { terms } = arithmetic;
    expect(terms).toHaveLength(1);
    expect(terms[0].map.data[cell.at[0] * terms[0].map.shape[1] + cell.at[1]]).toBe(map.data[0]);
  });

  test("cells and units outside are refused", async () => {
    const { model, arithmetic } = await scene("conv(6 3)");
    expect(() => cellArithmetic(arithmetic, [6, 0])).toThrow("(6, 0) is no cell of a map of 6 x 6");
    await expect(unitArithmetic(model, picture, { layer: "conv1", unit: 6 })).rejects.toThrow('unit 6 of "conv1" is outside 0..5');
  });
});

describe("L7 incoming edges", () => {
  it.each([
    "conv(6 3)",
    "conv(4 3 groups=2)",
    "depthwise",
    "depthwise(multiplier=2)",
    "transposed(4)",
    "maxpool",
    "relu",
    "batchnorm",
    "groupnorm(2)",
    "lrn(3)",
    "flatten",
    "shuffle(2)",
    "concat(identity | depthwise(3 pad=1))",
    "residual(identity)",
    "upsample",
    "softmax",
  ])("%s: a unit changes with the maps that it reads, and with no others", async (net) => {
    const model = modelOf(net);
    const { name: layer, outputShape } = model.summary().layers.at(-1)!;
    const mapsOf = async (x: Tensor): Promise<Tensor> => (await activations(model, x, { layers: [layer] })).get(layer)!;
    const still = await mapsOf(picture);
    // Through layers in between, down to the input.
    const down = (from: string, unit: number): number[] =>
      unitReads(model, from, unit).flatMap(({ layer: l, units }) => (l === "x" ? units : units.flatMap((u) => down(l, u))));
    for (let c = 0; c < shape[0]; c++) {
      const moved = await mapsOf(
        new Tensor(
          picture.data.map((v, i) => (Math.floor(i / 64) === c ? v + 10 + (i % 3) : v)),
          shape,
        ),
      );
      for (let unit = 0; unit < outputShape[0]; unit++) {
        const size = still.size / outputShape[0];
        const changes = Array.from({ length: size }, (_, i) => still.data[unit * size + i] !== moved.data[unit * size + i]).some(Boolean);
        const reads = down(layer, unit).includes(c);
        expect({ unit, c, changes: net === "softmax" || changes }).toEqual({ unit, c, changes: reads });
      }
    }
  });
});

describe("L15 the strength of edges", () => {
  it.each(["conv(6 3)", "conv(4 3 groups=2)", "depthwise(3 pad=1)", "transposed(6 3)", "flatten linear"])(
    "%s: norm and sum of the kernels",
    async (net) => {
      const { model, layer, arithmetic } = await scene(net);
      const [{ units, weights }] = unitReads(model, layer, 1);
      expect(weights).toHaveLength(units.length);
      const dense = arithmetic.rule.kind === "dense";
      const kernels = dense
        ? arithmetic.terms.flatMap(({ kernel }) => Array.from(kernel!.data, (w) => [w]))
        : arithmetic.terms.map(({ kernel }) => Array.from(kernel!.data));
      expect(kernels).toHaveLength(units.length);
      for (const [i, { norm, sum }] of weights!.entries()) {
        expect(norm).toBeCloseTo(Math.hypot(...kernels[i]), 6);
        expect(sum).toBeCloseTo(
          kernels[i].reduce((a, b) => a + b, 0),
          6,
        );
      }
    },
  );

  it("what has no weights has no strength", () => {
    const model = modelOf("conv(6 3) relu maxpool flatten linear");
    expect(unitReads(model, "maxpool1", 2)).toEqual([{ layer: "relu1", units: [2] }]);
  });
});

describe("L9 activations as people write them", () => {
  it.each([
    ["relu", "max(0, x)"],
    ["relu6", "min(6, max(0, x))"],
    ["leaky(0.1)", "x where x > 0, else 0.1 · x"],
    ["elu", "x where x > 0, else exp(x) - 1"],
    ["sigmoid", "sigmoid(x)"],
    ["tanh", "tanh(x)"],
    ["silu", "x · sigmoid(x)"],
    ["gelu", "x · (0.5 · (1 + erf(x · 0.70711)))"],
    ["softplus", "log(1 + exp(x))"],
  ])("%s is %s", async (net, formula) => {
    const { arithmetic } = await scene(net);
    if (arithmetic.rule.kind !== "pointwise") throw new Error(arithmetic.rule.kind);
    expect(pointwiseFormula(arithmetic.rule.expression)).toBe(formula);
  });
});
