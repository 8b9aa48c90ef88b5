// Runs in a worker of the page: trains a few steps there, on as many threads as asked, and says what came out.

import { compile } from "../../src/backends/index.ts";
import { createGraph, gradient, input } from "../../src/graph/index.ts";
import { createModel } from "../../src/nn/index.ts";
import { crossEntropy, mul, sub } from "../../src/ops/index.ts";
import { random, randomNormal, tensor } from "../../src/tensor/index.ts";
import { smallNet } from "../../src/zoo/index.ts";

export interface Outcome {
  readonly losses: readonly number[];
  readonly threads: number;
  readonly notes: readonly string[];
  readonly standIns: number;
}

/** Four steps of plain gradient descent of the small net on eight random pictures. */
export async function trainSteps(threads: number): Promise<Outcome> {
  const model = createModel(smallNet([1, 16, 16], 3), [1, 16, 16], { seed: 3 });
  const { input: x, output, parameters } = model.trace({ batch: 8, frozen: false, training: true });
  const labels = input("labels", [8], "int32");
  const loss = crossEntropy(output, labels);
  const values = [...parameters.values()];
  const slopes = gradient(loss, values);
  const graph = createGraph({ outputs: { loss }, updates: values.map((v, i) => [v, sub(v, mul(slopes[i], 0.1))] as const) });
  const program = await compile(graph, { device: "wasm", threads });
  const feeds = { [x.label as string]: randomNormal([8, 1, 16, 16], random(1)), labels: tensor([0, 1, 2, 0, 1, 2, 0, 1], [8], "int32") };
  const losses: number[] = [];
  for (let step = 0; step < 4; step++) losses.push((await program.run(feeds)).loss.item());
  const { threads: used, notes, standIns } = program.explain();
  program.release();
  return { losses, threads: used, notes, standIns };
}

// The page imports this file too; only a worker has no document.
if (typeof document === "undefined") {
  globalThis.addEventListener("message", async ({ data }: MessageEvent<number>) => {
    try {
      globalThis.postMessage(await trainSteps(data));
    } catch (error) {
      globalThis.postMessage({ error: String(error) });
    }
  });
}
