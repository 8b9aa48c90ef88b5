// Compiled training steps that share one state. The last batch of an epoch is usually smaller than the others, and a program has one
// batch size; so there is one program for each size in use, and the state moves to the one that runs next. All pictures count, each
// with the weight it has in its own batch, and batch norm never sees a made-up row.
import { compile } from "../backends/index.ts";
import type { CompileOptions, Explanation, Program } from "../graph/program.ts";
import type { Model } from "../nn/model.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type TrainingStepOptions, trainingStep } from "./step.ts";

export interface StepResult {
  readonly loss: number;
  /** Pictures whose label got the greatest output. */
  readonly correct: number;
}

export interface Trainer {
  run(x: Tensor, y: Tensor, learningRate: number): Promise<StepResult>;
  /** Copies of all variables by name: parameters, buffers, the step counter, the optimiser's memory. */
  state(): Map<string, Tensor>;
  /** Puts values back; throws `ArgumentError` when a variable is missing. */
  restore(state: ReadonlyMap<string, Tensor>): void;
  /** Takes over what another trainer of the same net knew. What only that one had is dropped; what only this one has stays as it is. */
  takeOver(state: ReadonlyMap<string, Tensor>): void;
  /** What the step of the usual batch size runs on. */
  explain(): Explanation;
  release(): void;
}

/** Compiles one step per batch size, others when they are first met; the first size's program holds the state at the start. */
export async function createTrainer(
  model: Model,
  batchSizes: readonly number[],
  options: Omit<TrainingStepOptions, "batch">,
  where: Pick<CompileOptions, "device" | "threads">,
): Promise<Trainer> {
  const programs = new Map<number, Program>();
  async function programFor(batch: number): Promise<Program> {
    // The usual batch runs long enough to repay trials, and exact programs compute the same bits whatever these choose.
    const tuned = { ...(batch === batchSizes[0] && { tune: true }), ...where };
    const program = programs.get(batch) ?? (await compile(stepFor(model, batch, batchSizes[0], options).graph, tuned));
    programs.set(batch, program);
    return program;
  }
  for (const batch of batchSizes) await programFor(batch);
  let current = programs.get(batchSizes[0]) as Program;

  function restore(state: ReadonlyMap<string, Tensor>): void {
    const missing = current.state.names.filter((name) => !state.has(name));
    if (missing.length > 0) throw new ArgumentError(`the training state lacks ${missing.slice(0, 8).join(", ")}`);
    takeOver(state);
  }
  function takeOver(state: ReadonlyMap<string, Tensor>): void {
    for (const name of current.state.names) {
      const value = state.get(name);
      if (value !== undefined) current.state.write(name, value);
    }
  }
  const state = (): Map<string, Tensor> => new Map(current.state.names.map((name) => [name, current.state.read(name)]));

  return {
    state,
    restore,
    takeOver,
    explain: () => (programs.get(batchSizes[0]) as Program).explain(),
    async run(x, y, learningRate) {
      const next = await programFor(x.shape[0]);
      if (next !== current) {
        const moving = state();
        current = next;
        restore(moving);
      }
      const results = await current.run({ x, y, learningRate: new Tensor(Float32Array.of(learningRate), []) });
      return { loss: results.loss.item(), correct: results.correct?.item() ?? 0 };
    },
    release() {
      for (const program of programs.values()) program.release();
    },
  };
}

function stepFor(model: Model, batch: number, usual: number, options: Omit<TrainingStepOptions, "batch">): ReturnType<typeof trainingStep> {
  try {
    return trainingStep(model, { ...options, batch });
  } catch (error) {
    if (batch === usual || !(error instanceof ShapeError)) throw error;
    throw new ArgumentError(
      `the last batch of an epoch has only ${batch} of ${usual} pictures, which this net cannot train on (${error.message}); ` +
        "choose another batchSize, or dropLast: true",
      { cause: error },
    );
  }
}
