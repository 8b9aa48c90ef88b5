// ONNX Runtime, native (node) and WebAssembly (web). It has no gradient operators, but the three maps of a convolution are all
// convolutions: the input gradient is ConvTranspose, the filter gradient a Conv of x and g with batch and channels exchanged.
import { encodeOnnx, type OnnxGraph } from "../onnx.ts";
import type { ConvCase, ConvData, ConvMap, Prepared, Rival } from "./rival.ts";

interface OrtTensor {
  readonly data: Float32Array;
}
interface Ort {
  readonly env: { readonly versions: Readonly<Record<string, string>>; readonly wasm: { numThreads?: number } };
  readonly Tensor: new (type: "float32", data: Float32Array, shape: readonly number[]) => OrtTensor;
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<{ run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>> }>;
  };
}

function graphOf(map: ConvMap, { batch, inChannels, outChannels, size, kernel }: ConvCase): OnnxGraph {
  const before = (kernel - 1) >> 1;
  const pads = [before, before, kernel - 1 - before, kernel - 1 - before];
  const x = [batch, inChannels, size, size];
  const g = [batch, outChannels, size, size];
  const weight = [outChannels, inChannels, kernel, kernel];
  if (map === "forward") {
    return { inputs: { x, weight }, nodes: [{ op: "Conv", inputs: ["x", "weight"], output: "y", attributes: { pads } }], output: ["y", g] };
  }
  if (map === "inputGrad") {
    return {
      inputs: { gradient: g, weight },
      nodes: [{ op: "ConvTranspose", inputs: ["gradient", "weight"], output: "y", attributes: { pads } }],
      output: ["y", x],
    };
  }
  const exchanged = { perm: [1, 0, 2, 3] };
  return {
    inputs: { x, gradient: g },
    nodes: [
      { op: "Transpose", inputs: ["x"], output: "xt", attributes: exchanged },
      { op: "Transpose", inputs: ["gradient"], output: "gt", attributes: exchanged },
      { op: "Conv", inputs: ["xt", "gt"], output: "wt", attributes: { pads } },
      { op: "Transpose", inputs: ["wt"], output: "y", attributes: exchanged },
    ],
    output: ["y", weight],
  };
}

export async function loadOnnxruntime(flavour: "web" | "node", threads = 1): Promise<Rival> {
  const packageName = `onnxruntime-${flavour}`;
  const ort = (await import(packageName)) as Ort;
  if (flavour === "web") ort.env.wasm.numThreads = threads;
  return {
    name: packageName,
    version: ort.env.versions[flavour] ?? ort.env.versions.common,
    threads,
    async prepare(map: ConvMap, shape: ConvCase, data: ConvData): Promise<Prepared> {
      const graph = graphOf(map, shape);
      const session = await ort.InferenceSession.create(encodeOnnx(graph), {
        executionProviders: [flavour === "web" ? "wasm" : "cpu"],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        graphOptimizationLevel: "all",
      });
      const feeds = Object.fromEntries(
        Object.entries(graph.inputs).map(([name, dims]) => [name, new ort.Tensor("float32", data[name as keyof ConvData], dims)]),
      );
      let last: Float32Array = new Float32Array();
      return {
        async run() {
          last = (await session.run(feeds)).y.data;
        },
        result: () => last,
      };
    },
  };
}
