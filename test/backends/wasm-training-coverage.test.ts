// A training step of every net of the zoo (of every family, where time is short) runs in kernels alone, with every loss and optimiser. Parameters are inputs here, so that the largest
// net costs no numbers; only lowering is needed to know which kernels there are.
import { describe, expect, test } from "vitest";
import { lower } from "../../src/backends/wasm/lower.ts";
import { prepare } from "../../src/backends/wasm/prepare.ts";
import { gradient } from "../../src/graph/grad.ts";
import { createGraph, type Graph } from "../../src/graph/graph.ts";
import { input } from "../../src/graph/record.ts";
import { showValue, type Value } from "../../src/graph/value.ts";
import { traceModule } from "../../src/nn/trace.ts";
import { mean } from "../../src/ops/index.ts";
import { clipGradients } from "../../src/train/clip.ts";
import { crossEntropyLoss, halfSquaredError, type Loss, meanSquaredError } from "../../src/train/losses.ts";
import { adam, adamW, nadam, type Optimiser, rmsProp, sgd } from "../../src/train/optimisers.ts";
import type { Architecture } from "../../src/zoo/architecture.ts";
import { architecture, architectures } from "../../src/zoo/index.ts";
import { isLong } from "../support/long.ts";

const batch = 2;

/** What a step computes: the loss, each parameter's and each statistic's next value, the optimiser's memory. */
function stepOf({ build, inputShape, classes, gives }: Architecture, optimiser: Optimiser, loss: Loss): Graph {
  const traced = traceModule(build(inputShape, classes), {
    shape: [batch, ...inputShape],
    dtype: "float32",
    training: true,
    frozen: false,
    seed: 0,
    store: { parameter: () => undefined, buffer: () => undefined },
  });
  const { output } = traced;
  const target = gives === undefined ? input("y", [batch], "int32") : input("y", output.shape, "float32");
  const total = mean(loss.perPicture(output, target));
  const parameters = [...traced.parameters];
  const gradients = gradient(
    total,
    parameters.map(([, value]) => value),
  );
  const outputs: Record<string, Value> = { loss: total };
  const keep = (value: Value): void => {
    outputs[`next ${Object.keys(outputs).length}`] = value;
  };
  for (const [, next] of traced.updates) keep(next);
  const [learningRate, step] = [input("learningRate", [], "float32"), input("step", [], "float32")];
  const built = new Map<string, Value>();
  const clipped = clipGradients(gradients, { norm: 1 });
  parameters.forEach(([name, parameter], i) => {
    const next = optimiser.update(parameter, clipped[i], {
      learningRate,
      step,
      memory: (what) => input(`${what} of ${name}`, parameter.shape, "float32"),
      remember: (_, value) => keep(value),
      shared(key, make) {
        const value = built.get(key) ?? make();
        built.set(key, value);
        return value;
      },
    });
    keep(next);
  });
  return createGraph({ outputs });
}

function standInsOf(graph: Graph): string[] {
  return lower(prepare(graph, true), { tier: "simd", strict: false, precision: "exact" }).standIns.map(showValue);
}

/** Names that differ in depth or width only; versions are families of their own. */
function familyOf(name: string): string {
  return name.replaceAll(/(?<!v)\d+(\.\d+)?/g, "#");
}

/** The first of each family, and those with bottlenecks. */
const samples = architectures.filter(
  ({ name }, i) => name.endsWith("resnet50") || architectures.findIndex((a) => familyOf(a.name) === familyOf(name)) === i,
);

describe("training steps", () => {
  test.each((isLong ? architectures : samples).map((a) => [a.name, a] as const))("PR11 a step of %s runs in kernels alone", (_, net) => {
    const loss = net.gives === undefined ? crossEntropyLoss() : meanSquaredError();
    expect(standInsOf(stepOf(net, sgd(0.1, { momentum: 0.9, weightDecay: 1e-4 }), loss))).toEqual([]);
  });

  const losses = [crossEntropyLoss({ labelSmoothing: 0.1 }), meanSquaredError(), halfSquaredError()];
  const optimisers = [
    sgd(0.1),
    sgd(0.1, { momentum: 0.9, nesterov: true }),
    sgd(0.1, { momentum: 0.9, form: "keras" }),
    adam(),
    adam(1e-3, { amsgrad: true }),
    adamW(),
    nadam(),
    rmsProp(1e-2, { momentum: 0.9, centred: true }),
  ];
  const pairs = losses.flatMap((loss) => optimisers.map((optimiser) => ({ loss, optimiser })));
  test.each(pairs.map((p) => [`${p.loss.name} by ${p.optimiser.name} ${JSON.stringify(p.optimiser.settings)}`, p] as const))(
    "PR11 %s runs in kernels alone",
    (_, { loss, optimiser }) => {
      expect(standInsOf(stepOf(architecture("lenet5"), optimiser, loss))).toEqual([]);
    },
  );
});
