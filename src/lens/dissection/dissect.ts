// What does a unit stand for? Its strongest half percent of positions, as a mask over each picture, against masks of concepts.
// Bau, Zhou, Khosla, Oliva, Torralba 2017, "Network dissection".
import { breather } from "#platform";
import { compile } from "../../backends/compile.ts";
import { createGraph } from "../../graph/graph.ts";
import { expectModel, type Model } from "../../nn/model.ts";
import { ArgumentError, DataError, ShapeError } from "../../tensor/errors.ts";
import { expectParts } from "../../tensor/expect.ts";
import { checkOptions } from "../../tensor/options.ts";
import { stack, usualBatch } from "../batch.ts";
import { compileOptions, type RunOptions, runOptionNames } from "../run.ts";
import { type TargetLayer, targetLayer } from "../target.ts";
import type { ConceptSet } from "./concepts.ts";
import { thresholdAbove } from "./threshold.ts";

export interface DissectOptions extends RunOptions {
  readonly layer: string;
  /** Share of positions above a unit's threshold (default 0.005). */
  readonly share?: number;
  /** Overlap from which on a concept is said to be the unit's (default 0.04). */
  readonly leastOverlap?: number;
  /** Count a unit's activity only in pictures that show something of the concept's category, as published tables do (default false). */
  readonly withinCategory?: boolean;
  /** Pictures per run (default 32; fewer of large ones, five of 224 x 224). */
  readonly batchSize?: number;
}

export interface ConceptOverlap {
  readonly concept: string;
  /** |M ∩ L| / |M ∪ L| summed over the data set; undefined for a concept without pixels. */
  readonly overlap: number | undefined;
}

export interface UnitDissection {
  readonly channel: number;
  /** Undefined for a unit that is the same everywhere: it has no strongest positions. */
  readonly threshold: number | undefined;
  /** Share of positions above it. */
  readonly share: number;
  /** Best first; those that are undefined last. */
  readonly overlaps: readonly ConceptOverlap[];
  /** The best concept, if it overlaps enough. */
  readonly concept: string | undefined;
}

export interface Dissection {
  readonly layer: string;
  readonly units: readonly UnitDissection[];
  /** Concepts that some unit stands for, with how many do. */
  readonly detectors: ReadonlyMap<string, number>;
  readonly withinCategory: boolean;
}

/** Most activations that are kept to find thresholds: a gigabyte of them. */
const mostValues = 2 ** 28;

/** Compares every channel of a layer with every concept. Throws `DataError` for an empty set, `ShapeError` for layers without maps or masks of another size. */
export async function dissect(model: Model, concepts: ConceptSet, options: DissectOptions): Promise<Dissection> {
  expectModel("dissect", model);
  expectParts("dissect", "the concepts", concepts, ["size", "concepts", "image", "mask"], "a ConceptSet, such as syntheticConcepts makes");
  checkOptions("dissect", options, [...runOptionNames, "layer", "share", "leastOverlap", "withinCategory", "batchSize"]);
  const { share = 0.005, leastOverlap = 0.04, withinCategory = false, dtype = "float32", signal, onProgress } = options;
  if (!(share > 0 && share < 1)) throw new ArgumentError(`dissect: share is ${share}; expected a number between 0 and 1`);
  if (concepts.size === 0) throw new DataError(`dissect: ${concepts.name} has no pictures`);
  const shape = concepts.image(0).shape;
  const { batchSize = usualBatch(shape, 32) } = options;
  const batch = Math.min(batchSize, concepts.size);
  const traced = model.trace({ batch, inputShape: shape, dtype });
  const layer = targetLayer(traced, { layer: options.layer });
  const plane = layer.height * layer.width;
  if (plane === 1) throw new ShapeError(`dissect: "${options.layer}" has one position; a dissection needs maps`);
  const count = concepts.size * plane * layer.channels;
  if (count > mostValues) {
    throw new ArgumentError(
      `dissect: ${concepts.size} pictures give ${count} activations of "${options.layer}"; at most ${mostValues} fit. Take fewer`,
    );
  }
  const program = await compile(createGraph({ outputs: { maps: layer.value } }), compileOptions(options));
  // [channel][picture · plane + position]
  const values = Array.from({ length: layer.channels }, () => new Float32Array(concepts.size * plane));
  const breathe = breather();
  try {
    for (let start = 0; start < concepts.size; start += batch) {
      signal?.throwIfAborted();
      const length = Math.min(batch, concepts.size - start);
      const pictures = Array.from({ length }, (_, i) => concepts.image(start + i));
      const { maps } = await program.run({ x: stack(pictures, batch, shape, dtype) });
      for (let i = 0; i < length; i++) {
        for (let k = 0; k < layer.channels; k++) {
          const from = (i * layer.channels + k) * plane;
          values[k].set(maps.data.subarray(from, from + plane) as Float32Array, (start + i) * plane);
        }
      }
      onProgress?.({ done: start + length, total: 2 * concepts.size });
      await breathe();
    }
  } finally {
    program.release();
  }
  const thresholds = values.map((own) => thresholdAbove(own, share));
  const counts = await overlaps(concepts, layer, values, thresholds, shape.slice(1), withinCategory, async (done) => {
    signal?.throwIfAborted();
    onProgress?.({ done: concepts.size + done, total: 2 * concepts.size });
    await breathe();
  });
  const units = thresholds.map((found, channel): UnitDissection => {
    const ranked = concepts.concepts
      .map((concept, c) => ({ concept, overlap: found === undefined ? undefined : overlapOf(counts[channel][c]) }))
      .sort((a, b) => (b.overlap ?? -1) - (a.overlap ?? -1));
    const best = ranked[0];
    return {
      channel,
      threshold: found?.threshold,
      share: found?.share ?? 0,
      overlaps: ranked,
      concept: best?.overlap !== undefined && best.overlap > leastOverlap ? best.concept : undefined,
    };
  });
  const detectors = new Map<string, number>();
  for (const { concept } of units) if (concept !== undefined) detectors.set(concept, (detectors.get(concept) ?? 0) + 1);
  return { layer: options.layer, units, detectors, withinCategory };
}

