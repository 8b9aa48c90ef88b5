// Layer-wise relevance propagation: the score is handed down layer by layer, nothing lost, until it lies on the pixels. Which rule serves which
// layer is the method's whole art; the usual choices have names.
import { createGraph } from "../../../graph/graph.ts";
import { constant } from "../../../graph/record.ts";
import { substitute } from "../../../graph/rewrite.ts";
import { topological, type Value } from "../../../graph/value.ts";
import type { Model } from "../../../nn/model.ts";
import { broadcastTo } from "../../../ops/index.ts";
import { foldBatchNorm } from "../../../ops/passes/index.ts";
import { ArgumentError } from "../../../tensor/errors.ts";
import { Tensor } from "../../../tensor/tensor.ts";
import { onePicture } from "../../batch.ts";
import { diagnoseMap } from "../../diagnose.ts";
import { gradientProgram } from "../../gradient-program.ts";
import { rangeOfValues } from "../../range.ts";
import { aim } from "../aim.ts";
import type { AttributionTask, Finding, Method, MethodSettings } from "../method.ts";
import { dependents, isMaxPool, isWeighted, type MaxPoolRule, maxPoolRules, relevanceOf } from "./backward.ts";
import { type LrpRule, lrpRules, type RuleSettings } from "./rules.ts";

export type LrpComposite = "epsilonPlus" | "epsilonGammaBox" | "epsilonPlusFlat";

/** Rules by position: the first layer with weights, other convolutions, dense layers. */
const composites: Readonly<Record<LrpComposite, { readonly first: LrpRule; readonly conv: LrpRule; readonly dense: LrpRule }>> = {
  epsilonPlus: { first: "zPlus", conv: "zPlus", dense: "epsilon" },
  epsilonGammaBox: { first: "zBox", conv: "gamma", dense: "epsilon" },
  epsilonPlusFlat: { first: "flat", conv: "zPlus", dense: "epsilon" },
};

export type LrpMethodName = "lrp";

export const lrpMethod: Method<LrpMethodName> = {
  name: "lrp",
  title: "Layer-wise relevance propagation",
  cites: "Bach, Binder, Montavon, Klauschen, Mueller, Samek 2015",
  signed: true,
  caveat: "the rules decide much of the picture; z-plus and its kin hardly depend on the weights of the layers above",
  async attribute(model, tasks, options) {
    const { batchSize = 16, onProgress } = options;
    const shape = onePicture(tasks[0].image).shape;
    const settled = settle(model, tasks, options);
    const { rule, composite, layerRules, maxPool, ...numbers } = settled;
    const choose = chooser(settled);
    const settings = { ...(rule === undefined ? { composite } : { rule }), layerRules, maxPool, ...numbers };
    let folded = 0;
    let pools = 0;
    const program = await gradientProgram(model, tasks[0].target, "gradient", Math.min(batchSize, tasks.length), shape, options, {
      backward(target, pixels, mask) {
        // Relevance has no sensible way through a scale and shift of their own, and folded they are the convolution's.
        const before = normsBefore([target]);
        const y = foldBatchNorm(createGraph({ outputs: { y: target } })).outputs.get("y") as Value;
        folded = before - normsBefore([y]);
        pools = maxPool === "average" ? topological([y]).filter(isMaxPool).length : 0;
        return relevanceOf(y, pixels, mask, { ...ruleSettings(numbers, pixels), maxPool, ruleOf: choose(y, pixels) });
      },
    });
    try {
      const findings: Finding[] = [];
      for (let start = 0; start < tasks.length; start += program.batch) {
        const part = tasks.slice(start, start + program.batch).map(({ image, target }) => ({ image: onePicture(image), target }));
        for (const { gradient: map, score, position } of await aim(model, program, part)) {
          let sum = 0;
          for (const v of map.data) sum += v;
          // What the biases and stabilisers kept is the difference.
          const figures = { sum, conservationGap: Math.abs(sum - score) };
          findings.push({
            map,
            score,
            position,
            figures,
            settings,
            warnings: [...diagnoseMap(map, score, "lrp", program.relus), ...notesOn(folded, pools)],
          });
        }
        onProgress?.({ done: Math.min(tasks.length, start + program.batch), total: tasks.length });
      }
      return findings;
    } finally {
      program.release();
    }
  },
};

/** What was done to the net on the way. */
function notesOn(folded: number, pools: number): string[] {
  return [
    ...(folded > 0 ? [`${folded} batch norms were folded into the layers before them, which changes the score by rounding only`] : []),
    ...(pools > 0
      ? [`${pools} max-pools handed their relevance down as if they were average pools, by contribution, not to the winner alone`]
      : []),
  ];
}

