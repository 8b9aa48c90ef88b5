// fovea inspect: what a net is made of - layers, shapes, receptive fields, parameters, multiply-adds - and what it compiles to.
import type { CAC } from "cac";
import { describePreprocessing } from "../io/prepare.ts";
import type { LayerSummary } from "../nn/summary.ts";
import { explainModel } from "./machine.ts";
import { machineOptions } from "./options.ts";
import { openModel } from "./run-folder.ts";

export function addInspectCommand(cli: CAC): void {
  cli
    .command("inspect <model>", "Show layers, receptive fields, costs, and the program that a net compiles to")
    .option("--json", "Print JSON instead of tables")
    .option("--program", "Also list every node of the compiled program with its kernel")
    .option("--device <name>", "auto, wasm or reference (default: auto)")
    .option("--threads <n>", "Threads (default: all cores)")
    .example("fovea inspect runs/mnist-lenet-1")
    .example("fovea inspect lenet5 --json")
    .action(inspect);
}

async function inspect(given: string, options: Readonly<Record<string, unknown>>): Promise<void> {
  const { model, architecture, trained } = await openModel(String(given));
  const summary = model.summary();
  const { explanation, arenaBytes } = await explainModel(model, machineOptions(options));
  if (options.json === true) {
    const { backend, threads, notes, standIns, nodes } = explanation;
    const document = {
      architecture,
      trained,
      inputShape: model.inputShape,
      classes: model.classes,
      preprocessing: model.preprocessing,
      layers: summary.layers.map(plainLayer),
      total: summary.total,
      program: { backend, threads, notes, standIns, arenaBytes, nodes },
    };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    return;
  }
  const lines = [
    `${architecture}${trained ? "" : " (untrained)"}: input ${model.inputShape.join(" x ")}, ${model.classes?.length ?? model.trace().output.shape[1]} classes`,
    `pictures are brought into this form: ${describePreprocessing(model)}`,
    "",
    summary.toString(),
    "",
    `field and stride in input pixels; multiply-adds (MACs) for one picture, convolution and dense weights only`,
    `compiled for one picture: ${explanation.backend}, ${explanation.threads} thread${explanation.threads === 1 ? "" : "s"}, ${(arenaBytes / 1024).toFixed(0)} KiB`,
    ...(options.program === true ? ["", explanation.toString()] : []),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

function plainLayer({ name, kind, outputShape, field, parameters, macs, activations }: LayerSummary): object {
  return { name, kind, outputShape, field, parameters, macs, activations };
}
