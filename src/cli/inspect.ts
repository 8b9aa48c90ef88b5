// fovea inspect: what a net is made of - layers, shapes, receptive fields, parameters, multiply-adds - and what it compiles to.
import type { CAC } from "cac";
import { describePreprocessing } from "../io/prepare.ts";
import type { LayerSummary, ModelSummary } from "../nn/summary.ts";
import { explainModel } from "./machine.ts";
import { inputSizeOption, machineOptions, numberOption } from "./options.ts";
import { openModel } from "./run-folder.ts";

export function addInspectCommand(cli: CAC): void {
  cli
    .command("inspect <model>", "Show layers, receptive fields, costs, and the program that a net compiles to")
    .option("--json", "Print JSON instead of tables")
    .option("--input-size <n>", "For nets of the zoo: pictures of n x n pixels, or 64x48, or 1x64x48 with channels")
    .option("--classes <n>", "For nets of the zoo: number of classes")
    .option("--program", "Also list every node of the compiled program with its kernel (compiles nets of the zoo, too)")
    .option("--device <name>", "auto, wasm or reference (default: auto)")
    .option("--threads <n>", "Threads (default: all cores)")
    .example("fovea inspect runs/mnist-lenet-1")
    .example("fovea inspect resnet18 --input-size 32 --classes 10")
    .example("fovea inspect lenet5 --json")
    .action(inspect);
}

async function inspect(given: string, options: Readonly<Record<string, unknown>>): Promise<void> {
  const inputSize = inputSizeOption(options.inputSize);
  const classes = numberOption("classes", options.classes, { min: 1, max: 65536, integer: true });
  const { model, architecture, trained } = await openModel(String(given), {
    ...(inputSize && { inputSize }),
    ...(classes !== undefined && { classes }),
  });
  const machine = machineOptions(options);
  const summary = model.summary();
  // Half a gigabyte of random weights tells nothing about VGG-16 that its table does not, so an untrained net is compiled on demand only.
  const compiled = trained || options.program === true ? await explainModel(model, machine) : undefined;
  if (options.json === true) {
    const document = {
      architecture,
      trained,
      inputShape: model.inputShape,
      classes: model.classes,
      preprocessing: model.preprocessing,
      layers: summary.layers.map(plainLayer),
      total: summary.total,
      ...(compiled && { program: plainProgram(compiled) }),
    };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    return;
  }
  const lines = [
    `${architecture}${trained ? "" : " (untrained)"}: input ${model.inputShape.join(" x ")}, ${showOutput(summary)}`,
    `pictures are brought into this form: ${describePreprocessing(model)}`,
    "",
    summary.toString(),
    "",
    `field and stride in input pixels; multiply-adds (MACs) for one picture, convolution and dense weights only`,
    compiled === undefined ? "--program compiles it and shows what it runs as" : showProgram(compiled),
    ...(compiled && options.program === true ? ["", compiled.explanation.toString()] : []),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

type Compiled = Awaited<ReturnType<typeof explainModel>>;

/** "10 classes", or the shape of what is no list of scores. */
function showOutput({ layers }: ModelSummary): string {
  const shape = layers[layers.length - 1].outputShape;
  return shape.length === 1 ? `${shape[0]} ${shape[0] === 1 ? "score" : "classes"}` : `output ${shape.join(" x ")}`;
}

function showProgram({ explanation: { backend, threads }, arenaBytes }: Compiled): string {
  return `compiled for one picture: ${backend}, ${threads} thread${threads === 1 ? "" : "s"}, ${(arenaBytes / 1024).toFixed(0)} KiB`;
}

function plainProgram({ explanation: { backend, threads, notes, standIns, nodes }, arenaBytes }: Compiled): object {
  return { backend, threads, notes, standIns, arenaBytes, nodes };
}

function plainLayer({ name, kind, outputShape, field, parameters, macs, activations }: LayerSummary): object {
  return { name, kind, outputShape, field, parameters, macs, activations };
}
