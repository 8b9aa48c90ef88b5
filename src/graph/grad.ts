// Reverse-mode differentiation as graph -> graph: the gradient is made of ordinary values, so it can be fused, compiled, tapped and
// differentiated again. Rules can be replaced for the length of one call; guided backpropagation and its kin need nothing else.
import { ArgumentError, GraphError, ShapeError } from "../tensor/errors.ts";
import { expectList } from "../tensor/expect.ts";
import { checkOptionNames, checkOptions, proposal } from "../tensor/options.ts";
import { sameShape, showShape } from "../tensor/shape.ts";
import { findOp, type GradRule, type GradRules, named, type Op, operandName, registeredOps } from "./op.ts";
import { fill, record } from "./record.ts";
import { expectValue, showValue, topological, Value } from "./value.ts";

export interface GradientOptions {
  /** The gradient that arrives at `y` (default: ones of its shape). */
  readonly seed?: Value;
  /** Replacement rules by op name; a function replaces the rule of the op's first operand. */
  readonly rules?: Readonly<Record<string, GradRule | GradRules>>;
}

const isDifferentiable = (v: Value): boolean => v.dtype === "float32" || v.dtype === "float64";

/**
 * d(sum of y · seed) / d(each of `wrt`), as new values of the same shapes. Values that y does not depend on get zeros.
 * Throws `GraphError` for values that are not floats or have no rule, `ShapeError` for a seed of another shape, `ArgumentError` for options
 * or ops that do not exist.
 */
export function gradient(y: Value, wrt: readonly Value[], options: GradientOptions = {}): Value[] {
  checkOptions("gradient", options, ["seed", "rules"]);
  const { seed, rules = {} } = options;
  expectValue("gradient", "y", y);
  expectList("gradient", "wrt", wrt, "graph Values");
  for (const value of wrt) expectValue("gradient", "an entry of wrt", value);
  if (seed !== undefined) expectValue("gradient", "the seed", seed);
  checkRules(rules);
  if (!isDifferentiable(y)) throw new GraphError(`gradient: ${showValue(y)} has dtype ${y.dtype}; only float values have gradients`);
  if (seed !== undefined && !sameShape(seed.shape, y.shape)) {
    throw new ShapeError(`gradient: the seed has shape ${showShape(seed.shape)}, but ${showValue(y)} has ${showShape(y.shape)}`);
  }
  const order = topological([y]);
  const relevant = dependents(order, new Set(wrt));
  const arrived = new Map<Value, Value>([[y, seed ?? fill(y.shape, 1, y.dtype)]]);
  for (let i = order.length - 1; i >= 0; i--) {
    const value = order[i];
    const g = arrived.get(value);
    if (g === undefined || !relevant.has(value) || value.inputs.length === 0) continue;
    const grads = inputGradients(
      value,
      g,
      value.inputs.map((v) => relevant.has(v) && isDifferentiable(v)),
      rules,
    );
    value.inputs.forEach((operand, k) => {
      const contribution = grads[k];
      if (contribution === undefined) return;
      if (!sameShape(contribution.shape, operand.shape)) {
        throw new ShapeError(
          `gradient of ${showValue(value)}: the rule for ${operandName(value.op, k)} gave ${showShape(contribution.shape)}, but the operand has ${showShape(operand.shape)}`,
        );
      }
      const before = arrived.get(operand);
      arrived.set(operand, before === undefined ? contribution : record(requireOp("add"), [before, contribution]));
    });
  }
  return wrt.map((v) => arrived.get(v) ?? fill(v.shape, 0, v.dtype));
}

/** A rule under a name that no op has would silently give the plain gradient. */
function checkRules(rules: NonNullable<GradientOptions["rules"]>): void {
  for (const [name, rule] of Object.entries(rules)) {
    const op = findOp(name);
    if (op === undefined) {
      const known = registeredOps().map((o) => o.name);
      throw new ArgumentError(
        `gradient: there is a rule for "${name}", but no op has that name${proposal(name, known)}; ops are called ${known.slice(0, 12).join(", ")}, ... (registeredOps() has all)`,
      );
    }
    if (typeof rule === "function") continue;
    checkOptionNames(`gradient: the rules of "${name}"`, rule, ["all", ...op.inputs.map((_, i) => operandName(op, i))]);
  }
}

