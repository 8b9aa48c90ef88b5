// Optimisers against PyTorch's trajectories and against hand arithmetic, in float64, on a loss whose gradient is whatever is fed.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compile } from "../../src/backends/index.ts";
import { createModel, initialise, nn } from "../../src/nn/index.ts";
import { mul } from "../../src/ops/index.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import type { ClipOptions } from "../../src/train/clip.ts";
import { adam, adamW, halfSquaredError, type Loss, nadam, type Optimiser, rmsProp, sgd, trainingStep } from "../../src/train/index.ts";

interface Golden {
  readonly optimisers: readonly {
    readonly name: string;
    readonly options: Readonly<Record<string, unknown>>;
    readonly start: readonly number[];
    readonly steps: readonly { readonly gradient: readonly number[]; readonly weights: readonly number[] }[];
  }[];
  readonly clipping: readonly {
    readonly limit: number;
    readonly norm: number;
    readonly gradients: readonly { readonly shape: readonly number[]; readonly data: readonly number[] }[];
    readonly clipped: readonly { readonly shape: readonly number[]; readonly data: readonly number[] }[];
  }[];
}
const golden = JSON.parse(readFileSync(new URL("../golden/optimisers.json", import.meta.url), "utf8")) as Golden;

/** The sum of the outputs: its gradient with respect to the weights of `product` is the input itself. */
const sumLoss: Loss = { name: "sum", perPicture: (output) => output };

/** Weights after each of the given gradients. */
async function trajectory(
  optimiser: Optimiser,
  start: readonly number[],
  gradients: readonly (readonly number[])[],
  options: { rate?: (step: number) => number; clip?: ClipOptions } = {},
): Promise<number[][]> {
  const product = nn.functional((x, c) => mul(x, c.parameter("w", [start.length], initialise.values(tensor(start)))));
  const model = createModel(product, [start.length]);
  const { graph } = trainingStep(model, {
    batch: 1,
    optimiser,
    loss: sumLoss,
    reduction: "sum",
    dtype: "float64",
    ...(options.clip && { clip: options.clip }),
  });
  const program = await compile(graph, { device: "reference" });
  // The model keeps float32; the trajectory starts from the exact numbers.
  program.state.write("w", tensor(start, [start.length], "float64"));
  const path: number[][] = [];
  for (const [step, g] of gradients.entries()) {
    const rate = options.rate?.(step) ?? optimiser.learningRate;
    await program.run({
      x: tensor(g, [1, g.length], "float64"),
      y: tensor([0], [1], "int32"),
      learningRate: tensor([rate], [], "float64"),
    });
    path.push([...program.state.read("w").data]);
  }
  return path;
}

function fromTorch(name: string, o: Readonly<Record<string, unknown>>): Optimiser {
  const lr = o.lr as number;
  const common = {
    ...(o.momentum !== undefined && { momentum: o.momentum as number }),
    ...(o.weight_decay !== undefined && { weightDecay: o.weight_decay as number }),
    ...(o.eps !== undefined && { eps: o.eps as number }),
    ...(o.betas !== undefined && { betas: o.betas as [number, number] }),
    ...(o.amsgrad !== undefined && { amsgrad: o.amsgrad as boolean }),
    ...(o.nesterov !== undefined && { nesterov: o.nesterov as boolean }),
    ...(o.dampening !== undefined && { dampening: o.dampening as number }),
    ...(o.momentum_decay !== undefined && { momentumDecay: o.momentum_decay as number }),
    ...(o.alpha !== undefined && { alpha: o.alpha as number }),
    ...(o.centered !== undefined && { centred: o.centered as boolean }),
  };
  const kind = name.split(" ")[0];
  const make = { sgd, adam, adamW, nadam, rmsProp }[kind];
  if (make === undefined) throw new Error(`no optimiser for the golden "${name}"`);
  return make(lr, common);
}

