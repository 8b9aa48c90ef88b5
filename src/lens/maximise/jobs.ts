// What is climbed: one unit per picture under a mask that is fed, or one objective for a whole batch; how pictures are scored, and what is said of each.
import { input } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import type { Model } from "../../nn/model.ts";
import { broadcastTo, mul, reshape, sum } from "../../ops/index.ts";
import { ArgumentError, ShapeError } from "../../tensor/errors.ts";
import { sameShape, showShape, sizeOf } from "../../tensor/shape.ts";
import { allocate, Tensor } from "../../tensor/tensor.ts";
import { activations } from "../activations.ts";
import { stack } from "../batch.ts";
import type { Maximised } from "../records.ts";
import { compileOptions } from "../run.ts";
import { centreOf, channelOf, checkPosition, describe, fillDirection, fillMask, type Target, type TargetLayer } from "../target.ts";
import { describeObjective, leavesOf, type Objective, type ObjectiveParts, scoreOf, targetOfLeaf } from "./objective.ts";
import type { AscentChoice, AscentOptions } from "./settings.ts";

/** What is climbed: how pictures are scored, and what is said of each. */
export interface Job {
  readonly batch: number;
  readonly total: number;
  /** Layers that the score looks at. */
  readonly targets: readonly Target[];
  /** In words; also names a picture's own stream of random numbers, so that it does not depend on its neighbours in a batch. */
  label(index: number): string;
  stream(index: number): string;
  score(layers: readonly TargetLayer[], choice: AscentChoice): Value;
  /** What the score is fed with for the pictures from `first` on. */
  feeds(first: number, count: number, layers: readonly TargetLayer[], choice: AscentChoice): Record<string, Tensor>;
  /** What is known of a finished picture. `values` are the first target's layer on it. */
  measure(
    index: number,
    layer: TargetLayer,
    values: Tensor,
    objective: number,
  ): Pick<Maximised, "objective" | "activation" | "layer" | "channel">;
  /** The unit to look for in training pictures, where it is one. */
  unit(index: number, layer: TargetLayer): Target | undefined;
}

export type Wish = Omit<Target, "position"> & { readonly position?: Target["position"] | "centre" };

/** Every picture has a target of its own in one layer: a mask that is fed, so that one program serves all. */
export function eachJob(model: Model, wishes: readonly Wish[], { batchSize }: AscentOptions, { crops }: AscentChoice): Job {
  const aims: Aim[] = [];
  const aim = (index: number, layer: TargetLayer): Aim => {
    aims[index] ??= aimOf(model, wishes[index], layer);
    return aims[index];
  };
  const batch = Math.min(batchSize ?? Math.max(1, Math.floor(32 / (crops?.count ?? 1))), wishes.length);
  const words = (wish: Wish): string => describe(model, asTarget(wish)) + (wish.position === "centre" ? " at the centre" : "");
  return {
    batch,
    total: wishes.length,
    targets: [asTarget(wishes[0])],
    label: (index) => aims[index]?.label ?? words(wishes[index]),
    stream: (index) => aims[index]?.label ?? words(wishes[index]),
    score([{ value }], { dtype }) {
      const [views, ...block] = value.shape;
      const mask = input("mask", [batch, ...block], dtype);
      // Several views of one picture share its mask.
      const each = views === batch ? mask : expand(reshape(mask, [batch, 1, ...block]), views, block);
      return sum(mul(value, each), { axes: value.shape.map((_, axis) => axis).slice(1) });
    },
    feeds(first, count, [layer], { dtype }) {
      const masks = Array.from({ length: count }, (_, i) => aim(first + i, layer).mask);
      return { mask: stack(masks, batch, layer.value.shape.slice(1), dtype) };
    },
    measure: (index, layer, values) => measureUnit(aim(index, layer), values, layer),
    unit: (index) => (wishes[index].direction === undefined ? asTarget(wishes[index]) : undefined),
  };
}

