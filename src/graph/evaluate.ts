// Runs values with the ops' own reference loops: slow, obvious, and the oracle of every test. Float64 in, float64 out.
import { GraphError, UnsupportedOpError } from "../tensor/errors.ts";
import { sizeOf } from "../tensor/shape.ts";
import { allocate, Tensor } from "../tensor/tensor.ts";
import { named, type Op } from "./op.ts";
import { constantOp, record } from "./record.ts";
import { showValue, topological, Value } from "./value.ts";

/** Computes `roots`; `known` gives inputs and variables (and may give anything else, which is then not computed). */
export function evaluateValues(roots: readonly Value[], known: ReadonlyMap<Value, Tensor>): Tensor[] {
  const results = new Map<Value, Tensor>(known);
  for (const value of topological(roots)) {
    if (!results.has(value))
      results.set(
        value,
        evaluateNode(
          value,
          value.inputs.map((v) => results.get(v) as Tensor),
        ),
      );
  }
  return roots.map((v) => results.get(v) as Tensor);
}

/** One node, its operands known. */
export function evaluateNode(value: Value, operands: readonly Tensor[]): Tensor {
  const { op, attrs } = value;
  if (op === constantOp) return attrs.value as Tensor;
  if (op.reference !== undefined) {
    const out = new Tensor(allocate(value.dtype, sizeOf(value.shape)), value.shape);
    op.reference(named(op, operands), out, attrs);
    return out;
  }
  if (op.decompose === undefined) {
    if (op.inputs.length === 0) throw new GraphError(`${showValue(value)} has no value: it was neither fed nor stored`);
    throw new UnsupportedOpError(`${showValue(value)}: the op has neither reference loops nor a decomposition`);
  }
  const stands = operands.map((t) => new Value(constantOp, [], { value: t }, t.shape, t.dtype));
  const body = op.decompose(named(op, stands), attrs);
  return evaluateValues([body], new Map(stands.map((s, i) => [s, operands[i]])))[0];
}

/** The default evaluator of eager calls. */
export function evaluateOp(op: Op, inputs: readonly Tensor[], options: object): Tensor {
  const stands = inputs.map((t) => new Value(constantOp, [], { value: t }, t.shape, t.dtype));
  return evaluateNode(record(op, stands, options), inputs);
}
