// What a picture is asked for, as plain data: a unit, a direction, the likeness of another picture, the variety of a batch, sums of them.
// Every objective is one number per picture of the batch, and their sum is climbed.
// Olah, Mordvintsev, Schubert 2017 (directions, diversity, interpolation, alignment); Mordvintsev 2015 (energy); Mahendran and Vedaldi 2015
// (matching); Olah et al. 2018 (caricature).
import { constant } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import { add, broadcastTo, div, matmul, maximum, mean, mul, neg, pow, reshape, slice, sqrt, square, sub, sum } from "../../ops/index.ts";
import { ArgumentError, ShapeError } from "../../tensor/errors.ts";
import { showShape, sizeOf } from "../../tensor/shape.ts";
import { type DType, Tensor, zeros } from "../../tensor/tensor.ts";
import { centreOf, checkPosition, type Target, type TargetLayer } from "../target.ts";

export type Objective =
  /** A class's logit. */
  | { readonly kind: "class"; readonly class: number | string }
  /** The mean of a channel. */
  | { readonly kind: "channel"; readonly layer: string; readonly channel: number }
  /** One unit (default: the middle one, at (⌊H/2⌋, ⌊W/2⌋)). */
  | { readonly kind: "neuron"; readonly layer: string; readonly channel: number; readonly position?: readonly [number, number] }
  /** Mean of the squares of a channel, or of a whole layer: "deep dream". */
  | { readonly kind: "energy"; readonly layer: string; readonly channel?: number }
  /** Mean over positions of a·v · max(0.1, cos(a, v))^power (default 0); `direction` has one weight per channel. */
  | { readonly kind: "direction"; readonly layer: string; readonly direction: Tensor; readonly power?: number }
  /** The same for a block [C, h, w] as a whole, laid over the middle of the map; what sticks out of the map is cut off. */
  | { readonly kind: "tensorDirection"; readonly layer: string; readonly direction: Tensor; readonly power?: number }
  /** ⟨a₀, a⟩ · max(0.1, ⟨a₀, a⟩ / |a|)^power, a₀ the layer on `picture`. At power 0 (default 1) it inverts by dot product. */
  | { readonly kind: "caricature"; readonly layer: string; readonly picture: Tensor; readonly power?: number }
  /** Inversion: minus Σ(a - a₀)² / Σa₀², a₀ the layer on `picture`. */
  | { readonly kind: "match"; readonly layer: string; readonly picture: Tensor }
  /** From `from` at the first picture of the batch to `to` at the last. */
  | { readonly kind: "interpolation"; readonly from: Objective; readonly to: Objective }
  /** Neighbours in the batch should look alike: -Σ over d = 1..4 and i of mean((a_i - a_(i+d))²) / 2^d. */
  | { readonly kind: "alignment"; readonly layer: string }
  /** Pictures of the batch should differ: -(1/B) Σ_i Σ_(j≠i) ⟨G_i, G_j⟩, G the Gram matrices of the layer at unit length. */
  | { readonly kind: "diversity"; readonly layer: string }
  | { readonly kind: "sum"; readonly terms: readonly { readonly weight: number; readonly objective: Objective }[] };

/** What objectives are built from. */
export interface ObjectiveParts {
  /** Pictures. */
  readonly batch: number;
  /** Views of each picture, which are neighbours in the layers. */
  readonly copies: number;
  readonly dtype: DType;
  /** The layer of a target on the climbed pictures. */
  at(target: Target): TargetLayer;
  /** Index of a class or channel; throws for those that are not there. */
  channel(target: Target, layer: TargetLayer): number;
  /** Values [C, H, W] or [C] of the objective's layer on its picture. */
  reference(objective: Objective): Tensor;
}

/** Every objective in a tree of sums and interpolations that looks at a layer itself. */
export function leavesOf(objective: Objective): Exclude<Objective, { kind: "sum" | "interpolation" }>[] {
  if (objective.kind === "sum") return objective.terms.flatMap((term) => leavesOf(term.objective));
  if (objective.kind === "interpolation") return [...leavesOf(objective.from), ...leavesOf(objective.to)];
  return [objective];
}

/** The layer that a leaf looks at. */
export function targetOfLeaf(leaf: ReturnType<typeof leavesOf>[number]): Target {
  return leaf.kind === "class" ? { class: leaf.class } : { layer: leaf.layer };
}

