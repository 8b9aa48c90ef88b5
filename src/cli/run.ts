// fovea run: files in, files out, through any network; one by one from the command line, or as many as standard input asks for.
import type { CAC } from "cac";
import { show } from "../report/range.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { addModelOptions, openAsTold, openOptions } from "./model-options.ts";
import { machineOptions, textOption } from "./options.ts";
import { runLines } from "./run-batch.ts";
import { createRunner, type Runner, readFeeds } from "./runner.ts";
import { alignColumns } from "./table.ts";
import { type WrittenOutput, writeOutputs } from "./write-outputs.ts";

export function addRunCommand(cli: CAC, signal: AbortSignal): void {
  addModelOptions(cli.command("run [model]", "Feed a network files, and keep what it gives as .npy files"))
    .option("--input <name=file>", "Repeatable: .npy, .pb (a TensorProto), .png or .jpg; a single input needs no name")
    .option("--out <folder>", "Where the outputs and index.json go (default: outputs)")
    .option("--all-outputs", "Keep the values of all layers, too")
    .option("--batch", 'Answer lines {"model", "inputs": {name: file}, "out"} of standard input')
    .option("--device <name>", "auto, wasm or reference (default: auto)")
    .option("--threads <n>", "Threads (default: all cores)")
    .example("fovea run network.onnx --input eagle.jpg --preprocess imagenet --out outputs")
    .example("fovea run network.onnx --input data=a.npy --input mask=b.npy --all-outputs")
    .example("fovea run --batch < requests.jsonl")
    .action((model: string | undefined, options: Readonly<Record<string, unknown>>) => run(model, options, signal));
}

async function run(given: string | undefined, options: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<void> {
  const machine = machineOptions(options);
  const all = options.allOutputs === true;
  const open = async (model: string): Promise<Runner> =>
    createRunner(await openAsTold(model, options), await openOptions(options), machine);
  if (options.batch === true) {
    if (given !== undefined || options.input !== undefined || options.out !== undefined) {
      throw new ArgumentError('--batch reads models, inputs and folders from standard input: {"model", "inputs": {name: file}, "out"}');
    }
    await runLines(process.stdin, { open, all, signal, answer: (line) => void process.stdout.write(`${line}\n`) });
    return;
  }
  if (given === undefined) throw new ArgumentError("say which model: fovea run <model>, or --batch");
  const out = textOption("out", options.out) ?? "outputs";
  const runner = await open(String(given));
  const feeds = await readFeeds(runner, readInputs(options.input, runner));
  signal.throwIfAborted();
  const written = await writeOutputs(out, String(given), await runner.run(feeds, all));
  process.stdout.write(`${tableOf(written)}\n`);
  process.stderr.write(`${written.length} output${written.length === 1 ? "" : "s"} and index.json are in ${out}\n`);
}

function tableOf(outputs: readonly WrittenOutput[]): string {
  const rows = outputs.map(({ name, shape, dtype, range, file }) => [
    name,
    `[${shape.join(", ")}]`,
    dtype,
    ...(range === null ? ["", ""] : [show(range.low), show(range.high)]),
    file,
  ]);
  return alignColumns([["output", "shape", "type", "least", "greatest", "file"], ...rows], [3, 4]);
}

/** `name=file` pairs; a bare file is for the only input. Names of inputs and of files may both have "=" in them, so known names go first. */
function readInputs(given: unknown, { inputs }: Runner): Readonly<Record<string, string>> {
  const files: Record<string, string> = {};
  const known = inputs.map(({ name }) => name).sort((a, b) => b.length - a.length);
  for (const text of (given === undefined ? [] : Array.isArray(given) ? given : [given]).map(String)) {
    const named = known.find((name) => text.startsWith(`${name}=`));
    const cut = text.indexOf("=");
    const name = named ?? (cut < 0 && inputs.length === 1 ? inputs[0].name : text.slice(0, Math.max(0, cut)));
    const file = named === undefined ? text.slice(cut + 1) : text.slice(named.length + 1);
    if (name === "" || file === "") {
      throw new ArgumentError(`--input is ${text}; expected name=file, with one of ${inputs.map((port) => port.name).join(", ")}`);
    }
    if (Object.hasOwn(files, name)) throw new ArgumentError(`--input gives two files for ${name}`);
    files[name] = file;
  }
  return files;
}
