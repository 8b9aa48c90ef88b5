// fovea explain: what a model says to a picture and which pixels it says it for, as a page, as pictures and as raw numbers.
import type { CAC } from "cac";
import { baseName, joinPath, makeFolder, readFile, writeFileAtomically } from "#platform";
import { decodeImage } from "../io/image.ts";
import { describePreprocessing, preparePicture } from "../io/prepare.ts";
import type { Model } from "../nn/model.ts";
import { type ExplainedPicture, writeExplanation } from "../report/explanation.ts";
import { show, showRange } from "../report/range.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { aimOption, methodChoice, settingNames, settingsOption } from "./attribution-options.ts";
import { type AttributionWish, type NamedPicture, runAttributions, stoppedWords } from "./attribution-run.ts";
import { stemsOf, writeMaps } from "./map-files.ts";
import { addModelOptions, openAsTold } from "./model-options.ts";
import { machineOptions, numberOption, textOption } from "./options.ts";
import { progressBar, showPercent } from "./progress.ts";
import { alignColumns, wrapText } from "./table.ts";

export function addExplainCommand(cli: CAC, signal: AbortSignal): void {
  const command = cli
    .command("explain <model> [...pictures]", "Say what a model sees in pictures, and which pixels it says it for")
    .option("--method <names>", "Comma-separated, or all; listed below (default: gradient,guided,deconvnet)")
    .option("--class <name|index>", "The class to explain (default: the most probable one)")
    .option("--layer <name>", "Explain a layer's --channel instead of a class; beside --class, the same as --at")
    .option("--channel <n>", "Which channel of --layer, at its strongest position")
    .option("--at <layer>", "Layer that class maps and Grad-CAM look at (default: the last with maps)")
    .option("--set <name=value>", `Repeatable; for one method lrp.rule=gamma. ${settingNames.join(", ")}`)
    .option("--trust", "Delete and insert pixels in the map's order: both curves and areas")
    .option("--trust-step <n>", "Pixels per step of --trust (default: as many as a row has)")
    .option("--sanity", "Forget the weights from the top down and watch the map")
    .option("--out <folder>", "Where page, pictures and numbers go (default: explained)")
    .option("--seed <n>", "Seed of everything random (default: 0)")
    .option("--device <name>", "auto, wasm or reference (default: auto)")
    .option("--threads <n>", "Threads (default: all cores)");
  addModelOptions(command)
    .example("fovea explain runs/mnist-lenet-1 seven.png")
    .example("fovea explain runs/mnist-lenet-1 seven.png --class 1 --method guided,lrp")
    .example("fovea explain net.onnx dog.jpg --method occlusion --set window=32 --trust")
    .action((model: string, pictures: readonly string[], options: Readonly<Record<string, unknown>>) =>
      explain(model, pictures, options, signal),
    );
}

async function explain(
  given: string,
  files: readonly string[],
  options: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<void> {
  const trustStep = numberOption("trust-step", options.trustStep, { min: 1, integer: true });
  const wish: AttributionWish = {
    ...methodChoice(options.method, ["gradient", "guided", "deconvnet"]),
    ...aimOption(options),
    sets: settingsOption(options.set),
    seed: numberOption("seed", options.seed, { integer: true }) ?? 0,
    trust: trustStep ?? (options.trust === true ? "row" : undefined),
    sanity: options.sanity === true ? "strip" : undefined,
    machine: machineOptions(options),
    signal,
  };
  const out = textOption("out", options.out) ?? "explained";
  if (files.length === 0) throw new ArgumentError("explain needs at least one picture (PNG or JPEG)");
  const opened = await openAsTold(String(given), options);
  const model = opened.model();
  const preprocessing = describePreprocessing(model);
  process.stderr.write(`pictures are brought into the net's form: ${preprocessing}\n`);
  const images = await readPictures(files, model);
  const bar = progressBar("explain");
  const { pictures, skipped, interrupted } = await runAttributions(model, images, wish, bar).finally(() => bar.clear());
  for (const line of skipped) process.stderr.write(`${line}\n`);
  const notes = [
    ...(opened.trained ? [] : ["This net is untrained: its parameters are random."]),
    ...skipped,
    ...(interrupted ? [`This run was interrupted; not finished: ${interrupted.join(", ")}.`] : []),
  ];
  const normalisation = model.preprocessing;
  const page = writeExplanation({
    title: files.length === 1 ? baseName(files[0]) : `${files.length} pictures`,
    model: given,
    preprocessing,
    ...(normalisation && { normalisation }),
    pictures,
    notes,
  });
  await makeFolder(out);
  const stems = stemsOf(files);
  const records: object[] = [];
  for (const [i, picture] of pictures.entries()) records.push(await writeMaps(out, stems[i], picture, normalisation));
  await writeFileAtomically(
    joinPath(out, "explanation.json"),
    `${JSON.stringify({ model: given, preprocessing, notes, pictures: records })}\n`,
  );
  await writeFileAtomically(joinPath(out, "explanation.html"), page);
  for (const picture of pictures) process.stdout.write(`${pictureWords(picture)}\n`);
  process.stderr.write(`page, maps and numbers are in ${out}\n`);
  if (interrupted) {
    process.stderr.write(stoppedWords(interrupted, out));
    signal.throwIfAborted();
  }
}

/** A picture for the terminal: what the net says, and for each map its target with score, its raw range and what judges it. */
function pictureWords({ name, classes, maps }: ExplainedPicture): string {
  const said = classes.map((c) => `${c.name} ${showPercent(c.probability)}`).join(", ");
  const judged = maps.some(({ faithfulness }) => faithfulness !== undefined);
  const rows = maps.map(({ attribution: { method, target, score, range }, faithfulness }) => [
    `  ${method}`,
    target,
    show(score),
    showRange(range),
    ...(judged ? [faithfulness?.deletion, faithfulness?.insertion].map((curve) => (curve === undefined ? "–" : show(curve.area))) : []),
  ]);
  const head = ["  method", "of", "score", "raw values", ...(judged ? ["deletion", "insertion"] : [])];
  return `${classes.length === 0 ? name : wrapText(`${name}: ${said}`, 2)}\n${alignColumns([head, ...rows], [2, 4, 5])}`;
}

/** The pictures as the net sees them. */
export async function readPictures(files: readonly string[], model: Model): Promise<NamedPicture[]> {
  const pictures: NamedPicture[] = [];
  for (const file of files) {
    pictures.push({ name: file, image: preparePicture(decodeImage(await readFile(file), { name: file }), model) });
  }
  return pictures;
}
