// From a finished training to the data of its report: what was measured, and for one layer the three ways of seeing what each channel
// responds to. Calls the lens; computes nothing of its own.
import type { TrainAndTest } from "../data/dataset.ts";
import type { Device } from "../graph/program.ts";
import { activations, filters } from "../lens/activations.ts";
import { attributeEach } from "../lens/attribute.ts";
import { dataStatistics } from "../lens/data-statistics.ts";
import { examples } from "../lens/examples.ts";
import { maximiseEach } from "../lens/maximise.ts";
import type { UnitExamples } from "../lens/records.ts";
import type { Model } from "../nn/model.ts";
import type { LayerField, LayerSummary } from "../nn/summary.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import type { EpochRecord } from "../train/checkpoint.ts";
import type { Evaluation } from "../train/evaluate.ts";
import type { StepRecord } from "../train/fit.ts";
import type { Series } from "./chart.ts";
import type { ReportChannel, ReportData, ReportLayer, ReportMistake } from "./data.ts";
import { showCount } from "./range.ts";

/** What is known when training has ended. */
export interface FinishedTraining {
  readonly title: string;
  readonly model: Model;
  readonly data: TrainAndTest;
  readonly history: readonly EpochRecord[];
  /** Steps of this process; a resumed training lacks those before. */
  readonly steps: readonly StepRecord[];
  /** On the test pictures. */
  readonly evaluation: Evaluation;
  readonly seed: number;
  /** In words: "wasm, 2 threads". */
  readonly machine: string;
  readonly command?: string;
  readonly notes?: readonly string[];
}

export interface DescribeOptions {
  /** Whose channels are shown the three ways (default: the last convolution). */
  readonly layer?: string;
  /** Pictures per channel (default 9). */
  readonly top?: number;
  /** Steps of activation maximisation (default 256). */
  readonly steps?: number;
  /** At most so many channels (default 64). */
  readonly channels?: number;
  readonly device?: Device;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** Named stages of the work, each from 0 to its total. */
  readonly onProgress?: (stage: string, done: number, total: number) => void;
}

/** Everything that `writeReport` shows. Throws `ArgumentError` when `layer` is none of the net's. */
export async function describeTraining(training: FinishedTraining, options: DescribeOptions = {}): Promise<ReportData> {
  checkOptions("describeTraining", options, ["layer", "top", "steps", "channels", "device", "threads", "signal", "onProgress"]);
  const { title, model, data, history, steps, evaluation, seed, machine, command, notes } = training;
  const { device, threads, signal } = options;
  const run = { ...(device && { device }), ...(threads !== undefined && { threads }), ...(signal && { signal }) };
  const summary = model.summary();
  const convolutions = summary.layers.filter((l) => l.kind.startsWith("conv"));
  const chosen = chooseLayer(summary.layers, convolutions, options.layer);
  const first = convolutions[0];
  const picture = data.test.image(0);
  return {
    title,
    headline: {
      accuracy: evaluation.accuracy,
      errors: evaluation.count - Math.round(evaluation.accuracy * evaluation.count),
      tested: evaluation.count,
      parameters: summary.total.parameters,
      multiplyAdds: summary.total.macs,
      seconds: history.reduce((sum, epoch) => sum + epoch.seconds, 0),
      epochs: history.at(-1)?.epoch ?? 0,
      seed,
      device: machine,
      dataset: `${data.train.name}, ${showCount(data.train.size)} pictures`,
    },
    ...(command !== undefined && { command }),
    classes: data.test.classes,
    normalisation: data.test.normalisation,
    curves: curvesOf(steps, history),
    confusion: evaluation.confusion,
    mistakes: worstMistakes(evaluation, data),
    layers: summary.layers.map(layerRow),
    ...(first && { filters: { layer: first.name, weights: filters(model, first.name) } }),
    ...(convolutions.length > 0 && {
      featureMaps: {
        image: picture,
        title: `Test picture 0: ${data.test.classes[data.test.label(0)]}`,
        layers: [...(await activations(model, picture, { ...run, layers: convolutions.map((l) => l.name) }))].map(([name, maps]) => ({
          name,
          maps,
        })),
      },
    }),
    ...(chosen && {
      channels: { layer: chosen.name, field: showField(chosen.field), ...(await threeWays(training, chosen, options, run)) },
    }),
    ...(notes && { notes }),
  };
}

function chooseLayer(
  layers: readonly LayerSummary[],
  convolutions: readonly LayerSummary[],
  wanted: string | undefined,
): LayerSummary | undefined {
  if (wanted === undefined) return convolutions.at(-1);
  const found = layers.find((l) => l.name === wanted);
  if (found === undefined) throw new ArgumentError(`no layer is called "${wanted}"; there are ${layers.map((l) => l.name).join(", ")}`);
  return found;
}

