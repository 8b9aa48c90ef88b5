// `npm run bench -- maximise`: seeing inside at the size of real work. 64 channels of SqueezeNet climbed together (128 x 128, 256 steps), and the
// examples of every unit of LeNet-5 over the 60,000 digits.
import { existsSync } from "node:fs";
import { stopWorkers } from "../src/backends/wasm/index.ts";
import { mnist } from "../src/data/mnist.ts";
import { openOnnx } from "../src/io/index.ts";
import { preprocessingProfile } from "../src/io/profiles.ts";
import { examplesOfLayers, maximiseEach } from "../src/lens/index.ts";
import type { Model } from "../src/nn/model.ts";
import "../src/ops/index.ts";
import { lenet5 } from "../src/zoo/lenet.ts";
import { zooModel } from "../src/zoo/registry.ts";
import { machine } from "./machine.ts";
import { type BenchOptions, median } from "./rounds.ts";

const weights = "/work/shared/models/squeezenet1.1-fp16.onnx";
const [channels, size, steps, batchSize] = [64, 128, 256, 32];

interface Figure {
  readonly case: string;
  readonly threads: number;
  /** All of it, compiling included. */
  readonly seconds: number;
  readonly [more: string]: string | number;
}

/** The trained net where its file is; else the zoo's of the same shape, whose time is the same. */
async function squeezenet(): Promise<{ model: Model; layer: string }> {
  const inputShape = [3, size, size];
  if (existsSync(weights)) {
    const net = await openOnnx(weights);
    return { model: net.model({ inputShape, preprocessing: preprocessingProfile("caffe") }), layer: "fire9/concat_2" };
  }
  const model = zooModel("squeezenet1.1", { seed: 1, inputShape });
  const maps = model.trace().layers.filter(({ value }) => value.rank === 4 && value.shape[1] === 512);
  return { model, layer: maps[maps.length - 1].name };
}

async function climb(threads: number): Promise<Figure> {
  const { model, layer } = await squeezenet();
  const times: number[] = [];
  const start = performance.now();
  let last = start;
  await maximiseEach(model, {
    layer,
    channels: Array.from({ length: channels }, (_, c) => c),
    steps,
    batchSize,
    device: "wasm",
    threads,
    onProgress() {
      times.push(performance.now() - last);
      last = performance.now();
    },
  });
  const seconds = (performance.now() - start) / 1000;
  return {
    case: `squeezenet1.1 ${layer}, ${channels} channels, ${size}x${size}, ${steps} steps`,
    threads,
    seconds,
    pictures_per_second: channels / seconds,
    step_ms_per_picture_best: Math.min(...times) / batchSize,
    step_ms_per_picture_median: median(times) / batchSize,
  };
}

async function atlas(threads: number): Promise<Figure> {
  const { train } = await mnist();
  const model = lenet5({ seed: 1, inputShape: [1, 28, 28] });
  const start = performance.now();
  const found = await examplesOfLayers(model, train, { batchSize: 256, device: "wasm", threads });
  const seconds = (performance.now() - start) / 1000;
  const units = [...found.values()].reduce((sum, all) => sum + all.length, 0);
  return { case: `lenet5 atlas: top 9 of ${units} units in ${found.size} layers, ${train.size} digits`, threads, seconds };
}

const cases: Readonly<Record<string, (threads: number) => Promise<Figure>>> = { squeezenet: climb, atlas };

export async function benchMaximise({ cases: wanted, threads = [2], json }: BenchOptions): Promise<void> {
  for (const name of wanted ?? Object.keys(cases)) {
    const run = cases[name];
    if (run === undefined) throw new Error(`bench: no case is called "${name}"; there are ${Object.keys(cases).join(", ")}`);
    for (const count of threads) {
      const figure = await run(count);
      if (!json) console.log(`${figure.case}, ${count} threads: ${figure.seconds.toFixed(1)} s`);
      console.log(JSON.stringify({ bench: "maximise", ...figure }));
    }
  }
  stopWorkers();
  console.log(JSON.stringify({ bench: "maximise", machine: machine() }));
}
