// fovea export: a network as source code of PyTorch or fovea, with its weights beside it, or as ONNX, so that people can take it along.
import type { CAC } from "cac";
import { writeFileAtomically } from "#platform";
import { writeSafetensors } from "../io/safetensors.ts";
import { writeFoveaSource } from "../io/source/fovea.ts";
import { writePyTorch } from "../io/source/python.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { onnxBytes, onnxSettings, refuseOverwriting } from "./convert.ts";
import { addModelOptions, openAsTold } from "./model-options.ts";
import { takesPictures } from "./open-model.ts";
import { choiceOption, textOption } from "./options.ts";
import { showBytes } from "./table.ts";

const endings = { pytorch: ".py", fovea: ".ts", onnx: ".onnx" } as const;

export function addExportCommand(cli: CAC): void {
  addModelOptions(cli.command("export <model>", "Write a network as source code of PyTorch or fovea, or as ONNX"))
    .option("--to <kind>", "pytorch, fovea or onnx")
    .option("--out <file>", "The file to write (default: source code is printed)")
    .option("--weights", "Also write the weights that the code loads, as .safetensors beside --out")
    .option("--opset <n>", "Version of ONNX's operators, 13 to 21 (default: 17)")
    .option("--fold-batch-norm", "Make batch norms part of the convolutions before them (onnx)")
    .option("--force", "Overwrite files that exist")
    .example("fovea export resnet18 --to pytorch")
    .example("fovea export runs/mnist-lenet-1 --to pytorch --out lenet.py --weights")
    .action(exportNetwork);
}

async function exportNetwork(given: string, options: Readonly<Record<string, unknown>>): Promise<void> {
  const to = choiceOption("to", options.to, ["pytorch", "fovea", "onnx"]);
  if (to === undefined) throw new ArgumentError("say what to: --to pytorch, --to fovea or --to onnx");
  const settings = onnxSettings(options);
  if (to !== "onnx" && Object.keys(settings).length > 0)
    throw new ArgumentError(`--opset and --fold-batch-norm are for --to onnx, not ${to}`);
  const file = textOption("out", options.out);
  if (file === undefined && (to === "onnx" || options.weights === true)) {
    throw new ArgumentError(
      `${to === "onnx" ? "an ONNX file is no text" : "--weights writes a file"}: say where by --out, such as --out net${endings[to]}`,
    );
  }
  if (options.weights === true && to === "onnx") throw new ArgumentError("an ONNX file has its weights in it; leave --weights out");
  const weights = options.weights === true && file !== undefined ? `${file.replace(/\.(py|ts)$/, "")}.safetensors` : undefined;
  for (const target of [file, weights]) if (target !== undefined) await refuseOverwriting(target, options.force === true);
  const opened = await openAsTold(String(given), options);
  const source = takesPictures(opened) ? opened.model() : opened.graph();
  const content =
    to === "onnx"
      ? onnxBytes(opened, settings)
      : to === "pytorch"
        ? writePyTorch(source, weights === undefined ? {} : { weights: weights.split(/[/\\]/).at(-1) ?? weights })
        : writeFoveaSource(source);
  if (file === undefined) {
    process.stdout.write(content);
    return;
  }
  await writeFileAtomically(file, content);
  process.stderr.write(`${file}: ${showBytes(content.length)}\n`);
  if (weights === undefined) return;
  const bytes = writeSafetensors(opened.model().state(), { metadata: { format: "pt" } });
  await writeFileAtomically(weights, bytes);
  process.stderr.write(`${weights}: ${showBytes(bytes.length)}\n`);
}
