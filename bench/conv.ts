// The three maps of one convolution, one thread, end to end: NCHW tensors in, NCHW tensors out, all operands new at every run as in training.
import { compile } from "../src/backends/compile.ts";
import type { KernelRule } from "../src/backends/wasm/kernel.ts";
import { convFilterGradRule, convInputGradRule, convRule } from "../src/backends/wasm/kernels/conv.ts";
import { createGraph } from "../src/graph/graph.ts";
import type { Op } from "../src/graph/op.ts";
import type { Program } from "../src/graph/program.ts";
import { input, record } from "../src/graph/record.ts";
import { convFilterGradOp, convInputGradOp, convOp } from "../src/ops/conv.ts";
import "../src/ops/index.ts";
import { random, randomUniform } from "../src/tensor/random.ts";
import type { Shape } from "../src/tensor/shape.ts";
import { Tensor } from "../src/tensor/tensor.ts";
import { bareKernel } from "./kernel-run.ts";
import { machine } from "./machine.ts";
import { peakFlop, peakKernel } from "./peak.ts";
import { loadOnnxruntime } from "./rivals/onnxruntime.ts";
import type { ConvCase, ConvData, ConvMap, Rival } from "./rivals/rival.ts";
import { loadTfjs } from "./rivals/tfjs.ts";
import { type BenchOptions, type Contestant, compete, median, table } from "./rounds.ts";

const rivals: Readonly<Record<string, () => Promise<Rival>>> = {
  "tfjs-wasm": loadTfjs,
  "onnxruntime-web": () => loadOnnxruntime("web"),
  "onnxruntime-node": () => loadOnnxruntime("node"),
};

/** The case; others may join. */
const convCase: ConvCase = { batch: 8, inChannels: 32, outChannels: 32, size: 32, kernel: 3 };
const maps: readonly ConvMap[] = ["forward", "inputGrad", "filterGrad"];

interface Work {
  readonly op: Op;
  readonly rule: KernelRule;
  readonly operands: readonly (readonly [name: keyof ConvData, shape: Shape])[];
  readonly attrs: object;
}

function workOf(map: ConvMap, { batch, inChannels, outChannels, size, kernel }: ConvCase): Work {
  const x = ["x", [batch, inChannels, size, size]] as const;
  const gradient = ["gradient", [batch, outChannels, size, size]] as const;
  const weight = ["weight", [outChannels, inChannels, kernel, kernel]] as const;
  const padding = "same";
  if (map === "forward") return { op: convOp, rule: convRule, operands: [x, weight], attrs: { padding } };
  if (map === "inputGrad") {
    return { op: convInputGradOp, rule: convInputGradRule, operands: [gradient, weight], attrs: { padding, inputSize: [size, size] } };
  }
  return { op: convFilterGradOp, rule: convFilterGradRule, operands: [x, gradient], attrs: { padding, kernelSize: [kernel, kernel] } };
}

function macsOf({ batch, inChannels, outChannels, size, kernel }: ConvCase): number {
  return batch * outChannels * size ** 2 * inChannels * kernel ** 2;
}

function dataOf({ op: _, operands }: Work, seed: number): ConvData {
  const generator = random(seed);
  const data = { x: new Float32Array(), weight: new Float32Array(), gradient: new Float32Array() };
  for (const [name, shape] of operands) data[name] = randomUniform(shape, generator, -1, 1).data as Float32Array<ArrayBuffer>;
  return data;
}

async function foveaProgram({ op, operands, attrs }: Work): Promise<Program> {
  const values = operands.map(([name, shape]) => input(name, shape));
  return compile(createGraph({ outputs: { y: record(op, values, attrs) } }), { device: "wasm", threads: 1, strict: true });
}

function checkAgreement(name: string, found: Float32Array, truth: Float32Array): void {
  const scale = truth.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const worst = truth.reduce((most, v, i) => Math.max(most, Math.abs(v - found[i])), 0);
  if (found.length !== truth.length || !(worst <= 1e-4 * scale))
    throw new Error(`bench: ${name} computes something else (off by ${worst})`);
}

async function loadRivals(wanted: readonly string[] | undefined): Promise<Rival[]> {
  for (const name of wanted ?? []) {
    if (!(name in rivals)) throw new Error(`bench: unknown rival "${name}"; known: ${Object.keys(rivals).join(", ")}`);
  }
  const loaded: Rival[] = [];
  for (const name of wanted ?? Object.keys(rivals)) {
    try {
      loaded.push(await rivals[name]());
    } catch (error) {
      console.error(
        `${name} is absent: ${error instanceof Error ? error.message.split("\n")[0] : error} (install it: cd bench && npm i --ignore-scripts)`,
      );
    }
  }
  return loaded;
}

