import { describe, expect, test } from "vitest";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import type { Value } from "../../src/graph/value.ts";
import { createModel, initialise, layerValue, nn } from "../../src/nn/index.ts";
import * as ops from "../../src/ops/index.ts";
import { ArgumentError, GraphError, ModelFormatError, ShapeError } from "../../src/tensor/errors.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { lenet5, smallNet } from "../../src/zoo/index.ts";
import { fixture } from "../support/fixtures.ts";

interface Architectures {
  readonly networks: Readonly<Record<string, { readonly input: readonly number[]; readonly parameters: number; readonly macs: number }>>;
}
interface Fields {
  readonly networks: Readonly<Record<string, readonly (readonly [string, number, number, number])[]>>;
}

const kerasMnist = nn.sequential([
  nn.conv2d(1, 32, 3),
  nn.relu(),
  nn.conv2d(32, 64, 3),
  nn.relu(),
  nn.maxPool2d(2),
  nn.flatten(),
  nn.linear(9216, 128),
  nn.relu(),
  nn.linear(128, 10),
]);
const z1 = nn.sequential([
  nn.conv2d(1, 32, 3, { padding: "same", bias: false }),
  nn.avgPool2d(2),
  nn.conv2d(32, 64, 3, { padding: "same", bias: false }),
  nn.avgPool2d(2),
  nn.flatten(),
  nn.linear(3136, 1000),
  nn.sigmoid(),
  nn.linear(1000, 1000),
  nn.sigmoid(),
  nn.linear(1000, 10),
]);

describe("summary", () => {
  test("A14 modern LeNet-5 has 61,706 parameters and 416,520 multiply-adds", () => {
    const { total } = lenet5().summary();
    expect(total.parameters).toBe(61706);
    expect(total.macs).toBe(416520);
  });

  test.each([
    ["lenet5-modern", lenet5().net],
    ["keras-mnist-cnn", kerasMnist],
    ["z1-mnist-net", z1],
  ])("A14 %s counts as in the fixtures", (name, net) => {
    const expected = fixture<Architectures>("architectures").networks[name];
    const model = createModel(net, expected.input);
    expect(model.parameterCount).toBe(expected.parameters);
    expect(model.summary().total).toMatchObject({ parameters: expected.parameters, macs: expected.macs });
  });

  test("H3 LeNet's receptive fields are those of the fixtures", () => {
    const model = lenet5();
    const names: Readonly<Record<string, string>> = { C1: "conv1", S2: "pool1", C3: "conv2", S4: "pool2" };
    let compared = 0;
    for (const [layer, size, stride, padding] of fixture<Fields>("receptive_fields").networks.lenet5) {
      const name = names[layer] ?? layer;
      if (!model.trace().names.has(name)) continue;
      compared++;
      const axis = { size, stride, padding };
      expect(model.field(name), layer).toEqual({ status: "exact", axes: [axis, axis] });
    }
    expect(compared).toBeGreaterThanOrEqual(4);
  });

  test("A14 shapes, fields and costs are read without making a single parameter", () => {
    const initialiseNothing = (): Tensor => {
      throw new ArgumentError("a number was asked for");
    };
    const model = createModel(nn.sequential({ conv: nn.conv2d(3, 8, 3, { initialise: initialiseNothing }) }), [3, 9, 9]);
    expect(model.parameterCount).toBe(224);
    expect(model.summary().total).toMatchObject({ parameters: 224, macs: 10584 });
    expect(model.field("conv").axes[0].size).toBe(3);
    expect(() => model.parameters).toThrow("a number was asked for");
  });

  test("lists every layer with its output shape and prints as a table", () => {
    const summary = createModel(smallNet([3, 32, 32], 5), [3, 32, 32]).summary();
    expect(summary.layers.map((l) => l.name).join(" ")).toBe("conv1 relu1 pool1 conv2 relu2 pool2 flatten logits");
    expect(summary.layers.find((l) => l.name === "conv2")).toMatchObject({
      kind: "conv2d",
      outputShape: [32, 12, 12],
      parameters: 12832,
      activations: 4608,
    });
    expect(summary.toString()).toMatch(/^conv2 +conv2d +\[32, 12, 12\] +14 +2 +12,832 +1,843,200$/m);
  });

  test("branches that look at different places are called misaligned, not an error of the table", () => {
    const shifted = nn.branches({
      a: nn.sequential([
        nn.pad([
          [1, 0],
          [1, 0],
        ]),
        nn.conv2d(1, 1, 2),
      ]),
      b: nn.identity(),
    });
    const model = createModel(shifted, [1, 4, 4]);
    expect(model.summary().layers.at(-1)?.field.status).toBe("misaligned");
    expect(() => model.field("branches")).toThrow(/misaligned/);
  });
});

