// Which rule makes the kernel of a value. Elementwise ops share one rule, whatever they are called; all others are found by name.

import type { Value } from "../../../graph/value.ts";
import { expressionOf } from "../../../ops/elementwise.ts";
import type { Expression } from "../../../ops/expression.ts";
import * as e from "../../../ops/expression-build.ts";
import type { KernelRule } from "../kernel.ts";
import { argMaxRules } from "./arg-max.ts";
import { axisTapRules } from "./axis-taps.ts";
import { convRules } from "./conv.ts";
import { canEmitElementwise, elementwiseKernel } from "./elementwise.ts";
import { indexingRules } from "./indexing.ts";
import { matmulRules } from "./matmul.ts";
import { mixRules } from "./mix.ts";
import { planarDepthwiseRule } from "./planar-depthwise.ts";
import { planarPointwiseRule } from "./planar-pointwise.ts";
import { poolRules } from "./pool.ts";
import { randomRules } from "./random.ts";
import { reduceRules } from "./reduce.ts";
import { roiRules } from "./roi.ts";

const ruleLists: readonly (readonly KernelRule[])[] = [
  reduceRules,
  randomRules,
  axisTapRules,
  argMaxRules,
  indexingRules,
  mixRules,
  roiRules,
  convRules,
  matmulRules,
  poolRules,
];

const rules: ReadonlyMap<string, KernelRule> = new Map(ruleLists.flat().map((rule) => [rule.op, rule]));

/** The value as an expression over its inputs, casts included; undefined when it is not elementwise. */
export function elementwiseExpression(value: Value): Expression | undefined {
  return value.op.name === "cast" ? e.operand(0) : expressionOf(value);
}

const elementwiseRule: KernelRule = {
  op: "map",
  wishes(value) {
    const expression = elementwiseExpression(value);
    if (expression === undefined) return undefined;
    const dtypes = value.inputs.map((v) => v.dtype);
    return canEmitElementwise(expression, dtypes, value.dtype)
      ? { operands: value.inputs.map(() => "any" as const), result: "any" }
      : undefined;
  },
  generate: (site) =>
    elementwiseKernel({
      name: site.value.op.name,
      expression: elementwiseExpression(site.value) as Expression,
      operands: site.operands,
      result: site.result,
      tier: site.tier,
    }),
};

/** Asked several times per value, by passes and by lowering; some rules have to plan before they can answer. */
const found = new WeakMap<Value, KernelRule | null>();

/** The rule that has a kernel for this value. */
export function findRule(value: Value): KernelRule | undefined {
  const known = found.get(value);
  if (known !== undefined) return known ?? undefined;
  const rule = elementwiseExpression(value) === undefined ? rules.get(value.op.name) : elementwiseRule;
  const able = rule?.wishes(value) === undefined ? undefined : rule;
  found.set(value, able ?? null);
  return able;
}

const planarRules: readonly KernelRule[] = [planarPointwiseRule, planarDepthwiseRule];

/** The rule that computes this value on row-major images; lowering decides where that pays. */
export function findPlanarRule(value: Value): KernelRule | undefined {
  return planarRules.find((rule) => rule.op === value.op.name && rule.wishes(value) !== undefined);
}
