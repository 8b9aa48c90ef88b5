// From a graph to a running WebAssembly program: prepare, lower, plan, schedule, assemble, load.
import { availableThreads } from "#platform";
import type { Graph } from "../../graph/graph.ts";
import type { CompileOptions, Precision, Program } from "../../graph/program.ts";
import { UnsupportedOpError } from "../../tensor/errors.ts";
import { planArena } from "./arena.ts";
import type { MemoryLimits } from "./assembler.ts";
import { compileEagerly } from "./engine-flags.ts";
import type { Tier } from "./kernel.ts";
import { lower } from "./lower.ts";
import { loadIntoPool, threadSupport } from "./pool.ts";
import { prepare } from "./prepare.ts";
import { type Assembled, createProgram } from "./program.ts";
import { schedule } from "./schedule.ts";
import { probe } from "./support.ts";
import { engineTier, requireTier } from "./tier.ts";
import { assembleWalks, meetingPoint } from "./walk.ts";

/** What only tests and measurements set. */
export interface WasmCompileOptions extends CompileOptions {
  /** Instructions that kernels may use (default: the engine's tier, as probed). */
  readonly tier?: Tier;
  /** How long a thread waits for the others before the run fails (default 60,000). */
  readonly patienceMilliseconds?: number;
  /** Told how long every single step took; the steps then meet one by one, which costs some time of its own. */
  readonly onStep?: (name: string, milliseconds: number) => void;
}

const pageBytes = 65536;
const mostPages = 65536;
const mostThreads = 8;

/** Everything but the machine's own part: what is to be run, and its code as bytes. */
interface Translated {
  readonly parts: Omit<Assembled, "memory" | "instance" | "loaded" | "notes">;
  readonly limits: MemoryLimits;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly notes: string[];
}

function translate(graph: Graph, options: WasmCompileOptions, threads: number): Translated {
  const { precision = defaultPrecision(graph), strict = false, optimise = true, patienceMilliseconds = 60_000 } = options;
  if (!probe().simd) throw new UnsupportedOpError("wasm: this engine has no WebAssembly SIMD");
  if (options.tier !== undefined) requireTier(options.tier);
  const engine = options.tier === undefined ? engineTier() : { tier: options.tier, refused: [] };
  const { tier } = engine;
  const prepared = prepare(graph, optimise);
  const lowered = lower(prepared, { tier, strict, precision });
  const notes = lowered.standIns.map((v) => `${v.label ?? v.op.name}: no kernel for ${v.op.name}, the reference loops stand in`);
  const arena = planArena(lowered, meetingPoint.bytes);
  const prelude = schedule(arena.prelude, arena.addressOf, threads);
  const segments = [...prelude, ...schedule(arena.steps, arena.addressOf, threads, options.onStep !== undefined)];
  const pages = Math.max(1, Math.ceil(arena.bytes / pageBytes));
  if (pages > mostPages) throw new UnsupportedOpError(`wasm: the program needs ${arena.bytes} bytes; a WebAssembly memory holds 4 GiB`);
  const limits = { shared: threads > 1, initial: pages, maximum: pages };
  return {
    parts: { graph, engine, prepared, lowered, arena, segments, preludeSegments: prelude.length, onSegment: tellSteps(options.onStep) },
    limits,
    bytes: assembleWalks(segments, arena.addressOf, { memory: limits, patienceMilliseconds }),
    notes,
  };
}

/** Gradients are compared and accumulated, so rounding must not add up in them; what only infers can bear a little more. */
function defaultPrecision({ updates, order }: Graph): Precision {
  return updates.size > 0 || order.some(({ op }) => op.name === "convFilterGrad" || op.name === "convInputGrad") ? "exact" : "fast";
}

function tellSteps(onStep: WasmCompileOptions["onStep"]): Assembled["onSegment"] {
  if (onStep === undefined) return undefined;
  return (segment, milliseconds) => {
    const name =
      segment.kind === "standIn"
        ? `reference ${segment.step.value.op.name}`
        : segment.phases
            .flat()
            .map(({ step }) => step.name)
            .join(", ");
    onStep(name, milliseconds);
  };
}

/**
 * Compiles a graph to WebAssembly. `threads` defaults to the machine's cores, at most 8.
 * Throws `UnsupportedOpError` without SIMD, for graphs beyond 4 GiB, and, when `strict`, for ops without a kernel.
 */
export async function compileWasm(graph: Graph, options: WasmCompileOptions = {}): Promise<Program> {
  const asked = Math.min(options.threads ?? availableThreads(), mostThreads);
  const support = threadSupport();
  const threads = support.available ? asked : 1;
  const { parts, limits, bytes, notes } = translate(graph, options, threads);
  const module = await compileModule(bytes);
  const memory = new WebAssembly.Memory(limits);
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const { loaded, reason } = threads > 1 ? await loadIntoPool(module, memory, threads) : { loaded: undefined, reason: "" };
  if (options.threads !== undefined && options.threads > mostThreads)
    notes.push(`${mostThreads} threads instead of ${options.threads}: that is the most that one program uses`);
  const why = asked > 1 && !support.available ? `one thread only: ${support.reason}` : reason;
  return createProgram({ ...parts, memory, instance, loaded, notes: why === "" ? notes : [why, ...notes] });
}

async function compileModule(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  const finish = compileEagerly();
  try {
    return await WebAssembly.compile(bytes);
  } finally {
    finish();
  }
}

/** The same at once and on one thread, for graphs so small that compiling them takes no time worth yielding for. */
export function compileWasmSync(graph: Graph, options: Omit<WasmCompileOptions, "threads"> = {}): Program {
  const { parts, limits, bytes, notes } = translate(graph, options, 1);
  const memory = new WebAssembly.Memory(limits);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return createProgram({ ...parts, memory, instance, loaded: undefined, notes });
}