interface Counts {
  both: number;
  unit: number;
  concept: number;
}

const overlapOf = ({ both, unit, concept }: Counts): number | undefined => (concept === 0 ? undefined : both / (unit + concept - both));

async function overlaps(
  concepts: ConceptSet,
  layer: TargetLayer,
  values: readonly Float32Array[],
  thresholds: readonly ({ readonly threshold: number } | undefined)[],
  [height, width]: readonly number[],
  withinCategory: boolean,
  pause: (done: number) => Promise<void>,
): Promise<Counts[][]> {
  const plane = layer.height * layer.width;
  const counts = values.map(() => concepts.concepts.map((): Counts => ({ both: 0, unit: 0, concept: 0 })));
  const [rows, columns] = [taps(layer.height, height), taps(layer.width, width)];
  const active = new Uint8Array(height * width);
  for (let i = 0; i < concepts.size; i++) {
    const masks = concepts.concepts.map((name, c) =>
      checkedMask(concepts.mask(i, c), height * width, `${concepts.name}: picture ${i}, "${name}"`),
    );
    const present = new Set(concepts.categories.filter((_, c) => masks[c] !== undefined));
    for (const [k, found] of thresholds.entries()) {
      if (found === undefined) continue;
      const area = markActive(values[k].subarray(i * plane, (i + 1) * plane), layer.width, rows, columns, found.threshold, active);
      for (const [c, mask] of masks.entries()) {
        const count = counts[k][c];
        if (!withinCategory || present.has(concepts.categories[c])) count.unit += area;
        if (mask === undefined) continue;
        for (let p = 0; p < mask.length; p++) {
          count.concept += mask[p];
          count.both += mask[p] & active[p];
        }
      }
    }
    await pause(i + 1);
  }
  return counts;
}

function checkedMask(mask: Uint8Array | undefined, size: number, where: string): Uint8Array | undefined {
  if (mask !== undefined && mask.length !== size) throw new ShapeError(`${where}: the mask has ${mask.length} pixels, the picture ${size}`);
  return mask;
}

/** For every pixel of an axis the two positions of the map that it lies between, and its way to the second: bilinear, half-pixel centres. */
function taps(from: number, to: number): readonly (readonly [number, number, number])[] {
  return Array.from({ length: to }, (_, i) => {
    const at = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const first = Math.floor(at);
    return [first, Math.min(first + 1, from - 1), at - first] as const;
  });
}

/** Marks the pixels where the enlarged map is above the threshold; how many they are. */
function markActive(
  map: Float32Array,
  mapWidth: number,
  rows: ReturnType<typeof taps>,
  columns: ReturnType<typeof taps>,
  threshold: number,
  active: Uint8Array,
): number {
  let area = 0;
  let p = 0;
  for (const [top, bottom, down] of rows) {
    for (const [left, right, across] of columns) {
      const above = map[top * mapWidth + left] * (1 - across) + map[top * mapWidth + right] * across;
      const below = map[bottom * mapWidth + left] * (1 - across) + map[bottom * mapWidth + right] * across;
      const on = above * (1 - down) + below * down > threshold ? 1 : 0;
      active[p++] = on;
      area += on;
    }
  }
  return area;
}