describe("E6 optimisers", () => {
  test.each(golden.optimisers.map((g) => [g.name, g] as const))("E6 %s follows PyTorch's trajectory", async (name, g) => {
    const path = await trajectory(
      fromTorch(name, g.options),
      g.start,
      g.steps.map((s) => s.gradient),
    );
    for (const [step, { weights }] of g.steps.entries()) {
      for (const [i, w] of weights.entries()) expect(path[step][i], `step ${step}, weight ${i}`).toBeCloseTo(w, 10);
    }
  });

  test("E6 Adam's first step is lr·sign(g) as eps goes to 0, whatever the gradient's size", async () => {
    const [after] = await trajectory(adam(0.01, { eps: 0 }), [1, 1, 1, 1], [[1e-8, -3, 2000, -0.5]]);
    for (const [i, w] of [0.99, 1.01, 0.99, 1.01].entries()) expect(after[i]).toBeCloseTo(w, 12);
  });

  test("E6 Nesterov with Z1's settings in the Keras form: the rate is inside the velocity", async () => {
    const [lr, momentum, decay] = [0.01, 0.9, 1e-6];
    const rate = (step: number): number => lr / (1 + decay * step);
    const gradients = [[0.5], [-2], [1.5], [0.25]];
    const path = await trajectory(sgd(lr, { momentum, nesterov: true, form: "keras" }), [1], gradients, { rate });
    let [w, v] = [1, 0];
    for (const [step, [g]] of gradients.entries()) {
      v = momentum * v - rate(step) * g;
      w += momentum * v - rate(step) * g;
      expect(path[step][0]).toBeCloseTo(w, 14);
    }
  });

  test("E6 both forms of momentum agree while the rate is constant and differ once it changes", async () => {
    const gradients = [
      [0.5, 1],
      [-2, 1],
      [1.5, 1],
    ];
    for (const nesterov of [false, true]) {
      const run = (form: "keras" | "pytorch", rate: (step: number) => number): Promise<number[][]> =>
        trajectory(sgd(0.1, { momentum: 0.9, nesterov, form }), [1, -1], gradients, { rate });
      const [a, b] = [await run("keras", () => 0.1), await run("pytorch", () => 0.1)];
      for (const i of [0, 1]) expect(a[2][i]).toBeCloseTo(b[2][i], 12);
      const [c, d] = [await run("keras", (s) => 0.1 / 2 ** s), await run("pytorch", (s) => 0.1 / 2 ** s)];
      expect(Math.abs(c[2][1] - d[2][1])).toBeGreaterThan(0.01);
    }
  });

  test.each(golden.clipping.map((g) => [g.limit, g] as const))("ET7 clipping to the global norm %s follows PyTorch", async (limit, g) => {
    // Plain gradient descent with rate 1 from 0 shows the clipped gradient itself; the norm is of all parameters together.
    const flat = g.gradients.flatMap((t) => t.data);
    const [after] = await trajectory(
      sgd(1),
      flat.map(() => 0),
      [flat],
      { clip: { norm: limit } },
    );
    for (const [i, w] of g.clipped.flatMap((t) => t.data).entries()) expect(-after[i]).toBeCloseTo(w, 7);
  });

  test("ET7 the norm is of all parameters together, and clipping by value cuts single entries", async () => {
    const net = nn.sequential({ a: nn.linear(2, 2), b: nn.linear(2, 1) });
    const model = createModel(net, [2], { seed: 1 });
    const step = trainingStep(model, {
      batch: 1,
      loss: halfSquaredError(),
      target: { shape: [1, 1], dtype: "float32" },
      optimiser: sgd(1),
      clip: { norm: 0.5 },
      gradientNorm: true,
    });
    const program = await compile(step.graph, { device: "reference" });
    const results = await program.run({ x: tensor([3, -4], [1, 2]), y: tensor([100], [1, 1]), learningRate: tensor([1], []) });
    expect(results.gradientNorm.item()).toBeGreaterThan(10);
    let moved = 0;
    for (const [name, before] of model.parameters) {
      const after = program.state.read(name);
      for (let i = 0; i < before.size; i++) moved += (after.data[i] - before.data[i]) ** 2;
    }
    expect(Math.sqrt(moved)).toBeCloseTo(0.5, 4);
    const [after] = await trajectory(sgd(1), [0, 0, 0], [[5, -0.25, -7]], { clip: { value: 2 } });
    expect(after).toEqual([-2, 0.25, 2]);
  });

  test("impossible settings are refused", () => {
    expect(() => sgd(-1)).toThrow(/learningRate is -1/);
    expect(() => sgd(0.1, { nesterov: true })).toThrow(/momentum > 0/);
    expect(() => adam(1e-3, { betas: [0.9, 1] })).toThrow(/betas/);
    expect(() => nadam(1e-3, { momentumDecay: -1 })).toThrow(/momentumDecay is -1/);
    expect(() => nadam(1e-3, { betas: [1, 0.9] })).toThrow(/betas/);
    expect(() => rmsProp(Number.NaN)).toThrow(/learningRate is NaN/);
  });
});

describe("E10 learning rate on a quadratic", () => {
  test("E10 gradient descent diverges exactly when lr > 2/λmax", async () => {
    // ½Σλᵢwᵢ², whose gradient λ·w is fed back at every step.
    const curvatures = [1, 4, 10];
    const distanceAfter = async (lr: number): Promise<number> => {
      let w = [1, 1, 1];
      for (let step = 0; step < 60; step++) {
        [w] = await trajectory(sgd(lr), w, [w.map((v, i) => curvatures[i] * v)]);
      }
      return Math.hypot(...w);
    };
    expect(await distanceAfter(0.199)).toBeLessThan(1);
    expect(await distanceAfter(0.201)).toBeGreaterThan(1);
    expect(await distanceAfter(0.1)).toBeLessThan(0.01);
  });
});