/** All pictures of a batch share one objective. */
export async function jointJob(model: Model, objective: Objective, count: number, options: AscentOptions): Promise<Job> {
  const leaves = leavesOf(objective);
  if (leaves.length === 0) throw new ArgumentError("maximise: the objective looks at no layer");
  // An unknown kind is refused where the score is built; it has no layer to look up before.
  const targets = leaves.map(targetOfLeaf);
  const references = await referencesOf(model, leaves, options);
  const words = describeObjective(objective);
  return {
    batch: count,
    total: count,
    targets,
    label: (index) => (count === 1 ? words : `${words}, picture ${index + 1} of ${count}`),
    stream: (index) => `${words} ${index}`,
    score(layers, { dtype }) {
      const parts: ObjectiveParts = {
        batch: count,
        copies: layers[0].value.shape[0] / count,
        dtype,
        at: (target) => layers[targets.findIndex((t) => t.layer === target.layer && t.class === target.class)],
        channel: (target, layer) => channelOf(model, target, layer),
        reference: (leaf) => references.get(leaf) as Tensor,
      };
      return scoreOf(objective, parts);
    },
    feeds: () => ({}),
    measure: (_, __, ___, reached) => ({
      objective: reached,
      activation: reached,
      layer: leaves.length === 1 ? targets[0].layer : undefined,
      channel: undefined,
    }),
    unit: () => undefined,
  };
}

/** The layers of caricatures and inversions on the pictures that they start from. */
async function referencesOf(model: Model, leaves: readonly Objective[], options: AscentOptions): Promise<Map<Objective, Tensor>> {
  const [channels, ...own] = model.inputShape;
  const shape = [channels, ...(options.size ?? own)];
  const found = new Map<Objective, Tensor>();
  for (const leaf of leaves) {
    if (leaf.kind !== "caricature" && leaf.kind !== "match") continue;
    if (!sameShape(leaf.picture.shape, shape)) {
      throw new ShapeError(`maximise: the picture to start from is ${showShape(leaf.picture.shape)}; expected ${showShape(shape)}`);
    }
    const run = { ...compileOptions(options), ...(options.dtype && { dtype: options.dtype }) };
    const values = await activations(model, leaf.picture, { layers: [leaf.layer], ...run });
    found.set(leaf, values.get(leaf.layer) as Tensor);
  }
  return found;
}

/** A mask [batch, 1, ...block] for every view, [views, ...block]; those of one picture are neighbours. */
function expand(mask: Value, views: number, block: readonly number[]): Value {
  const [batch] = mask.shape;
  return reshape(broadcastTo(mask, [batch, views / batch, ...block]), [views, ...block]);
}

/** One wish with its position settled. */
interface Aim {
  readonly target: Target;
  readonly label: string;
  readonly channel: number | undefined;
  readonly mask: Tensor;
}

function asTarget({ class: name, layer, channel, direction, position }: Wish): Target {
  return {
    ...(name !== undefined && { class: name }),
    ...(layer !== undefined && { layer }),
    ...(channel !== undefined && { channel }),
    ...(direction !== undefined && { direction }),
    ...(position !== undefined && position !== "centre" && { position }),
  };
}

function aimOf(model: Model, wish: Wish, layer: TargetLayer): Aim {
  const maskShape = layer.value.shape.slice(1);
  const data = allocate(layer.value.dtype, sizeOf(maskShape));
  const position = wish.position === "centre" ? centreOf(layer) : wish.position;
  const target: Target = { ...asTarget(wish), ...(position !== undefined && { position }) };
  if (wish.direction !== undefined) {
    fillDirection(data, layer, wish.direction);
    return { target, label: describe(model, target), channel: undefined, mask: new Tensor(data, maskShape) };
  }
  const channel = channelOf(model, target, layer);
  if (position !== undefined) checkPosition(layer, position);
  fillMask(data, layer, channel, position);
  return { target, label: describe(model, target), channel, mask: new Tensor(data, maskShape) };
}

/** The objective reached, and the unit's largest activation anywhere: what examples() finds in training pictures. */
function measureUnit(
  { mask, channel, target }: Aim,
  values: Tensor,
  layer: TargetLayer,
): Pick<Maximised, "objective" | "activation" | "layer" | "channel"> {
  const plane = layer.height * layer.width;
  let objective = 0;
  for (let p = 0; p < values.size; p++) objective += values.data[p] * mask.data[p];
  let activation = Number.NEGATIVE_INFINITY;
  for (let p = 0; p < plane; p++) {
    let here = 0;
    if (channel !== undefined) here = values.data[channel * plane + p];
    else for (let c = 0; c < layer.channels; c++) here += values.data[c * plane + p] * (target.direction as Tensor).data[c];
    activation = Math.max(activation, here);
  }
  return { objective, activation, layer: target.layer, channel: target.class === undefined ? channel : undefined };
}
