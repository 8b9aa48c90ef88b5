// fovea inspect: what a net is made of - layers, shapes, receptive fields, parameters, multiply-adds, memory - and what it compiles to.
import type { CAC } from "cac";
import { writeFileAtomically } from "#platform";
import type { ExplainedNode } from "../graph/program.ts";
import { type OnnxPort, showPort } from "../io/onnx/bind.ts";
import type { OnnxNetwork } from "../io/onnx/network.ts";
import { describePreprocessing } from "../io/prepare.ts";
import type { Model } from "../nn/model.ts";
import type { LayerSummary, ModelSummary } from "../nn/summary.ts";
import { drawGraph } from "../report/graph-drawing.ts";
import { layerTable } from "./layer-table.ts";
import { type ExplainedProgram, explainGraph, explainModel } from "./machine.ts";
import { addModelOptions, openAsTold } from "./model-options.ts";
import { type OpenedModel, takesPictures } from "./open-model.ts";
import { type MachineOptions, machineOptions, textOption } from "./options.ts";
import { alignColumns, showBytes, wrapText } from "./table.ts";

export function addInspectCommand(cli: CAC): void {
  addModelOptions(cli.command("inspect <model>", "Show layers, receptive fields, costs, and the program that a net compiles to"))
    .option("--json", "Print JSON instead of tables")
    .option("--svg <file>", "Also draw the graph")
    .option("--program", "Also list every node of the compiled program with its kernel (compiles nets of the zoo, too)")
    .option("--device <name>", "auto, wasm or reference (default: auto)")
    .option("--threads <n>", "Threads (default: all cores)")
    .example("fovea inspect runs/mnist-lenet-1")
    .example("fovea inspect resnet18 --input-size 32 --classes 10 --svg resnet18.svg")
    .example("fovea inspect network.onnx --json")
    .action(inspect);
}