const normsBefore = (roots: readonly Value[]): number => topological(roots).filter(({ op }) => op.name === "batchNorm").length;

interface LrpNumbers extends Pick<RuleSettings, "epsilon" | "gamma" | "alpha"> {
  /** Smallest and largest value of a pixel, one or one per channel. */
  readonly bounds: readonly [low: number | readonly number[], high: number | readonly number[]];
}

interface LrpSettings extends LrpNumbers {
  readonly rule: LrpRule | undefined;
  readonly composite: LrpComposite;
  readonly layerRules: Readonly<Record<string, LrpRule>>;
  readonly maxPool: MaxPoolRule;
}

/** What is asked for, with the defaults. Throws `ArgumentError` for what there is not. */
function settle(model: Model, tasks: readonly AttributionTask[], options: MethodSettings): LrpSettings {
  const { rule, composite = "epsilonPlus", layerRules = {}, maxPool = "winner" } = options;
  for (const name of [rule, ...Object.values(layerRules)]) {
    if (name !== undefined && !lrpRules.includes(name)) {
      throw new ArgumentError(`lrp: rule is "${String(name)}"; expected one of ${lrpRules.join(", ")}`);
    }
  }
  if (!Object.hasOwn(composites, composite)) {
    throw new ArgumentError(`lrp: composite is "${String(composite)}"; expected one of ${Object.keys(composites).join(", ")}`);
  }
  if (!maxPoolRules.includes(maxPool)) {
    throw new ArgumentError(`lrp: maxPool is "${String(maxPool)}"; expected ${maxPoolRules.join(" or ")}`);
  }
  // Where LRP-0 is asked for, nothing else is to be stabilised either.
  const { epsilon = rule === "zero" ? 0 : 1e-6, gamma = 0.25, alpha = 2 } = options;
  if (!(epsilon >= 0 && gamma >= 0 && alpha >= 1)) {
    throw new ArgumentError(`lrp: epsilon ${epsilon}, gamma ${gamma} and alpha ${alpha}; expected at least 0, 0 and 1`);
  }
  const bounds = options.bounds ?? boundsOf(model, tasks.map((t) => t.image)); // biome-ignore format: one thought
  return { rule, composite, layerRules, maxPool, epsilon, gamma, alpha, bounds };
}

/** The rule of every layer with weights. Throws `ArgumentError` for layers that are not there. */
function chooser({ rule, composite, layerRules }: LrpSettings): (y: Value, x: Value) => (value: Value) => LrpRule {
  const places = composites[composite];
  return (y, x) => {
    const depends = dependents(y, x);
    const layers = [...depends].filter((value) => isWeighted(value, depends));
    const labels = layers.map(({ label }) => label);
    for (const name of Object.keys(layerRules)) {
      if (!labels.includes(name)) {
        throw new ArgumentError(`lrp: there is a rule for "${name}", but the layers with weights are ${labels.join(", ")}`);
      }
    }
    const first = new Set(layers.filter((layer) => !layers.some((other) => other !== layer && dependsOn(layer, other))));
    return (value) => {
      const own = layerRules[value.label ?? ""] ?? rule;
      if (own !== undefined) return own;
      if (first.has(value)) return places.first;
      return value.op.name === "linear" || value.op.name === "matmul" ? places.dense : places.conv;
    };
  };
}

function dependsOn(value: Value, other: Value): boolean {
  return dependents(value, other).has(value);
}

function ruleSettings({ bounds: [low, high], ...numbers }: LrpNumbers, pixels: Value): RuleSettings {
  const filled = (limits: readonly number[] | number): Value => {
    const list = typeof limits === "number" ? [limits] : limits;
    const data = pixels.dtype === "float64" ? Float64Array.from(list) : Float32Array.from(list);
    return broadcastTo(constant(new Tensor(data, [list.length, ...pixels.shape.slice(2).map(() => 1)])), pixels.shape);
  };
  const limits = [filled(low), filled(high)];
  // The first layer may see the pixels flattened or padded: so are the bounds.
  return { ...numbers, bounds: (x) => limits.map((limit) => substitute([x], new Map([[pixels, limit]]))[0]) };
}

/** What pixels can be: black and white after preprocessing, or the smallest and largest that were seen. */
function boundsOf({ preprocessing }: Model, pictures: readonly Tensor[]): readonly [readonly number[], readonly number[]] {
  if (preprocessing !== undefined) {
    const { mean, deviation } = preprocessing;
    return [mean.map((m, c) => -m / deviation[c]), mean.map((m, c) => (1 - m) / deviation[c])];
  }
  const ranges = pictures.map(({ data }) => rangeOfValues(data));
  return [[Math.min(...ranges.map((r) => r.low))], [Math.max(...ranges.map((r) => r.high))]];
}
