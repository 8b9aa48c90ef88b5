// Three training batches through batch norm: the running statistics that PyTorch has after each, kept by the graph itself.
import { readFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { compile } from "../../src/backends/compile.ts";
import { stopWorkers } from "../../src/backends/wasm/index.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { createModel, nn } from "../../src/nn/index.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";

interface Golden {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

const { running } = JSON.parse(readFileSync(new URL("../golden/norms.json", import.meta.url), "utf8")) as {
  running: readonly { readonly x: Golden; readonly mean: Golden; readonly variance: Golden }[];
};

afterAll(() => stopWorkers());

it.each(["reference", "wasm"] as const)("EN1 running mean and unbiased running variance after each batch, on %s", async (device) => {
  const model = createModel(nn.batchNorm2d(4), [4, 2, 2]);
  const { output, updates } = model.trace({ batch: 2, training: true });
  const program = await compile(createGraph({ outputs: { output }, updates }), { device, threads: 1 });
  const expectClose = (got: Tensor, wanted: Golden): void => wanted.data.forEach((v, i) => void expect(got.data[i]).toBeCloseTo(v, 6));
  for (const { x, mean, variance } of running) {
    await program.run({ x: tensor(x.data, x.shape) });
    expectClose(program.state.read("running_mean"), mean);
    expectClose(program.state.read("running_var"), variance);
  }
  expect(running).toHaveLength(3);
});