/** The members of `order` that depend on (or are) one of `sources`. */
function dependents(order: readonly Value[], sources: ReadonlySet<Value>): Set<Value> {
  const found = new Set<Value>();
  for (const value of order) if (sources.has(value) || value.inputs.some((v) => found.has(v))) found.add(value);
  return found;
}

function requireOp(name: string): Op {
  const op = findOp(name);
  if (op === undefined) throw new GraphError(`the op "${name}" is not loaded; import fovea's ops through their index`);
  return op;
}

function inputGradients(
  value: Value,
  g: Value,
  wanted: readonly boolean[],
  overrides: NonNullable<GradientOptions["rules"]>,
): (Value | undefined)[] {
  const { op, attrs } = value;
  const ins = named(op, value.inputs);
  const override = overrides[op.name];
  const own = typeof override === "function" ? { [operandName(op, 0)]: override } : override;
  const rules: GradRules | undefined = own === undefined ? op.grad : op.grad === undefined ? own : ({ ...op.grad, ...own } as GradRules);
  if (rules === undefined) {
    if (op.decompose === undefined) throw new GraphError(`gradient: ${showValue(value)} has no gradient rule`);
    return throughDecomposition(value, g, wanted, overrides);
  }
  if (typeof rules.all === "function") {
    const grads = (rules.all as (g: Value, i: typeof ins, a: typeof attrs, y: Value) => readonly Value[])(g, ins, attrs, value);
    return value.inputs.map((_, k) => (wanted[k] ? grads[k] : undefined));
  }
  return value.inputs.map((_, k) => {
    if (!wanted[k]) return undefined;
    const rule = (rules as Readonly<Record<string, GradRule | null>>)[operandName(op, k)];
    if (rule === undefined) throw new GraphError(`gradient: ${showValue(value)} has no rule for its operand ${operandName(op, k)}`);
    return rule === null ? undefined : rule(g, ins, attrs, value);
  });
}

/** Differentiates an op without rules of its own through what it decomposes into, using stand-ins for its operands. */
function throughDecomposition(
  value: Value,
  g: Value,
  wanted: readonly boolean[],
  rules: NonNullable<GradientOptions["rules"]>,
): (Value | undefined)[] {
  const { op, attrs } = value;
  // Fresh values as operands keep the walk from running past this op into the rest of the graph.
  const standIns = value.inputs.map((v) => new Value(standInOp, [], {}, v.shape, v.dtype));
  const body = (op.decompose as NonNullable<Op["decompose"]>)(named(op, standIns), attrs);
  const sources = standIns.filter((_, k) => wanted[k]);
  const grads = gradient(body, sources, { seed: g, rules });
  const back = new Map(standIns.map((s, k) => [s, value.inputs[k]]));
  const rebuilt = new Map<Value, Value>();
  for (const v of topological(grads)) {
    const inputs = v.inputs.map((i) => rebuilt.get(i) ?? i);
    rebuilt.set(v, back.get(v) ?? (inputs.every((x, i) => x === v.inputs[i]) ? v : new Value(v.op, inputs, v.attrs, v.shape, v.dtype)));
  }
  let next = 0;
  return wanted.map((w) => (w ? rebuilt.get(grads[next++]) : undefined));
}

const standInOp: Op = {
  name: "stand-in",
  inputs: [],
  attrs: {},
  parse: () => ({}),
  shape: () => [],
  dtype: () => "float32",
  cost: () => ({ macs: 0 }),
  field: () => [],
  grad: undefined,
  doc: { text: "Stands for an operand while a decomposition is differentiated." },
  cases: [],
};
