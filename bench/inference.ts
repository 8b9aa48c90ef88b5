// One inference graph, fovea against the ONNX runtimes: outputs compared first, then all timed in rounds.
import { compile } from "../src/backends/compile.ts";
import type { Graph } from "../src/graph/graph.ts";
import type { Program } from "../src/graph/program.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { encodeOnnx } from "./onnx.ts";
import { onnxOf } from "./onnx-graph.ts";
import { type OnnxFlavour, openSession } from "./rivals/onnxruntime.ts";
import { type Contestant, compete } from "./rounds.ts";
import { type Verdict, verdicts } from "./verdict.ts";

export interface InferenceContest {
  readonly bench: string;
  readonly title: string;
  readonly graph: Graph;
  /** The one input, called "x", and what the one output, "y", must be called. */
  readonly x: Tensor;
  readonly rivals: readonly OnnxFlavour[];
  readonly threads: readonly number[];
  readonly rounds: number;
  readonly milliseconds: number;
  readonly peak: () => void;
}

export interface InferenceResult {
  readonly verdicts: readonly Verdict[];
  /** Engine and stand-ins of the program with the most threads. */
  readonly notes: readonly string[];
}

/** Largest difference over largest magnitude: what Winograd's algorithm and other orders of summing cost. */
export function relativeError(found: Float32Array, truth: Float32Array): number {
  let scale = 0;
  let worst = 0;
  for (let i = 0; i < truth.length; i++) {
    scale = Math.max(scale, Math.abs(truth[i]));
    worst = Math.max(worst, Math.abs(truth[i] - found[i]));
  }
  return found.length === truth.length ? worst / scale : Number.POSITIVE_INFINITY;
}

/** More than rounding, less than another network. */
const tolerance = 2e-3;

export async function contest({
  bench,
  title,
  graph,
  x,
  rivals,
  threads,
  rounds,
  milliseconds,
  peak,
}: InferenceContest): Promise<InferenceResult> {
  const contestants: Contestant[] = [];
  const programs: Program[] = [];
  const closing: (() => Promise<void>)[] = [];
  const errors = new Map<string, number>();
  const notes: string[] = [];
  const model = rivals.length > 0 ? encodeOnnx(onnxOf(graph)) : new Uint8Array();
  let own: Float32Array = new Float32Array();
  for (const count of threads) {
    const program = await compile(graph, { device: "wasm", threads: count });
    programs.push(program);
    const explained = program.explain();
    notes.push(...explained.notes, ...(explained.standIns > 0 ? [`${explained.standIns} nodes run in the reference loops`] : []));
    if (explained.threads !== count) notes.push(`fovea chose ${explained.threads} of ${count} threads`);
    own = (await program.run({ x })).y.data as Float32Array;
    contestants.push({ name: "fovea", threads: count, run: () => program.run({ x }).then(() => undefined) });
  }
  for (const flavour of rivals) {
    // One process can have the WebAssembly runtime with one number of threads only.
    for (const count of flavour === "web" ? threads.slice(-1) : threads) {
      const session = await openSession(flavour, count, model);
      closing.push(session.close);
      const error = relativeError(own, await session.run("x", x));
      if (!(error < tolerance)) throw new Error(`bench: ${title}: onnxruntime-${flavour} computes something else (off by ${error})`);
      errors.set(`onnxruntime-${flavour}`, error);
      contestants.push({ name: `onnxruntime-${flavour}`, threads: count, run: () => session.run("x", x).then(() => undefined) });
    }
  }
  const match = await compete(contestants, peak, { rounds, milliseconds });
  for (const program of programs) program.release();
  for (const close of closing) await close();
  return {
    verdicts: verdicts(bench, title, contestants, match).map((v) => ({
      ...v,
      relative_difference: Number(errors.get(v.rival)?.toPrecision(2)),
    })),
    notes: [...new Set(notes)],
  };
}
