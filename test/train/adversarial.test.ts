// Generative adversarial nets: the optimum of the game, and a toy whose answer is known.
import { expect, test } from "vitest";
import { compile } from "../../src/backends/index.ts";
import { createModel, nn } from "../../src/nn/index.ts";
import { ArgumentError, ShapeError } from "../../src/tensor/errors.ts";
import { random, Tensor, tensor } from "../../src/tensor/index.ts";
import { adam, adversarialStep, adversarialValue } from "../../src/train/index.ts";
import { zooModel } from "../../src/zoo/index.ts";

const machine = { device: "wasm", threads: 1 } as const;

test("F8 where the discriminator can only guess, D is 1/2 and the value -log 4; every other answer is worth more to it", async () => {
  expect(adversarialValue([0.5, 0.5], [0.5])).toBeCloseTo(-1.386294, 6);
  // A discriminator of zeros guesses, and the step says so.
  const generator = createModel(nn.sequential({ out: nn.linear(1, 1) }), [1], { seed: 1 });
  const net = nn.sequential({ hidden: nn.linear(1, 4), relu: nn.relu(), score: nn.linear(4, 1, { bias: false }) });
  const discriminator = createModel(net, [1], {
    parameters: new Map([["score.weight", new Tensor(new Float32Array(4), [1, 4])]]),
    partial: true,
  });
  const { graph } = adversarialStep(generator, discriminator, { batch: 8 });
  const program = await compile(graph, machine);
  const feeds = { real: tensor(new Float32Array(8).fill(3), [8, 1]), code: tensor(new Float32Array(8), [8, 1]), learningRate: tensor(0.1) };
  const first = await program.run(feeds);
  expect(first.value.item()).toBeCloseTo(-1.386294, 5);
  expect(first["real score"].item()).toBeCloseTo(0.5, 6);
  const second = await program.run(feeds);
  expect(second.value.item()).toBeGreaterThan(first.value.item());
  program.release();
});

test("F8 a one-dimensional toy: the generator finds mean and deviation of the data", { timeout: 60_000 }, async () => {
  const [mean, deviation] = [3, 1.5];
  const batch = 256;
  const generator = createModel(nn.sequential({ out: nn.linear(1, 1) }), [1], {
    parameters: new Map([["out.weight", tensor([[0.3]])], ["out.bias", tensor([0])]]), // biome-ignore format: pairs
  });
  const judge = nn.sequential({
    a: nn.linear(1, 24),
    ra: nn.leakyRelu({ slope: 0.2 }),
    b: nn.linear(24, 24),
    rb: nn.leakyRelu({ slope: 0.2 }),
    score: nn.linear(24, 1),
  });
  const { graph } = adversarialStep(generator, createModel(judge, [1], { seed: 4 }), {
    batch,
    generatorOptimiser: adam(1, { betas: [0.5, 0.9] }),
    discriminatorOptimiser: adam(1, { betas: [0.5, 0.9] }),
  });
  const program = await compile(graph, machine);
  const generator1 = random(7);
  const normals = (scale: number, shift: number): Tensor =>
    new Tensor(
      Float32Array.from({ length: batch }, () => shift + scale * generator1.normal()),
      [batch, 1],
    );
  const steps = 4000;
  // The players circle round the optimum; what counts is the middle of their orbit.
  let [weight, bias, counted] = [0, 0, 0];
  for (let step = 0; step < steps; step++) {
    const rate = 5e-3 * (1 - step / steps) + 1e-4;
    await program.run({ real: normals(deviation, mean), code: normals(1, 0), learningRate: tensor(rate) });
    if (step >= steps - 1000 && step % 50 === 0) {
      weight += Math.abs(program.state.read("generator.out.weight").item());
      bias += program.state.read("generator.out.bias").item();
      counted++;
    }
  }
  expect(Math.abs(bias / counted - mean)).toBeLessThan(0.3);
  expect(Math.abs(weight / counted - deviation)).toBeLessThan(0.3);
  program.release();
});

test("F8 DCGAN's pair fits together and takes steps; nets that do not fit are refused", async () => {
  const generator = zooModel("dcgan-generator", { inputShape: [8, 1, 1], outputs: 1 });
  const made = generator.trace().output.shape.slice(1);
  const discriminator = zooModel("dcgan-discriminator", { inputShape: made });
  const { graph } = adversarialStep(generator, discriminator, { batch: 2 });
  expect([...graph.variables.keys()].some((name) => name.startsWith("generator.main"))).toBe(true);
  expect([...graph.outputs.keys()]).toContain("generatorLoss");
  const other = createModel(nn.sequential({ flatten: nn.flatten(), score: nn.linear(4, 1) }), [1, 2, 2]);
  expect(() => adversarialStep(generator, other, { batch: 2 })).toThrow(ShapeError);
  expect(() => adversarialStep(generator, discriminator, { batch: 0 })).toThrow(ArgumentError);
});
