// `npm run bench -- train`: training steps (forward, loss, backward, SGD with momentum) of LeNet-5 and of ResNet-20 for small pictures.
import { compile } from "../src/backends/compile.ts";
import { stopWorkers } from "../src/backends/wasm/index.ts";
import "../src/ops/index.ts";
import type { Model } from "../src/nn/model.ts";
import { random, randomNormal } from "../src/tensor/random.ts";
import { Tensor } from "../src/tensor/tensor.ts";
import { sgd } from "../src/train/optimisers.ts";
import { trainingStep } from "../src/train/step.ts";
import { lenet5 } from "../src/zoo/lenet.ts";
import { zooModel } from "../src/zoo/registry.ts";
import { machine } from "./machine.ts";
import { peakKernel } from "./peak.ts";
import { startTorch, type TorchTask, type TorchTrainer } from "./rivals/pytorch.ts";
import { type BenchOptions, type Contestant, compete, table } from "./rounds.ts";
import { type Verdict, verdictHead, verdictRow, verdicts } from "./verdict.ts";

interface TrainingCase {
  readonly title: string;
  readonly batch: number;
  readonly model: () => Model;
  readonly torch: TorchTask["net"];
  readonly torchLayouts: readonly TorchTask["layout"][];
  /** JavaScript rivals that can train it, and do so within minutes. */
  readonly scripts: readonly string[];
}

export const trainingCases: Readonly<Record<string, TrainingCase>> = {
  lenet5: {
    title: "LeNet-5, batch 64",
    batch: 64,
    model: () => lenet5({ seed: 1 }),
    torch: "lenet5",
    torchLayouts: ["channels-first"],
    scripts: ["convnetjs", "jax", "tfjs-cpu"],
  },
  resnet20: {
    title: "ResNet-20, batch 32",
    batch: 32,
    model: () => zooModel("resnet20-cifar", { seed: 1 }),
    torch: "resnet20",
    torchLayouts: ["channels-first", "channels-last"],
    scripts: [],
  },
};

async function foveaContestant({ model, batch }: TrainingCase, threads: number): Promise<Contestant> {
  const made = model();
  const { graph } = trainingStep(made, { batch, optimiser: sgd(0.01, { momentum: 0.9 }) });
  const program = await compile(graph, { device: "wasm", threads });
  const explained = program.explain();
  for (const note of explained.notes) console.error(`fovea, ${threads} threads: ${note}`);
  if (explained.standIns > 0) console.error(`fovea: ${explained.standIns} nodes run in the reference loops`);
  if (explained.threads !== threads) console.error(`fovea chose ${explained.threads} of ${threads} threads`);
  const generator = random(1);
  const labels = Int32Array.from({ length: batch }, () => generator.integer(10));
  const feeds = {
    x: randomNormal([batch, ...made.inputShape], generator),
    y: new Tensor(labels, [batch]),
    learningRate: new Tensor(Float32Array.of(0.01), []),
  };
  return {
    name: "fovea",
    threads,
    async run() {
      const { loss } = await program.run(feeds);
      if (!Number.isFinite(loss.item())) throw new Error("bench: the loss is not a number any more");
    },
  };
}

interface ScriptedRival {
  readonly version: string;
  lenet5(batch: number): Promise<() => Promise<number>>;
}

/** A rival that trains by a script of its own beside the sources, in its own idiom. */
async function scriptedContestant(name: string, batch: number): Promise<{ contestant: Contestant; version: string }> {
  const { version, lenet5: prepare } = (await import(new URL(`../rivals/train-${name}.mjs`, import.meta.url).href)) as ScriptedRival;
  const step = await prepare(batch);
  const run = async (): Promise<void> => {
    if (!Number.isFinite(await step())) throw new Error(`bench: the loss of ${name} is not a number`);
  };
  return { contestant: { name, threads: 1, run }, version };
}

async function raceCase(training: TrainingCase, options: BenchOptions, versions: Record<string, string>): Promise<Verdict[]> {
  const { rounds, rivals, threads = [1, 2] } = options;
  const { title, batch, torch: net } = training;
  const wanted = (name: string): boolean => rivals === undefined || rivals.includes(name);
  const contestants: Contestant[] = [];
  const torches: TorchTrainer[] = [];
  for (const count of threads) contestants.push(await foveaContestant(training, count));
  for (const layout of wanted("pytorch") ? training.torchLayouts : []) {
    for (const count of threads) {
      const torch = await startTorch({ net, batch, threads: count, layout });
      if (torch === undefined) {
        console.error("pytorch is absent: /usr/bin/python3 cannot import torch");
        break;
      }
      torches.push(torch);
      versions.pytorch = torch.version;
      contestants.push({ name: layout === "channels-last" ? "pytorch channels-last" : "pytorch", threads: count, best: torch.best });
    }
  }
  for (const name of training.scripts.filter(wanted)) {
    try {
      const { contestant, version } = await scriptedContestant(name, batch);
      versions[name] = version;
      // Compared with fovea on as many threads as the user would give it, too: these rivals have but one.
      contestants.push(...threads.slice(-1).map((count) => ({ ...contestant, threads: count })));
    } catch (error) {
      console.error(`${name} cannot train here: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
    }
  }
  const match = await compete(contestants, peakKernel(), { rounds, milliseconds: 400 });
  for (const torch of torches) torch.stop();
  return verdicts("train", title, contestants, match).map((v) => ({
    ...v,
    pictures_per_second: Math.round((1000 * batch) / v.ms),
    rival_pictures_per_second: Math.round((1000 * batch) / v.rival_ms),
  }));
}

export async function benchTraining(options: BenchOptions): Promise<void> {
  const versions: Record<string, string> = {};
  const found: Verdict[] = [];
  for (const name of options.cases ?? Object.keys(trainingCases)) {
    const training = trainingCases[name];
    if (training === undefined)
      throw new Error(`bench: no training case is called "${name}"; there are ${Object.keys(trainingCases).join(", ")}`);
    found.push(...(await raceCase(training, options, versions)));
  }
  stopWorkers();
  if (!options.json) {
    console.log(`${machine()}. ${new Date().toISOString().slice(0, 10)}. Times of one step; a ratio above 1: fovea is faster.\n`);
    const rows = found.map((v) => [...verdictRow(v), String(v.pictures_per_second), String(v.rival_pictures_per_second)]);
    console.log(table([...verdictHead, "fovea pictures/s", "rival pictures/s"], rows));
    console.log();
  }
  for (const verdict of found) console.log(JSON.stringify(verdict));
  console.log(JSON.stringify({ bench: "train", machine: machine(), versions }));
}
