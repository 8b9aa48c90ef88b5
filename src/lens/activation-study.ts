// What the activation functions of a whole net meet on given pictures: where on their curves the sums lie, which units nothing comes back
// from, and what the net would say with another function in their place.
import { compile } from "../backends/compile.ts";
import { gradient } from "../graph/grad.ts";
import { createGraph } from "../graph/graph.ts";
import { substitute } from "../graph/rewrite.ts";
import type { Value } from "../graph/value.ts";
import { expectModel, type Model } from "../nn/model.ts";
import type { Layer } from "../nn/module.ts";
import { sum } from "../ops/index.ts";
import { ArgumentError, GraphError } from "../tensor/errors.ts";
import { expectList } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { probabilitiesOf } from "../train/evaluator.ts";
import { type ActivationFunctionName, activationFunctions, isActivation } from "./activation-functions.ts";
import { stack, traceFor } from "./batch.ts";
import { compileOptions, pauseBetweenRuns, type RunOptions, runOptionNames } from "./run.ts";

export interface ActivationStudyOptions extends RunOptions {
  /** A function that stands in the place of the net's own, with the weights as they are (default: none). */
  readonly swap?: ActivationFunctionName;
  /** Factor of negative numbers, where `swap` is leakyRelu (default 0.01). */
  readonly negativeSlope?: number;
  /** The layers whose functions are swapped (default: all activation layers). */
  readonly layers?: readonly string[];
  /** A slope below this lets next to nothing back (default 0.05, as for `watch`). */
  readonly flat?: number;
  /** Range of the histograms (default -6 to 6); what lies outside is counted apart. */
  readonly from?: number;
  readonly to?: number;
  /** Bins of equal width (default 48). */
  readonly bins?: number;
}

/** One activation layer on all pictures together; a place is one number of one picture. */
export interface ActivationLayerStudy {
  readonly layer: string;
  /** The layer's own function. */
  readonly kind: string;
  /** The function that was applied. */
  readonly applied: string;
  /** Least and greatest sum that reached the function. */
  readonly low: number;
  readonly high: number;
  readonly places: number;
  /** Places per bin by the sum that reaches the function, its left edge included. */
  readonly histogram: readonly number[];
  /** Of these, places with a flat slope. */
  readonly flat: readonly number[];
  /** Places outside of the histogram's range. */
  readonly below: number;
  readonly above: number;
  /** Share of places whose slope is below `flat`. */
  readonly saturated: number;
  /** Share of places whose value is 0. */
  readonly zeros: number;
  /** Maps, or features. */
  readonly units: number;
  /** Numbers of the units whose slope is below 10⁻⁶ at every place: nothing can reach the weights before them. */
  readonly dead: readonly number[];
}

export interface ActivationStudy {
  /** In the net's order. */
  readonly layers: readonly ActivationLayerStudy[];
  /** The net's output per picture, without the batch axis. */
  readonly outputs: readonly Tensor[];
  /** [classes] per picture; empty for nets that are no classifiers. */
  readonly probabilities: readonly Tensor[];
}

const deadBelow = 1e-6;

/**
 * Runs pictures [C, H, W], as the net sees them, through the net, if asked with another activation function. Throws `ArgumentError` for no
 * pictures, an unknown function or an empty range, `GraphError` for layers that are no activations, `ShapeError` for pictures of another shape.
 */
export async function studyActivations(
  model: Model,
  pictures: readonly Tensor[],
  options: ActivationStudyOptions = {},
): Promise<ActivationStudy> {
  expectModel("studyActivations", model);
  expectList("studyActivations", "the pictures", pictures, "Tensors");
  checkOptions("studyActivations", options, [
    ...runOptionNames,
    ...(["swap", "negativeSlope", "layers", "flat", "from", "to", "bins"] as const),
  ]);
  const { dtype = "float32", flat = 0.05 } = options;
  const ruler = rulerOf(options);
  if (pictures.length === 0) throw new ArgumentError("studyActivations: there is no picture to look at");
  const traced = traceFor(model, pictures[0].shape, 1, dtype);
  const found = traced.layers.filter(isActivation);
  const { applied, output } = swapped(traced.output, found, options);
  const classifies = output.rank === 2;
  const outputs = {
    output,
    ...(classifies && { probabilities: probabilitiesOf(output) }),
    ...Object.fromEntries(
      applied.flatMap(({ sums, value }, i) => [
        [`sums ${i}`, sums],
        [`value ${i}`, value],
        [`slope ${i}`, gradient(sum(value), [sums])[0]],
      ]),
    ),
  };
  const program = await compile(createGraph({ outputs }), compileOptions(options));
  const pause = pauseBetweenRuns(options);
  const counts = applied.map(({ layer, value, name }) => counterOf(layer, name, value, flat, ruler));
  const said: Tensor[] = [];
  const probabilities: Tensor[] = [];
  try {
    for (const [p, picture] of pictures.entries()) {
      await pause();
      const results = await program.run({ x: stack([picture], 1, pictures[0].shape, dtype) });
      for (const [i, counter] of counts.entries()) counter.add(results[`sums ${i}`], results[`value ${i}`], results[`slope ${i}`]);
      said.push(results.output.entry(0));
      if (classifies) probabilities.push(results.probabilities.entry(0));
      options.onProgress?.({ done: p + 1, total: pictures.length });
    }
  } finally {
    program.release();
  }
  return { layers: counts.map((counter) => counter.result()), outputs: said, probabilities };
}

