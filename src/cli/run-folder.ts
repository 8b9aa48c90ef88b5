// Where a training run keeps what it has: settings, checkpoint, model, metrics, report.
import { isFile, isFolder, joinPath, makeFolder, readText, writeFileAtomically } from "#platform";
import { ArgumentError, FileError } from "../tensor/errors.ts";
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
