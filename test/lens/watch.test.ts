import { describe, expect, test } from "vitest";
import { compile } from "../../src/backends/index.ts";
import { activations } from "../../src/lens/activations.ts";
import { watch } from "../../src/lens/watch.ts";
import { createModel, initialise, nn } from "../../src/nn/index.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { openTraining, predict, sgd, trainingStep } from "../../src/train/index.ts";
import { bars } from "../train/tiny.ts";

const device = "reference";
const data = bars(40);
const net = nn.sequential({
  conv: nn.conv2d(1, 4, 3, { padding: 1 }),
  relu: nn.relu(),
  pool: nn.maxPool2d(2),
  flatten: nn.flatten(),
  fc: nn.linear(64, 8),
  act: nn.sigmoid(),
  logits: nn.linear(8, 3),
});
const indices = Array.from({ length: 16 }, (_, i) => i);

describe("watch", () => {
  test("LF6 shows a picture's values, their gradients and the class probabilities of the parameters it was given last", async () => {
    const live = await openTraining(net, data, { batchSize: 8, optimiser: sgd(0.5), device });
    const seen = watch(live.model(), { device });
    for (let i = 0; i < 3; i++) await live.step();
    seen.load(live.checkpoint().model);
    const { values, gradients, probabilities, loss } = await seen.picture(data.image(4), data.label(4));
    const now = live.model();
    const expected = await activations(now, data.image(4), { device });
    expect([...values.keys()]).toEqual([...expected.keys()]);
    for (const [name, value] of expected) expect(values.get(name)?.data).toEqual(value.data);
    const predicted = await predict(now, data.image(4), { device });
    expect(probabilities.data).toEqual(predicted.probabilities.data);
    expect(loss).toBeCloseTo(-Math.log(probabilities.data[data.label(4)]), 5);
    // By cross-entropy's rule: probability minus what was right.
    const byScores = gradients.get("logits")?.data as Float32Array;
    for (const [c, g] of byScores.entries()) expect(g).toBeCloseTo(probabilities.data[c] - (c === data.label(4) ? 1 : 0), 6);
    live.release();
    seen.release();
  });

  test("LF6 the gradients and their norms per layer are those of the training step", async () => {
    const model = createModel(net, [1, 8, 8], { seed: 3 });
    const { x, y } = data.batch(indices);
    const seen = watch(model, { device, batch: 16 });
    const { layers, gradients, loss } = await seen.health(x, y);
    const step = trainingStep(model, { batch: 16, optimiser: sgd(1), gradientNorm: true });
    const program = await compile(step.graph, { device });
    const result = await program.run({ x, y, learningRate: new Tensor(Float32Array.of(1), []) });
    expect(loss).toBeCloseTo(result.loss.item(), 6);
    // A step of plain descent with rate 1 moves each weight by its gradient.
    for (const [name, before] of model.parameters) {
      const after = program.state.read(name);
      for (const [i, w] of before.data.entries()) expect(gradients.get(name)?.data[i]).toBeCloseTo(w - after.data[i], 5);
    }
    const norms = layers.map((l) => l.gradient ?? 0);
    expect(Math.hypot(...norms)).toBeCloseTo(result.gradientNorm.item(), 5);
    expect(layers.filter((l) => l.gradient !== undefined).map((l) => l.layer)).toEqual(["conv", "fc", "logits"]);
  });

  test("LF14 counts dead units and saturated places: those with a bias that no picture overcomes", async () => {
    const model = createModel(net, [1, 8, 8], { seed: 3 });
    const state = model.state();
    const bias = Float32Array.from(state.get("conv.bias")?.data as Float32Array);
    bias[0] = bias[2] = -1000;
    const hidden = new Float32Array(8);
    hidden[5] = 50;
    const spoilt = new Map([...state, ["conv.bias", new Tensor(bias, [4])], ["fc.bias", new Tensor(hidden, [8])]]);
    const { x, y } = data.batch(indices);
    const seen = watch(model, { device, batch: 16 });
    const of = async (name: string) => (await seen.health(x, y)).layers.find((l) => l.layer === name)?.activation;
    expect(await of("relu")).toMatchObject({ units: 4, dead: 0 });
    expect((await of("act"))?.saturated).toBe(0);
    seen.load(spoilt);
    expect(await of("relu")).toMatchObject({ units: 4, dead: 2 });
    expect((await of("relu"))?.saturated).toBeGreaterThanOrEqual(0.5);
    expect(await of("act")).toEqual({ units: 8, dead: 1, saturated: 1 / 8 });
  });

  test("LF14 a net whose weights are all zero is dead from end to end", async () => {
    const zero = { initialise: initialise.constant(0), initialiseBias: initialise.constant(-1) };
    const dead = nn.sequential({ flatten: nn.flatten(), fc: nn.linear(64, 6, zero), relu: nn.relu(), out: nn.linear(6, 3) });
    const { layers } = await watch(createModel(dead, [1, 8, 8]), { device, batch: 16 }).health(
      data.batch(indices).x,
      data.batch(indices).y,
    );
    expect(layers.find((l) => l.layer === "relu")?.activation).toEqual({ units: 6, dead: 6, saturated: 1 });
    expect(layers.find((l) => l.layer === "fc")?.gradient).toBe(0);
  });
});
