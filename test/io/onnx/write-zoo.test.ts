// EF1: every net of the zoo, written and run by onnxruntime, gives what fovea gives. Small ones always, and one of each other family for small
// pictures; the others, some of which take gigabytes, in `npm run test:long`.
import { describe, expect, it } from "vitest";
import { compile } from "../../../src/backends/index.ts";
import { createGraph } from "../../../src/graph/graph.ts";
import { readOnnx } from "../../../src/io/onnx/index.ts";
import { writeOnnx } from "../../../src/io/onnx/write/write.ts";
import { createModel, type Model } from "../../../src/nn/model.ts";
import { random, randomNormal } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { architectures } from "../../../src/zoo/registry.ts";
import { deviation } from "../../support/backend-compare.ts";
import { lively } from "../../support/lively.ts";
import { isLong } from "../../support/long.ts";
import { hasRuntime, runOnnx } from "../../support/onnxruntime.ts";

/** Multiply-adds and parameters up to which a net is run in every test. */
const [fewMacs, fewParameters] = [8e7, 6e6];

/** Hundreds of residual blocks would add up to more than float32 can hold; those of MobileNet v2 to scores that are small beside
 * what they sum; gates that large numbers saturate magnify the last bit. */
const gains: Readonly<Record<string, number>> = {
  ...{ "resnet1202-cifar": 0.1, "resnet110-cifar": 0.5, "preact-resnet164-cifar": 0.5 },
  ...{ "mobilenet-v2": 0.7, "mobilenet-v2-0.5": 0.7, "mobilenet-v3-large": 0.7, "se-resnet50": 0.5 },
};

/** Nets that are too large for every test, and the height and width at which they are not. */
const reduced: Readonly<Record<string, number>> = {
  "squeezenet1.1": 64,
  googlenet: 64,
  "googlenet-paper": 64,
  "preact-resnet18": 32,
  "wide-resnet16-4-cifar": 16,
  "densenet40-cifar": 16,
  "mobilenet-v2-0.5": 64,
  "shufflenet-v1-g3": 64,
  "efficientnet-b0": 48,
  "dcgan-discriminator": 32,
};

function modelOf(name: string): Model {
  const found = architectures.find((a) => a.name === name) as (typeof architectures)[number];
  const size = isLong ? undefined : reduced[name];
  const [inputShape, outputs] = size === undefined ? [found.inputShape, found.classes] : [[found.inputShape[0], size, size], 10];
  return lively(createModel(found.build(inputShape, outputs), inputShape), gains[name] ?? 1);
}

const isSmall = ({ build, inputShape, classes }: (typeof architectures)[number]): boolean => {
  const model = createModel(build(inputShape, classes), inputShape);
  return model.parameterCount <= fewParameters && model.summary().total.macs <= fewMacs;
};
const nets = architectures.filter((a) => isLong || reduced[a.name] !== undefined || isSmall(a)).map((a) => a.name);

async function outputOf(model: Model, x: Tensor): Promise<Tensor> {
  const program = await compile(createGraph({ outputs: { y: model.trace({ batch: x.shape[0] }).output } }), { threads: 1 });
  const { y } = await program.run({ x });
  program.release();
  return y;
}

function expectClose(got: Tensor, wanted: Tensor): void {
  expect(got.shape).toEqual(wanted.shape);
  let largest = 0;
  for (const n of wanted.data) largest = Math.max(largest, Math.abs(n));
  expect(largest).toBeGreaterThan(1e-3);
  expect(largest).toBeLessThan(1e30);
  expect(deviation(got, wanted)).toBeLessThan(1e-5);
}

describe("EF1 nets of the zoo as ONNX", () => {
  it.skipIf(!hasRuntime).each(nets)("EF1 %s: onnxruntime agrees, as written and with batch norms folded", async (name) => {
    const model = modelOf(name);
    const x = randomNormal([2, ...model.inputShape], random(5));
    const wanted = await outputOf(model, x);
    expectClose((await runOnnx(writeOnnx(model), { x }, "all")).y, wanted);
    expectClose((await runOnnx(writeOnnx(model, { foldBatchNorm: true }), { x }, "all")).y, wanted);
  });

  // Its norms reshape their parameters, which a reader computes, and so they lose their names.
  it.each(nets.filter((name) => name !== "convnext-tiny"))(
    "EF1 %s: read back, it has the same parameters, gives the same and is written alike",
    async (name) => {
      const model = modelOf(name);
      const file = writeOnnx(model);
      const network = await readOnnx(file);
      const again = network.model();
      // Fixed tables, such as the codes of LeNet's last layer, are trainable to a reader, which cannot tell them from weights.
      expect([...again.parameters.keys()]).toEqual(expect.arrayContaining([...model.parameters.keys()]));
      const x = randomNormal([2, ...model.inputShape], random(5));
      expectClose(await outputOf(again, x), await outputOf(model, x));
      expect(Buffer.compare(writeOnnx(again), file)).toBe(0);
    },
  );
});
