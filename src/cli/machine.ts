// What a model runs on here: backend, threads, and every reason why it is less than was asked for.
import { compile } from "../backends/compile.ts";
import { createGraph, type Graph } from "../graph/graph.ts";
import type { Explanation } from "../graph/program.ts";
import type { Model } from "../nn/model.ts";
import type { MachineOptions } from "./options.ts";

export interface Machine {
  readonly words: string;
  readonly notes: readonly string[];
}

export interface ExplainedProgram {
  readonly explanation: Explanation;
  readonly arenaBytes: number;
}

/** The program of one forward pass, explained. */
export function explainModel(model: Model, options: MachineOptions, batch = 1): Promise<ExplainedProgram> {
  return explainGraph(createGraph({ outputs: { output: model.trace({ batch }).output } }), options);
}

export async function explainGraph(graph: Graph, options: MachineOptions): Promise<ExplainedProgram> {
  const program = await compile(graph, options);
  try {
    return { explanation: program.explain(), arenaBytes: program.memory.arenaBytes };
  } finally {
    program.release();
  }
}

export async function describeMachine(model: Model, options: MachineOptions): Promise<Machine> {
  const { explanation } = await explainModel(model, options, 64);
  const { backend, threads, notes, standIns } = explanation;
  const words = `${backend}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
  return { words, notes: standIns === 0 ? notes : [...notes, `${standIns} nodes run in the reference loops`] };
}
