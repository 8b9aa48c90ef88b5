// Where the time of a program goes: its steps one by one on one thread, each timed over many calls, with the multiply-adds of its kernel.
import { planArena } from "../src/backends/wasm/arena.ts";
import { ModuleBuilder } from "../src/backends/wasm/assembler.ts";
import type { Tier } from "../src/backends/wasm/kernel.ts";
import { lower } from "../src/backends/wasm/lower.ts";
import { prepare } from "../src/backends/wasm/prepare.ts";
import { contentsOf } from "../src/backends/wasm/program.ts";
import type { Step } from "../src/backends/wasm/steps.ts";
import { meetingPoint } from "../src/backends/wasm/walk.ts";
import type { Graph } from "../src/graph/graph.ts";
import "../src/ops/index.ts";
import { createModel } from "../src/nn/model.ts";
import { sgd } from "../src/train/optimisers.ts";
import { trainingStep } from "../src/train/step.ts";
import { lenet5, smallNet } from "../src/zoo/lenet.ts";
import type { BenchOptions } from "./rounds.ts";
import { table } from "./rounds.ts";

export interface TimedStep {
  readonly name: string;
  readonly microseconds: number;
  /** What scheduling believes. */
  readonly believed: number;
}

/** Times every step of the graph's program. Operands are what the steps before left there. */
export function profile(graph: Graph, tier: Tier = "simd"): TimedStep[] {
  const lowered = lower(prepare(graph, true), { tier, strict: false });
  const arena = planArena(lowered, meetingPoint.bytes);
  const pages = Math.ceil(arena.bytes / 65536);
  const module = new ModuleBuilder({ shared: false, initial: pages, maximum: pages });
  const steps: readonly Step[] = [...arena.prelude, ...arena.derived, ...arena.steps];
  const calls = steps.flatMap((step, i) => {
    if (step.kind !== "kernel") return [];
    const ref = module.once(step.stage.key, () => step.stage.emit(module));
    module.export(ref, `step${i}`);
    const addresses = step.args.map(({ buffer, offset }) => (buffer.bytes === 0 ? 0 : arena.addressOf(buffer)) + offset);
    return [{ i, name: ref.name, believed: step.stage.nanoseconds / 1000, args: [...addresses, 0, step.stage.items] }];
  });
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } });
  const floats = new Float32Array(memory.buffer, 0, arena.bytes >> 2);
  for (let i = meetingPoint.bytes / 4; i < floats.length; i++) floats[i] = Math.sin(i);
  for (const located of lowered.feeds.values()) {
    if (located.placement.dtype === "int32") new Uint8Array(memory.buffer, arena.addressOf(located.buffer), located.buffer.bytes).fill(0);
  }
  for (const buffer of arena.constants) {
    const data = contentsOf(buffer, arena);
    if (data !== undefined) {
      new Uint8Array(memory.buffer, arena.addressOf(buffer), data.byteLength).set(
        new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      );
    }
  }
  const timeAll = (): number[] =>
    calls.map(({ i, args }) => {
      const start = performance.now();
      (exports[`step${i}`] as (...args: number[]) => void)(...args);
      return 1000 * (performance.now() - start);
    });
  const best = calls.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < 300; round++) {
    const times = timeAll();
    if (round > 100) for (const [i, t] of times.entries()) best[i] = Math.min(best[i], t);
  }
  return calls.map(({ name, believed }, i) => ({ name, believed, microseconds: best[i] }));
}

export async function benchProfile({ json }: BenchOptions): Promise<void> {
  const models = { "LeNet-5": lenet5({ seed: 1 }), smallNet: createModel(smallNet([1, 28, 28], 10), [1, 28, 28], { seed: 1 }) };
  for (const [name, model] of Object.entries(models)) {
    const { graph } = trainingStep(model, { batch: 64, optimiser: sgd(0.01, { momentum: 0.9 }) });
    const steps = profile(graph);
    const total = steps.reduce((sum, s) => sum + s.microseconds, 0);
    if (json) console.log(JSON.stringify({ bench: "profile", case: `${name}, batch 64`, steps }));
    else {
      console.log(`${name}, batch 64, one thread: ${steps.length} steps, ${total.toFixed(0)} us\n`);
      const rows = steps.map((s) => [
        s.name,
        s.microseconds.toFixed(1),
        s.believed.toFixed(1),
        `${((100 * s.microseconds) / total).toFixed(1)} %`,
      ]);
      console.log(table(["step", "us", "believed us", "share"], rows));
      console.log();
    }
  }
}
