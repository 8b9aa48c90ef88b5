// DeepLIFT with the rescale rule: every unit passes on by how much it changed against a baseline, so that saturated units do not fall silent and
// the contributions add up to the change of the score. Shrikumar, Greenside, Kundaje 2017.
import { gradient } from "../../graph/grad.ts";
import type { GradRule, GradRules } from "../../graph/op.ts";
import { input } from "../../graph/record.ts";
import { rewriteValues } from "../../graph/rewrite.ts";
import type { Value } from "../../graph/value.ts";
import { abs, add, div, le, maximum, mul, sub, sumTo, where } from "../../ops/index.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { sameShape, showShape } from "../../tensor/shape.ts";
import { type Tensor, zeros } from "../../tensor/tensor.ts";
import { onePicture, stack } from "../batch.ts";
import { diagnoseMap } from "../diagnose.ts";
import { gradientProgram } from "../gradient-program.ts";
import { aim, runAll } from "./aim.ts";
import { type Finding, type Method, plainBaseline } from "./method.ts";

/** Below this change of its operand a unit's slope is taken instead of a quotient of two roundings. */
const noChange = 1e-7;

const activations: readonly string[] = [
  ...["relu", "relu6", "leakyRelu", "prelu", "elu", "selu", "celu", "gelu", "silu", "mish", "softplus", "softsign", "sigmoid", "tanh"],
  ...["hardSwish", "hardSigmoid", "hardTanh", "clip", "logSigmoid", "tanhshrink", "softshrink", "hardshrink", "threshold"],
];

const poolings: readonly string[] = ["maxPool", "globalMaxPool", "adaptiveMaxPool"];

export type DeepLiftMethodName = "deepLift";

/** Multipliers times differences: what each number of `x` adds to the change from its value at the baseline. */
function contributions(target: Value, x: Value, mask: Value): Value {
  const baseline = input("baseline", x.shape, x.dtype);
  const atBaseline = rewriteValues([target], (value) => (value === x ? baseline : undefined));
  const before = (value: Value): Value => atBaseline.get(value) ?? value;

  /** Δy / Δx, and the plain slope where nothing moved. */
  const rescale: GradRule = (g, { all }, _, y) => {
    const [z] = all;
    const change = sub(z, before(z));
    const still = le(abs(change), noChange);
    const slope = div(sub(y, before(y)), add(change, still));
    const [plain] = gradient(y, [z], { seed: g });
    return where(still, plain, mul(g, slope));
  };
  /** The winner now takes what the output rose above the baseline's; the winner then takes what it fell. */
  const pooled: GradRule = (g, { all }, _, y) => {
    const [z] = all;
    const y0 = before(y);
    const crest = maximum(y, y0);
    const [now] = gradient(y, [z], { seed: mul(g, sub(crest, y0)) });
    const [then] = gradient(y0, [before(z)], { seed: mul(g, sub(y, crest)) });
    const change = sub(z, before(z));
    const still = le(abs(change), noChange);
    return where(still, mul(change, 0), div(add(now, then), add(change, still)));
  };
  /** A product changes by each factor's change times the mean of the other. */
  const mean = (value: Value): Value => mul(add(value, before(value)), 0.5);
  const product: GradRules = {
    x: (g, { x: a, y: b }) => sumTo(mul(g, mean(b)), a.shape),
    y: (g, { x: a, y: b }) => sumTo(mul(g, mean(a)), b.shape),
  };
  const rules = {
    ...Object.fromEntries(activations.map((name) => [name, rescale])),
    ...Object.fromEntries(poolings.map((name) => [name, pooled])),
    mul: product,
  };
  const [multipliers] = gradient(target, [x], { seed: mask, rules });
  return mul(multipliers, sub(x, baseline));
}

/** A word on contributions that do not add up by more than rounding: an op on the way has no rule but its slope. */
function gapNotes(sum: number, change: number, score: number): string[] {
  if (Math.abs(sum - change) <= 0.01 * Math.abs(change) + 1e-4 * Math.abs(score)) return [];
  return [
    `the contributions add up to ${sum.toPrecision(4)}, but the score changed by ${change.toPrecision(4)}: something in the net, such as a norm over a layer, is taken by its slope`,
  ];
}

export const deepLiftMethod: Method<DeepLiftMethodName> = {
  name: "deepLift",
  title: "DeepLIFT",
  cites: "Shrikumar, Greenside, Kundaje 2017 (rescale rule)",
  signed: true,
  caveat: "says what changed against the baseline: another baseline gives another map",
  async attribute(model, tasks, options) {
    const { batchSize = 16, dtype = "float32", onProgress } = options;
    const shape = onePicture(tasks[0].image).shape;
    const baseline: Tensor = options.baseline ?? zeros(shape, dtype);
    if (!sameShape(baseline.shape, shape)) {
      throw new ShapeError(`deepLift: the baseline has shape ${showShape(baseline.shape)}, the picture ${showShape(shape)}`);
    }
    const batch = Math.min(batchSize, tasks.length + 1);
    const program = await gradientProgram(model, tasks[0].target, "gradient", batch, shape, options, {
      backward: contributions,
      feeds: { baseline: stack(new Array<Tensor>(batch).fill(baseline), batch, shape, dtype) },
    });
    try {
      const findings: Finding[] = [];
      for (let start = 0; start < tasks.length; start += program.batch) {
        const part = tasks.slice(start, start + program.batch).map(({ image, target }) => ({ image: onePicture(image), target }));
        const aims = await aim(model, program, part);
        const { scores } = await runAll(program, new Array<Tensor>(aims.length).fill(baseline), aims.map((a) => a.mask)); // biome-ignore format: one thought
        for (const [i, { gradient: map, score, position }] of aims.entries()) {
          let sum = 0;
          for (const v of map.data) sum += v;
          const change = score - scores[i];
          const figures = { sum, completenessGap: Math.abs(sum - change) };
          const warnings = [...diagnoseMap(map, score, "deepLift", program.relus), ...gapNotes(sum, change, score)];
          findings.push({ map, score, position, figures, settings: { baseline: plainBaseline(options.baseline) }, warnings });
        }
        onProgress?.({ done: Math.min(tasks.length, start + program.batch), total: tasks.length });
      }
      return findings;
    } finally {
      program.release();
    }
  },
};
