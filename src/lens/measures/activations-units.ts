// Which units of a live net do anything? Dead ones answer nothing with zero; saturated ones answer, but their slope lets nothing back.
import { compile } from "../../backends/compile.ts";
import type { Dataset } from "../../data/dataset.ts";
import { gradient } from "../../graph/grad.ts";
import { createGraph } from "../../graph/graph.ts";
import type { Value } from "../../graph/value.ts";
import type { Model } from "../../nn/model.ts";
import type { Layer } from "../../nn/module.ts";
import { abs, eq, expressionOf, lt, max, sum } from "../../ops/index.ts";
import { ArgumentError, DataError, GraphError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { compileOptions, pauseBetweenRuns, type RunOptions, runOptionNames } from "../run.ts";

export interface UnitMeterOptions extends RunOptions {
  /** Default: every activation layer, or every layer where the net has none. */
  readonly layers?: readonly string[];
  /** A slope below this lets (next to) nothing back (default 0.01). */
  readonly flat?: number;
  /** Pictures per run (default 64); has no influence on the result. */
  readonly batchSize?: number;
}

export interface UnitReport {
  readonly layer: string;
  readonly kind: string;
  /** Numbers that the layer gives out for one picture. */
  readonly units: number;
  /** Units that are 0 for every picture. */
  readonly dead: number;
  readonly maps: number;
  /** Maps all of whose units are dead. */
  readonly deadMaps: number;
  /** Share of all values, over units and pictures, that are 0. */
  readonly zeros: number;
  /** Share of all values whose slope is below `flat` in magnitude; undefined for layers that are no elementwise function. */
  readonly saturated: number | undefined;
}

/** What does each value alone depend on? Only then is the gradient of the sum the slope of each. */
function isActivation({ value, input }: Layer): boolean {
  return (
    value.inputs.includes(input) &&
    sizeOf(value.shape) === sizeOf(input.shape) &&
    value.op.name !== "identity" &&
    expressionOf(value) !== undefined
  );
}

/**
 * Runs a data set through the net and counts dead units and flat slopes per layer. Throws `DataError` for an empty data set and
 * `GraphError` for a layer that does not exist.
 */
export async function unitMeter(model: Model, dataset: Dataset, options: UnitMeterOptions = {}): Promise<UnitReport[]> {
  checkOptions("unitMeter", options, [...runOptionNames, "layers", "flat", "batchSize"]);
  const { flat = 0.01, batchSize = 64, onProgress } = options;
  if (dataset.size === 0) throw new DataError("unitMeter: the data set is empty");
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new ArgumentError(`unitMeter: batchSize is ${batchSize}; expected an integer >= 1`);
  const batch = Math.min(batchSize, dataset.size);
  const rest = dataset.size % batch;
  const reports: Running[] = [];
  const pause = pauseBetweenRuns(options);
  for (const [size, first, end] of [
    [batch, 0, dataset.size - rest],
    [rest, dataset.size - rest, dataset.size],
  ]) {
    if (end <= first) continue;
    const traced = model.trace({ batch: size });
    const layers = chosenLayers(traced.layers, options.layers);
    const outputs = Object.fromEntries(layers.flatMap((layer, i) => probes(layer, flat).map(([what, value]) => [`${what} ${i}`, value])));
    const program = await compile(createGraph({ outputs }), compileOptions(options));
    for (let start = first; start < end; start += size) {
      await pause();
      const { x } = dataset.batch(Array.from({ length: size }, (_, i) => start + i));
      const results = await program.run({ x });
      layers.forEach((layer, i) => {
        reports[i] ??= { layer, peaks: new Float64Array(results[`peak ${i}`].size), zeros: 0, flat: undefined };
        results[`peak ${i}`].data.forEach((peak, unit) => {
          reports[i].peaks[unit] = Math.max(reports[i].peaks[unit], peak);
        });
        reports[i].zeros += results[`zeros ${i}`].item();
        if (`flat ${i}` in results) reports[i].flat = (reports[i].flat ?? 0) + results[`flat ${i}`].item();
      });
      onProgress?.({ done: start + size, total: dataset.size });
    }
    program.release();
  }
  return reports.map((running) => reportOf(running, dataset.size));
}

interface Running {
  readonly layer: Layer;
  /** Largest magnitude of every unit so far. */
  readonly peaks: Float64Array;
  zeros: number;
  flat: number | undefined;
}

function chosenLayers(all: readonly Layer[], names: readonly string[] | undefined): readonly Layer[] {
  if (names === undefined) {
    const activations = all.filter(isActivation);
    return activations.length > 0 ? activations : all;
  }
  return names.map((name) => {
    const found = all.find((layer) => layer.name === name);
    if (found === undefined)
      throw new GraphError(`unitMeter: no layer is called "${name}"; there are ${all.map((l) => l.name).join(", ")}`);
    return found;
  });
}

/** What a run reports of a layer; sums and maxima over the batch are taken in the graph, so little has to be copied out. */
function probes(layer: Layer, flat: number): [name: string, value: Value][] {
  const found: [string, Value][] = [
    ["peak", max(abs(layer.value), { axes: 0 })],
    ["zeros", sum(eq(layer.value, 0))],
  ];
  if (isActivation(layer)) found.push(["flat", sum(lt(abs(gradient(layer.value, [layer.input])[0]), flat))]);
  return found;
}

function reportOf({ layer, peaks, zeros, flat }: Running, pictures: number): UnitReport {
  const [, maps] = layer.value.shape;
  const units = peaks.length;
  const perMap = units / maps;
  const alive = new Set(Array.from(peaks, (peak, unit) => (peak > 0 ? Math.floor(unit / perMap) : -1)));
  alive.delete(-1);
  return {
    layer: layer.name,
    kind: layer.kind,
    units,
    dead: peaks.reduce((count, peak) => count + (peak > 0 ? 0 : 1), 0),
    maps,
    deadMaps: maps - alive.size,
    zeros: zeros / (units * pictures),
    saturated: flat === undefined ? undefined : flat / (units * pictures),
  };
}
