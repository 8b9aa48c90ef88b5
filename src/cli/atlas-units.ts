// Everything that an atlas says of the units of one layer, from the pictures that excite them most.
import { attributeEach } from "../lens/attribute.ts";
import type { DataStatistics } from "../lens/data-statistics.ts";
import { ablateEach } from "../lens/intervene-each.ts";
import { type MaximiseEachOptions, maximiseEach } from "../lens/maximise.ts";
import type { Maximised, UnitExamples } from "../lens/records.ts";
import { grating } from "../lens/stimuli.ts";
import { tuning } from "../lens/tuning.ts";
import type { Model } from "../nn/model.ts";
import type { AtlasUnit, GratingTuning } from "../report/atlas.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { MachineOptions } from "./options.ts";
import type { UnitStore } from "./unit-store.ts";

export interface AtlasWish {
  readonly steps: number;
  readonly seed: number;
  /** Colours and frequencies that climbed pictures get. */
  readonly statistics: DataStatistics;
  readonly machine: MachineOptions;
  readonly signal: AbortSignal;
}

/** The units in the order of their examples. `onProgress` gets a stage's name and how far it is. */
export async function atlasUnits(
  model: Model,
  layer: string,
  examples: readonly UnitExamples[],
  { steps, seed, statistics, machine, signal }: AtlasWish,
  store: UnitStore,
  onProgress: (stage: string, done: number, total: number) => void,
): Promise<AtlasUnit[]> {
  const run = { ...machine, signal };
  const stage =
    (name: string) =>
    ({ done, total }: { readonly done: number; readonly total: number }): void =>
      onProgress(name, done, total);
  const channels = examples.map(({ channel }) => channel);
  const climb = { ...run, layer, position: "centre", steps, seed, statistics } as const;
  const wanted = steps === 0 ? [] : await climbInParts(model, channels, climb, store, stage("inputs that they want"));
  const lit = examples.filter(({ top }) => top.length > 0);
  const tasks = lit.map(({ top: [best], channel }) => ({ image: best.picture, target: { layer, channel, position: best.position } }));
  const gradients = await attributeEach(model, tasks, { ...run, method: "gradient", onProgress: stage("pixels that mattered") });
  const guided = await attributeEach(model, tasks, { ...run, method: "guided", onProgress: stage("pixels that mattered") });
  const tunings = await gratingTunings(model, layer, { ...run, onProgress: stage("answers to gratings") });
  const effects = await ablations(model, layer, lit, { ...run, onProgress: stage("what is lost without them") });
  return examples.map((unit, k): AtlasUnit => {
    const at = lit.indexOf(unit);
    const [maximised, effect] = [wanted[k], effects?.[at]];
    return {
      examples: unit,
      ...(maximised && { maximised }),
      ...(at >= 0 && { gradient: gradients[at], guided: guided[at] }),
      tuning: tunings[unit.channel],
      ...(effect && { ablation: effect }),
    };
  });
}

/** So many units are climbed together; after each part all that there is goes to the store. */
const partSize = 32;

/** The inputs that units want, those that were kept first. Where the parts begin never changes, so that the pictures do not either. */
async function climbInParts(
  model: Model,
  channels: readonly number[],
  options: Omit<MaximiseEachOptions, "channels">,
  store: UnitStore,
  onProgress: (progress: { readonly done: number; readonly total: number }) => void,
): Promise<Maximised[]> {
  const kept = new Map(await store.load());
  for (let first = 0; first < channels.length; first += partSize) {
    const part = channels.slice(first, first + partSize);
    if (part.every((channel) => kept.has(channel))) continue;
    const found = await maximiseEach(model, {
      ...options,
      channels: part,
      batchSize: partSize,
      onProgress: ({ done }) => onProgress({ done: first + done, total: channels.length }),
    });
    found.forEach((unit, i) => void kept.set(part[i], unit));
    await store.save(kept.values());
  }
  return channels.map((channel) => kept.get(channel) as Maximised);
}

interface RunSettings extends MachineOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
}

const orientations: readonly number[] = Array.from({ length: 12 }, (_, i) => 15 * i);
const phases: readonly number[] = [0, 90, 180, 270];

/** Six wavelengths in equal ratios, from 3 pixels to a little more than half of the picture. */
function wavelengthsFor(size: number): readonly number[] {
  const [shortest, longest] = [3, Math.max(6, size / 1.75)];
  return Array.from({ length: 6 }, (_, i) => shortest * (longest / shortest) ** (i / 5));
}

/** How every channel of a layer answers to gratings between black and white, at the best of four phases. */
async function gratingTunings(model: Model, layer: string, run: RunSettings): Promise<GratingTuning[]> {
  const shape = model.inputShape;
  const { mean, deviation } = model.preprocessing ?? { mean: [0.5], deviation: [0.5] };
  const perChannel = (of: (c: number) => number): number[] => Array.from({ length: shape[0] }, (_, c) => of(Math.min(c, mean.length - 1)));
  const look = { mean: perChannel((c) => (0.5 - mean[c]) / deviation[c]), contrast: perChannel((c) => 0.5 / deviation[c]) };
  const wavelengths = wavelengthsFor(Math.min(shape[1], shape[2]));
  const stimuli: Tensor[] = orientations.flatMap((orientation) =>
    wavelengths.flatMap((length) => phases.map((phase) => grating(shape, { orientation, frequency: 1 / length, phase, ...look }))),
  );
  const { responses } = await tuning(model, stimuli, { ...run, layer });
  return responses.map((own) => ({
    orientations,
    wavelengths,
    answers: orientations.map((_, o) =>
      wavelengths.map((_, f) => {
        const first = (o * wavelengths.length + f) * phases.length;
        return Math.max(...own.subarray(first, first + phases.length));
      }),
    ),
  }));
}

/** What the net says to each unit's best picture, with and without the unit; undefined for nets that are no classifiers. */
async function ablations(
  model: Model,
  layer: string,
  lit: readonly UnitExamples[],
  run: RunSettings,
): Promise<AtlasUnit["ablation"][] | undefined> {
  if (model.trace({ batch: 1 }).output.rank !== 2) return undefined;
  const tasks = lit.map(({ channel, top: [best] }) => ({ image: best.picture, channel }));
  const results = await ablateEach(model, tasks, { ...run, layer });
  return results.map(({ before, after }) => {
    const said = before.data.indexOf(Math.max(...before.data));
    return { class: model.classes?.[said] ?? String(said), before: probability(before, said), after: probability(after, said) };
  });
}

/** Softmax at one place. */
function probability({ data }: Tensor, at: number): number {
  const top = Math.max(...data);
  let sum = 0;
  for (const v of data) sum += Math.exp(v - top);
  return Math.exp(data[at] - top) / sum;
}
