// Runs in a worker of the page that `npm run bench -- browser` opens, because a page's main thread must not wait for others: the nine layers
// through the same contest as in Node, against ONNX Runtime's WebAssembly.
import "../src/ops/index.ts";
import { engineTier } from "../src/backends/wasm/tier.ts";
import { contest } from "./inference.ts";
import { layerGraph, nineLayers } from "./nine-layers.ts";
import { peakKernel } from "./peak.ts";
import { loadedOnnxruntime, onnxruntimeAddresses } from "./rivals/onnxruntime.ts";
import type { Verdict } from "./verdict.ts";

export interface BrowserTask {
  readonly threads: number;
  readonly rounds: number;
}

export interface BrowserReport {
  readonly verdicts: readonly (Verdict & { readonly group: string })[];
  readonly notes: readonly string[];
  readonly tier: string;
  readonly version: string;
}

async function race({ threads, rounds }: BrowserTask): Promise<BrowserReport> {
  onnxruntimeAddresses.web = "/onnxruntime-web/ort.wasm.min.mjs";
  const { version } = await loadedOnnxruntime("web");
  const peak = peakKernel();
  const verdicts: (Verdict & { readonly group: string })[] = [];
  const notes = new Set<string>();
  for (const layer of nineLayers) {
    const result = await contest({
      bench: "browser",
      title: layer.name,
      ...layerGraph(layer),
      rivals: ["web"],
      threads: [threads],
      rounds,
      milliseconds: 100,
      peak,
    });
    verdicts.push(...result.verdicts.map((v) => ({ ...v, group: layer.group })));
    for (const note of result.notes) notes.add(`${layer.name}: ${note}`);
  }
  return { verdicts, notes: [...notes], tier: engineTier().tier, version };
}

self.addEventListener("message", async ({ data }: MessageEvent<BrowserTask>) => {
  try {
    self.postMessage({ report: await race(data) });
  } catch (error) {
    self.postMessage({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
