// `npm run bench -- conv`: the nine layers against the ONNX runtimes, with the geometric mean of each group that has a goal.
import "../src/ops/index.ts";
import { stopWorkers } from "../src/backends/wasm/index.ts";
import { contest } from "./inference.ts";
import { layerGraph, nineLayers } from "./nine-layers.ts";
import { onnxRivals, showVerdicts } from "./onnx-rivals.ts";
import { peakKernel } from "./peak.ts";
import type { BenchOptions } from "./rounds.ts";
import { geometricMeans, grouped, type Verdict } from "./verdict.ts";

export async function benchNineLayers({ rounds, json, rivals: wanted, threads = [1, 2] }: BenchOptions): Promise<void> {
  const rivals = await onnxRivals(wanted);
  const peak = peakKernel();
  const found: (Verdict & { readonly group: string })[] = [];
  for (const layer of nineLayers) {
    const { verdicts, notes } = await contest({
      bench: "conv",
      title: layer.name,
      ...layerGraph(layer),
      rivals,
      threads,
      rounds,
      milliseconds: 100,
      peak,
    });
    for (const note of notes) console.error(`${layer.name}: ${note}`);
    found.push(...verdicts.map((v) => ({ ...v, group: layer.group })));
  }
  const groups = grouped(found, (v) => v.group);
  const means = [...groups].flatMap(([group, members]) => geometricMeans("conv", `geometric mean of ${group}`, members));
  await showVerdicts([...found, ...means], { json });
  stopWorkers();
}
