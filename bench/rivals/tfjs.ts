// TensorFlow.js with its WebAssembly backend (XNNPACK). It computes channels-last, so it gets its operands in that order beforehand.
import { type ConvCase, type ConvData, type ConvMap, type Prepared, permuted, type Rival } from "./rival.ts";

interface TfTensor {
  dataSync(): Float32Array;
  dispose(): void;
}
interface Tf {
  readonly version_core: string;
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tensor4d(data: Float32Array, shape: readonly number[]): TfTensor;
  conv2d(x: TfTensor, filter: TfTensor, stride: number, padding: "same"): TfTensor;
  conv2dTranspose(g: TfTensor, filter: TfTensor, outputShape: readonly number[], stride: number, padding: "same"): TfTensor;
}

export async function loadTfjs(): Promise<Rival> {
  const core = "@tensorflow/tfjs-core";
  const backend = "@tensorflow/tfjs-backend-wasm";
  const tf = (await import(core)) as Tf;
  await import(backend);
  if (!(await tf.setBackend("wasm"))) throw new Error("the wasm backend does not start");
  await tf.ready();
  return {
    name: "tfjs-wasm",
    version: tf.version_core,
    threads: 1,
    async prepare(map: ConvMap, shape: ConvCase, data: ConvData): Promise<Prepared | undefined> {
      const { batch, inChannels, outChannels, size, kernel } = shape;
      const channelsLast = [0, 2, 3, 1];
      const xShape = [batch, size, size, inChannels];
      const gShape = [batch, size, size, outChannels];
      if (map === "filterGrad") return undefined; // the backend has no Conv2DBackpropFilter
      const filter = tf.tensor4d(permuted(data.weight, [outChannels, inChannels, kernel, kernel], [2, 3, 1, 0]), [
        kernel,
        kernel,
        inChannels,
        outChannels,
      ]);
      let compute: () => TfTensor;
      if (map === "forward") {
        const x = tf.tensor4d(permuted(data.x, [batch, inChannels, size, size], channelsLast), xShape);
        compute = () => tf.conv2d(x, filter, 1, "same");
      } else {
        const g = tf.tensor4d(permuted(data.gradient, [batch, outChannels, size, size], channelsLast), gShape);
        compute = () => tf.conv2dTranspose(g, filter, xShape, 1, "same");
      }
      let last: Float32Array = new Float32Array();
      const run = (): void => {
        const y = compute();
        last = y.dataSync();
        y.dispose();
      };
      const channels = map === "forward" ? outChannels : inChannels;
      return { run, result: () => permuted(last, [batch, size, size, channels], [0, 3, 1, 2]) };
    },
  };
}
