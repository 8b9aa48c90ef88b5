// The input that a unit wants, climbed live: unfinished pictures go to the page while the library climbs.
import {
  adam,
  type Dataset,
  dataStatistics,
  type Maximised,
  type Model,
  maximise,
  maximiseBatch,
  type Objective,
  type ParametrisationName,
} from "fovea";
import { direction, unitLength } from "fovea/lens";
import type { Tensor } from "fovea/tensor";
import type { TaskContext } from "../../../engine/context.ts";
import { inputOf } from "../../../engine/look.ts";
import type { NetRef } from "../../../engine/nets.ts";
import { type Numbers, toNumbers } from "../../../engine/tensors.ts";
import { type DataRef, openData, pixelsOf } from "./pictures.ts";
import { targetOf, type UnitRef } from "./unit.ts";

export const goals = ["channel", "neuron", "energy", "caricature", "invert", "between", "direction"] as const;
export type Goal = (typeof goals)[number];

/** Where a direction in the layer points: by two pictures, by two classes of the data, or by units and their weights. */
export type DirectionWish =
  | { readonly by: "pictures"; readonly towards: Numbers; readonly from: Numbers }
  | { readonly by: "classes"; readonly towards: number; readonly from: number }
  | { readonly by: "units"; readonly weights: readonly (readonly [channel: number, weight: number])[] };

export interface ClimbWish {
  readonly net: NetRef;
  readonly unit: UnitRef;
  readonly goal: Goal;
  /** Caricatures and inversions start from it: pixels 0..1. */
  readonly pixels: Numbers | undefined;
  /** "between": the other channel (or class) of the same layer. */
  readonly other: number;
  /** "direction": where to. */
  readonly direction?: DirectionWish | undefined;
  /** Of the cosine, for caricatures and directions. */
  readonly power: number;
  /** What variety is worth in a batch, and the likeness of neighbours on the way between two units. */
  readonly variety: number;
  readonly likeness: number;
  readonly parametrisation: ParametrisationName;
  readonly colour: "data" | "imagenet" | "none" | "default";
  readonly transforms: boolean;
  readonly steps: number;
  /** Of Adam; 0 leaves it to the library. */
  readonly rate: number;
  readonly seed: number;
  /** More than one: a batch that is asked to differ, or the way from one unit to another. */
  readonly count: number;
  readonly data: DataRef;
}

export interface ClimbReport {
  readonly step?: number;
  readonly steps?: number;
  /** Pixels, as they are now. */
  readonly images?: readonly Numbers[];
  readonly done?: number;
  readonly total?: number;
  /** Of "direction": one weight per channel, at length 1. */
  readonly direction?: Float32Array;
}

export interface Climbed extends Omit<Maximised, "image" | "transparency"> {
  /** 0..1, as the page shows it. */
  readonly pixels: Numbers;
  /** As the net sees it. */
  readonly input: Numbers;
}

/** Pictures that colours and frequencies are measured on; more say hardly more. */
const statisticsPictures = 60;
/** Pictures of a class that its mean is taken over. */
const mostOfClass = 60;

export const climbTasks = {
  async climb(wish: ClimbWish, { open, signal, report }: TaskContext): Promise<readonly Climbed[]> {
    const model = await open(wish.net);
    const { unit, goal, count, parametrisation, steps, seed, rate } = wish;
    const known = wish.colour === "data" || parametrisation === "phase";
    const dataset = await openData(model, wish.data, { signal });
    const options = {
      parametrisation,
      steps,
      seed,
      signal,
      previewEvery: Math.max(1, Math.min(8, Math.floor(steps / 32))),
      onPreview: ({ images, step }: { images: readonly Parameters<typeof pixelsOf>[1][]; step: number }) =>
        report({ step, steps, images: images.map((image) => pixelsOf(model, image)) } satisfies ClimbReport),
      onProgress: ({ done, total }: { done: number; total: number }) => report({ done, total } satisfies ClimbReport),
      ...(rate > 0 && { optimiser: adam(rate) }),
      ...(!wish.transforms && { transforms: [] }),
      ...(known && { statistics: dataStatistics(dataset, { pictures: statisticsPictures }) }),
      ...(wish.colour !== "default" && model.inputShape[0] === 3 && { colour: wish.colour }),
    };
    const single = goal === "channel" || goal === "neuron";
    if (single && count === 1) {
      const position = "class" in unit ? {} : goal === "neuron" ? { position: unit.position ?? ("centre" as const) } : {};
      const { position: _strongest, ...channel } = targetOf(unit);
      return [plain(model, await maximise(model, { ...options, ...channel, ...position, dataset }))];
    }
    const towards = goal === "direction" ? await directionOf(model, wish, dataset, signal) : undefined;
    if (towards !== undefined) report({ direction: Float32Array.from(towards.data) } satisfies ClimbReport);
    const objective = objectiveOf(model, wish, towards);
    const found = await maximiseBatch(model, { ...options, objective, count: goal === "between" ? Math.max(2, count) : count });
    return found.map((one) => plain(model, one));
  },
};

