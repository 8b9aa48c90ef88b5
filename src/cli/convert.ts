// fovea convert: any network that fovea opens, as a file that others read; the kind of file follows its name.
import type { CAC } from "cac";
import { isFile, writeFileAtomically } from "#platform";
import { writeModel } from "../io/model-file.ts";
import { writeNpz } from "../io/npz.ts";
import { writeOnnx } from "../io/onnx/write/write.ts";
import { writeSafetensors } from "../io/safetensors.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { addModelOptions, openAsTold } from "./model-options.ts";
import { type OpenedModel, takesPictures } from "./open-model.ts";
import { numberOption } from "./options.ts";
import { showBytes } from "./table.ts";

export interface OnnxSettings {
  readonly opset?: number;
  readonly foldBatchNorm?: boolean;
}

export function addConvertCommand(cli: CAC): void {
  addModelOptions(cli.command("convert <model> <file>", "Write a network as .onnx, or its weights as .safetensors or .npz"))
    .option("--opset <n>", "Version of ONNX's operators, 13 to 21 (default: 17)")
    .option("--fold-batch-norm", "Make batch norms part of the convolutions before them (.onnx)")
    .option("--force", "Overwrite the file if it exists")
    .example("fovea convert runs/mnist-lenet-1 lenet.onnx")
    .example("fovea convert weights.safetensors resnet18.onnx --architecture resnet18")
    .example("fovea convert network.onnx weights.npz")
    .action(convert);
}

async function convert(given: string, file: string, options: Readonly<Record<string, unknown>>): Promise<void> {
  const settings = onnxSettings(options);
  const kind = /\.(onnx|safetensors|npz)$/i.exec(String(file))?.[1]?.toLowerCase();
  if (kind === undefined) throw new ArgumentError(`${file}: the file to write ends in .onnx, .safetensors or .npz`);
  if (kind !== "onnx" && Object.keys(settings).length > 0) {
    throw new ArgumentError(`--opset and --fold-batch-norm are for .onnx files; ${file} holds weights`);
  }
  await refuseOverwriting(String(file), options.force === true);
  const opened = await openAsTold(String(given), options);
  const bytes =
    kind === "onnx" ? onnxBytes(opened, settings) : kind === "npz" ? writeNpz(opened.model().state()) : safetensorsBytes(opened);
  await writeFileAtomically(String(file), bytes);
  process.stderr.write(`${file}: ${showBytes(bytes.length)}${opened.trained ? "" : "; the net is untrained, its numbers are random"}\n`);
}

/** `--opset` and `--fold-batch-norm`, as far as they are given. */
export function onnxSettings(options: Readonly<Record<string, unknown>>): OnnxSettings {
  const opset = numberOption("opset", options.opset, { min: 13, max: 21, integer: true });
  return { ...(opset !== undefined && { opset }), ...(options.foldBatchNorm === true && { foldBatchNorm: true }) };
}

/** A network with one picture input is written for any batch, all others as their graph is. */
export function onnxBytes(opened: OpenedModel, settings: OnnxSettings): Uint8Array {
  return writeOnnx(takesPictures(opened) ? opened.model() : opened.graph(), settings);
}

/** Nets of the zoo can be opened again from the file alone; of others it has the weights. */
function safetensorsBytes(opened: OpenedModel): Uint8Array {
  const model = opened.model();
  return opened.architecture === undefined ? writeSafetensors(model.state()) : writeModel(model, opened.architecture);
}

/** Throws `ArgumentError` when the file exists and may not be lost. */
export async function refuseOverwriting(file: string, force: boolean): Promise<void> {
  if (!force && (await isFile(file))) throw new ArgumentError(`${file} exists; --force overwrites it`);
}
