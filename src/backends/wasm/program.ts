// A compiled program at run time: copies feeds in, walks the segments (with the other threads), copies outputs out. Nothing is allocated per run
// but the results.
import { now } from "#platform";
import type { Graph } from "../../graph/graph.ts";
import { named } from "../../graph/op.ts";
import type { ExplainedEngine, Explanation, Feeds, Program, ProgramState, Results } from "../../graph/program.ts";
import type { Value } from "../../graph/value.ts";
import { GraphError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type DType, Tensor, type TensorData } from "../../tensor/tensor.ts";
import { explainedNode, explanation, macsOf } from "../explanation.ts";
import { checkFeeds, checkTensor, requireVariable } from "../feeds.ts";
import type { Arena } from "./arena.ts";
import type { Lowered } from "./lower.ts";
import { type LoadedProgram, lostWorker, releaseFromPool, startWorkers } from "./pool.ts";
import type { Segment } from "./schedule.ts";
import type { Buffer, Located, StandInStep } from "./steps.ts";
import { meetingPoint, walkStatus } from "./walk.ts";

export interface Assembled {
  /** What the user gave, whose names feeds, state and results have. */
  readonly graph: Graph;
  readonly engine: ExplainedEngine;
  /** What is run. */
  readonly prepared: Graph;
  readonly lowered: Lowered;
  readonly arena: Arena;
  readonly segments: readonly Segment[];
  /** How many segments, the first, run once, and how many after them whenever a variable that no run updates has been written. */
  readonly preludeSegments: number;
  readonly derivedSegments: number;
  /** As `fillMemory` leaves it. */
  readonly memory: WebAssembly.Memory;
  readonly instance: WebAssembly.Instance;
  readonly loaded: LoadedProgram | undefined;
  readonly notes: readonly string[];
  /** Told how long each segment took, when somebody measures. */
  /** Milliseconds that each value takes on one thread, in a copy of the program with this state. */
  readonly measure: (state: ProgramState, feeds: Feeds) => ReadonlyMap<Value, number>;
  readonly onSegment?: ((segment: Segment, milliseconds: number) => void) | undefined;
}

/** Programs that are dropped without `release()` give their memory back when they are collected. */
const abandoned = new FinalizationRegistry<LoadedProgram>(releaseFromPool);

type Walk = (thread: number, threads: number) => number;

export function createProgram({ graph, engine, prepared, lowered, arena, notes: given, ...parts }: Assembled): Program {
  const notes = [...given];
  const { segments, preludeSegments, derivedSegments } = parts;
  const firstOfRun = preludeSegments + derivedSegments;
  /** Whether what is derived from variables was derived from values that they no longer have. */
  let stale = false;
  let memory: WebAssembly.Memory | undefined = parts.memory;
  let loaded = parts.loaded;
  const walks = segments.map((_, i) => parts.instance.exports[`walk${i}`] as unknown as Walk | undefined);
  const inputs = [...graph.inputs.keys()].map((name) => [name, lowered.feeds.get(name)] as const);

  const view = (located: Located): TensorData => {
    if (memory === undefined) throw new GraphError("run: the program has been released");
    return viewOf(memory, arena, located);
  };
  const standIns = new Map(segments.flatMap((s) => (s.kind === "standIn" ? [[s.step, prepareStandIn(s.step, view)] as const] : [])));

  function walkAlone(segment: number): number {
    return (walks[segment] as Walk)(0, 1);
  }

  function walk(segment: number): void {
    if (loaded === undefined) {
      walkAlone(segment);
      return;
    }
    const lost = lostWorker(loaded);
    if (lost !== undefined) {
      notes.push(`one thread only: a worker was lost (${lost})`);
      loaded = undefined;
      walkAlone(segment);
      return;
    }
    startWorkers(loaded, segment);
    let status: number;
    try {
      status = (walks[segment] as Walk)(0, loaded.threads);
    } catch (error) {
      abort();
      throw error;
    }
    if (status !== walkStatus.done) {
      abort();
      const what = status === walkStatus.timedOut ? "did not reach the meeting point in time" : "failed";
      throw new GraphError(`run: a worker thread ${what}; the state may be half updated. The program goes on with one thread`);
    }
  }

  /** Leaves the threads behind: their meeting point is out of step now. */
  function abort(): void {
    if (memory === undefined || loaded === undefined) return;
    const words = new Int32Array(memory.buffer);
    Atomics.store(words, meetingPoint.aborted / 4, walkStatus.failed);
    Atomics.notify(words, meetingPoint.round / 4);
    notes.push("one thread only: a worker failed during a run");
    releaseFromPool(loaded);
    loaded = undefined;
  }

  function runSegments(from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const segment = segments[i];
      const start = parts.onSegment === undefined ? 0 : now();
      if (segment.kind === "walk") walk(i);
      else standIns.get(segment.step)?.();
      parts.onSegment?.(segment, now() - start);
    }
  }

  function runSync(feeds: Feeds = {}): Results {
    if (memory === undefined) throw new GraphError("run: the program has been released");
    checkFeeds(graph, feeds);
    if (stale) {
      runSegments(preludeSegments, firstOfRun);
      stale = false;
    }
    for (const [name, located] of inputs) if (located !== undefined) view(located).set(feeds[name].data);
    runSegments(firstOfRun, segments.length);
    const results: Results = {};
    for (const [name, located] of lowered.outputs) results[name] = new Tensor(copyOf(view(located)), located.placement.shape);
    return results;
  }

  const state: ProgramState = {
    names: [...graph.variables.keys()],
    read(name) {
      const value = requireVariable(graph, name);
      const located = lowered.state.get(name);
      return located === undefined ? (value.attrs.initial as Tensor).clone() : new Tensor(copyOf(view(located)), value.shape);
    },
    write(name, next) {
      const target = requireVariable(graph, name);
      const located = lowered.state.get(name);
      if (located === undefined) return;
      view(located).set(checkTensor(`state: "${name}"`, next, target).data);
      stale ||= located.buffer.role === "fixed";
    },
  };

  runSegments(0, firstOfRun);

  const program: Program = {
    graph,
    backend: "wasm",
    run: async (feeds) => runSync(feeds),
    runSync,
    state,
    explain({ measure } = {}) {
      const times = measure === undefined ? undefined : parts.measure(state, measure);
      return explain(prepared, lowered, { engine, threads: loaded?.threads ?? 1, notes: [...notes] }, times);
    },
    memory: { arenaBytes: arena.bytes, stateBytes: arena.stateBytes },
    release() {
      if (loaded !== undefined) {
        abandoned.unregister(program);
        releaseFromPool(loaded);
      }
      loaded = undefined;
      memory = undefined;
      standIns.clear();
      walks.length = 0;
    },
  };
  if (loaded !== undefined) abandoned.register(program, loaded, program);
  return program;
}