/** One number per view, [batch · copies]. Throws `ArgumentError` or `ShapeError` for channels, positions and directions that the layer lacks. */
export function scoreOf(objective: Objective, parts: ObjectiveParts): Value {
  const { batch, copies, dtype } = parts;
  switch (objective.kind) {
    case "class":
    case "channel":
    case "neuron":
      return unitScore(objective, parts);
    case "energy": {
      const layer = parts.at({ layer: objective.layer });
      const { channel } = objective;
      const own = channel === undefined ? layer.value : channelOfLayer(layer, parts.channel({ layer: objective.layer, channel }, layer));
      return perPicture(square(own), mean);
    }
    case "direction":
      return directionScore(objective, parts);
    case "tensorDirection": {
      const [block, direction] = overlaid(parts.at({ layer: objective.layer }), objective.direction, dtype);
      return alike(perPicture(mul(block, direction), sum), perPicture(square(block), sum), norm(objective.direction), objective.power ?? 0);
    }
    case "caricature": {
      const { value } = parts.at({ layer: objective.layer });
      const dot = perPicture(mul(value, asConstant(parts.reference(objective), dtype)), sum);
      const length = sqrt(add(perPicture(square(value), sum), tiny));
      return mul(dot, powerOf(div(dot, add(length, 1e-6)), objective.power ?? 1));
    }
    case "match": {
      const { value } = parts.at({ layer: objective.layer });
      const wanted = parts.reference(objective);
      const total = norm(wanted) ** 2;
      return mul(perPicture(square(sub(value, asConstant(wanted, dtype))), sum), -1 / Math.max(total, tiny));
    }
    case "interpolation": {
      const share = new Tensor(
        Float64Array.from({ length: batch * copies }, (_, view) => Math.floor(view / copies) / Math.max(1, batch - 1)),
        [batch * copies],
      ).cast(dtype);
      const [from, to] = [scoreOf(objective.from, parts), scoreOf(objective.to, parts)];
      return add(from, mul(sub(to, from), constant(share)));
    }
    case "alignment":
      expectWhole(objective, parts);
      return spreadOut(alignment(parts.at({ layer: objective.layer }).value), batch);
    case "diversity":
      expectWhole(objective, parts);
      return spreadOut(neg(gramPenalty(parts.at({ layer: objective.layer }).value)), batch);
    case "sum": {
      if (objective.terms.length === 0) throw new ArgumentError("maximise: a sum of objectives has no terms");
      const terms = objective.terms.map((term) => mul(scoreOf(term.objective, parts), term.weight));
      return terms.reduce((a, b) => add(a, b));
    }
    default:
      throw new ArgumentError(
        `maximise: the objective's kind is "${String((objective as { kind?: unknown }).kind)}"; expected ${objectiveKinds.join(", ")}`,
      );
  }
}

const objectiveKinds: readonly Objective["kind"][] = [
  "class",
  "channel",
  "neuron",
  "energy",
  "direction",
  "tensorDirection",
  "caricature",
  "match",
  "interpolation",
  "alignment",
  "diversity",
  "sum",
];

/** In words: `conv2, channel 5`. */
export function describeObjective(objective: Objective): string {
  switch (objective.kind) {
    case "class":
      return `class ${objective.class}`;
    case "channel":
      return `${objective.layer}, channel ${objective.channel}`;
    case "neuron":
      return `${objective.layer}, channel ${objective.channel} at ${objective.position ? `(${objective.position.join(", ")})` : "the centre"}`;
    case "energy":
      return `energy of ${objective.layer}${objective.channel === undefined ? "" : `, channel ${objective.channel}`}`;
    case "direction":
    case "tensorDirection":
      return `a direction in ${objective.layer}`;
    case "caricature":
      return `a caricature by ${objective.layer}`;
    case "match":
      return `a picture with the same ${objective.layer}`;
    case "interpolation":
      return `from ${describeObjective(objective.from)} to ${describeObjective(objective.to)}`;
    case "alignment":
      return `alignment in ${objective.layer}`;
    case "diversity":
      return `diversity in ${objective.layer}`;
    case "sum":
      return objective.terms.map(({ weight, objective: term }) => `${weight} x ${describeObjective(term)}`).join(" + ");
  }
}

/** Beside squares under roots, so that a length of 0 has a gradient. */
const tiny = 1e-12;

/** A reduction over all but the batch axis, as [batch]. */
function perPicture(value: Value, reduce: (v: Value, options: { axes: number[] }) => Value): Value {
  return reduce(value, { axes: value.shape.map((_, axis) => axis).slice(1) });
}

function asConstant(tensor: Tensor, dtype: DType): Value {
  return constant(tensor.reshape([1, ...tensor.shape]).cast(dtype));
}

function norm({ data }: Tensor): number {
  let squares = 0;
  for (const v of data) squares += v * v;
  return Math.sqrt(squares);
}

function channelOfLayer({ value }: TargetLayer, channel: number): Value {
  return slice(value, { axes: [1], starts: [channel], ends: [channel + 1] });
}

