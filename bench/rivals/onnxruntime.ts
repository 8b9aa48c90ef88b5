// ONNX Runtime, native (node) and WebAssembly (web). It has no gradient operators, but the three maps of a convolution are all
// convolutions: the input gradient is ConvTranspose, the filter gradient a Conv of x and g with batch and channels exchanged.
import type { Tensor } from "../../src/tensor/tensor.ts";
import { encodeOnnx, type OnnxGraph } from "../onnx.ts";
import type { ConvCase, ConvData, ConvMap, Prepared, Rival } from "./rival.ts";

interface OrtTensor {
  readonly data: Float32Array;
}
interface OrtSession {
  readonly outputNames: readonly string[];
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}
interface Ort {
  readonly env: { readonly versions: Readonly<Record<string, string>>; readonly wasm: { numThreads?: number } };
  readonly Tensor: new (type: "float32", data: Float32Array, shape: readonly number[]) => OrtTensor;
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<OrtSession>;
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

export type OnnxFlavour = "node" | "web";

/** The WebAssembly runtime fixes its number of threads for good with its first session. */
let webThreads: number | undefined;

/** Where the runtimes are imported from. A browser knows no package names, so its bench sets an address. */
export const onnxruntimeAddresses: Record<OnnxFlavour, string> = { web: "onnxruntime-web", node: "onnxruntime-node" };

/** Throws when the package is not installed. */
export async function loadedOnnxruntime(flavour: OnnxFlavour): Promise<{ readonly ort: Ort; readonly version: string }> {
  const address = onnxruntimeAddresses[flavour];
  const ort = (await import(address)) as Ort;
  return { ort, version: ort.env.versions[flavour] ?? ort.env.versions.common };
}

async function startedOnnxruntime(flavour: OnnxFlavour, threads: number): Promise<Ort> {
  const { ort } = await loadedOnnxruntime(flavour);
  if (flavour === "node") return ort;
  if (webThreads !== undefined && webThreads !== threads) throw new Error(`bench: onnxruntime-web has started with ${webThreads} threads`);
  webThreads = threads;
  ort.env.wasm.numThreads = threads;
  return ort;
}

function sessionOptions(flavour: OnnxFlavour, threads: number): object {
  return {
    executionProviders: [flavour === "web" ? "wasm" : "cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
  };
}

export interface OpenSession {
  /** One run: the model's one input by name, its one output's numbers back. */
  run(name: string, x: Tensor): Promise<Float32Array>;
  close(): Promise<void>;
}

export async function openSession(flavour: OnnxFlavour, threads: number, model: Uint8Array): Promise<OpenSession> {
  const ort = await startedOnnxruntime(flavour, threads);
  const session = await ort.InferenceSession.create(model, sessionOptions(flavour, threads));
  const [output] = session.outputNames;
  return {
    async run(name, x) {
      return (await session.run({ [name]: new ort.Tensor("float32", x.data as Float32Array, x.shape) }))[output].data;
    },
    close: () => session.release(),
  };
}

export async function loadOnnxruntime(flavour: OnnxFlavour, threads = 1): Promise<Rival> {
  const packageName = `onnxruntime-${flavour}`;
  const { version } = await loadedOnnxruntime(flavour);
  const ort = await startedOnnxruntime(flavour, threads);
  return {
    name: packageName,
    version,
    threads,
    async prepare(map: ConvMap, shape: ConvCase, data: ConvData): Promise<Prepared> {
      const graph = graphOf(map, shape);
      const session = await ort.InferenceSession.create(encodeOnnx(graph), sessionOptions(flavour, threads));
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
