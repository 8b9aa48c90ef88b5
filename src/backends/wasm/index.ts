// The WebAssembly backend: machine code for exactly one graph, SIMD kernels over one planned memory, walked by all threads together.
import { availableThreads } from "#platform";
import type { Graph } from "../../graph/graph.ts";
import type { CompileOptions, Program } from "../../graph/program.ts";
import { UnsupportedOpError } from "../../tensor/errors.ts";
import { planArena } from "./arena.ts";
import type { Tier } from "./kernel.ts";
import { lower } from "./lower.ts";
import { loadIntoPool, threadSupport } from "./pool.ts";
import { prepare } from "./prepare.ts";
import { createProgram } from "./program.ts";
import { schedule } from "./schedule.ts";
import { probe } from "./support.ts";
import { assembleWalks, meetingPoint } from "./walk.ts";

export { stopWorkers } from "./pool.ts";
export { probe, type WasmSupport } from "./support.ts";

/** What only tests and measurements set. */
export interface WasmCompileOptions extends CompileOptions {
  /** Instructions that kernels may use (default: what every engine has). */
  readonly tier?: Tier;
  /** How long a thread waits for the others before the run fails (default 60,000). */
  readonly patienceMilliseconds?: number;
}

const pageBytes = 65536;
const mostThreads = 8;

/**
 * Compiles a graph to WebAssembly. `threads` defaults to the machine's cores, at most 8.
 * Throws `UnsupportedOpError` without SIMD, for graphs beyond 4 GiB, and, when `strict`, for ops without a kernel.
 */
export async function compileWasm(graph: Graph, options: WasmCompileOptions = {}): Promise<Program> {
  const { strict = false, optimise = true, tier = "simd", patienceMilliseconds = 60_000 } = options;
  if (!probe().simd) throw new UnsupportedOpError("wasm: this engine has no WebAssembly SIMD");
  const notes: string[] = [];
  const asked = Math.min(options.threads ?? availableThreads(), mostThreads);
  const support = threadSupport();
  if (asked > 1 && !support.available) notes.push(`one thread only: ${support.reason}`);
  const threads = support.available ? asked : 1;

  const prepared = prepare(graph, optimise);
  const lowered = lower(prepared, { tier, strict });
  for (const value of lowered.standIns)
    notes.push(`${value.label ?? value.op.name}: no kernel for ${value.op.name}, the reference loops stand in`);
  const arena = planArena(lowered, meetingPoint.bytes);
  const prelude = schedule(arena.prelude, arena.addressOf, threads);
  const segments = [...prelude, ...schedule(arena.steps, arena.addressOf, threads)];

  const pages = Math.max(1, Math.ceil(arena.bytes / pageBytes));
  if (pages > pageBytes) throw new UnsupportedOpError(`wasm: the program needs ${arena.bytes} bytes; a WebAssembly memory holds 4 GiB`);
  const limits = { shared: threads > 1, initial: pages, maximum: pages };
  const module = await WebAssembly.compile(assembleWalks(segments, arena.addressOf, { memory: limits, patienceMilliseconds }));
  const memory = new WebAssembly.Memory(limits);
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const { loaded, reason } = threads > 1 ? await loadIntoPool(module, memory, threads) : { loaded: undefined, reason: "" };
  if (reason !== "") notes.push(reason);
  return createProgram({
    graph,
    prepared,
    lowered,
    arena,
    segments,
    preludeSegments: prelude.length,
    memory,
    instance,
    loaded,
    notes,
  });
}