interface Ruler {
  readonly from: number;
  readonly to: number;
  readonly bins: number;
}

function rulerOf({ from = -6, to = 6, bins = 48 }: ActivationStudyOptions): Ruler {
  if (!(from < to) || !Number.isFinite(from) || !Number.isFinite(to) || !Number.isInteger(bins) || bins < 1 || bins > 10_000)
    throw new ArgumentError(`studyActivations: ${bins} bins from ${from} to ${to}; expected 1 to 10000 bins over a range`);
  return { from, to, bins };
}

interface Applied {
  readonly layer: Layer;
  readonly name: string;
  readonly sums: Value;
  readonly value: Value;
}

/** The net with the functions replaced: each over what the ones before it, replaced already, make of the picture. */
function swapped(
  output: Value,
  layers: readonly Layer[],
  { swap, negativeSlope = 0.01, layers: names }: ActivationStudyOptions,
): { readonly applied: readonly Applied[]; readonly output: Value } {
  for (const name of names ?? [])
    if (!layers.some((layer) => layer.name === name))
      throw new GraphError(`studyActivations: no activation layer is called "${name}"; there are ${layers.map((l) => l.name).join(", ")}`);
  if (swap === undefined)
    return { applied: layers.map((layer) => ({ layer, name: layer.kind, sums: layer.input, value: layer.value })), output };
  if (!Object.hasOwn(activationFunctions, swap))
    throw new ArgumentError(
      `studyActivations: there is no function "${swap}" to put in; there are ${Object.keys(activationFunctions).join(", ")}`,
    );
  const instead = new Map<Value, Value>();
  const applied = layers.map((layer): Applied => {
    if (names !== undefined && !names.includes(layer.name)) {
      const [sums, value] = substitute([layer.input, layer.value], instead);
      return { layer, name: layer.kind, sums, value };
    }
    const [sums] = substitute([layer.input], instead);
    const value = activationFunctions[swap](sums, negativeSlope);
    instead.set(layer.value, value);
    return { layer, name: swap, sums, value };
  });
  return { applied, output: substitute([output], instead)[0] };
}

interface Counter {
  add(sums: Tensor, values: Tensor, slopes: Tensor): void;
  result(): ActivationLayerStudy;
}

function counterOf({ name, kind }: Layer, applied: string, value: Value, flatBelow: number, { from, to, bins }: Ruler): Counter {
  const histogram = new Array<number>(bins).fill(0);
  const flat = new Array<number>(bins).fill(0);
  const [, units] = value.shape;
  const perUnit = sizeOf(value.shape) / units;
  const steepest = new Float64Array(units);
  const count = { places: 0, below: 0, above: 0, saturated: 0, zeros: 0 };
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return {
    add(sums, values, slopes) {
      for (const [i, x] of sums.data.entries()) {
        const slope = Math.abs(slopes.data[i]);
        const isFlat = slope < flatBelow;
        const unit = Math.floor(i / perUnit);
        steepest[unit] = Math.max(steepest[unit], slope);
        low = Math.min(low, x);
        high = Math.max(high, x);
        count.places += 1;
        if (isFlat) count.saturated += 1;
        if (values.data[i] === 0) count.zeros += 1;
        const bin = Math.floor(((x - from) / (to - from)) * bins);
        if (bin < 0) count.below += 1;
        else if (bin >= bins) count.above += 1;
        else {
          histogram[bin] += 1;
          if (isFlat) flat[bin] += 1;
        }
      }
    },
    result: () => ({
      ...{ layer: name, kind, applied, low, high, histogram, flat, units },
      ...{ places: count.places, below: count.below, above: count.above },
      saturated: count.saturated / count.places,
      zeros: count.zeros / count.places,
      dead: Array.from(steepest.keys()).filter((unit) => steepest[unit] < deadBelow),
    }),
  };
}