describe("composition", () => {
  const block = (): ReturnType<typeof nn.residual> =>
    nn.residual(
      { conv1: nn.conv2d(4, 4, 3, { padding: 1, bias: false }), bn1: nn.batchNorm2d(4), relu: nn.relu() },
      { shortcut: nn.sequential([nn.conv2d(4, 4, 1)]), activation: nn.relu() },
    );

  test("EF4 parameters and buffers have PyTorch's names", () => {
    const model = createModel(
      nn.sequential({ features: nn.sequential([nn.conv2d(1, 4, 3), nn.relu()]), layer1: nn.sequential([block()]) }),
      [1, 8, 8],
    );
    expect([...model.parameters.keys()]).toEqual([
      "features.0.weight",
      "features.0.bias",
      "layer1.0.conv1.weight",
      "layer1.0.bn1.weight",
      "layer1.0.bn1.bias",
      "layer1.0.downsample.0.weight",
      "layer1.0.downsample.0.bias",
    ]);
    expect([...model.buffers.keys()]).toEqual([
      "layer1.0.bn1.running_mean",
      "layer1.0.bn1.running_var",
      "layer1.0.bn1.num_batches_tracked",
    ]);
  });

  test("B13 a residual block with zero weights passes its input on", () => {
    const net = nn.residual({ conv: nn.conv2d(2, 2, 3, { padding: 1, initialise: initialise.constant(0), bias: false }) });
    const model = createModel(net, [2, 3, 3]);
    const traced = model.trace();
    const x = randomNormal([1, 2, 3, 3], random(1));
    expect(evaluateValues([traced.output], new Map([[traced.input, x]]))[0].data).toEqual(x.data);
  });

  test("every layer's value carries its path, also where it does nothing", () => {
    const net = nn.sequential({ fc: nn.linear(3, 3), drop: nn.dropout(), out: nn.relu() });
    const traced = createModel(net, [3]).trace();
    expect(traced.layers.map((l) => [l.name, l.value.label])).toEqual(["fc", "drop", "out"].map((n) => [n, n]));
    expect(layerValue(traced, "drop")).not.toBe(layerValue(traced, "fc"));
    expect(() => layerValue(traced, "fc2")).toThrow(/no layer is called "fc2"; there are fc, drop, out/);
  });

  test("a container's path names what its last part gives", () => {
    const traced = createModel(
      nn.sequential({ features: nn.sequential([nn.conv2d(1, 2, 3), nn.relu()]), flat: nn.flatten() }),
      [1, 5, 5],
    ).trace();
    expect(layerValue(traced, "features")).toBe(layerValue(traced, "features.1"));
    expect(traced.layers.map((l) => l.name)).toEqual(["features.0", "features.1", "flat"]);
  });

  test("a functional net counts its own ops and its parts once", () => {
    const net = nn.functional((x, c) => {
      const a = c.child("a", nn.linear(4, 8), x);
      return ops.add(a, ops.matmul(x, c.parameter("mix", [4, 8], initialise.xavierUniform())));
    });
    const { layers, total } = createModel(net, [4]).summary();
    expect(layers.map((l) => [l.name, l.parameters, l.macs])).toEqual([
      ["a", 40, 32],
      ["functional", 32, 32],
    ]);
    expect(total.macs).toBe(64);
  });

  test("the same recipe makes independent parts under different names", () => {
    const part = nn.linear(2, 2);
    const model = createModel(nn.sequential({ a: part, b: part }), [2]);
    expect(model.parameters.get("a.weight")?.data).not.toEqual(model.parameters.get("b.weight")?.data);
  });

  test("a graph can be traced with parameters as variables, at any batch size and in float64", () => {
    const model = createModel(nn.sequential({ fc: nn.linear(3, 2) }), [3], { seed: 1 });
    const frozen = model.trace({ batch: 4 });
    const free = model.trace({ batch: 4, frozen: false, dtype: "float64" });
    expect([...frozen.variables.keys()]).toEqual([]);
    expect([...free.variables.keys()]).toEqual(["fc.weight", "fc.bias"]);
    const x = randomNormal([4, 3], random(1));
    const known = new Map<Value, Tensor>([[free.input, x.cast("float64")]]);
    for (const v of free.variables.values()) known.set(v, v.attrs.initial as Tensor);
    const [a] = evaluateValues([frozen.output], new Map([[frozen.input, x]]));
    const [b] = evaluateValues([free.output], known);
    for (let i = 0; i < a.size; i++) expect(a.data[i]).toBeCloseTo(b.data[i], 6);
  });
});

