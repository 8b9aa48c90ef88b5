// Compares gradients with central differences in float64. A rule that is wrong in any entry shows up as a relative error near 1;
// a right one stays below 1e-6 (step 1e-5: truncation ~ h² = 1e-10, rounding ~ 2^-52 / h = 2e-11, both times moderate factors).
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { type GradientOptions, gradient } from "../../src/graph/grad.ts";
import { constant, input } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

/** Records the function under test on graph inputs. */
export type Build = (inputs: readonly Value[]) => Value;

export interface GradientCheckOptions {
  readonly step?: number;
  readonly seed?: number;
  /** Entries probed per operand (default 24; smaller operands are probed completely). */
  readonly probes?: number;
  /** Replaced gradient rules, to see what a wrong one does. */
  readonly rules?: GradientOptions["rules"];
}

/** The largest |analytic - numeric| of any operand, relative to that operand's largest gradient entry. */
export interface GradientReport {
  readonly error: number;
  /** "operand 1, entry 17: analytic 0.5, numeric 0.25", for messages. */
  readonly worst: string;
}

const isFloat = (t: Tensor): boolean => t.dtype === "float64" || t.dtype === "float32";

export function inputsFor(tensors: readonly Tensor[]): Value[] {
  return tensors.map((t, i) => input(`operand${i}`, t.shape, t.dtype));
}

function normal64(shape: readonly number[], seed: number): Tensor {
  return randomNormal(shape, random(seed)).cast("float64");
}

function dot(a: Tensor, b: Tensor): number {
  let sum = 0;
  for (let i = 0; i < a.size; i++) sum += a.data[i] * b.data[i];
  return sum;
}

/** First derivatives of sum(build(x) · r), r random, in every float operand, against central differences. Operands are float64 or integers. */
export function checkGradient(build: Build, tensors: readonly Tensor[], options: GradientCheckOptions = {}): GradientReport {
  const { step = 1e-5, seed = 1, probes = 24, rules = {} } = options;
  const inputs = inputsFor(tensors);
  const y = build(inputs);
  const r = normal64(y.shape, seed);
  const floats = inputs.filter((_, i) => isFloat(tensors[i]));
  const grads = gradient(y, floats, { seed: constant(r), rules });
  const known = new Map(inputs.map((v, i) => [v, tensors[i]]));
  const analytic = evaluateValues(grads, known);
  const choose = random(seed, 2);
  let report: GradientReport = { error: 0, worst: "no float operand" };
  floats.forEach((operand, k) => {
    const x = known.get(operand) as Tensor;
    const lossAt = (entry: number, shift: number): number => {
      const moved = x.clone();
      moved.data[entry] += shift;
      return dot(evaluateValues([y], new Map(known).set(operand, moved))[0], r);
    };
    const entries =
      x.size <= probes ? Array.from({ length: x.size }, (_, i) => i) : Array.from(choose.permutation(x.size).subarray(0, probes));
    const numeric = entries.map((i) => (lossAt(i, step) - lossAt(i, -step)) / (2 * step));
    // Relative to the whole operand's scale: an entry that is zero by symmetry has no scale of its own. Below 1e-3 the rounding of the
    // loss itself (~1e-16 · |loss| / step) would be all that is measured.
    const scale = Math.max(1e-3, ...numeric.map(Math.abs), ...analytic[k].data.map(Math.abs));
    entries.forEach((i, j) => {
      const error = Math.abs(analytic[k].data[i] - numeric[j]) / scale;
      if (error > report.error || Number.isNaN(error)) {
        const where = `operand ${inputs.indexOf(operand)}, entry ${i}`;
        report = {
          error: Number.isNaN(error) ? Number.POSITIVE_INFINITY : error,
          worst: `${where}: analytic ${analytic[k].data[i]}, numeric ${numeric[j]}`,
        };
      }
    });
  });
  return report;
}

/**
 * Second derivatives: every gradient of `build`, seen as a function of the operands and of the arriving gradient, is itself checked
 * against central differences. The largest error of all.
 */
export function checkSecondGradient(build: Build, tensors: readonly Tensor[], options: GradientCheckOptions = {}): GradientReport {
  const { seed = 1, rules = {} } = options;
  const yShape = build(inputsFor(tensors)).shape;
  const arriving = normal64(yShape, seed + 10);
  let report: GradientReport = { error: 0, worst: "no float operand" };
  tensors.forEach((t, k) => {
    if (!isFloat(t)) return;
    const first: Build = (all) => {
      const inputs = all.slice(0, -1);
      return gradient(build(inputs), [inputs[k]], { seed: all[all.length - 1], rules })[0];
    };
    const found = checkGradient(first, [...tensors, arriving], options);
    if (found.error > report.error) report = { error: found.error, worst: `gradient of operand ${k}: ${found.worst}` };
  });
  return report;
}

/** <A v, r> and <v, A' r> for an affine operand, A v = build(.., v, ..) - build(.., 0, ..): equal but for rounding. */
export function adjointPair(build: Build, tensors: readonly Tensor[], k: number, seed = 1): readonly [number, number] {
  const inputs = inputsFor(tensors);
  const y = build(inputs);
  const r = normal64(y.shape, seed);
  const [g] = gradient(y, [inputs[k]], { seed: constant(r) });
  const known = new Map(inputs.map((v, i) => [v, tensors[i]]));
  const zero = new Tensor(new Float64Array(tensors[k].size), tensors[k].shape);
  const [at] = evaluateValues([y], known);
  const [origin] = evaluateValues([y], new Map(known).set(inputs[k], zero));
  const [adjoint] = evaluateValues([g], known);
  return [dot(at, r) - dot(origin, r), dot(tensors[k], adjoint)];
}
