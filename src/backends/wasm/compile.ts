// From a graph to a running WebAssembly program: prepare, lower, plan, schedule, assemble, load.
import { availableThreads, now } from "#platform";
import type { Graph } from "../../graph/graph.ts";
import type { CompileOptions, Feeds, Precision, Program, ProgramState } from "../../graph/program.ts";
import type { Value } from "../../graph/value.ts";
import { UnsupportedOpError } from "../../tensor/errors.ts";
import { planArena } from "./arena.ts";
import type { MemoryLimits } from "./assembler.ts";
import { loadChoices, saveChoices } from "./choices.ts";
import { codeKey, fingerprintOf, readCode, type StoredCode, writeCode } from "./code-cache.ts";
import { compileEagerly } from "./engine-flags.ts";
import type { Tier } from "./kernel.ts";
import { type Lowered, lower } from "./lower.ts";
import { loadIntoPool, startPool, threadSupport } from "./pool.ts";
import { prepare } from "./prepare.ts";
import { type Assembled, createProgram, fillMemory } from "./program.ts";
import { believedNanoseconds, type Segment, schedule } from "./schedule.ts";
import type { Step } from "./steps.ts";
import { probe } from "./support.ts";
import { engineTier, requireTier } from "./tier.ts";
import { type ChooseVariant, tuner } from "./tuning.ts";
import { assembleWalks, meetingPoint } from "./walk.ts";

/** What only tests and measurements set. */
export interface WasmCompileOptions extends CompileOptions {
  /** Instructions that kernels may use (default: the engine's tier, as probed). */
  readonly tier?: Tier;
  /** Optimise all code before the first run, instead of what turns out to be hot (default: for programs whose runs are long enough). */
  readonly eager?: boolean;
  /** Chooses among kernels in place of trials. */
  readonly choose?: ChooseVariant;
  /** Updates each variable by a kernel of its own, instead of all in one pass. */
  readonly updatesApart?: boolean;
  /** How long a thread waits for the others before the run fails (default 60,000). */
  readonly patienceMilliseconds?: number;
  /** Told how long every single step took; the steps then meet one by one, which costs some time of its own. */
  readonly onStep?: (name: string, milliseconds: number, value: Value | undefined) => void;
}

const pageBytes = 65536;
const mostPages = 65536;
const mostThreads = 8;

/** Code of the baseline compiler is about this much slower, and the optimising one takes about this long. */
const baselineSlowdown = 10;
const optimisingNanosecondsPerByte = 1000;

/** Everything but the machine's own part: what is to be run, and how to get its code as bytes. */
interface Translated {
  readonly parts: Omit<Assembled, "memory" | "instance" | "loaded" | "notes">;
  readonly threads: number;
  readonly limits: MemoryLimits;
  readonly notes: string[];
  assemble(): Uint8Array<ArrayBuffer>;
  /** Equal ones mean equal code. */
  fingerprint(): string;
  /** Whether optimising this much code at once pays. */
  eager(bytes: number): boolean;
}

