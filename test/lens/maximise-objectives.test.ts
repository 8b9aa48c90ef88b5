// What a picture can be asked for: every objective against its definition, and in the climb (seeing-inside.md section 1).
import { describe, expect, it } from "vitest";
import { compile } from "../../src/backends/compile.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { constant } from "../../src/graph/record.ts";
import { activations, maximise, maximiseBatch, type Objective } from "../../src/lens/index.ts";
import { gramPenalty, type ObjectiveParts, scoreOf } from "../../src/lens/maximise/objective.ts";
import { createModel, type Model, nn } from "../../src/nn/index.ts";
import { conv2d, convTranspose2d } from "../../src/ops/index.ts";
import { random, randomNormal, Tensor, tensor } from "../../src/tensor/index.ts";
import { adam } from "../../src/train/optimisers.ts";
import { smallNet } from "./nets.ts";

const device = "wasm" as const;
const threads = 1;

/** The objective of a batch whose layer has these values. */
async function scores(objective: Objective, values: Tensor, reference?: Tensor): Promise<number[]> {
  const [batch, channels, height = 1, width = 1] = values.shape;
  const parts: ObjectiveParts = {
    batch,
    copies: 1,
    dtype: "float64",
    at: () => ({ value: constant(values.cast("float64")), name: "layer", channels, height, width }),
    channel: (target) => target.channel ?? Number(target.class),
    reference: () => reference as Tensor,
  };
  const program = await compile(createGraph({ outputs: { score: scoreOf(objective, parts) } }), { device: "reference" });
  return Array.from((await program.run()).score.data);
}

const layer = "layer";
const values = randomNormal([3, 4, 5, 6], random(1));
const item = (b: number): number[] => Array.from(values.entry(b).data);
const average = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / v.length;
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, v, i) => sum + v * b[i], 0);
const closeTo = (found: readonly number[], wanted: readonly number[]): void => {
  expect(found).toHaveLength(wanted.length);
  found.forEach((v, i) => {
    expect(v).toBeCloseTo(wanted[i], 5);
  });
};

