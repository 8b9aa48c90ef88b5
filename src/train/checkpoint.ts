// A checkpoint is a folder of three files: weights, the optimiser's memory, and where training stands. The folder is replaced as one,
// so a process killed at any moment leaves the previous checkpoint or the new one, never a mixture.
import { isFile, joinPath, listFolder, readFile, restoreFolder, writeFolderAtomically } from "#platform";
import { readSafetensors, writeSafetensors } from "../io/safetensors.ts";
import { ArgumentError, ModelFormatError } from "../tensor/errors.ts";
import { expectText } from "../tensor/expect.ts";
import { showGiven } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { TrainingIdentity } from "./identity.ts";

/** One line of the learning curve. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** Steps done when it ended. */
  readonly step: number;
  /** Of its last step. */
  readonly learningRate: number;
  /** Means over the epoch, as the net was while it learnt. */
  readonly loss: number;
  readonly accuracy: number;
  readonly validation?: { readonly loss: number; readonly accuracy: number };
  readonly seconds: number;
}

/** Where training stands: all that is not a tensor. */
export interface TrainingState {
  readonly format: "fovea-checkpoint";
  readonly version: 2;
  /** Steps done. */
  readonly step: number;
  /** Epochs finished. */
  readonly epoch: number;
  /** Pictures done in the unfinished epoch, in the order that (seed, epoch) gives. */
  readonly position: number;
  readonly seed: number;
  readonly batchSize: number;
  readonly dropLast: boolean;
  /** Everything else that the result depends on, in words. */
  readonly identity: TrainingIdentity;
  /** Sums over the unfinished epoch. */
  readonly running: { readonly loss: number; readonly correct: number; readonly seconds: number };
  /** Of all epochs, or of some with `mostRecords`. */
  readonly history: readonly EpochRecord[];
  /** For early stopping: the best value so far, and whether training has ended by it. */
  readonly best?: { readonly value: number; readonly epoch: number };
  readonly stopped: boolean;
  /** Whatever the caller wants to find again, such as the name of the architecture. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Checkpoint {
  readonly state: TrainingState;
  /** Parameters and buffers by PyTorch's names. */
  readonly model: ReadonlyMap<string, Tensor>;
  /** The step counter and the optimiser's memory. */
  readonly optimiser: ReadonlyMap<string, Tensor>;
  /** Parameters and buffers of the best epoch, when early stopping will want them back. */
  readonly best?: ReadonlyMap<string, Tensor>;
}

/** File name → contents. */
export type CheckpointFiles = Readonly<Record<string, Uint8Array | string>>;

const files = { state: "state.json", model: "model.safetensors", optimiser: "optimiser.safetensors", best: "best.safetensors" } as const;

/** The files of a checkpoint by name; the same checkpoint gives the same bytes. */
export function encodeCheckpoint({ state, model, optimiser, best }: Checkpoint): Record<string, Uint8Array | string> {
  const metadata = { format: "pt", step: String(state.step) };
  return {
    [files.model]: writeSafetensors(model, { metadata }),
    [files.optimiser]: writeSafetensors(optimiser, { metadata }),
    ...(best && { [files.best]: writeSafetensors(best, { metadata }) }),
    [files.state]: `${JSON.stringify(state, null, 2)}\n`,
  };
}

/** The inverse of `encodeCheckpoint`. Throws `ModelFormatError` when a file is missing, damaged, or of another step than the others. */
export function decodeCheckpoint(contents: CheckpointFiles, name = "checkpoint"): Checkpoint {
  if (typeof contents !== "object" || contents === null) {
    throw new ArgumentError(`decodeCheckpoint: the files are ${showGiven(contents)}; expected their contents by name`);
  }
  const state = readState(contents[files.state], name);
  const tensors = (file: string): ReadonlyMap<string, Tensor> => {
    const bytes = contents[file];
    if (!(bytes instanceof Uint8Array)) throw new ModelFormatError(`${name}: ${file} is missing`);
    const read = readSafetensors(bytes, { name: `${name}/${file}` });
    if (read.metadata.step !== String(state.step)) {
      throw new ModelFormatError(
        `${name}: ${file} is of step ${read.metadata.step ?? "unknown"}, but ${files.state} of step ${state.step}`,
      );
    }
    return read.tensors;
  };
  const hasBest = contents[files.best] !== undefined;
  return { state, model: tensors(files.model), optimiser: tensors(files.optimiser), ...(hasBest && { best: tensors(files.best) }) };
}

function readState(text: Uint8Array | string | undefined, name: string): TrainingState {
  if (text === undefined) throw new ModelFormatError(`${name}: ${files.state} is missing`);
  let state: Partial<TrainingState>;
  try {
    state = JSON.parse(typeof text === "string" ? text : new TextDecoder().decode(text));
  } catch (cause) {
    throw new ModelFormatError(`${name}: ${files.state} is not JSON`, { cause });
  }
  if (state?.format !== "fovea-checkpoint") throw new ModelFormatError(`${name}: ${files.state} does not say format "fovea-checkpoint"`);
  if (state.version !== 2) throw new ModelFormatError(`${name}: version ${String(state.version)} is not known; this fovea reads version 2`);
  for (const key of ["step", "epoch", "position", "seed", "batchSize"] as const) {
    if (!Number.isInteger(state[key]))
      throw new ModelFormatError(`${name}: ${files.state}: ${key} is ${String(state[key])}; expected an integer`);
  }
  for (const key of ["identity", "running", "history", "metadata"] as const) {
    if (typeof state[key] !== "object" || state[key] === null) throw new ModelFormatError(`${name}: ${files.state} lacks ${key}`);
  }
  return state as TrainingState;
}

/** Throws `ArgumentError` when the folder holds anything that is not a checkpoint's: replacing it would destroy that. */
export async function checkCheckpointFolder(folder: string): Promise<void> {
  if (!(await restoreFolder(folder))) return;
  const own: readonly string[] = Object.values(files);
  const foreign = (await listFolder(folder)).filter((entry) => !own.includes(entry.name));
  if (foreign.length > 0) {
    throw new ArgumentError(
      `${folder} holds "${foreign[0].name}", which is not a checkpoint's; a checkpoint needs a folder of its own, which it replaces`,
    );
  }
}

/** Writes the folder as one: all or nothing. Throws `ArgumentError` when it holds anything else. */
export async function saveCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  await checkCheckpointFolder(folder);
  await writeFolderAtomically(folder, encodeCheckpoint(checkpoint));
}

/** Reads a folder that `saveCheckpoint` wrote, finishing or undoing a switch that was interrupted. */
export async function loadCheckpoint(folder: string): Promise<Checkpoint> {
  expectText("loadCheckpoint", "the folder", folder);
  if (!(await restoreFolder(folder))) throw new ModelFormatError(`there is no checkpoint at ${folder}`);
  const contents: Record<string, Uint8Array> = {};
  for (const file of Object.values(files)) {
    const path = joinPath(folder, file);
    if (await isFile(path)) contents[file] = await readFile(path);
  }
  return decodeCheckpoint(contents, folder);
}
