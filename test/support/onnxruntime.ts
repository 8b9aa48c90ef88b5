// onnxruntime-node, the independent judge of written files: from tools/judges, or else from the packages of the benches.
import { createRequire } from "node:module";
import type { Tensor, TensorData } from "../../src/tensor/tensor.ts";
import { tensor } from "../../src/tensor/tensor.ts";

interface RuntimeTensor {
  readonly type: string;
  readonly data: Float32Array | Float64Array | Int32Array | Uint8Array | BigInt64Array;
  readonly dims: readonly number[];
}

interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, RuntimeTensor>>): Promise<Readonly<Record<string, RuntimeTensor>>>;
  release(): Promise<void>;
}

interface Runtime {
  readonly Tensor: new (type: string, data: RuntimeTensor["data"], dims: readonly number[]) => RuntimeTensor;
  readonly InferenceSession: { create(file: Uint8Array, options: object): Promise<Session> };
}

function load(): Runtime | undefined {
  for (const place of ["../../tools/judges/package.json", "../../bench/package.json"]) {
    try {
      return createRequire(new URL(place, import.meta.url))("onnxruntime-node") as Runtime;
    } catch {
      // Not installed there.
    }
  }
  console.warn("onnxruntime-node is not installed (npm ci --prefix tools/judges): ONNX files are not run by it");
  return undefined;
}

const runtime = load();

/** Whether files can be run here; tests that need it are skipped otherwise. */
export const hasRuntime: boolean = runtime !== undefined;

const types = { float32: "float32", float64: "float64", int32: "int32", uint8: "uint8" } as const;

/** Numbers of 64 bits as fovea has them. */
const plain = (data: RuntimeTensor["data"]): TensorData => (data instanceof BigInt64Array ? Int32Array.from(data, Number) : data);

/** Runs a file once. Graph optimisations off by default: what is judged is what the file says. */
export async function runOnnx(
  file: Uint8Array,
  feeds: Readonly<Record<string, Tensor>>,
  graphOptimizationLevel: "disabled" | "all" = "disabled",
): Promise<Record<string, Tensor>> {
  if (runtime === undefined) throw new Error("onnxruntime-node is not installed");
  const session = await runtime.InferenceSession.create(file, { graphOptimizationLevel, intraOpNumThreads: 1, logSeverityLevel: 3 });
  try {
    const given = session.inputNames.map((name) => {
      const { data, shape, dtype } = feeds[name];
      return [name, new runtime.Tensor(types[dtype], data, shape)] as const;
    });
    const results = await session.run(Object.fromEntries(given));
    return Object.fromEntries(Object.entries(results).map(([name, { data, dims }]) => [name, tensor(plain(data), [...dims])]));
  } finally {
    await session.release();
  }
}
