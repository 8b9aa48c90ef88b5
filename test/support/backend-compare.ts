// Compares a backend's float32 results with the reference loops run in double precision on the same numbers.
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { createGraph, type Graph } from "../../src/graph/graph.ts";
import type { Op, OpCase } from "../../src/graph/op.ts";
import type { Results } from "../../src/graph/program.ts";
import { input } from "../../src/graph/record.ts";
import { topological, type Value } from "../../src/graph/value.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { caseBuild, caseOperands } from "./cases.ts";

export interface ComparableCase {
  readonly graph: Graph;
  readonly feeds: Record<string, Tensor>;
  readonly expected: Results;
}

const isFloat = (v: Value): boolean => v.dtype === "float32" || v.dtype === "float64";

/** The case's value and, where it has one, its gradient for a random seed, as one graph; expectations in float64. */
export function comparableCase(op: Op, opCase: OpCase): ComparableCase {
  const build = (float: "float32" | "float64"): { outputs: Record<string, Value>; feeds: Map<Value, Tensor> } => {
    const operands = caseOperands(op, opCase, float);
    const inputs = operands.map((t, i) => input(`x${i}`, t.shape, t.dtype));
    const feeds = new Map(inputs.map((v, i) => [v, operands[i]]));
    const y = caseBuild(op, opCase)(inputs);
    const outputs: Record<string, Value> = { y };
    const wrt = inputs.filter(isFloat);
    if (opCase.gradient !== false && isFloat(y) && wrt.length > 0) {
      const seed = input("seed", y.shape, y.dtype);
      feeds.set(seed, randomNormal(y.shape, random(5)).cast(y.dtype));
      gradient(y, wrt, { seed }).forEach((g, i) => {
        outputs[`gradient ${i}`] = g;
      });
    }
    return { outputs, feeds };
  };
  const exact = build("float64");
  const names = Object.keys(exact.outputs);
  const values = evaluateValues(Object.values(exact.outputs), exact.feeds);
  const single = build("float32");
  const reached = new Set(topological(Object.values(single.outputs)));
  const feeds = [...single.feeds].filter(([v]) => reached.has(v)).map(([v, t]) => [v.attrs.name as string, t] as const);
  return {
    graph: createGraph({ outputs: single.outputs }),
    feeds: Object.fromEntries(feeds),
    expected: Object.fromEntries(names.map((name, i) => [name, values[i]])),
  };
}

/** The largest deviation relative to the tensor's largest magnitude (at least 1); NaN and infinities must agree exactly. */
export function deviation(actual: Tensor, expected: Tensor): number {
  let largest = 1;
  for (const x of expected.data) if (Number.isFinite(x)) largest = Math.max(largest, Math.abs(x));
  let worst = 0;
  for (let i = 0; i < expected.size; i++) {
    const a = actual.data[i];
    const b = Math.fround(expected.data[i]);
    if (Object.is(a, b) || a === b) continue;
    const difference = Math.abs(a - b) / largest;
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return worst;
}
