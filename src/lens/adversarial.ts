// The smallest change that turns a net's answer: along the sign of the loss's gradient, in one step or in many.
// Goodfellow, Shlens, Szegedy 2015 (FGSM); Madry, Makelov, Schmidt, Tsipras, Vladu 2018 (PGD).
import { compile } from "../backends/compile.ts";
import { gradient } from "../graph/grad.ts";
import { createGraph } from "../graph/graph.ts";
import { input } from "../graph/record.ts";
import { expectModel, type Model } from "../nn/model.ts";
import { crossEntropy } from "../ops/index.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { expectTensor } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { random } from "../tensor/random.ts";
import { Tensor } from "../tensor/tensor.ts";
import { onePicture, stack, traceFor } from "./batch.ts";
import { compileOptions, pauseBetweenRuns, type RunOptions, runOptionNames } from "./run.ts";
import { channelOf, targetLayer } from "./target.ts";

export interface AdversarialOptions extends RunOptions {
  /** The class to be led away from (default: what the net says). */
  readonly class?: number | string;
  /** The class to be led to; then the loss of this class falls instead. */
  readonly toward?: number | string;
  /** Largest change of any number of the picture, in the net's units; without it the smallest that turns the answer is looked for. */
  readonly epsilon?: number;
  /** Steps of projected gradient descent; 1 (default) is the fast gradient sign method. */
  readonly steps?: number;
  /** Size of a step (default: 2.5 · epsilon / steps, and epsilon for one step). */
  readonly stepSize?: number;
  /** Begin at a random point of the allowed cube (default false). */
  readonly randomStart?: boolean;
  readonly seed?: number;
  /** Smallest and largest value that a number of the picture may have (default: none). */
  readonly bounds?: readonly [low: number, high: number];
}

export interface Adversarial {
  /** [C, H, W]. */
  readonly image: Tensor;
  /** image - original. */
  readonly change: Tensor;
  readonly epsilon: number;
  readonly before: number;
  readonly after: number;
  /** Whether the answer turned: away from the class, or to the one that was wanted. */
  readonly turned: boolean;
  readonly scores: Tensor;
}

const optionNames = [
  ...runOptionNames,
  ...(["class", "toward", "epsilon", "steps", "stepSize", "randomStart", "seed", "bounds"] as const),
] as const satisfies readonly (keyof AdversarialOptions)[];

/** How often the search for the smallest epsilon halves its interval: to a thousandth of it. */
const halvings = 10;

/**
 * A picture that differs by at most `epsilon` in every number and that the net calls something else. Without `epsilon`, the smallest that does it to
 * within a thousandth, up to the picture's whole range. `turned` says whether it was found.
 */
export async function adversarial(model: Model, image: Tensor, options: AdversarialOptions = {}): Promise<Adversarial> {
  expectModel("adversarial", model);
  expectTensor("adversarial", "the picture", image);
  checkOptions("adversarial", options, optionNames);
  const { epsilon, steps = 1 } = options;
  if (epsilon !== undefined && !(epsilon > 0)) throw new ArgumentError(`adversarial: epsilon is ${epsilon}; expected a number above 0`);
  if (!Number.isInteger(steps) || steps < 1) throw new ArgumentError(`adversarial: steps is ${steps}; expected a whole number, at least 1`);
  const attack = await attackOn(model, onePicture(image), options);
  try {
    if (epsilon !== undefined) return await attack.at(epsilon);
    let [low, high] = [0, attack.range];
    let found = await attack.at(high);
    for (let i = 0; found.turned && i < halvings; i++) {
      const middle = (low + high) / 2;
      const tried = await attack.at(middle);
      if (tried.turned) {
        found = tried;
        high = middle;
      } else low = middle;
    }
    return found;
  } finally {
    attack.release();
  }
}

interface Attack {
  /** Largest minus smallest number of the picture. */
  readonly range: number;
  at(epsilon: number): Promise<Adversarial>;
  release(): void;
}

async function attackOn(model: Model, original: Tensor, options: AdversarialOptions): Promise<Attack> {
  const { dtype = "float32", steps = 1, randomStart = false, seed = 0, bounds, onProgress } = options;
  const traced = traceFor(model, original.shape, 1, dtype);
  const layer = targetLayer(traced, { class: 0 });
  const label = input("label", [1], "int32");
  const [slope] = gradient(crossEntropy(layer.value, label), [traced.input]);
  const program = await compile(createGraph({ outputs: { scores: layer.value, slope } }), compileOptions(options));
  const run = async (x: Tensor, wanted: number): Promise<{ scores: Tensor; slope: Tensor; answer: number }> => {
    const results = await program.run({ x: stack([x], 1, original.shape, dtype), label: new Tensor(Int32Array.of(wanted), [1]) });
    const scores = results.scores.entry(0);
    let answer = 0;
    for (let c = 1; c < scores.size; c++) if (scores.data[c] > scores.data[answer]) answer = c;
    return { scores, slope: results.slope.entry(0), answer };
  };
  const classOf = (given: number | string): number => channelOf(model, { class: given }, layer);
  const first = await run(original, 0);
  const pause = pauseBetweenRuns(options);
  const from = options.class === undefined ? first.answer : classOf(options.class);
  const toward = options.toward === undefined ? undefined : classOf(options.toward);
  const [low, high] = bounds ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const { least, most } = extremes(original);
  return {
    range: most > least ? most - least : 1,
    release: () => program.release(),
    async at(epsilon) {
      const stepSize = options.stepSize ?? (steps === 1 ? epsilon : (2.5 * epsilon) / steps);
      const generator = random(seed).fork("adversarial");
      const within = (v: number, i: number): number =>
        Math.min(Math.max(v, original.data[i] - epsilon, low), original.data[i] + epsilon, high);
      const image = original.clone();
      if (randomStart)
        for (let i = 0; i < image.size; i++) image.data[i] = within(image.data[i] + epsilon * (2 * generator.uniform() - 1), i);
      for (let step = 0; step < steps; step++) {
        await pause();
        const { slope: g } = await run(image, toward ?? from);
        const sign = toward === undefined ? 1 : -1;
        for (let i = 0; i < image.size; i++) image.data[i] = within(image.data[i] + sign * stepSize * Math.sign(g.data[i]), i);
        onProgress?.({ done: step + 1, total: steps });
      }
      const { scores, answer } = await run(image, from);
      const change = image.clone();
      for (let i = 0; i < change.size; i++) change.data[i] -= original.data[i];
      return {
        image,
        change,
        epsilon,
        before: first.answer,
        after: answer,
        turned: toward === undefined ? answer !== from : answer === toward,
        scores,
      };
    },
  };
}

function extremes({ data }: Tensor): { readonly least: number; readonly most: number } {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const v of data) {
    least = Math.min(least, v);
    most = Math.max(most, v);
  }
  return { least, most };
}