export async function benchConvMaps({ rounds, json, rivals: wanted }: BenchOptions): Promise<void> {
  const loaded = await loadRivals(wanted);
  const flop = 2 * macsOf(convCase);
  const gflops = (ms: number): string => (flop / ms / 1e6).toFixed(1);
  const title = `conv 3x3 ${convCase.inChannels}->${convCase.outChannels}, ${convCase.size}x${convCase.size}, batch ${convCase.batch}`;
  const rows: string[][] = [];
  const lines: object[] = [];
  const peak = peakKernel();
  let peakMs = Number.POSITIVE_INFINITY;
  const timedPeak = (): void => {
    const start = performance.now();
    peak();
    peakMs = Math.min(peakMs, performance.now() - start);
  };
  for (const map of maps) {
    const work = workOf(map, convCase);
    const data = dataOf(work, 1);
    const program = await foveaProgram(work);
    const feeds = Object.fromEntries(work.operands.map(([name, shape]) => [name, new Tensor(data[name], shape)]));
    const { y } = await program.run(feeds);
    const bare = bareKernel(
      work.rule,
      work.op,
      work.operands.map(([, shape]) => shape),
      work.attrs,
      "simd",
    );
    const contestants: Contestant[] = [
      { name: "fovea", threads: 1, run: () => program.run(feeds).then(() => undefined) },
      { name: "fovea, kernel only", threads: 1, run: () => bare.run() },
    ];
    for (const rival of loaded) {
      const prepared = await rival.prepare(map, convCase, data);
      if (prepared === undefined) {
        rows.push([map, rival.name, "cannot", "", "", "", "", ""]);
        lines.push({ bench: "conv", case: `${title}, ${map}`, rival: rival.name, cannot: true });
        continue;
      }
      await prepared.run();
      checkAgreement(`${rival.name} ${map}`, prepared.result(), y.data as Float32Array);
      contestants.push({ name: rival.name, threads: rival.threads, run: prepared.run });
    }
    const { timings, peak: shares, rejected } = await compete(contestants, timedPeak, { rounds });
    const [own] = timings;
    contestants.forEach(({ name, threads }, i) => {
      const { best, median: middle, rounds: times } = timings[i];
      const ratios = times.map((ms, round) => ms / own.rounds[round]);
      const ratioBest = best / own.best;
      const shown = i === 0 ? ["", ""] : [ratioBest.toFixed(2), median(ratios).toFixed(2)];
      rows.push([
        map,
        name,
        best.toFixed(3),
        middle.toFixed(3),
        gflops(best),
        `${Math.round((100 * flop * peakMs) / best / peakFlop)} %`,
        ...shown,
      ]);
      if (i === 0) return;
      lines.push({
        bench: "conv",
        case: `${title}, ${map}`,
        rival: name,
        threads,
        ratio_best: Number(ratioBest.toFixed(3)),
        ratio_median: Number(median(ratios).toFixed(3)),
        ms: Number(own.best.toFixed(4)),
        rival_ms: Number(best.toFixed(4)),
        gflops: Number(gflops(own.best)),
        rival_gflops: Number(gflops(best)),
        rounds: times.length,
        rejected_rounds: rejected,
        lowest_peak_share: Number(Math.min(...shares).toFixed(3)),
      });
    });
  }
  const versions = Object.fromEntries(loaded.map((r) => [r.name, r.version]));
  lines.push({ bench: "conv", machine: machine(), versions, peak_gflops: Number((peakFlop / peakMs / 1e6).toFixed(1)) });
  if (!json) {
    console.log(`${title}, one thread. ${machine()}. ${new Date().toISOString().slice(0, 10)}.`);
    console.log(
      `Multiply-add peak of one thread, nothing loaded: ${(peakFlop / peakMs / 1e6).toFixed(1)} GFLOP/s. A ratio above 1: fovea is faster.\n`,
    );
    console.log(table(["map", "who", "best ms", "median ms", "GFLOP/s", "of peak", "best ratio", "median ratio"], rows));
    console.log();
  }
  for (const line of lines) console.log(JSON.stringify(line));
}