/** For every channel: the input that it wants, the pixels that matter on its best picture, and the pictures that excite it most. */
async function threeWays(
  { model, data, seed }: FinishedTraining,
  layer: LayerSummary,
  { top = 9, steps = 256, channels: most = 64, onProgress }: DescribeOptions,
  run: { readonly device?: Device; readonly threads?: number; readonly signal?: AbortSignal },
): Promise<{ readonly units: ReportChannel[]; readonly dataSlope: number }> {
  const channels = Array.from({ length: Math.min(most, layer.outputShape[0]) }, (_, c) => c);
  const stage =
    (name: string) =>
    ({ done, total }: { readonly done: number; readonly total: number }): void =>
      onProgress?.(name, done, total);
  const units = await examples(model, data.train, {
    ...run,
    layer: layer.name,
    channels,
    top,
    onProgress: stage("pictures that excite it most"),
  });
  const statistics = dataStatistics(data.train, { pictures: 200 });
  const wanted = await maximiseEach(model, {
    ...run,
    layer: layer.name,
    channels,
    // One unit, so that the activation can be held against the best that a training picture gives anywhere.
    position: "centre",
    steps,
    seed,
    normalisation: data.train.normalisation,
    statistics,
    onProgress: stage("inputs that it wants"),
  });
  const lit = units.filter((unit) => unit.top.length > 0);
  const tasks = lit.map(({ top: [best], channel }) => ({
    image: best.picture,
    target: { layer: layer.name, channel, position: best.position },
  }));
  const gradients = await attributeEach(model, tasks, { ...run, method: "gradient" });
  const guided = await attributeEach(model, tasks, { ...run, method: "guided", onProgress: stage("pixels that mattered") });
  const seen = units.map((unit: UnitExamples, k): ReportChannel => {
    const at = lit.indexOf(unit);
    return { examples: unit, maximised: wanted[k], ...(at >= 0 && { gradient: gradients[at], guided: guided[at] }) };
  });
  return { units: seen, dataSlope: statistics.slope };
}

/** Steps averaged to at most 200 points, epochs as they are. */
function curvesOf(steps: readonly StepRecord[], history: readonly EpochRecord[]): NonNullable<ReportData["curves"]> {
  const windowSize = Math.max(1, Math.ceil(steps.length / 200));
  const averaged = (key: "loss" | "accuracy"): [number, number][] => {
    const points: [number, number][] = [];
    for (let start = 0; start < steps.length; start += windowSize) {
      const part = steps.slice(start, start + windowSize);
      points.push([part[part.length - 1].step, part.reduce((sum, s) => sum + s[key], 0) / part.length]);
    }
    return points;
  };
  const measured = history.filter((e) => e.validation !== undefined);
  const validation = (key: "loss" | "accuracy"): [number, number][] => measured.map((e) => [e.step, e.validation?.[key] ?? Number.NaN]);
  const both = (key: "loss" | "accuracy"): Series[] => [
    { name: "training", points: averaged(key) },
    ...(measured.length > 0 ? [{ name: "test", points: validation(key) }] : []),
  ];
  return { loss: both("loss"), accuracy: both("accuracy") };
}

/** The wrong pictures with the greatest loss, worst first. */
function worstMistakes(
  { predictions, labels, losses, probabilities, count }: Evaluation,
  { test }: TrainAndTest,
  most = 24,
): ReportMistake[] {
  const wrong: number[] = [];
  for (let i = 0; i < count; i++) if (predictions[i] !== labels[i]) wrong.push(i);
  wrong.sort((a, b) => losses[b] - losses[a] || a - b);
  return wrong.slice(0, most).map((index) => ({
    image: test.image(index),
    index,
    truth: test.classes[labels[index]],
    predicted: test.classes[predictions[index]],
    probability: probabilities.at(index, predictions[index]),
    truthProbability: probabilities.at(index, labels[index]),
  }));
}

function layerRow({ name, kind, outputShape, field, parameters, macs }: LayerSummary): ReportLayer {
  const stride = field.status === "exact" || field.status === "upper bound" ? field.axes.map((a) => a.stride).join(" × ") : undefined;
  return {
    name,
    kind,
    outputShape,
    field: showField(field),
    ...(stride !== undefined && { fieldStride: stride }),
    parameters,
    multiplyAdds: macs,
  };
}

function showField({ status, axes }: LayerField): string {
  if (status !== "exact" && status !== "upper bound") return status;
  const size = axes.map((a) => a.size).join(" × ");
  return status === "exact" ? size : `at most ${size}`;
}