/** `most` threads are used, or one where that was left open and the program is too small to share. */
function translate(graph: Graph, options: WasmCompileOptions, most: number, choose = options.choose, given?: Graph): Translated {
  const { precision = defaultPrecision(graph), strict = false, optimise = true, patienceMilliseconds = 60_000, updatesApart } = options;
  if (!probe().simd) throw new UnsupportedOpError("wasm: this engine has no WebAssembly SIMD");
  if (options.tier !== undefined) requireTier(options.tier);
  const engine = options.tier === undefined ? engineTier() : { tier: options.tier, tile: undefined, refused: [] };
  const { tier, tile } = engine;
  const prepared = given ?? prepare(graph, optimise);
  const lowered = lower(prepared, { tier, tile, strict, precision, choose, updatesApart });
  const notes = lowered.standIns.map((v) => `${v.label ?? v.op.name}: no kernel for ${v.op.name}, the reference loops stand in`);
  const arena = planArena(lowered, meetingPoint.bytes);
  const dealt = (count: number): Segment[] => schedule(arena.steps, arena.addressOf, count, options.onStep !== undefined);
  const shared = dealt(most);
  const believed = believedNanoseconds(shared, most);
  const small = options.threads === undefined && believed.together > believed.alone;
  const threads = most > 1 && (small || !sharingPays(lowered, arena.steps)) ? 1 : most;
  const prelude = schedule(arena.prelude, arena.addressOf, threads);
  const derived = schedule(arena.derived, arena.addressOf, threads);
  const segments = [...prelude, ...derived, ...(threads === most ? shared : dealt(threads))];
  if (threads < most)
    notes.push(
      small
        ? "one thread only: meetings would take this small program longer than a second pair of hands saves"
        : "one thread: more would save less than they cost, as most of a run is copying inputs and results",
    );
  const pages = Math.max(1, Math.ceil(arena.bytes / pageBytes));
  if (pages > mostPages) throw new UnsupportedOpError(`wasm: the program needs ${arena.bytes} bytes; a WebAssembly memory holds 4 GiB`);
  const limits = { shared: threads > 1, initial: pages, maximum: pages };
  const measure: Assembled["measure"] = (state, feeds) =>
    timeValues((onStep) => assembleAlone(translate(graph, { ...options, onStep, eager: true }, 1, choose, prepared)), state, feeds);
  return {
    parts: {
      graph,
      engine,
      prepared,
      lowered,
      arena,
      segments,
      preludeSegments: prelude.length,
      derivedSegments: derived.length,
      measure,
      onSegment: tellSteps(options.onStep),
    },
    threads,
    limits,
    notes,
    assemble: () => assembleWalks(segments, arena.addressOf, { memory: limits, patienceMilliseconds }),
    fingerprint: () => fingerprintOf(segments, arena.addressOf, { tier, tile, precision, limits, patienceMilliseconds }),
    eager: (bytes) => options.eager ?? baselineSlowdown * workOf(arena.steps) > optimisingNanosecondsPerByte * bytes,
  };
}

/**
 * Copying into and out of memory that threads share takes longer than into memory of one's own, and what one thread's cache has taken up
 * another one has to fetch: together about this much more.
 */
const sharingNanosecondsPerByte = 0.05;
/** Less than this is copied in no time. */
const worthCounting = 2 ** 18;

/** Whether a second thread saves more than its access to inputs and results costs. */
function sharingPays({ feeds, outputs }: Lowered, steps: readonly Step[]): boolean {
  const bytes = [...feeds.values(), ...outputs.values()].reduce((sum, { buffer }) => sum + buffer.bytes, 0);
  return bytes < worthCounting || workOf(steps) / 2 > bytes * sharingNanosecondsPerByte;
}

/** What one thread computes in one run, in estimated nanoseconds. */
function workOf(steps: readonly Step[]): number {
  return steps.reduce((sum, step) => sum + (step.kind === "kernel" ? step.stage.nanoseconds : 0), 0);
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
    const value = segment.kind === "standIn" ? segment.step.value : segment.phases.at(-1)?.at(-1)?.step.value;
    onStep(name, milliseconds, value);
  };
}

const measuredRuns = 5;

/** The least time that the steps of each value took together in one run; the first run only warms up. */
function timeValues(
  compileWith: (onStep: NonNullable<WasmCompileOptions["onStep"]>) => Program,
  state: ProgramState,
  feeds: Feeds,
): ReadonlyMap<Value, number> {
  let times = new Map<Value, number>();
  const best = new Map<Value, number>();
  const program = compileWith((_, milliseconds, value) => {
    if (value !== undefined) times.set(value, (times.get(value) ?? 0) + milliseconds);
  });
  for (const name of state.names) program.state.write(name, state.read(name));
  for (let run = 0; run <= measuredRuns; run++) {
    times = new Map();
    program.runSync?.(feeds);
    if (run > 0) for (const [value, time] of times) best.set(value, Math.min(time, best.get(value) ?? time));
  }
  program.release();
  return best;
}

/**
 * Compiles a graph to WebAssembly. `threads` defaults to the machine's cores, at most 8, or to one for programs too small to share.
 * Throws `UnsupportedOpError` without SIMD, for graphs beyond 4 GiB, and, when `strict`, for ops without a kernel.
 */
