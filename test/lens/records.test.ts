// Records hold everything that decided a result, defaults included, as plain data: the JSON of a map says how to make it again.
import { describe, expect, test } from "vitest";
import { type AttributionMethod, attribute, attributionMethods, maximise } from "../../src/lens/index.ts";
import { createModel, nn } from "../../src/nn/index.ts";
import { full, random, randomNormal, tensor } from "../../src/tensor/index.ts";
import { smallNet } from "./nets.ts";

const pooled = createModel(
  nn.sequential({
    ...{ conv1: nn.conv2d(1, 4, 3), relu1: nn.relu(), pool1: nn.maxPool2d(2), conv2: nn.conv2d(4, 5, 2), relu2: nn.relu() },
    ...{ pool: nn.globalAvgPool(), flatten: nn.flatten(), head: nn.linear(5, 3) },
  }),
  [1, 12, 12],
  { seed: 4 },
);
const picture = randomNormal([1, 12, 12], random(7));
const device = "reference" as const;

const cam = { at: "relu2" };
const noise = { samples: 25, spread: 0.15, seed: 0 };
/** Defaults of seeing-inside.md that decide each method's map, as its record must name them. */
const defaults: Readonly<Record<AttributionMethod, Readonly<Record<string, unknown>>>> = {
  ...{ gradient: {}, gradientInput: {}, guided: {}, deconvnet: {}, zeilerFergus: {}, edges: {} },
  ...{ smoothGrad: noise, smoothGradSquared: noise, varGrad: noise },
  integratedGradients: { points: 50, quadrature: "gaussLegendre", baseline: 0 },
  deepLift: { baseline: 0 },
  ...{ cam, gradCamPlusPlus: cam, hiResCam: cam, layerCam: cam, xGradCam: cam, eigenCam: cam, scoreCam: cam, ablationCam: cam },
  ...{ gradCam: { ...cam, counterfactual: false }, guidedGradCam: { ...cam, counterfactual: false } },
  occlusion: { window: [2, 2], stride: [1, 1], fill: 0, credit: "mean" },
  rise: { masks: 2000, cells: 4, keep: 0.5, seed: 0 },
  lrp: {
    ...{ composite: "epsilonPlus", layerRules: {}, maxPool: "winner", epsilon: 1e-6, gamma: 0.25, alpha: 2 },
    bounds: [[Math.min(...picture.data)], [Math.max(...picture.data)]],
  },
};

describe("attributions", () => {
  test.each(attributionMethods)("G2 %s: all that decides the map, defaults too; told again, it gives the same map", async (method) => {
    const found = await attribute(pooled, picture, { method, class: 1, device });
    expect(found.options).toEqual({ class: 1, device, dtype: "float32", ...defaults[method] });
    const { baseline, ...told } = JSON.parse(JSON.stringify(found.options)) as Record<string, unknown>;
    const zero = baseline === undefined ? {} : { baseline: full([1, 12, 12], baseline as number) };
    const again = await attribute(pooled, picture, { method, ...told, ...zero });
    expect(again.map.data).toEqual(found.map.data);
    expect(again.options).toEqual(found.options);
  });

  test("G2 what a method does not read is not in its record, and what is no plain data is described", async () => {
    const run = { class: 1, device } as const;
    expect((await attribute(pooled, picture, { method: "gradient", samples: 3, window: 2, ...run })).options).not.toHaveProperty("samples");
    const options = { method: "integratedGradients", points: 2, ...run } as const;
    expect((await attribute(pooled, picture, { ...options, baseline: full([1, 12, 12], 0.5) })).options.baseline).toBe(0.5);
    expect((await attribute(pooled, picture, { ...options, baseline: picture })).options.baseline).toBe("picture");
    const direction = await attribute(pooled, picture, { method: "gradient", layer: "conv2", direction: tensor([1, 0, 2, 0, -1]), device });
    expect(direction.options).toEqual({ layer: "conv2", direction: [1, 0, 2, 0, -1], device, dtype: "float32" });
    const unit = await attribute(pooled, picture, { method: "lrp", rule: "zero", layer: "conv2", channel: 2, position: [1, 3], device });
    expect(unit.options).toMatchObject({ layer: "conv2", channel: 2, position: [1, 3], rule: "zero", epsilon: 0 });
  });
});

test("G1 a climbed picture's record names the recipe in force", async () => {
  const { options } = await maximise(smallNet(), { layer: "conv2", channel: 0, steps: 1, device });
  expect(JSON.parse(JSON.stringify(options))).toMatchObject({
    ...{
      steps: 1,
      seed: 0,
      parametrisation: "fourier",
      decay: 1,
      l2: 0.25,
      totalVariation: 0.1,
      redirect: true,
      blur: 0,
      dtype: "float32",
    },
    ...{ optimiser: "adam", learningRate: 0.05, optimiserSettings: { betas: [0.9, 0.999] }, bounds: "none", squash: "sigmoid", device },
  });
  expect((options.transforms as readonly unknown[]).length).toBeGreaterThan(5);
});