async function inspect(given: string, options: Readonly<Record<string, unknown>>): Promise<void> {
  const svg = textOption("svg", options.svg);
  const machine = machineOptions(options);
  const opened = await openAsTold(String(given), options);
  const { onnx } = opened;
  const isJson = options.json === true;
  if (onnx !== undefined && onnx.unsupported.length > 0) {
    // What the file says is of use even where its operators are not known; that they are not is the command's result.
    print(isJson ? JSON.stringify({ file: opened.title, ...plainFile(onnx) }, null, 2) : [opened.title, ...describeFile(onnx)].join("\n"));
    opened.graph();
  }
  const model = takesPictures(opened) ? opened.model() : undefined;
  const compiled = await compiledForm(opened, model, options.program === true, machine);
  if (svg !== undefined) await writeFileAtomically(svg, drawGraph(model ?? opened.graph(), { title: opened.title }));
  print(
    isJson
      ? JSON.stringify(plainDocument(opened, model, compiled), null, 2)
      : describe(opened, model, compiled, options.program === true).join("\n"),
  );
  if (svg !== undefined) process.stderr.write(`the graph is drawn in ${svg}\n`);
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** Half a gigabyte of random weights tells nothing about VGG-16 that its table does not, so an untrained net is compiled on demand only. */
async function compiledForm(
  opened: OpenedModel,
  model: Model | undefined,
  isWanted: boolean,
  machine: MachineOptions,
): Promise<ExplainedProgram | undefined> {
  if (model === undefined) return explainGraph(opened.graph(), machine);
  return opened.trained || isWanted ? explainModel(model, machine) : undefined;
}

function describe(opened: OpenedModel, model: Model | undefined, compiled: ExplainedProgram | undefined, listProgram: boolean): string[] {
  const { title, trained, onnx } = opened;
  const name = `${title}${trained ? "" : " (untrained)"}`;
  const file = onnx === undefined ? [] : describeFile(onnx);
  if (model === undefined) return [name, ...file, ...(compiled ? describeProgram(compiled, true) : [])];
  const summary = model.summary();
  const { parameters, activations } = summary.total;
  return [
    `${name}: input ${model.inputShape.join(" x ")}, ${showOutput(summary)}`,
    ...file,
    wrapText(`pictures are brought into this form: ${describePreprocessing(model)}`, 2),
    "",
    layerTable(summary, process.stdout.columns),
    "",
    "field and stride in input pixels; multiply-adds (MACs) for one picture,",
    "convolution and dense weights only",
    `memory: parameters ${showBytes(4 * parameters)}; all activations of one picture ${showBytes(4 * activations)}`,
    ...(compiled === undefined ? ["--program compiles it and shows what it runs as"] : describeProgram(compiled, listProgram)),
  ];
}

/** What an ONNX file says about itself. */
function describeFile({ producer, irVersion, opsets, inputs, outputs, nodes, metadata, unsupported, warnings }: OnnxNetwork): string[] {
  const versions = [...opsets].map(([domain, version]) => (domain === "" ? `opset ${version}` : `${domain} ${version}`));
  const ports = [...inputs.map((port) => ({ side: "input", ...port })), ...outputs.map((port) => ({ side: "output", ...port }))];
  const missing = unsupported.map(({ operator, nodes: where }) => [`  ${operator}`, `${where.length} x`]);
  return [
    wrapText(
      `ONNX, IR version ${irVersion}, ${versions.join(", ")}, ${nodes.length} nodes${producer === "" ? "" : `, written by ${producer}`}`,
      2,
    ),
    alignColumns(ports.map(({ side, name, type, shape }) => [side, name, type ?? "no tensor", showPort(shape)])),
    ...[...metadata].map(([key, value]) => wrapText(`metadata ${key}: ${value.length > 160 ? `${value.slice(0, 160)}...` : value}`, 2)),
    ...warnings.map((warning) => wrapText(warning, 2)),
    ...(missing.length === 0 ? [] : ["operators that fovea does not read:", alignColumns(missing, [1])]),
  ];
}

/** "10 classes", or the shape of what is no list of scores. */
function showOutput({ layers }: ModelSummary): string {
  const shape = layers[layers.length - 1].outputShape;
  return shape.length === 1 ? `${shape[0]} ${shape[0] === 1 ? "score" : "classes"}` : `output ${shape.join(" x ")}`;
}

const isFused = ({ kernel }: ExplainedNode): boolean => kernel.startsWith("fused into");

function describeProgram({ explanation, arenaBytes }: ExplainedProgram, listNodes: boolean): string[] {
  const { backend, threads, nodes, standIns, notes } = explanation;
  const uses = new Map<string, number>();
  for (const node of nodes) if (!isFused(node)) uses.set(node.kernel, (uses.get(node.kernel) ?? 0) + 1);
  const kernels = [...uses].sort(([, a], [, b]) => b - a).map(([kernel, count]) => `${kernel} (${count})`);
  const fused = nodes.filter(isFused).length;
  const slow = standIns === 0 ? "" : `, ${standIns} in the reference loops`;
  return [
    `compiled for one run: ${backend}, ${threads} thread${threads === 1 ? "" : "s"}, ${showBytes(arenaBytes)} of working memory`,
    `${nodes.length} nodes, ${fused} of them fused into the kernels of others${slow}`,
    wrapText(`kernels: ${kernels.join(", ")}`, 2),
    ...notes.map((note) => wrapText(note, 2)),
    ...(listNodes ? ["", explanation.toString()] : []),
  ];
}

function plainDocument(opened: OpenedModel, model: Model | undefined, compiled: ExplainedProgram | undefined): object {
  const { architecture, title, trained, onnx } = opened;
  const summary = model?.summary();
  return {
    title,
    architecture,
    trained,
    ...(onnx && plainFile(onnx)),
    ...(model && { inputShape: model.inputShape, classes: model.classes, preprocessing: model.preprocessing }),
    ...(summary && {
      layers: summary.layers.map(plainLayer),
      total: summary.total,
      memory: { parameterBytes: 4 * summary.total.parameters, activationBytes: 4 * summary.total.activations },
    }),
    ...(compiled && { program: plainProgram(compiled) }),
  };
}

function plainFile({ producer, irVersion, opsets, inputs, outputs, nodes, metadata, unsupported, warnings }: OnnxNetwork): object {
  return {
    onnx: {
      producer,
      irVersion,
      opsets: Object.fromEntries([...opsets].map(([domain, version]) => [domain === "" ? "ai.onnx" : domain, version])),
      inputs: inputs.map(plainPort),
      outputs: outputs.map(plainPort),
      nodes,
      metadata: Object.fromEntries(metadata),
      unsupported,
      warnings,
    },
  };
}

/** JSON has no undefined: an axis without size or name is null. */
const plainPort = ({ name, type, shape }: OnnxPort): object => ({ name, type: type ?? null, shape: shape?.map((n) => n ?? null) ?? null });

function plainProgram({ explanation: { backend, threads, notes, standIns, nodes }, arenaBytes }: ExplainedProgram): object {
  return { backend, threads, notes, standIns, arenaBytes, fused: nodes.filter(isFused).length, nodes };
}

function plainLayer({ name, kind, outputShape, field, parameters, macs, activations }: LayerSummary): object {
  return { name, kind, outputShape, field, parameters, macs, activations };
}