/** Writes constants and the initial state to where the program expects them, which takes a while for large nets and needs no code yet. */
export function fillMemory(memory: WebAssembly.Memory, { graph, lowered, arena }: Pick<Assembled, "graph" | "lowered" | "arena">): void {
  for (const buffer of arena.constants) {
    const data = contentsOf(buffer, arena);
    if (data !== undefined && data.length > 0) typedView(memory.buffer, arena.addressOf(buffer), data.length, data).set(data);
  }
  for (const [name, located] of lowered.state)
    viewOf(memory, arena, located).set((requireVariable(graph, name).attrs.initial as Tensor).data);
}

/** What lies in a constant's memory. */
export function contentsOf({ data, words }: Buffer, { addressOf }: Pick<Arena, "addressOf">): TensorData | undefined {
  if (words === undefined) return data;
  return Int32Array.from(words, (word) => (typeof word === "number" ? word : addressOf(word.buffer) + word.offset));
}

function viewOf(memory: WebAssembly.Memory, arena: Arena, { buffer, offset, placement }: Located): TensorData {
  const length = sizeOf(placement.shape);
  return typedArray(placement.dtype, memory.buffer, length === 0 ? 0 : arena.addressOf(buffer) + offset, length);
}

function typedArray(dtype: DType, buffer: ArrayBufferLike, address: number, length: number): TensorData {
  // The contract of TensorData does not say which kind of buffer it is over; stand-ins only read and write elements.
  const over = buffer as ArrayBuffer;
  switch (dtype) {
    case "float32":
      return new Float32Array(over, address, length);
    case "float64":
      return new Float64Array(over, address, length);
    case "int32":
      return new Int32Array(over, address, length);
    case "uint8":
      return new Uint8Array(over, address, length);
  }
}

/** A copy over memory of its own. Unlike `slice`, which fills the new memory with zeros first, constructors only write it once. */
function copyOf(view: TensorData): TensorData {
  if (view instanceof Float32Array) return new Float32Array(view);
  if (view instanceof Float64Array) return new Float64Array(view);
  return view instanceof Int32Array ? new Int32Array(view) : new Uint8Array(view);
}

function typedView(buffer: ArrayBufferLike, address: number, length: number, like: TensorData): TensorData {
  const dtype =
    like instanceof Float32Array ? "float32" : like instanceof Float64Array ? "float64" : like instanceof Int32Array ? "int32" : "uint8";
  return typedArray(dtype, buffer, address, length);
}

/** The reference loops over tensors that are views of the arena, made once. */
function prepareStandIn({ value, operands, result }: StandInStep, view: (located: Located) => TensorData): () => void {
  const tensorOf = (located: Located): Tensor => new Tensor(view(located), located.placement.shape);
  const ins = named(value.op, operands.map(tensorOf));
  const out = tensorOf(result);
  return () => {
    out.data.fill(0);
    value.op.reference?.(ins, out, value.attrs);
  };
}

function explain(
  graph: Graph,
  { kernels, hosts, standIns }: Lowered,
  facts: Pick<Explanation, "threads" | "notes"> & { readonly engine: ExplainedEngine },
  times: ReadonlyMap<Value, number> | undefined,
): Explanation {
  const macs = new Map<Value, number>();
  for (const value of graph.order) {
    let host = value;
    for (let next = hosts.get(host); next !== undefined; next = hosts.get(host)) host = next;
    macs.set(host, (macs.get(host) ?? 0) + (value.inputs.length > 0 ? macsOf(value) : 0));
  }

  const nodes = graph.order
    .filter((value) => value.inputs.length > 0)
    .map((value) => {
      const node = explainedNode(value, kernels.get(value) ?? "none");
      const milliseconds = times?.get(value);
      const multiplied = macs.get(value) ?? 0;
      return {
        ...node,
        ...(node.kernel !== "reference" && { tier: facts.engine.tier }),
        ...(milliseconds !== undefined && { milliseconds }),
        ...(milliseconds && multiplied > 0 && { gigaflops: (2 * multiplied) / (milliseconds * 1e6) }),
      };
    });
  return explanation({ backend: "wasm", ...facts, nodes, standIns: standIns.length });
}