/** The layer that the unit lies in, by name. */
function layerOf(model: Model, unit: UnitRef): string {
  return "class" in unit ? (model.trace().layers.at(-1)?.name ?? "") : unit.layer;
}

async function directionOf(model: Model, { unit, direction: wish }: ClimbWish, dataset: Dataset, signal: AbortSignal): Promise<Tensor> {
  const layer = layerOf(model, unit);
  if (wish === undefined) throw new Error("a direction needs two pictures, two classes or units");
  if (wish.by === "pictures") {
    return direction(model, { layer, towards: [inputOf(model, wish.towards)], from: [inputOf(model, wish.from)], signal });
  }
  if (wish.by === "units") {
    const channels = model.trace().names.get(layer)?.shape[1] ?? 0;
    const weights = new Array<number>(channels).fill(0);
    for (const [channel, weight] of wish.weights) if (channel < channels) weights[channel] += weight;
    return unitLength(weights);
  }
  const ofClass = (label: number): Tensor[] => {
    const found: Tensor[] = [];
    for (let i = 0; i < dataset.size && found.length < mostOfClass; i++) if (dataset.label(i) === label) found.push(dataset.image(i));
    return found;
  };
  return direction(model, { layer, towards: ofClass(wish.towards), from: ofClass(wish.from), signal });
}

/** What a batch of pictures is asked for. */
function objectiveOf(model: Model, wish: ClimbWish, towards: Tensor | undefined): Objective {
  const { unit, goal, pixels, other, count, power, variety, likeness } = wish;
  const own = (index: number): Objective =>
    "class" in unit ? { kind: "class", class: index } : { kind: "channel", layer: unit.layer, channel: index };
  const index = "class" in unit ? unit.class : unit.channel;
  const layer = layerOf(model, unit);
  const alike = varietyLayer(model, layer);
  if (goal === "between") {
    const way: Objective = { kind: "interpolation", from: own(index), to: own(other) };
    return likeness > 0 ? together(way, likeness, { kind: "alignment", layer: alike }) : way;
  }
  const picture = pixels === undefined ? undefined : inputOf(model, pixels);
  if (goal === "caricature" && picture !== undefined) return { kind: "caricature", layer, picture, power };
  if (goal === "invert" && picture !== undefined) return { kind: "match", layer, picture };
  const wanted: Objective =
    towards !== undefined
      ? { kind: "direction", layer, direction: towards, power }
      : goal === "energy" && !("class" in unit)
        ? { kind: "energy", layer, channel: index }
        : goal === "neuron" && !("class" in unit)
          ? { kind: "neuron", layer, channel: index, ...(unit.position && { position: unit.position }) }
          : own(index);
  return count === 1 || variety === 0 ? wanted : together(wanted, variety, { kind: "diversity", layer: alike });
}

function together(wanted: Objective, weight: number, objective: Objective): Objective {
  return { kind: "sum", terms: [{ weight: 1, objective: wanted }, { weight, objective }] }; // biome-ignore format: one thought
}

/** Variety and likeness are asked of the last layer with maps, at or before the unit's. */
function varietyLayer(model: Model, layer: string): string {
  const { layers } = model.trace();
  const upTo = layers.slice(0, layers.findIndex(({ name }) => name === layer) + 1);
  return upTo.findLast(({ value }) => value.rank === 4 && value.shape[2] * value.shape[3] > 1)?.name ?? layer;
}

function plain(model: Model, { image, transparency: _opacity, ...rest }: Maximised): Climbed {
  // Optimisers' settings and statistics are plain data; tensors and functions would not cross.
  return { ...rest, options: JSON.parse(JSON.stringify(rest.options)), pixels: pixelsOf(model, image), input: toNumbers(image) };
}
