// fovea classify: the most probable classes of pictures, by any network that gives one number per class.
import type { CAC } from "cac";
import { readFile } from "#platform";
import { compile } from "../backends/compile.ts";
import { createGraph } from "../graph/graph.ts";
import { decodeImage } from "../io/image.ts";
import { describePreprocessing, preparePicture } from "../io/prepare.ts";
import type { Model } from "../nn/model.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { showShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { outputKind, probabilitiesOf } from "../train/evaluator.ts";
import { addModelOptions, openAsTold } from "./model-options.ts";
import { type MachineOptions, machineOptions, numberOption } from "./options.ts";
import { showPercent } from "./progress.ts";
import { wrapText } from "./table.ts";

export function addClassifyCommand(cli: CAC, signal: AbortSignal): void {
  addModelOptions(cli.command("classify <model> [...pictures]", "Say what is in pictures: the most probable classes"))
    .option("--top <n>", "How many classes (default: 5)")
    .option("--json", "Print JSON instead of text")
    .option("--device <name>", "auto, wasm or reference (default: auto)")
    .option("--threads <n>", "Threads (default: all cores)")
    .example("fovea classify network.onnx eagle.jpg --labels names.txt --preprocess imagenet")
    .example('fovea classify network.onnx *.jpg --preprocess "bgr mean=104,117,123"')
    .action((model: string, pictures: readonly string[], options: Readonly<Record<string, unknown>>) =>
      classify(String(model), pictures.map(String), options, signal),
    );
}

/** What the graph's end says about its outputs. */
const endings = {
  probabilities: "probabilities are the network's own softmax",
  "log-probabilities": "the network gives logarithms of probabilities",
  independent: "each class has a probability of its own (sigmoid); they need not sum to 1",
  scores: "the network gives scores; probabilities are their softmax",
} as const;

async function classify(
  given: string,
  files: readonly string[],
  options: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<void> {
  const machine = machineOptions(options);
  const top = numberOption("top", options.top, { min: 1, integer: true }) ?? 5;
  if (files.length === 0) throw new ArgumentError("classify needs at least one picture (PNG or JPEG)");
  const opened = await openAsTold(given, options);
  const model = opened.model();
  const preprocessing = describePreprocessing(model);
  const classifier = await createClassifier(model, machine);
  const ending = endings[classifier.kind];
  // A wrong profile gives confident nonsense, so what is used is said before anything else is.
  process.stderr.write(`${wrapText(`pictures are brought into the net's form: ${preprocessing}`, 2)}\n${ending}\n`);
  if (opened.preprocessing === undefined) {
    process.stderr.write(
      `${wrapText("how its training pictures were fed is not known: if that was otherwise, say so by --preprocess", 2)}\n`,
    );
  }
  if (!opened.trained) process.stderr.write("this net is untrained: its parameters are random\n");
  const records: object[] = [];
  for (const file of files) {
    signal.throwIfAborted();
    const image = preparePicture(decodeImage(await readFile(file), { name: file }), model);
    const classes = (await classifier.rank(image)).slice(0, top);
    if (options.json === true) records.push({ picture: file, classes });
    else
      process.stdout.write(
        `${file}\n${classes.map(({ name, probability }) => `  ${showPercent(probability).padStart(8)}  ${name}\n`).join("")}`,
      );
  }
  if (options.json === true) {
    const document = {
      model: given,
      trained: opened.trained,
      preprocessing,
      profile: model.preprocessing,
      probabilities: ending,
      pictures: records,
    };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  }
}

interface Ranked {
  readonly index: number;
  readonly name: string;
  readonly probability: number;
}

/** One compiled program for all pictures. Throws `ArgumentError` for networks that are no classifiers. */
async function createClassifier(
  model: Model,
  machine: MachineOptions,
): Promise<{ readonly kind: keyof typeof endings; rank(image: Tensor): Promise<readonly Ranked[]> }> {
  const { output } = model.trace();
  if (output.rank !== 2) {
    throw new ArgumentError(
      `classify wants one number per class; this network gives ${showShape(output.shape.slice(1))} per picture. See: fovea run`,
    );
  }
  const program = await compile(createGraph({ outputs: { probabilities: probabilitiesOf(output) } }), machine);
  return {
    kind: outputKind(output),
    async rank(image) {
      const { probabilities } = await program.run({ x: new Tensor(image.data, [1, ...image.shape]) });
      const ranked = Array.from(probabilities.data, (probability, index) => ({
        index,
        name: model.classes?.[index] ?? `class ${index}`,
        probability,
      }));
      return ranked.sort((a, b) => b.probability - a.probability || a.index - b.index);
    },
  };
}
