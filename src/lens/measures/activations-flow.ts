// How much of the gradient arrives where: the reason why depth was hard, measured (Hochreiter 1991; Glorot & Bengio 2010).
import { compile } from "../../backends/compile.ts";
import { evaluateValues } from "../../graph/evaluate.ts";
import { gradient } from "../../graph/grad.ts";
import { createGraph } from "../../graph/graph.ts";
import { constant, input } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import type { Model } from "../../nn/model.ts";
import { sqrt, square, sum } from "../../ops/index.ts";
import { checkOptions } from "../../tensor/options.ts";
import { random, randomNormal } from "../../tensor/random.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { compileOptions, type RunOptions, runOptionNames } from "../run.ts";

export interface GradientFlowOptions extends RunOptions {
  /** Decides the direction in which the output is asked to move (default 0). */
  readonly seed?: number;
}

export interface LayerFlow {
  readonly layer: string;
  readonly kind: string;
  /** Norm of the layer's values over the batch. */
  readonly activation: number;
  /** Norm of the gradient of (output · random direction of norm 1) in the layer's values. */
  readonly gradient: number;
}

/** Norms of values and gradients at every layer, in order, for a batch of pictures [N, C, H, W]. */
export async function gradientFlow(model: Model, pictures: Tensor, options: GradientFlowOptions = {}): Promise<LayerFlow[]> {
  checkOptions("gradientFlow", options, [...runOptionNames, "seed"]);
  const { dtype = "float32", seed = 0 } = options;
  const traced = model.trace({ batch: pictures.shape[0], inputShape: pictures.shape.slice(1), dtype });
  const direction = randomNormal(traced.output.shape, random(seed));
  const length = Math.hypot(...direction.data);
  const asked = constant(
    tensor(
      direction.data.map((d) => d / length),
      direction.shape,
      dtype,
    ),
  );
  const values = traced.layers.map((l) => l.value);
  const norm = (v: Value): Value => sqrt(sum(square(v)));
  const outputs = gradient(traced.output, values, { seed: asked }).flatMap((g, i): [string, Value][] => [
    [`gradient ${i}`, norm(g)],
    [`activation ${i}`, norm(values[i])],
  ]);
  const program = await compile(createGraph({ outputs: new Map(outputs) }), compileOptions(options));
  const results = await program.run({ x: pictures.cast(dtype) });
  program.release();
  return traced.layers.map(({ name, kind }, i) => ({
    layer: name,
    kind,
    activation: results[`activation ${i}`].item(),
    gradient: results[`gradient ${i}`].item(),
  }));
}

export interface ActivationPoint {
  readonly x: number;
  readonly y: number;
  /** Derivative at x; at kinks what PyTorch says. */
  readonly slope: number;
}

/** Values and slopes of an elementwise function at the given points, in float64: `activationTable(relu, [-1, 0, 1])`. */
export function activationTable(activation: (x: Value) => Value, points: readonly number[]): ActivationPoint[] {
  const x = input("x", [points.length], "float64");
  const y = activation(x);
  const known = new Map([[x, tensor(points, [points.length], "float64")]]);
  const [values, slopes] = evaluateValues([y, ...gradient(y, [x])], known);
  return points.map((point, i) => ({ x: point, y: values.data[i], slope: slopes.data[i] }));
}
