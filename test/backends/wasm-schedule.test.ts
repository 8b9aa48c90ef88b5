// Phases: what is independent shares one, and nothing that depends on something else ever comes before it or beside it on another thread.
import { describe, expect, it } from "vitest";
import { planArena } from "../../src/backends/wasm/arena.ts";
import { lower } from "../../src/backends/wasm/lower.ts";
import { prepare } from "../../src/backends/wasm/prepare.ts";
import { believedNanoseconds, schedule, type Task } from "../../src/backends/wasm/schedule.ts";
import type { Step } from "../../src/backends/wasm/steps.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { input, variable } from "../../src/graph/record.ts";
import { add, mul, sub } from "../../src/ops/index.ts";
import { zeros } from "../../src/tensor/tensor.ts";
import { adam, sgd } from "../../src/train/optimisers.ts";
import { trainingStep } from "../../src/train/step.ts";
import { lenet5 } from "../../src/zoo/lenet.ts";
import { zooModel } from "../../src/zoo/registry.ts";

function phasesOf(
  graph: Graph,
  threads: number,
  updatesApart = false,
): { phases: (readonly Task[])[]; steps: readonly Step[]; addressOf: (task: Task) => number[][] } {
  const arena = planArena(lower(prepare(graph, true), { tier: "simd", strict: true, updatesApart }), 256);
  const segments = schedule(arena.steps, arena.addressOf, threads);
  const spans = ({ step }: Task): number[][] =>
    [...step.reads.map((r) => [r, 0] as const), ...step.writes.map((w) => [w, 1] as const)].map(([{ buffer, from, to, part }, writes]) => [
      arena.addressOf(buffer) + from,
      arena.addressOf(buffer) + to,
      writes,
      part === "border" ? 1 : 0,
    ]);
  return { phases: segments.flatMap((s) => (s.kind === "walk" ? s.phases : [])), steps: arena.steps, addressOf: spans };
}

/** The same bytes, one of them written; a border interleaves with the inside of its own tensor and of nothing else here. */
function conflict(a: readonly number[][], b: readonly number[][]): boolean {
  return a.some(([from, to, writes, border]) => b.some((o) => (writes || o[2]) && from < o[1] && o[0] < to && !border && !o[3]));
}

const step = (batch: number): Graph => trainingStep(lenet5({ seed: 1 }), { batch, optimiser: sgd(0.1, { momentum: 0.9 }) }).graph;

describe("phases", () => {
  it("the updates of many parameters take two phases, or one when they are one pass", () => {
    const rate = input("rate", []);
    const updates = [1, 2, 3, 4, 5].flatMap((i) => {
      const [w, v] = [`w${i}`, `v${i}`].map((name) => variable(name, zeros([1 << 16])));
      const next = add(mul(v, 0.9), mul(w, 0.1));
      return [[v, next] as const, [w, sub(w, mul(next, rate))] as const];
    });
    const graph = createGraph({ outputs: { rate: mul(rate, 2) }, updates });
    const { phases, steps } = phasesOf(graph, 2, true);
    expect(steps.length).toBeGreaterThanOrEqual(10);
    expect(phases.length).toBe(2);
    expect(phasesOf(graph, 2).phases.length).toBe(1);
  });

  it.each([
    ["LeNet-5", step(8)],
    ["ResNet-20 with Adam", trainingStep(zooModel("resnet20-cifar", { seed: 1 }), { batch: 4, optimiser: adam() }).graph],
  ])("every step of %s runs once, after all that it has to do with", (_, graph) => {
    for (const threads of [2, 3]) {
      const { phases, steps, addressOf } = phasesOf(graph, threads);
      const tasks = phases.flatMap((phase, p) =>
        phase.map((task) => ({ ...task, p, at: steps.indexOf(task.step), spans: addressOf(task) })),
      );
      expect(tasks.map(({ at }) => at).sort((a, b) => a - b)).toEqual(steps.map((_, i) => i));
      const faults: string[] = [];
      for (const [i, task] of tasks.entries()) {
        for (const later of tasks.slice(i + 1)) {
          const beside = later.p === task.p && (task.owner !== later.owner || task.owner === "all");
          if ((beside || later.at < task.at) && conflict(task.spans, later.spans)) faults.push(`${task.step.name}, ${later.step.name}`);
        }
      }
      expect(faults).toEqual([]);
    }
  });

  it("a step of one picture is believed to be too small to share, one of 64 is not", () => {
    const times = [1, 64].map((batch) => {
      const arena = planArena(lower(prepare(step(batch), true), { tier: "simd", strict: true }), 256);
      return believedNanoseconds(schedule(arena.steps, arena.addressOf, 2), 2);
    });
    expect(times[0].together).toBeGreaterThan(times[0].alone);
    expect(times[1].together).toBeLessThan(0.6 * times[1].alone);
  });
});