describe("bad input", () => {
  test("a layer that does not fit is named with the arithmetic", () => {
    const net = nn.sequential({ features: nn.sequential([nn.conv2d(1, 4, 3), nn.conv2d(8, 4, 3)]) });
    expect(() => createModel(net, [1, 8, 8])).toThrow(ShapeError);
    expect(() => createModel(net, [1, 8, 8])).toThrow(/"features\.1".*4.*8/s);
    expect(() => createModel(nn.sequential({ conv: nn.conv2d(1, 1, 9) }), [1, 8, 8])).toThrow(/"conv"/);
  });

  test("impossible layers are refused where they are written", () => {
    expect(() => nn.conv2d(6, 4, 3, { groups: 4 })).toThrow(/6 input and 4 output channels do not both divide into 4 groups/);
    expect(() => nn.conv2d(0, 4, 3)).toThrow(/inChannels is 0/);
    expect(() => nn.conv2d(1, 4, [3, 3, 3])).toThrow(/kernelSize has 3 entries for 2 spatial axes/);
    expect(() => nn.dropout(1)).toThrow(/p is 1/);
    expect(() => nn.sequential({})).toThrow(/no parts/);
    expect(() => nn.sequential({ b: nn.relu(), 0: nn.relu() })).toThrow(/use an array/);
    expect(() => createModel(nn.conv2d(1, 1, 3, { pading: 1 } as never), [1, 8, 8])).toThrow(/unknown option "pading"/);
  });

  test("two parts with one name are refused", () => {
    const net = nn.functional((x, c) => c.child("a", nn.relu(), c.child("a", nn.relu(), x)));
    expect(() => createModel(net, [3])).toThrow(GraphError);
  });

  test("foreign parameters are refused with the names that differ", () => {
    const net = nn.sequential({ fc: nn.linear(3, 2) });
    const fits = createModel(net, [3]).state();
    expect(createModel(net, [3], { parameters: fits }).state()).toEqual(fits);
    const lacking = new Map([["fc.weight", fits.get("fc.weight") as Tensor]]);
    expect(() => createModel(net, [3], { parameters: lacking })).toThrow(/missing: fc\.bias/);
    expect(() => createModel(net, [3], { parameters: new Map([...fits, ["head.weight", tensor([1])]]) })).toThrow(
      /not in the net: head\.weight/,
    );
    expect(() => createModel(net, [3], { parameters: new Map([...fits, ["fc.bias", tensor([1, 2, 3])]]) })).toThrow(ModelFormatError);
    const allWrong = new Map([
      ["fc.bias", tensor([1, 2, 3])],
      ["head.weight", tensor([1])],
    ]);
    expect(() => createModel(net, [3], { parameters: allWrong })).toThrow(
      /missing: fc\.weight; not in the net: head\.weight; of another shape: fc\.bias has shape \[3\], but the net needs \[2\]/,
    );
    const partial = createModel(net, [3], { parameters: new Map([...lacking, ["head.weight", tensor([1])]]), partial: true });
    expect(partial.parameters.get("fc.weight")?.data).toEqual(fits.get("fc.weight")?.data);
  });
});
