// Times the ways in which one node can be computed: each alone, on one thread, in a memory of its own that is thrown away afterwards.
import { now } from "#platform";
import { type MemoryLimits, ModuleBuilder } from "./assembler.ts";
import { compileEagerly } from "./engine-flags.ts";
import type { Kernel, Placement, Site } from "./kernel.ts";
import { extentOf } from "./layout.ts";

/** Nanoseconds of each kernel, best of a few turns. Every kernel gets about `milliseconds`, compilation not counted. */
export function timeKernels(site: Site, kernels: readonly Kernel[], milliseconds: number): number[] {
  const trial = new TrialMemory();
  const operands = [...site.operands, ...(site.epilogue?.operands ?? [])].map((placement) => trial.place(placement));
  const result = trial.place(site.result);
  const scratch = trial.reserve(Math.max(0, ...kernels.map(({ scratchBytes = 0 }) => scratchBytes)));
  const panels = trial.reserve(Math.max(0, ...kernels.map(({ packings = [] }) => packings.reduce((sum, p) => sum + aligned(p.bytes), 0))));
  const argumentsOf = kernels.map(({ packings = [], tables = [] }) => {
    let at = panels;
    const packed = packings.map(({ bytes }) => {
      at += aligned(bytes);
      return at - aligned(bytes);
    });
    return [...operands, ...packed, ...tables.map((table) => trial.table(table)), result, scratch];
  });
  const module = new ModuleBuilder(trial.limits);
  kernels.forEach(({ stages }, k) => {
    stages.forEach((stage, s) => {
      module.export(
        module.once(stage.key, () => stage.emit(module)),
        `kernel${k}stage${s}`,
      );
    });
  });
  const memory = trial.memory();
  const finish = compileEagerly();
  let exports: WebAssembly.Exports;
  try {
    exports = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } }).exports;
  } finally {
    finish();
  }
  const runs = kernels.map(({ stages }, k) =>
    stages.map(({ items, nanoseconds }, s) => {
      const run = exports[`kernel${k}stage${s}`] as (...args: number[]) => void;
      return { run: (count: number) => run(...argumentsOf[k], 0, count), items, nanoseconds };
    }),
  );
  return race(runs, milliseconds);
}

interface TimedStage {
  readonly run: (items: number) => void;
  readonly items: number;
  readonly nanoseconds: number;
}

const turns = 4;

/** Long stages run some of their items only; what they would take in full is worked out. */
function race(kernels: readonly (readonly TimedStage[])[], milliseconds: number): number[] {
  const best = kernels.map((stages) => stages.map(() => Number.POSITIVE_INFINITY));
  for (let turn = 0; turn <= turns; turn++) {
    kernels.forEach((stages, k) => {
      const believed = stages.reduce((sum, { nanoseconds }) => sum + nanoseconds, 0);
      const share = Math.min(1, (milliseconds * 1e6) / (turns + 1) / Math.max(1, believed));
      stages.forEach(({ run, items }, s) => {
        if (items === 0) {
          best[k][s] = 0;
          return;
        }
        const count = Math.max(1, Math.ceil(items * share));
        const start = now();
        run(count);
        const nanoseconds = (1e6 * (now() - start) * items) / count;
        // The first turn touches fresh memory.
        if (turn > 0) best[k][s] = Math.min(best[k][s], nanoseconds);
      });
    });
  }
  return best.map((stages) => stages.reduce((sum, ns) => sum + ns, 0));
}

const pageBytes = 65536;
const elementBytes = 4;

function aligned(bytes: number): number {
  // Odd multiples of a cache line keep buffers from starting at the same place of a page.
  return Math.ceil(bytes / 64) * 64 + 192;
}

class TrialMemory {
  #top = 4096;
  readonly #tables: { readonly at: number; readonly data: Int32Array | Float32Array }[] = [];

  reserve(bytes: number): number {
    const at = this.#top;
    this.#top += aligned(bytes);
    return at;
  }

  /** Address of element [0, 0, ...]; the border has room on both sides. */
  place(placement: Placement): number {
    const [from, to] = extentOf(placement);
    const around = placement.border.map(([before, after], axis) => [before, after].map((n) => n * Math.abs(placement.strides[axis])));
    const [before, after] = [0, 1].map((side) => around.reduce((sum, sides) => sum + sides[side], 0));
    return this.reserve((to - from + before + after) * elementBytes) + (before - from) * elementBytes;
  }

  table(data: Int32Array | Float32Array): number {
    const at = this.reserve(data.byteLength);
    this.#tables.push({ at, data });
    return at;
  }

  get limits(): MemoryLimits {
    const pages = Math.ceil((this.#top + pageBytes) / pageBytes);
    return { shared: false, initial: pages, maximum: pages };
  }

  memory(): WebAssembly.Memory {
    const memory = new WebAssembly.Memory(this.limits);
    for (const { at, data } of this.#tables) {
      new Uint8Array(memory.buffer, at).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    return memory;
  }
}
