// Where a training run keeps what it has: settings, checkpoint, model, metrics, report. Also finds models again for the other commands.
import { isFile, isFolder, joinPath, makeFolder, readFile, readText, writeFileAtomically } from "#platform";
import { readModel } from "../io/model-file.ts";
import type { Model } from "../nn/model.ts";
import { ArgumentError, FileError, ModelFormatError } from "../tensor/errors.ts";
import { architecture, architectures, zooModel } from "../zoo/registry.ts";
import { commandOf, parseSettings, type TrainSettings } from "./settings.ts";

export interface RunFolder {
  readonly path: string;
  readonly settings: string;
  readonly checkpoint: string;
  readonly model: string;
  readonly metrics: string;
  readonly report: string;
}

function runFolder(path: string): RunFolder {
  const file = (name: string): string => joinPath(path, name);
  return {
    path,
    settings: file("settings.json"),
    checkpoint: file("checkpoint"),
    model: file("model.safetensors"),
    metrics: file("metrics.json"),
    report: file("report.html"),
  };
}

/** Makes the folder of a new run. An existing run is never overwritten. */
export async function createRunFolder(given: string | undefined, settings: TrainSettings): Promise<RunFolder> {
  let folder = runFolder(given ?? "");
  if (given === undefined) {
    const stem = `${
      settings.dataset
        .replace(/[\\/]+$/, "")
        .split(/[\\/]/)
        .at(-1) ?? "run"
    }-${settings.net}`;
    for (let n = 1; ; n++) {
      folder = runFolder(joinPath("runs", `${stem}-${n}`));
      if (!(await isFolder(folder.path)) && !(await isFile(folder.path))) break;
    }
  } else if (await isFile(folder.settings)) {
    throw new ArgumentError(`${given} already holds a run; go on with it by --resume ${given}, or choose another --out`);
  }
  await makeFolder(folder.path);
  await writeFileAtomically(folder.settings, `${JSON.stringify({ ...settings, command: commandOf(settings) }, null, 2)}\n`);
  return folder;
}

/** Opens the folder of a run that is to go on. */
export async function openRunFolder(
  path: string,
  given: Readonly<Record<string, unknown>>,
): Promise<{ readonly folder: RunFolder; readonly settings: TrainSettings }> {
  const folder = runFolder(path);
  if (!(await isFile(folder.settings))) throw new FileError(`${path} holds no run: there is no ${folder.settings}`);
  return { folder, settings: parseSettings(await readText(folder.settings), folder.settings, given) };
}

/** What a net of the zoo is built for, where that is not what it was designed for. */
export interface BuildOptions {
  readonly inputSize?: { readonly channels?: number; readonly height: number; readonly width: number };
  readonly classes?: number;
}

/** A model from a run folder, a model file, or the zoo (then with its first, untrained parameters). `options` are for nets of the zoo only. */
export async function openModel(
  given: string,
  options: BuildOptions = {},
): Promise<{ readonly model: Model; readonly architecture: string; readonly trained: boolean }> {
  const { inputSize, classes } = options;
  if ((inputSize !== undefined || classes !== undefined) && ((await isFolder(given)) || (await isFile(given)))) {
    throw new ArgumentError(`${given} is a trained model: --input-size and --classes are for nets of the zoo`);
  }
  if (await isFolder(given)) {
    const folder = runFolder(given);
    if (await isFile(folder.model)) return { ...readModel(await readFile(folder.model), folder.model), trained: true };
    throw new FileError(`${given} holds no trained model: there is no ${folder.model}`);
  }
  if (await isFile(given)) {
    if (given.endsWith(".onnx"))
      throw new ModelFormatError(`${given}: ONNX files cannot be read yet; model.safetensors files of fovea can`);
    return { ...readModel(await readFile(given), given), trained: true };
  }
  if (architectures.some((a) => a.name === given)) {
    const [channels] = architecture(given).inputShape;
    const model = zooModel(given, {
      ...(inputSize && { inputShape: [inputSize.channels ?? channels, inputSize.height, inputSize.width] }),
      ...(classes !== undefined && { outputs: classes }),
    });
    return { model, architecture: given, trained: false };
  }
  throw new FileError(
    `there is no model "${given}": it is neither a run folder, nor a model file, nor a net of the zoo (${architectures.map((a) => a.name).join(", ")})`,
  );
}