describe("objectives by their definitions", () => {
  it("G1 channel, neuron and energy", async () => {
    const plane = (b: number, c: number): number[] => item(b).slice(c * 30, c * 30 + 30);
    closeTo(
      await scores({ kind: "channel", layer, channel: 2 }, values),
      [0, 1, 2].map((b) => average(plane(b, 2))),
    );
    closeTo(
      await scores({ kind: "neuron", layer, channel: 2 }, values),
      [0, 1, 2].map((b) => values.at(b, 2, 2, 3)),
    );
    closeTo(
      await scores({ kind: "neuron", layer, channel: 0, position: [4, 1] }, values),
      [0, 1, 2].map((b) => values.at(b, 0, 4, 1)),
    );
    closeTo(
      await scores({ kind: "energy", layer }, values),
      [0, 1, 2].map((b) => average(item(b).map((v) => v * v))),
    );
    closeTo(
      await scores({ kind: "energy", layer, channel: 1 }, values),
      [0, 1, 2].map((b) => average(plane(b, 1).map((v) => v * v))),
    );
  });

  it("G1 a direction with and without its cosine", async () => {
    const direction = tensor([1, -2, 0.5, 3]);
    const v = Array.from(direction.data);
    for (const power of [0, 1, 2]) {
      const wanted = [0, 1, 2].map((b) =>
        average(
          Array.from({ length: 30 }, (_, p) => {
            const a = [0, 1, 2, 3].map((c) => item(b)[c * 30 + p]);
            const cosine = dot(a, v) / ((1e-4 + Math.hypot(...a)) * (1e-4 + Math.hypot(...v)));
            return dot(a, v) * Math.max(0.1, cosine) ** power;
          }),
        ),
      );
      closeTo(await scores({ kind: "direction", layer, direction, power }, values), wanted);
    }
  });

  it("G1 a tensor direction lies over the middle of the map", async () => {
    const direction = randomNormal([4, 3, 2], random(2));
    const wanted = [0, 1, 2].map((b) => {
      let sum = 0;
      for (let c = 0; c < 4; c++) {
        for (let i = 0; i < 3; i++) for (let j = 0; j < 2; j++) sum += values.at(b, c, i + 1, j + 2) * direction.at(c, i, j);
      }
      return sum;
    });
    closeTo(await scores({ kind: "tensorDirection", layer, direction }, values), wanted);
    const wide = randomNormal([4, 7, 6], random(3));
    const inner = new Tensor(
      Float32Array.from({ length: 120 }, (_, p) => wide.at(Math.floor(p / 30), Math.floor((p % 30) / 6) + 1, p % 6)),
      [4, 5, 6],
    );
    closeTo(
      await scores({ kind: "tensorDirection", layer, direction: wide }, values),
      [0, 1, 2].map((b) => dot(item(b), Array.from(inner.data))),
    );
  });

  it("G1 G10 caricature and match", async () => {
    const reference = randomNormal([4, 5, 6], random(4));
    const a0 = Array.from(reference.data);
    const picture = reference;
    for (const power of [0, 1, 2]) {
      const wanted = [0, 1, 2].map((b) => dot(a0, item(b)) * Math.max(0.1, dot(a0, item(b)) / (1e-6 + Math.hypot(...item(b)))) ** power);
      closeTo(await scores({ kind: "caricature", layer, picture, power }, values, reference), wanted);
    }
    const apart = [0, 1, 2].map((b) => -average(item(b).map((v, p) => (v - a0[p]) ** 2)) / average(a0.map((v) => v * v)));
    closeTo(await scores({ kind: "match", layer, picture }, values, reference), apart);
  });

  it("G1 interpolation, alignment and sums", async () => {
    const [from, to]: Objective[] = [
      { kind: "channel", layer, channel: 0 },
      { kind: "channel", layer, channel: 3 },
    ];
    const [first, second] = [await scores(from, values), await scores(to, values)];
    closeTo(await scores({ kind: "interpolation", from, to }, values), [first[0], (first[1] + second[1]) / 2, second[2]]);
    const terms = [
      { weight: 2, objective: from },
      { weight: -0.5, objective: to },
    ];
    closeTo(
      await scores({ kind: "sum", terms }, values),
      [0, 1, 2].map((b) => 2 * first[b] - 0.5 * second[b]),
    );
    const apart = (a: number, b: number): number => average(item(a).map((v, p) => (v - item(b)[p]) ** 2));
    const wanted = -(apart(0, 1) + apart(1, 2)) / 2 - apart(0, 2) / 4;
    expect((await scores({ kind: "alignment", layer }, values)).reduce((a, b) => a + b, 0)).toBeCloseTo(wanted, 5);
  });

  it("AM6 diversity of identical pictures is B - 1, of orthogonal Gram matrices 0", async () => {
    const one = randomNormal([1, 3, 4, 4], random(5));
    const same = new Tensor(
      Float32Array.from({ length: 4 * 48 }, (_, p) => one.data[p % 48]),
      [4, 3, 4, 4],
    );
    // Picture b lives in channel b alone: its Gram matrix has one entry, at (b, b).
    const apart = new Tensor(
      new Float32Array(3 * 48).map((_, p) => (Math.floor(p / 48) === Math.floor((p % 48) / 16) ? 1 : 0)),
      [3, 3, 4, 4],
    );
    for (const [batch, wanted] of [
      [same, 3],
      [apart, 0],
    ] as const) {
      const program = await compile(createGraph({ outputs: { penalty: gramPenalty(constant(batch)) } }), { device: "reference" });
      expect((await program.run()).penalty.item()).toBeCloseTo(wanted, 5);
      expect((await scores({ kind: "diversity", layer }, batch)).reduce((a, b) => a + b, 0)).toBeCloseTo(-wanted, 5);
    }
  });
});

