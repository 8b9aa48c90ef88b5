// What a net makes of one picture: all feature maps and the class probabilities in one run. The program of a net is compiled once and kept,
// so that a drawing can be classified while it is drawn.
import { compile, createGraph, type Model, type Program, preparePicture, tensorToPicture } from "fovea";
import type { Tensor } from "fovea/tensor";
import { probabilitiesOf } from "fovea/train";
import { type Numbers, toNumbers, toTensor } from "./tensors.ts";

/** Pixels 0..1, [1 or 3, height, width] of any size, as the model wants its input: resized, cut, normalised. */
export function inputOf(model: Model, pixels: Numbers): Tensor {
  return preparePicture(tensorToPicture(toTensor(pixels)), model);
}

export interface Look {
  /** What the net saw, as [channels, height, width] after preprocessing. */
  readonly input: Numbers;
  /** Values of every layer by name, without the batch axis, in the net's order. */
  readonly maps: Readonly<Record<string, Numbers>>;
  /** One per class; empty for nets that are no classifiers. */
  readonly probabilities: readonly number[];
}

interface Looker {
  readonly program: Program;
  readonly layers: ReadonlyMap<string, string>;
  readonly classifies: boolean;
}

const kept = 3;
const lookers = new Map<Model, Promise<Looker>>();

/** Runs the model on one picture. */
export async function look(model: Model, pixels: Numbers): Promise<Look> {
  const { program, layers, classifies } = await lookerOf(model);
  const input = inputOf(model, pixels);
  const results = await program.run({ x: input.reshape([1, ...input.shape]) });
  const maps = Object.fromEntries([...layers].map(([name, output]) => [name, toNumbers(results[output].entry(0))]));
  return { input: toNumbers(input), maps, probabilities: classifies ? Array.from(results.probabilities.data) : [] };
}

function lookerOf(model: Model): Promise<Looker> {
  const found = lookers.get(model);
  if (found !== undefined) return found;
  const made = makeLooker(model);
  lookers.set(model, made);
  made.catch(() => lookers.delete(model));
  for (const [old, looker] of lookers) {
    if (lookers.size <= kept) break;
    lookers.delete(old);
    void looker.then(({ program }) => program.release());
  }
  return made;
}

async function makeLooker(model: Model): Promise<Looker> {
  const traced = model.trace();
  // Layers' names may be no names of outputs, and one may be called "probabilities".
  const layers = new Map(traced.layers.map(({ name }, i) => [name, `layer${i}`]));
  const classifies = traced.output.rank === 2;
  const outputs = {
    ...Object.fromEntries(traced.layers.map(({ value }, i) => [`layer${i}`, value])),
    ...(classifies && { probabilities: probabilitiesOf(traced.output) }),
  };
  return { program: await compile(createGraph({ outputs })), layers, classifies };
}
