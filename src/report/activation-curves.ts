// Activation functions as curves: value and derivative by the engine's own ops and gradient, and the stretches over which nothing comes back.
import { evaluateValues } from "../graph/evaluate.ts";
import { gradient } from "../graph/grad.ts";
import { input } from "../graph/record.ts";
import { type ActivationFunctionName, activationFunctions } from "../lens/activation-functions.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { tensor } from "../tensor/tensor.ts";

export type CurveName = ActivationFunctionName;

/** The functions that have a curve, in the order of their invention more or less. */
export const curveNames: readonly CurveName[] = Object.keys(activationFunctions) as CurveName[];

export interface ActivationCurve {
  readonly name: CurveName;
  readonly x: readonly number[];
  readonly value: readonly number[];
  /** The derivative, by the engine's gradient. */
  readonly slope: readonly number[];
  /** Stretches of x over which the derivative is 0 exactly: a unit that stays there never learns. */
  readonly dead: readonly (readonly [from: number, to: number])[];
  /** Stretches over which it is below a twentieth of its greatest, though not 0: gradients fade there. */
  readonly saturated: readonly (readonly [from: number, to: number])[];
  readonly greatestSlope: number;
}

export interface CurveOptions {
  /** First and last x (default -6 and 6). */
  readonly from?: number;
  readonly to?: number;
  /** How many x, evenly spaced (default 241). At least 2. */
  readonly points?: number;
  /** Factor of negative x, for leakyRelu (default 0.01). */
  readonly negativeSlope?: number;
}

/** Value and derivative at the given x, in float64. */
function evaluate(name: CurveName, x: readonly number[], negativeSlope: number): { value: number[]; slope: number[] } {
  const given = input("x", [x.length], "float64");
  const y = activationFunctions[name](given, negativeSlope);
  const [value, slope] = evaluateValues([y, ...gradient(y, [given])], new Map([[given, tensor([...x], undefined, "float64")]]));
  return { value: Array.from(value.data), slope: Array.from(slope.data) };
}

function checkName(name: string): asserts name is CurveName {
  if (!Object.hasOwn(activationFunctions, name))
    throw new ArgumentError(`there is no curve of "${name}"; curves: ${curveNames.join(", ")}`);
}

/** A function and its derivative over a range of x. Throws `ArgumentError` for another name, an empty range, or fewer than two points. */
export function activationCurve(name: CurveName, options: CurveOptions = {}): ActivationCurve {
  checkOptions("activationCurve", options, ["from", "to", "points", "negativeSlope"]);
  checkName(name);
  const { from = -6, to = 6, points = 241, negativeSlope = 0.01 } = options;
  if (!(from < to) || !Number.isFinite(from) || !Number.isFinite(to) || !Number.isInteger(points) || points < 2 || points > 100_000)
    throw new ArgumentError(`activationCurve: ${points} points from ${from} to ${to}; expected 2 to 100000 points over a range`);
  const x = Array.from({ length: points }, (_, i) => from + ((to - from) * i) / (points - 1));
  const { value, slope } = evaluate(name, x, negativeSlope);
  const greatestSlope = Math.max(...slope.map(Math.abs));
  const fades = (s: number): boolean => s !== 0 && Math.abs(s) < greatestSlope / 20;
  return { name, x, value, slope, dead: stretches(x, slope, (s) => s === 0), saturated: stretches(x, slope, fades), greatestSlope };
}

/** Value and derivative at one x. */
export function activationAt(
  name: CurveName,
  x: number,
  options: Pick<CurveOptions, "negativeSlope"> = {},
): { value: number; slope: number } {
  checkOptions("activationAt", options, ["negativeSlope"]);
  checkName(name);
  const { value, slope } = evaluate(name, [x], options.negativeSlope ?? 0.01);
  return { value: value[0], slope: slope[0] };
}

/** Where at least two neighbouring points have a property; a derivative that passes through 0 is no stretch. */
function stretches(x: readonly number[], slope: readonly number[], holds: (slope: number) => boolean): (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [];
  for (let i = 0; i < x.length; i++) {
    if (!holds(slope[i])) continue;
    const first = i;
    while (i + 1 < x.length && holds(slope[i + 1])) i++;
    if (i > first + 1) found.push([x[first], x[i]]);
  }
  return found;
}