describe("objectives in the climb", () => {
  const picture = randomNormal([1, 12, 12], random(8));
  const joint: readonly Objective[] = [
    { kind: "class", class: 2 },
    { kind: "energy", layer: "conv2" },
    { kind: "neuron", layer: "conv2", channel: 3 },
    { kind: "direction", layer: "conv2", direction: randomNormal([6], random(3)), power: 1 },
    { kind: "tensorDirection", layer: "conv2", direction: randomNormal([6, 3, 3], random(3)) },
    { kind: "caricature", layer: "conv1", picture },
    { kind: "match", layer: "conv1", picture },
    { kind: "interpolation", from: { kind: "channel", layer: "conv2", channel: 0 }, to: { kind: "channel", layer: "conv2", channel: 4 } },
    {
      kind: "sum",
      terms: [
        { weight: 1, objective: { kind: "channel", layer: "conv2", channel: 1 } },
        { weight: 0.1, objective: { kind: "diversity", layer: "conv1" } },
        { weight: 0.1, objective: { kind: "alignment", layer: "conv1" } },
      ],
    },
  ];

  it.each(joint.map((objective) => [objective.kind, objective] as const))(
    "AM5 %s rises within 3 steps of Adam(.1)",
    async (_, objective) => {
      const results = await maximiseBatch(smallNet(), { objective, count: 3, steps: 8, jitter: 0, optimiser: adam(0.1), device, threads });
      const total = (step: number): number => results.reduce((sum, { history }) => sum + history[step], 0);
      expect(total(3)).toBeGreaterThan(total(0));
    },
  );

  it("AM6 G1 the pictures of a diverse batch differ more than those that do not have to", async () => {
    const alike = async (weight: number): Promise<number> => {
      const channel = { weight: 1, objective: { kind: "channel", layer: "conv2", channel: 1 } } as const;
      const terms = [channel, { weight, objective: { kind: "diversity", layer: "conv1" } as const }];
      const pictures = await maximiseBatch(smallNet(), {
        objective: { kind: "sum", terms },
        count: 3,
        steps: 60,
        jitter: 0,
        device,
        threads,
      });
      const maps: Tensor[] = [];
      for (const { image } of pictures)
        maps.push((await activations(smallNet(), image, { layers: ["conv1"], device, threads })).get("conv1") as Tensor);
      const all = new Tensor(Float32Array.from(maps.flatMap((m) => Array.from(m.data))), [3, ...maps[0].shape]);
      const program = await compile(createGraph({ outputs: { penalty: gramPenalty(constant(all)) } }), { device: "reference" });
      return (await program.run()).penalty.item();
    };
    expect(await alike(1)).toBeLessThan(0.8 * (await alike(0)));
  });

  it("G10 inversion: the loss falls by 100 and more, and the first layer at stride 1 gives the picture back", async () => {
    const net = nn.sequential({
      conv1: nn.conv2d(1, 6, 3, { padding: 1 }),
      relu1: nn.relu(),
      conv2: nn.conv2d(6, 8, 3, { padding: 1, stride: 2 }),
    });
    const model: Model = createModel(net, [1, 16, 16], { seed: 2 });
    const photo = new Tensor(
      new Float32Array(256).map((_, p) => Math.sin(p / 17) + Math.cos((p % 16) / 3)),
      [1, 16, 16],
    );
    for (const at of ["conv1", "conv2"]) {
      const objective: Objective = { kind: "match", layer: at, picture: photo };
      const options = { objective, steps: 400, l2: 0, totalVariation: 0, jitter: 0, optimiser: adam(0.1), device, threads } as const;
      const { image, history, objective: reached } = await maximise(model, options);
      expect(reached / history[0]).toBeLessThan(0.01);
      if (at !== "conv1") continue;
      const error = Array.from(image.data).reduce((sum, v, p) => sum + Math.abs(v - photo.data[p]), 0) / 256;
      expect(error).toBeLessThan(0.02);
    }
  });

  it("G10 AM1 inversion by dot product under a linear layer A: the picture is AᵀA·x₀ at unit length, and J = |AᵀA·x₀|", async () => {
    const weight = randomNormal([4, 1, 3, 3], random(3));
    const net = nn.sequential({ conv: nn.conv2d(1, 4, 3, { padding: 1, bias: false }) });
    const model = createModel(net, [1, 10, 10], { parameters: new Map([["conv.weight", weight]]) });
    const original = randomNormal([1, 10, 10], random(6));
    const forward = conv2d(original.reshape([1, 1, 10, 10]), weight, undefined, { padding: 1 });
    const best = Array.from(convTranspose2d(forward, weight, undefined, { padding: 1 }).data);
    const objective: Objective = { kind: "caricature", layer: "conv", picture: original, power: 0 };
    const options = {
      objective,
      bounds: { norm: 1 },
      l2: 0,
      totalVariation: 0,
      jitter: 0,
      steps: 400,
      optimiser: adam(0.1),
      device,
    } as const;
    const result = await maximise(model, options);
    expect(result.objective / Math.hypot(...best)).toBeGreaterThan(0.999);
    expect(dot(Array.from(result.image.data), best) / Math.hypot(...best)).toBeGreaterThan(0.999);
    expect(result.target).toBe("a caricature by conv");
  });

  it("says what is wrong with impossible objectives", async () => {
    const ask = (objective: unknown): Promise<unknown> => maximise(smallNet(), { objective: objective as Objective, device, threads });
    await expect(ask({ kind: "channel", layer: "conv2", channel: 9 })).rejects.toThrow(/channels 0\.\.5; 9/);
    await expect(ask({ kind: "channel", layer: "conv7", channel: 0 })).rejects.toThrow(/conv7/);
    await expect(ask({ kind: "beauty", layer: "conv2" })).rejects.toThrow(/beauty.*caricature/);
    await expect(ask({ kind: "sum", terms: [] })).rejects.toThrow(/no layer|no terms/);
    await expect(ask({ kind: "direction", layer: "conv2", direction: tensor([1, 2]) })).rejects.toThrow(/6 weights/);
    await expect(ask({ kind: "match", layer: "conv2", picture: randomNormal([1, 5, 5], random(1)) })).rejects.toThrow(/\[1, 12, 12\]/);
    await expect(maximise(smallNet(), { class: 1, objective: { kind: "class", class: 1 }, device, threads })).rejects.toThrow(/either/);
  });
});
