// Training LeNet-5, batch 64, SGD with momentum: pictures per second, one step being forward, loss, backward and update.
import { compile } from "../src/backends/compile.ts";
import { stopWorkers } from "../src/backends/wasm/index.ts";
import "../src/ops/index.ts";
import { random, randomNormal } from "../src/tensor/random.ts";
import { Tensor } from "../src/tensor/tensor.ts";
import { sgd } from "../src/train/optimisers.ts";
import { trainingStep } from "../src/train/step.ts";
import { lenet5 } from "../src/zoo/lenet.ts";
import { peakKernel } from "./peak.ts";
import { startTorch, type TorchTrainer } from "./rivals/pytorch.ts";
import { type BenchOptions, type Contestant, compete, machine, median, table } from "./rounds.ts";

const batch = 64;

async function foveaContestant(threads: number): Promise<Contestant> {
  const { graph } = trainingStep(lenet5({ seed: 1 }), { batch, optimiser: sgd(0.01, { momentum: 0.9 }) });
  const program = await compile(graph, { device: "wasm", threads });
  const explanation = program.explain();
  for (const note of explanation.notes) console.error(`fovea, ${threads} threads: ${note}`);
  const generator = random(1);
  const feeds = {
    x: randomNormal([batch, 1, 32, 32], generator),
    y: new Tensor(
      Int32Array.from({ length: batch }, () => generator.integer(10)),
      [batch],
    ),
    learningRate: new Tensor(Float32Array.of(0.01), []),
  };
  return {
    name: `fovea, ${threads} thread${threads === 1 ? "" : "s"}`,
    threads: explanation.threads,
    async run() {
      const { loss } = await program.run(feeds);
      if (!Number.isFinite(loss.item())) throw new Error("bench: the loss is not a number any more");
    },
  };
}

export async function benchTraining({ rounds, json, rivals }: BenchOptions): Promise<void> {
  const contestants: Contestant[] = [];
  const torches: TorchTrainer[] = [];
  for (const threads of [1, 2]) contestants.push(await foveaContestant(threads));
  if (rivals === undefined || rivals.includes("pytorch")) {
    for (const threads of [1, 2]) {
      const torch = await startTorch(threads, batch);
      if (torch === undefined) {
        console.error("pytorch is absent: /usr/bin/python3 cannot import torch");
        break;
      }
      torches.push(torch);
      contestants.push({ name: `pytorch ${torch.version}, ${threads} thread${threads === 1 ? "" : "s"}`, threads, best: torch.best });
    }
  }
  const { timings, rejected } = await compete(contestants, peakKernel(), { rounds, milliseconds: 500 });
  for (const torch of torches) torch.stop();
  stopWorkers();
  const speed = (ms: number): number => Math.round((batch / ms) * 1000);
  const rows = contestants.map(({ name }, i) => {
    const { best, median: middle } = timings[i];
    return [name, best.toFixed(3), String(speed(best)), String(speed(middle))];
  });
  if (!json) {
    console.log(
      `LeNet-5, batch ${batch}, SGD with momentum. ${machine()}. ${new Date().toISOString().slice(0, 10)}. ${rejected} rounds rejected.\n`,
    );
    console.log(table(["who", "best ms per step", "pictures/s, best", "pictures/s, median"], rows));
    console.log();
  }
  contestants.forEach(({ name, threads }, i) => {
    const ownIndex = threads === 1 ? 0 : 1;
    const own = timings[ownIndex];
    const ratios = timings[i].rounds.map((ms, round) => ms / own.rounds[round]);
    console.log(
      JSON.stringify({
        bench: "train",
        case: `LeNet-5, batch ${batch}`,
        rival: name,
        threads,
        ratio_best: Number((timings[i].best / own.best).toFixed(3)),
        ratio_median: Number(median(ratios).toFixed(3)),
        ms: Number(own.best.toFixed(4)),
        rival_ms: Number(timings[i].best.toFixed(4)),
        pictures_per_second: speed(own.best),
        rival_pictures_per_second: speed(timings[i].best),
      }),
    );
  });
}
