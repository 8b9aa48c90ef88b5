// `npm run bench -- nets`: whole networks of the zoo, one picture, the same weights in every engine.
import "../src/ops/index.ts";
import { stopWorkers } from "../src/backends/wasm/index.ts";
import { createGraph } from "../src/graph/graph.ts";
import { random, randomUniform } from "../src/tensor/random.ts";
import { zooModel } from "../src/zoo/registry.ts";
import { contest } from "./inference.ts";
import { onnxRivals, showVerdicts } from "./onnx-rivals.ts";
import { peakKernel } from "./peak.ts";
import type { BenchOptions } from "./rounds.ts";
import type { Verdict } from "./verdict.ts";

const nets = ["resnet18", "vgg16", "mobilenet-v2"];

export async function benchNets({ rounds, json, rivals: wanted, threads = [2], cases = nets }: BenchOptions): Promise<void> {
  const rivals = await onnxRivals(wanted);
  const peak = peakKernel();
  const found: Verdict[] = [];
  for (const name of cases) {
    const { input, output } = zooModel(name, { seed: 1 }).trace();
    const { verdicts, notes } = await contest({
      bench: "nets",
      title: `${name}, batch 1`,
      graph: createGraph({ outputs: { y: output } }),
      x: randomUniform(input.shape, random(1), -1, 1),
      rivals,
      threads,
      rounds,
      milliseconds: 400,
      peak,
    });
    for (const note of notes) console.error(`${name}: ${note}`);
    found.push(...verdicts);
  }
  await showVerdicts(found, { json });
  stopWorkers();
}