function unitScore(objective: Extract<Objective, { kind: "class" | "channel" | "neuron" }>, parts: ObjectiveParts): Value {
  const target: Target = objective.kind === "class" ? { class: objective.class } : { layer: objective.layer, channel: objective.channel };
  const layer = parts.at(target);
  const channel = channelOfLayer(layer, parts.channel(target, layer));
  if (objective.kind !== "neuron" || layer.value.rank === 2) return perPicture(channel, mean);
  const position = objective.position ?? centreOf(layer);
  checkPosition(layer, position);
  const [row, column] = position;
  return perPicture(slice(channel, { axes: [2, 3], starts: [row, column], ends: [row + 1, column + 1] }), sum);
}

/** dot · max(0.1, cos)^power, elementwise; `squares` are |a|². */
function alike(dot: Value, squares: Value, length: number, power: number): Value {
  const epsilon = 1e-4;
  return mul(dot, powerOf(div(dot, mul(add(sqrt(add(squares, tiny)), epsilon), epsilon + length)), power));
}

function powerOf(cosine: Value, power: number): Value | number {
  if (!(power >= 0)) throw new ArgumentError(`maximise: the power of a cosine is ${power}; expected a number >= 0`);
  return power === 0 ? 1 : pow(maximum(cosine, 0.1), power);
}

function directionScore({ direction, power = 0, ...rest }: Extract<Objective, { kind: "direction" }>, parts: ObjectiveParts): Value {
  const layer = parts.at({ layer: rest.layer });
  if (sizeOf(direction.shape) !== layer.channels) {
    throw new ShapeError(`a direction in ${layer.name} has ${layer.channels} weights, one per channel; got ${showShape(direction.shape)}`);
  }
  const v = constant(direction.reshape([1, layer.channels, ...layer.value.shape.slice(2).map(() => 1)]).cast(parts.dtype));
  const dot = sum(mul(layer.value, v), { axes: 1, keepDims: true });
  return perPicture(alike(dot, sum(square(layer.value), { axes: 1, keepDims: true }), norm(direction), power), mean);
}

/** The middles of a map and of a block, cut to their common size. */
function overlaid(layer: TargetLayer, direction: Tensor, dtype: DType): [Value, Value] {
  if (layer.value.rank !== 4 || direction.rank !== 3 || direction.shape[0] !== layer.channels) {
    throw new ShapeError(
      `a tensor direction in ${layer.name} ${showShape(layer.value.shape)} is [${layer.channels}, h, w]; got ${showShape(direction.shape)}`,
    );
  }
  const [, , ...map] = layer.value.shape;
  const [, ...block] = direction.shape;
  const common = map.map((n, axis) => Math.min(n, block[axis]));
  const middle = (value: Value, sizes: readonly number[]): Value => {
    const starts = sizes.map((n, axis) => Math.floor((n - common[axis]) / 2));
    return slice(value, { axes: [2, 3], starts, ends: starts.map((s, axis) => s + common[axis]) });
  };
  return [middle(layer.value, map), middle(asConstant(direction, dtype), block)];
}

/** Pictures are compared with each other as they are, not by random crops. */
function expectWhole({ kind }: Objective, { copies }: ObjectiveParts): void {
  if (copies > 1)
    throw new ArgumentError(`maximise: the objective "${kind}" compares whole pictures; give transforms or jitter instead of crops`);
}

/** A number for the whole batch, as equal shares of its pictures. */
function spreadOut(total: Value, batch: number): Value {
  return broadcastTo(reshape(mul(total, 1 / batch), [1]), [batch]);
}

function alignment(value: Value): Value {
  const [batch] = value.shape;
  const span = (start: number, end: number): Value => slice(value, { axes: [0], starts: [start], ends: [end] });
  const perItem = sizeOf(value.shape) / batch;
  let total: Value = constant(zeros([], value.dtype));
  for (let d = 1; d <= Math.min(4, batch - 1); d++) {
    const apart = sum(square(sub(span(0, batch - d), span(d, batch))));
    total = sub(total, mul(apart, 1 / (perItem * 2 ** d)));
  }
  return total;
}

/** (1/B) Σ_i Σ_(j≠i) ⟨G_i, G_j⟩ of [B, C, ...]: B - 1 for pictures that are alike, 0 for Gram matrices that have nothing in common. */
export function gramPenalty(value: Value): Value {
  const [batch, channels] = value.shape;
  const flat = reshape(value, [batch, channels, sizeOf(value.shape) / (batch * channels)]);
  const gram = reshape(matmul(flat, flat, { transposeB: true }), [batch, channels * channels]);
  const unit = div(gram, add(sqrt(add(sum(square(gram), { axes: 1, keepDims: true }), 1e-24)), 1e-10));
  // Σ_i Σ_j ⟨G_i, G_j⟩ = |ΣG|², so no pair is ever looked at.
  const all = sum(square(sum(unit, { axes: 0 })));
  return mul(sub(all, sum(square(unit))), 1 / batch);
}
