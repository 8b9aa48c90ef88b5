// What every command that opens a network can be told about it: which pictures it wants, what its classes are called, which net the weights
// belong to.
import type { Command } from "cac";
import { preprocessingProfile } from "../io/profiles.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { checkLabels, type OpenedModel, type OpenOptions, openModel, readLabels } from "./open-model.ts";
import { inputSizeOption, numberOption, textOption } from "./options.ts";

/** Adds the options that `openAsTold` reads. */
export function addModelOptions(command: Command): Command {
  return command
    .option("--preprocess <profile>", 'How pictures are fed: imagenet, caffe, tf, unit, ..., or "bgr mean=104,117,123"')
    .option("--labels <file>", "Names of the classes: one on each line, or a JSON array")
    .option("--input-size <n>", "Pictures of n x n pixels, or 64x48, or 1x64x48 with channels")
    .option("--dim <name=n>", "Repeatable: a size that an ONNX file leaves open, by its name there")
    .option("--architecture <net>", "Net of the zoo that a file of bare weights belongs to")
    .option("--classes <n>", "Number of classes, for nets of the zoo");
}

/** The options as `openModel` takes them. */
export async function openOptions(given: Readonly<Record<string, unknown>>): Promise<OpenOptions> {
  const inputSize = inputSizeOption(given.inputSize);
  const classes = numberOption("classes", given.classes, { min: 1, max: 65536, integer: true });
  const preprocess = textOption("preprocess", given.preprocess);
  const architecture = textOption("architecture", given.architecture);
  const labels = textOption("labels", given.labels);
  return {
    ...(inputSize && { inputSize }),
    ...(given.dim !== undefined && { dims: readDims(given.dim) }),
    ...(classes !== undefined && { classes }),
    ...(architecture !== undefined && { architecture }),
    ...(preprocess !== undefined && { preprocessing: preprocessingProfile(preprocess) }),
    ...(labels !== undefined && { labels: await readLabels(labels) }),
  };
}

/** Opens what a command was given. A list of classes that does not fit a network with one picture input is refused. */
export async function openAsTold(model: string, given: Readonly<Record<string, unknown>>): Promise<OpenedModel> {
  const options = await openOptions(given);
  const opened = await openModel(model, options);
  if (options.labels !== undefined && (opened.onnx?.inputs.length ?? 1) === 1) checkLabels(opened.model(), String(given.labels));
  return opened;
}

function readDims(given: unknown): Readonly<Record<string, number>> {
  const pairs = (Array.isArray(given) ? given : [given]).map((text) => {
    const [, name, size] = /^(.+)=(\d+)$/.exec(String(text)) ?? [];
    if (name === undefined) throw new ArgumentError(`--dim is ${String(text)}; expected name=size, such as --dim height=480`);
    return [name, Number(size)] as const;
  });
  return Object.fromEntries(pairs);
}
