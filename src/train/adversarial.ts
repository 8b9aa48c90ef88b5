// Two nets that teach each other: a generator makes pictures from codes, a discriminator tells them from real ones, and both learn from the same
// run. Goodfellow et al. 2014. One graph, one step, both states inside the program.
import { createGraph, type Graph } from "../graph/graph.ts";
import { constant, input, variable } from "../graph/record.ts";
import { substitute } from "../graph/rewrite.ts";
import { label, type Value } from "../graph/value.ts";
import { nn } from "../nn/index.ts";
import { createModel, expectModel, type Model } from "../nn/model.ts";
import { add, cast, concat, mean, neg, reshape, sigmoid, slice, softplus } from "../ops/index.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { sameShape, showShape } from "../tensor/shape.ts";
import { ones, type Tensor, zeros } from "../tensor/tensor.ts";
import { learn } from "./learn.ts";
import { adam, type Optimiser } from "./optimisers.ts";

export interface AdversarialStepOptions {
  /** Real pictures, and codes, per run. */
  readonly batch: number;
  /** Default adam(2e-4, { betas: [0.5, 0.999] }), as Radford, Metz, Chintala 2016. */
  readonly generatorOptimiser?: Optimiser;
  readonly discriminatorOptimiser?: Optimiser;
}

export interface AdversarialStep {
  /**
   * Inputs "real" [batch, ...picture], "code" [batch, ...], "learningRate" []; outputs "generatorLoss", "discriminatorLoss", "value" (the game's), "real score"
   * and "fake score" (mean probabilities of being real). Variables: "generator.…" and "discriminator.…" by the nets' own names.
   */
  readonly graph: Graph;
}

/** The game's value, mean log D(x) + mean log (1 - D(G(z))): -log 4 where the discriminator can only guess. */
export function adversarialValue(real: ArrayLike<number>, fake: ArrayLike<number>): number {
  const meanLog = (p: ArrayLike<number>, of: (v: number) => number): number =>
    Array.from(p, (v) => Math.log(of(v))).reduce((a, b) => a + b, 0) / p.length;
  return meanLog(real, (v) => v) + meanLog(fake, (v) => 1 - v);
}

/**
 * The graph of one step of both nets, each against the other as it was before the step. The discriminator gives one score per picture, before the
 * sigmoid; the generator learns by the non-saturating loss -log D(G(z)). Throws `ShapeError` where the generator's pictures are not the discriminator's.
 */
export function adversarialStep(generator: Model, discriminator: Model, options: AdversarialStepOptions): AdversarialStep {
  expectModel("adversarialStep", generator);
  expectModel("adversarialStep", discriminator);
  checkOptions("adversarialStep", options, ["batch", "generatorOptimiser", "discriminatorOptimiser"]);
  const { batch } = options;
  if (!Number.isInteger(batch) || batch < 1)
    throw new ArgumentError(`adversarialStep: batch is ${batch}; expected a whole number, at least 1`);
  const usual = (): Optimiser => adam(2e-4, { betas: [0.5, 0.999] });
  const { generatorOptimiser = usual(), discriminatorOptimiser = usual() } = options;
  const maker = inside("generator", generator).trace({ batch, training: true, frozen: false });
  // Real and made pictures are judged in one batch, so that batch norm sees both alike.
  const judge = inside("discriminator", discriminator).trace({ batch: 2 * batch, training: true, frozen: false });
  const picture = discriminator.inputShape;
  if (!sameShape(maker.output.shape.slice(1), picture)) {
    throw new ShapeError(
      `adversarialStep: the generator makes ${showShape(maker.output.shape.slice(1))}, the discriminator takes ${showShape(picture)}`,
    );
  }
  const code = input("code", maker.input.shape);
  const real = input("real", [batch, ...picture]);
  const made = substitute([maker.output, ...maker.updates.map(([, next]) => next)], new Map([[maker.input, code]]));
  const judged = substitute(
    [judge.output, ...judge.updates.map(([, next]) => next)],
    new Map([[judge.input, concat([real, made[0]], { axis: 0 })]]),
  );
  const scores = reshape(judged[0], [2 * batch]);
  const [trueScores, falseScores] = [0, 1].map((half) => slice(scores, { starts: [half * batch], ends: [(half + 1) * batch] }));
  // -log σ(s) = softplus(-s) and -log (1 - σ(s)) = softplus(s), finite for every score.
  const discriminatorLoss = label(add(mean(softplus(neg(trueScores))), mean(softplus(falseScores))), "discriminatorLoss");
  const generatorLoss = label(mean(softplus(neg(falseScores))), "generatorLoss");
  const learningRate = input("learningRate", []);
  const counter = variable("adversarial.step", zeros([1], "int32"));
  const step = add(reshape(cast(counter, { dtype: "float32" }), []), 1);
  const updates = new Map<Value, Value>([[counter, add(counter, constant(ones([1], "int32")))]]);
  for (const [i, [target]] of maker.updates.entries()) updates.set(target, made[i + 1]);
  for (const [i, [target]] of judge.updates.entries()) updates.set(target, judged[i + 1]);
  learn(maker.parameters, generatorLoss, generatorOptimiser, { learningRate, step }, updates);
  learn(judge.parameters, discriminatorLoss, discriminatorOptimiser, { learningRate, step }, updates);
  return {
    graph: createGraph({
      outputs: {
        generatorLoss,
        discriminatorLoss,
        value: neg(discriminatorLoss),
        "real score": mean(sigmoid(trueScores)),
        "fake score": mean(sigmoid(falseScores)),
      },
      updates,
    }),
  };
}

/** The model as the only part of a net, so that its parameters carry its role's name. */
function inside(role: string, model: Model): Model {
  const parameters = new Map([...model.state()].map(([name, tensor]): [string, Tensor] => [`${role}.${name}`, tensor]));
  return createModel(nn.sequential({ [role]: model.net }), model.inputShape, { seed: model.seed, parameters });
}