export async function compileWasm(graph: Graph, options: WasmCompileOptions = {}): Promise<Program> {
  const asked = Math.min(options.threads ?? availableThreads(), mostThreads);
  const support = threadSupport();
  const most = support.available ? asked : 1;
  if (most > 1) startPool(most);
  const { tune } = options;
  if (tune !== false) loadChoices();
  const choose = options.choose ?? (tune === false ? undefined : tuner(tune === true));
  const stored = await beginStored(graph, options, most);
  const translated = translate(graph, options, most, choose);
  const { parts, threads, limits, notes } = translated;
  await saveChoices();
  const compiling = moduleOf(translated, stored);
  // It is awaited below, perhaps after it has failed.
  compiling.catch(() => {});
  const memory = new WebAssembly.Memory(limits);
  if (parts.arena.bytes > worthATurn) await giveTurns();
  fillMemory(memory, parts);
  const module = await compiling;
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const { loaded, reason } = threads > 1 ? await loadIntoPool(module, memory, threads) : { loaded: undefined, reason: "" };
  if (options.threads !== undefined && options.threads > mostThreads)
    notes.push(`${mostThreads} threads instead of ${options.threads}: that is the most that one program uses`);
  const why = asked > 1 && !support.available ? `one thread only: ${support.reason}` : reason;
  return createProgram({ ...parts, memory, instance, loaded, notes: why === "" ? notes : [why, ...notes] });
}

/** Code from an earlier process, on its way to being compiled. */
interface Stored {
  readonly key: string;
  readonly code?: StoredCode;
  /** Undefined when it does not compile. */
  readonly module?: Promise<WebAssembly.Module | undefined>;
}

/** Has the code that an earlier process kept for this graph compiled while this one is still planning. */
async function beginStored(graph: Graph, options: WasmCompileOptions, most: number): Promise<Stored | undefined> {
  // What is chosen now may be something else, and what tests ask for is not worth keeping.
  if (options.tune === true || options.choose !== undefined || options.tier !== undefined || options.onStep !== undefined) return undefined;
  if (!probe().simd) return undefined;
  const { threads, strict, optimise, precision, eager, patienceMilliseconds, updatesApart } = options;
  const { tier, tile } = engineTier();
  const circumstances = { most, tier, tile, threads, strict, optimise, precision, eager, patienceMilliseconds, updatesApart };
  const key = codeKey(graph, circumstances);
  if (key === undefined) return undefined;
  const code = readCode(key);
  if (code === undefined) return { key };
  const module = compileModule(code.bytes, code.eager).catch(() => undefined);
  await giveTurns();
  return { key, code, module };
}

/** What was kept, if it is what would be assembled now; otherwise what is, and that is kept. */
async function moduleOf(translated: Translated, stored: Stored | undefined): Promise<WebAssembly.Module> {
  const fingerprint = stored === undefined ? "" : translated.fingerprint();
  if (stored?.code?.fingerprint === fingerprint) {
    const module = await stored.module;
    if (module !== undefined) return module;
  }
  const bytes = translated.assemble();
  const eager = translated.eager(bytes.length);
  if (stored !== undefined) writeCode(stored.key, { fingerprint, bytes, eager });
  return compileModule(bytes, eager);
}

/** Programs of more memory than this take long enough to fill. */
const worthATurn = 2 ** 22;

/** V8 begins to compile in the background only when this thread has gone back to its event loop, once the module has been decoded. */
async function giveTurns(): Promise<void> {
  const until = now() + 3;
  while (now() < until) await new Promise((resolve) => setTimeout(resolve, 0));
}

async function compileModule(bytes: Uint8Array<ArrayBuffer>, eager: boolean): Promise<WebAssembly.Module> {
  if (!eager) return WebAssembly.compile(bytes);
  const finish = compileEagerly();
  // Node ends a process that waits for nothing but the optimising compiler.
  const awake = setInterval(() => {}, 1000);
  try {
    return await WebAssembly.compile(bytes);
  } finally {
    clearInterval(awake);
    finish();
  }
}

/** The same at once and on one thread, for graphs so small that compiling them takes no time worth yielding for. */
export function compileWasmSync(graph: Graph, options: Omit<WasmCompileOptions, "threads"> = {}): Program {
  return assembleAlone(translate(graph, options, 1));
}

function assembleAlone({ parts, limits, notes, assemble, eager }: Translated): Program {
  const bytes = assemble();
  const memory = new WebAssembly.Memory(limits);
  fillMemory(memory, parts);
  const finish = eager(bytes.length) ? compileEagerly() : () => {};
  try {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    return createProgram({ ...parts, memory, instance, loaded: undefined, notes });
  } finally {
    finish();
  }
}
