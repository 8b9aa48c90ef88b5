// Watching a net while it learns: the same questions over and over, to parameters that keep changing. Compiled once and refilled, where the
// other methods of this room compile for one model.
import { compile } from "../backends/compile.ts";
import { gradient } from "../graph/grad.ts";
import { createGraph } from "../graph/graph.ts";
import type { Program, Results } from "../graph/program.ts";
import { input } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { expectModel, type Model } from "../nn/model.ts";
import type { Layer, Traced } from "../nn/module.ts";
import { abs, cast, lt, max, mean, sum } from "../ops/index.ts";
import { checkOptions } from "../tensor/options.ts";
import { Tensor } from "../tensor/tensor.ts";
import { probabilitiesOf } from "../train/evaluator.ts";
import { crossEntropyLoss, type Loss } from "../train/losses.ts";
import { isActivation } from "./activation-functions.ts";
import { compileOptions, type RunOptions } from "./run.ts";

export interface WatchOptions extends Pick<RunOptions, "device" | "threads"> {
  /** Pictures that `health` is asked about at once (default 32). */
  readonly batch?: number;
  /** Default crossEntropyLoss(). */
  readonly loss?: Loss;
}

/** What the net makes of one picture. */
export interface WatchedPicture {
  /** Values by layer, without the batch axis. */
  readonly values: ReadonlyMap<string, Tensor>;
  /** The loss's gradient by each of them. */
  readonly gradients: ReadonlyMap<string, Tensor>;
  /** [classes]. */
  readonly probabilities: Tensor;
  readonly loss: number;
}

export interface LayerHealth {
  readonly layer: string;
  readonly kind: string;
  /** L2 norm of the layer's own parameters, and of the loss's gradient by them; absent where it has none. */
  readonly weights?: number;
  readonly gradient?: number;
  /** Of activation functions; see `ActivationHealth`. */
  readonly activation?: ActivationHealth;
}

export interface ActivationHealth {
  /** Maps, or features. */
  readonly units: number;
  /** Units whose slope is below 10⁻⁶ for every picture and at every place: nothing can reach the weights before them. */
  readonly dead: number;
  /** Share of all places where the slope is below 0.05. */
  readonly saturated: number;
}

export interface Health {
  readonly loss: number;
  /** In the net's order. */
  readonly layers: readonly LayerHealth[];
  /** The loss's gradient by every parameter. */
  readonly gradients: ReadonlyMap<string, Tensor>;
}

export interface NetWatch {
  /** Takes these parameters and buffers from now on. */
  load(state: ReadonlyMap<string, Tensor>): void;
  /** One picture [C, H, W], as the net sees it, and its class. */
  picture(image: Tensor, label: number): Promise<WatchedPicture>;
  /** `batch` pictures [batch, C, H, W] and their labels, int32 [batch]. Dropout is off and statistics are those of testing. */
  health(x: Tensor, y: Tensor): Promise<Health>;
  release(): void;
}

const deadBelow = 1e-6;
const saturatedBelow = 0.05;

/** Compiles the questions when each is first asked. Throws `ShapeError` at that moment where the loss does not fit the net. */
export function watch(model: Model, options: WatchOptions = {}): NetWatch {
  expectModel("watch", model);
  checkOptions("watch", options, ["device", "threads", "batch", "loss"]);
  const { batch = 32, loss = crossEntropyLoss() } = options;
  let state: ReadonlyMap<string, Tensor> = model.state();
  let onPicture: Promise<Program> | undefined;
  let onBatch: Promise<Program> | undefined;
  const traceOf = (pictures: number): Traced => model.trace({ batch: pictures, frozen: false });
  const one = traceOf(1);
  const many = traceOf(batch);

  function lossOf(traced: Traced, pictures: number): Value {
    return mean(loss.perPicture(traced.output, input("y", [pictures], "int32")));
  }
  async function run(program: Promise<Program>, feeds: Readonly<Record<string, Tensor>>): Promise<Results> {
    const ready = await program;
    for (const name of ready.state.names) {
      const value = state.get(name);
      if (value !== undefined) ready.state.write(name, value);
    }
    return ready.run(feeds);
  }

  return {
    load(given) {
      state = given;
    },
    async picture(image, label) {
      onPicture ??= compile(pictureGraph(one, lossOf(one, 1)), compileOptions(options));
      const x = new Tensor(image.data, [1, ...image.shape]);
      const results = await run(onPicture, { x, y: new Tensor(Int32Array.of(label), [1]) });
      const named = (prefix: string): Map<string, Tensor> =>
        new Map(one.layers.map(({ name }) => [name, results[`${prefix} ${name}`].entry(0)]));
      return {
        values: named("value"),
        gradients: named("gradient"),
        probabilities: results.probabilities.entry(0),
        loss: results.loss.item(),
      };
    },
    async health(x, y) {
      onBatch ??= compile(healthGraph(many, lossOf(many, batch)), compileOptions(options));
      const results = await run(onBatch, { x, y });
      return {
        loss: results.loss.item(),
        layers: many.layers.map((layer) => healthOf(layer, results, state)),
        gradients: new Map([...many.parameters.keys()].map((name) => [name, results[`gradient ${name}`]])),
      };
    },
    release() {
      for (const program of [onPicture, onBatch])
        program?.then(
          (p) => p.release(),
          // Whoever asked was told.
          () => {},
        );
    },
  };
}

function pictureGraph({ layers, output }: Traced, loss: Value): ReturnType<typeof createGraph> {
  const gradients = gradient(
    loss,
    layers.map(({ value }) => value),
  );
  return createGraph({
    outputs: new Map([
      ["loss", loss],
      ["probabilities", probabilitiesOf(output)],
      ...layers.flatMap(({ name, value }, i): [string, Value][] => [
        [`value ${name}`, value],
        [`gradient ${name}`, gradients[i]],
      ]),
    ]),
  });
}

function healthGraph({ layers, parameters }: Traced, loss: Value): ReturnType<typeof createGraph> {
  const gradients = gradient(loss, [...parameters.values()]);
  return createGraph({
    outputs: new Map([
      ["loss", loss],
      ...[...parameters.keys()].map((name, i): [string, Value] => [`gradient ${name}`, gradients[i]]),
      ...layers.filter(isActivation).flatMap((layer): [string, Value][] => {
        const { name, input: x, value } = layer;
        const slope = abs(gradient(sum(value), [x])[0]);
        const places = slope.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
        return [
          [`steepest ${name}`, max(slope, { axes: places })],
          [`saturated ${name}`, mean(cast(lt(slope, saturatedBelow), { dtype: "float32" }))],
        ];
      }),
    ]),
  });
}

function healthOf(layer: Layer, results: Results, state: ReadonlyMap<string, Tensor>): LayerHealth {
  const { name, kind, parameters } = layer;
  const own = parameters.filter((parameter) => results[`gradient ${parameter}`] !== undefined);
  const steepest = results[`steepest ${name}`];
  return {
    layer: name,
    kind,
    ...(own.length > 0 && {
      weights: together(own.map((parameter) => state.get(parameter) as Tensor)),
      gradient: together(own.map((parameter) => results[`gradient ${parameter}`])),
    }),
    ...(steepest !== undefined && {
      activation: {
        units: steepest.size,
        dead: Array.from(steepest.data).filter((slope) => slope < deadBelow).length,
        saturated: results[`saturated ${name}`].item(),
      },
    }),
  };
}

/** L2 norm of all of them together. */
function together(tensors: readonly Tensor[]): number {
  let total = 0;
  for (const { data } of tensors) for (const value of data) total += value * value;
  return Math.sqrt(total);
}
