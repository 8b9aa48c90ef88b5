// Which units feed a unit: the incoming edges of one feature map. Read off the graph, one op at a time: a pooling reads the map of its own
// number, a grouped convolution the maps of its group, a concatenation one of its branches.
import { constantOp, inputOp } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import { layerValue, type Model } from "../../nn/model.ts";
import type { Traced } from "../../nn/module.ts";
import { expressionOf } from "../../ops/elementwise.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** Units of one layer, or of the net's input, that a unit reads directly. */
export interface UnitReads {
  /** The layer's name; "x" for the input. */
  readonly layer: string;
  /** Ascending. */
  readonly units: readonly number[];
  /** Of weighted sums: the unit's weights for each of them. */
  readonly weights?: readonly UnitWeights[];
}

/** The kernel between two units in two numbers. */
export interface UnitWeights {
  /** Root of the sum of squares: how strong the edge is. */
  readonly norm: number;
  /** Whose sign tells whether the edge mostly excites or inhibits. */
  readonly sum: number;
}

/** Number of units of a value: its channels, or its features. */
export function unitsOf(value: Value): number {
  return value.shape[1] ?? 1;
}

/** The name of what gives a value: a layer's, "x" for the net's input, else undefined. */
export function sourceNames({ input, layers }: Traced): Map<Value, string> {
  return new Map([[input, input.label ?? "x"], ...layers.map(({ value, name }): [Value, string] => [value, name])]);
}

/**
 * The units of other layers that unit `unit` of `layer` reads, in the order in which the layer names its operands.
 * Throws `GraphError` for unknown layers, `ArgumentError` for units outside.
 */
export function unitReads(model: Model, layer: string, unit: number): UnitReads[] {
  const traced = model.trace();
  const value = layerValue(traced, layer);
  checkUnit("unitReads", layer, value, unit);
  const names = sourceNames(traced);
  const found = new Map<string, Set<number>>();
  const visit = (v: Value, units: readonly number[]): void => {
    v.inputs.forEach((operand, i) => {
      if (operand.op === inputOp || operand.inputs.length > 0) read(operand, operandUnits(v, i, units));
    });
  };
  const read = (v: Value, units: readonly number[]): void => {
    const name = names.get(v);
    if (name === undefined) {
      visit(v, units);
      return;
    }
    const set = found.get(name) ?? new Set();
    for (const u of units) set.add(u);
    found.set(name, set);
  };
  visit(value, [unit]);
  const weights = kernelsOf(value, unit);
  return [...found].map(([name, set]) => {
    const units = [...set].sort((a, b) => a - b);
    return {
      layer: name,
      units,
      ...(weights?.size === units.length && found.size === 1 && { weights: units.map((u) => weights.get(u)!) }),
    };
  });
}

/** What a convolution or a dense layer multiplies each unit that it reads with; undefined for other ops. */
function kernelsOf(value: Value, unit: number): Map<number, UnitWeights> | undefined {
  const spread = value.op.name === "add" && value.inputs[0].op.name === "convInputGrad" ? value.inputs[0] : value;
  const [x, weight] = spread.inputs;
  if (!["conv", "convInputGrad", "linear"].includes(spread.op.name) || weight?.op !== constantOp) return undefined;
  const { data, shape } = weight.attrs.value as Tensor;
  const size = sizeOf(shape.slice(2));
  const perGroup = shape[1];
  const transposed = spread.op.name === "convInputGrad";
  return new Map(
    operandUnits(spread, 0, [unit]).map((u, i) => {
      const start = (transposed ? u * perGroup + (unit % perGroup) : unit * perGroup + (x.rank === 2 ? u : i)) * size;
      const kernel = data.subarray(start, start + size);
      let [sum, squares] = [0, 0];
      for (const w of kernel) {
        sum += w;
        squares += w * w;
      }
      return [u, { sum, norm: Math.sqrt(squares) }];
    }),
  );
}

export function checkUnit(where: string, layer: string, value: Value, unit: number): void {
  const count = unitsOf(value);
  if (!Number.isInteger(unit) || unit < 0 || unit >= count)
    throw new ArgumentError(`${where}: unit ${unit} of "${layer}" is outside 0..${count - 1}`);
}

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);
const each = (units: readonly number[], readsOf: (unit: number) => readonly number[]): number[] => [...new Set(units.flatMap(readsOf))];

/** Ops that treat every map by itself. */
const apart: ReadonlySet<string> = new Set([
  ...["maxPool", "avgPool", "lpPool", "globalAvgPool", "globalMaxPool", "globalLpPool", "adaptiveAvgPool", "adaptiveMaxPool"],
  ...["batchNorm", "instanceNorm", "resize", "identity", "stopGradient", "broadcastTo", "pad"],
]);

/** Units of operand `i` that these units of `value` read; all where the op mixes them, or is not known not to. */
export function operandUnits(value: Value, i: number, units: readonly number[]): number[] {
  const { op, attrs } = value;
  const operand = value.inputs[i];
  const [own, theirs] = [unitsOf(value), unitsOf(operand)];
  const all = range(0, theirs);
  const groups = typeof attrs.groups === "number" ? attrs.groups : 1;
  const ofGroup = (count: number) => (u: number) => range(Math.floor(u / (own / count)) * (theirs / count), theirs / count);
  if (apart.has(op.name) || expressionOf(value) !== undefined) return theirs === own ? [...units] : all;
  switch (op.name) {
    case "conv":
    case "convInputGrad":
    case "groupNorm":
      return each(units, ofGroup(groups));
    case "channelShuffle":
      return each(units, (u) => [(u % groups) * (own / groups) + Math.floor(u / groups)]);
    case "concat": {
      if (attrs.axis !== 1) return all;
      const start = value.inputs.slice(0, i).reduce((sum, before) => sum + unitsOf(before), 0);
      return each(units, (u) => (u >= start && u < start + theirs ? [u - start] : []));
    }
    case "reshape": {
      const [mine, others] = [sizeOf(value.shape) / own, sizeOf(operand.shape) / theirs];
      return each(units, (u) => {
        const first = Math.floor((u * mine) / others);
        return range(first, Math.floor(((u + 1) * mine - 1) / others) - first + 1);
      });
    }
    case "localResponseNorm": {
      const size = attrs.size as number;
      const [less, more] = [Math.floor(size / 2), Math.floor((size - 1) / 2)];
      const reach = Math.max(less, more);
      return each(units, (u) => range(u - reach, 2 * reach + 1).filter((c) => c >= 0 && c < theirs));
    }
    default:
      return all;
  }
}
