// fovea compare: methods of attribution side by side on the same pictures, judged by the same tests, with the picture's own edges among them.
import type { CAC } from "cac";
import { joinPath, makeFolder, writeFileAtomically } from "#platform";
import { describePreprocessing } from "../io/prepare.ts";
import type { AttributionMethod } from "../lens/attribute.ts";
import { comparisonRows, paintComparison, summarise, writeComparison } from "../report/comparison.ts";
import { rasterToPng } from "../report/raster.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { aimOption, methodChoice, settingNames, settingsOption } from "./attribution-options.ts";
import { runAttributions, stoppedWords } from "./attribution-run.ts";
import { readPictures } from "./explain.ts";
import { plainMap, wordsOfGrid } from "./map-files.ts";
import { addModelOptions, openAsTold } from "./model-options.ts";
import { machineOptions, numberOption, textOption } from "./options.ts";
import { progressBar, showDuration } from "./progress.ts";

/** One of each kind. */
const usual: readonly AttributionMethod[] = ["gradient", "smoothGrad", "integratedGradients", "guided", "gradCam", "lrp", "occlusion"];

export function addCompareCommand(cli: CAC, signal: AbortSignal): void {
  const command = cli
    .command("compare <model> [...pictures]", "Put methods of attribution side by side, with scores")
    .option("--method <names>", `Comma-separated, or all; listed below (default: ${usual.join(", ")})`)
    .option("--class <name|index>", "The class to explain (default: the most probable one)")
    .option("--layer <name>", "Explain a layer's --channel instead of a class; beside --class, the same as --at")
    .option("--channel <n>", "Which channel of --layer, at its strongest position")
    .option("--at <layer>", "Layer that class maps and Grad-CAM look at (default: the last with maps)")
    .option("--set <name=value>", `Repeatable; for one method lrp.rule=gamma. ${settingNames.join(", ")}`)
    .option("--trust-step <n>", "Pixels per step of deletion and insertion (default: one row, or four above 100 pixels)")
    .option("--no-trust", "Leave deletion and insertion out")
    .option("--no-sanity", "Leave the net with forgotten weights out")
    .option("--out <folder>", "Where page, picture and numbers go (default: compared)")
    .option("--seed <n>", "Seed of everything random (default: 0)")
    .option("--device <name>", "auto, wasm or reference (default: auto)")
    .option("--threads <n>", "Threads (default: all cores)");
  addModelOptions(command)
    .example("fovea compare runs/mnist-lenet-1 seven.png two.png")
    .example("fovea compare net.onnx dog.jpg --method gradCam,hiResCam,layerCam")
    .action((model: string, pictures: readonly string[], options: Readonly<Record<string, unknown>>) =>
      compare(model, pictures, options, signal),
    );
}

async function compare(
  given: string,
  files: readonly string[],
  options: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<void> {
  const { methods, tolerant } = methodChoice(options.method, usual);
  const aimed = aimOption(options);
  const sets = settingsOption(options.set);
  const seed = numberOption("seed", options.seed, { integer: true }) ?? 0;
  const trustStep = numberOption("trust-step", options.trustStep, { min: 1, integer: true });
  const machine = machineOptions(options);
  const out = textOption("out", options.out) ?? "compared";
  if (files.length === 0) throw new ArgumentError("compare needs at least one picture (PNG or JPEG)");
  const opened = await openAsTold(String(given), options);
  const model = opened.model();
  const preprocessing = describePreprocessing(model);
  process.stderr.write(`pictures are brought into the net's form: ${preprocessing}\n`);
  const [, height, width] = model.inputShape;
  const step = trustStep ?? (Math.min(height, width) > 100 ? 4 * width : width);
  const images = await readPictures(files, model);
  const bar = progressBar("compare");
  const { pictures, skipped, interrupted } = await runAttributions(
    model,
    images,
    {
      methods: [...methods.filter((m) => m !== "edges"), "edges"],
      tolerant,
      ...aimed,
      sets,
      seed,
      trust: options.trust === false ? undefined : step,
      sanity: options.sanity === false ? undefined : "whole",
      machine,
      signal,
    },
    bar,
  ).finally(() => bar.clear());
  for (const line of skipped) process.stderr.write(`${line}\n`);
  const notes = [
    ...(opened.trained ? [] : ["This net is untrained: its parameters are random."]),
    ...skipped,
    ...(interrupted ? [`This run was interrupted; not finished: ${interrupted.join(", ")}.`] : []),
  ];
  const normalisation = model.preprocessing;
  const rows = comparisonRows(pictures);
  const page = writeComparison({
    title: files.length === 1 ? "Methods on one picture" : `Methods on ${files.length} pictures`,
    model: given,
    preprocessing,
    ...(normalisation && { normalisation }),
    pictures,
    step,
    notes,
  });
  const record = {
    model: given,
    preprocessing,
    step,
    notes,
    methods: rows.map((row) => ({ method: row.method, scale: { family: row.family.title, ...row.range }, ...summarise(row) })),
    pictures: pictures.map(({ name, classes, maps }) => ({ picture: name, classes, maps: maps.map(plainMap) })),
  };
  await makeFolder(out);
  await writeFileAtomically(joinPath(out, "comparison.json"), `${JSON.stringify(record)}\n`);
  await writeFileAtomically(
    joinPath(out, "comparison.png"),
    rasterToPng(paintComparison(pictures, normalisation), wordsOfGrid(pictures, rows)),
  );
  await writeFileAtomically(joinPath(out, "comparison.html"), page);
  process.stdout.write(`${scoreTable(rows)}\n`);
  process.stderr.write(`page, grid and numbers are in ${out}\n`);
  if (interrupted) {
    process.stderr.write(stoppedWords(interrupted, out));
    signal.throwIfAborted();
  }
}

/** Means over the pictures, for the terminal. */
function scoreTable(rows: ReturnType<typeof comparisonRows>): string {
  const number = (value: number | undefined): string => (value === undefined ? "–" : value.toPrecision(3));
  const lines = rows.map((row) => {
    const { deletion, insertion, forgotten, seconds } = summarise(row);
    const time = seconds === undefined ? "–" : showDuration(seconds);
    return [
      row.method.padEnd(20),
      number(deletion).padStart(9),
      number(insertion).padStart(10),
      number(forgotten).padStart(9),
      time.padStart(9),
    ].join("");
  });
  return [
    `${"method".padEnd(20)}${"deletion".padStart(9)}${"insertion".padStart(10)}${"forgotten".padStart(10)}${"time".padStart(8)}`,
    ...lines,
  ].join("\n");
}
