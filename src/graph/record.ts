// Applying an op: on values it records a node, on tensors it computes at once. The same function serves both.
import { ArgumentError } from "../tensor/errors.ts";
import { checkShape, type Shape } from "../tensor/shape.ts";
import { type DType, Tensor } from "../tensor/tensor.ts";
import { custom, integers } from "./attrs.ts";
import { checkArity, defineOp, named, type Op } from "./op.ts";
import { Value } from "./value.ts";

export type Operand = Tensor | Value;

/** Computes one op on concrete tensors. A backend may install a faster one; the default runs the reference loops. */
export type Evaluator = (op: Op, inputs: readonly Tensor[], options: object) => Tensor;

let evaluator: Evaluator | undefined;
/** From now on eager calls are computed by `replacement`; the last one installed wins. */
export function installEvaluator(replacement: Evaluator): void {
  evaluator = replacement;
}

const scopes: string[] = [];
/** Runs `build` with `name` in front of every error message, so that "features.3" appears where the user needs it. */
export function inScope<T>(name: string, build: () => T): T {
  scopes.push(name);
  try {
    return build();
  } finally {
    scopes.pop();
  }
}

/** How messages name an op that is being applied: `conv "features.3"`. */
export function whereIs(op: Op): string {
  const scope = scopes.filter((s) => s !== "").at(-1);
  return scope === undefined ? op.name : `${op.name} "${scope}"`;
}

/** Records a node. `options` are what the user wrote; they are parsed, defaulted and checked here. */
export function record(op: Op, inputs: readonly Value[], options: object = {}): Value {
  const where = whereIs(op);
  checkArity(op, inputs.length, where);
  const shapes = named(
    op,
    inputs.map((v) => v.shape),
  );
  const attrs = op.parse(options, shapes, where);
  const shape = op.shape(shapes, attrs, where);
  checkShape(shape, where);
  return new Value(
    op,
    inputs,
    attrs,
    shape,
    op.dtype(
      named(
        op,
        inputs.map((v) => v.dtype),
      ),
      attrs,
    ),
  );
}

/** Applies `op` to tensors (computes), to values (records), or to a mixture (tensors become constants). */
export function apply<T extends Operand>(op: Op, operands: readonly (T | undefined)[], options: object = {}): T {
  const present = operands.filter((o): o is T => o !== undefined);
  for (const o of present) {
    if (!(o instanceof Tensor) && !(o instanceof Value)) {
      throw new ArgumentError(`${whereIs(op)}: an operand is ${o === null ? "null" : typeof o}; expected a Tensor or a graph Value`);
    }
  }
  if (present.length > 0 && present.every((o) => o instanceof Tensor)) {
    if (evaluator === undefined) throw new ArgumentError(`${op.name}: no evaluator is installed; import fovea's ops through their index`);
    return evaluator(op, present as readonly Tensor[], options) as T;
  }
  return record(
    op,
    present.map((o) => (o instanceof Tensor ? constant(o) : (o as Value))),
    options,
  ) as T;
}

const tensorAttr = custom((given, { where }) => {
  if (!(given instanceof Tensor)) throw new ArgumentError(`${where}: expected a Tensor`);
  return given;
}, "the values");
const nameAttr = custom((given, { where }) => {
  if (typeof given !== "string" || given === "") throw new ArgumentError(`${where}: expected a non-empty string`);
  return given;
}, "a unique name");
/** Any number at all: folding arithmetic on repeated numbers may well give NaN or an infinity. */
const numberAttr = custom((given, { where }) => {
  if (typeof given !== "number") throw new ArgumentError(`${where}: expected a number`);
  return given;
}, "the repeated number");
const dtypeAttr = custom((given) => (given ?? "float32") as DType, "element type");

export const inputOp: Op = defineOp({
  name: "input",
  inputs: [],
  attrs: { name: nameAttr, shape: integers(), dtype: dtypeAttr },
  shape: (_, a) => a.shape,
  dtype: (_, a) => a.dtype,
  doc: { text: "A tensor that is fed at every run." },
});

export const constantOp: Op = defineOp({
  name: "constant",
  inputs: [],
  attrs: { value: tensorAttr },
  shape: (_, a) => a.value.shape,
  dtype: (_, a) => a.value.dtype,
  reference: (_, out, a) => out.data.set(a.value.data),
  doc: { text: "A tensor that is part of the graph." },
});

export const variableOp: Op = defineOp({
  name: "variable",
  inputs: [],
  attrs: { name: nameAttr, initial: tensorAttr },
  shape: (_, a) => a.initial.shape,
  dtype: (_, a) => a.initial.dtype,
  doc: { text: "State that lives in the program and that the graph itself may update: parameters, moments, running statistics." },
});

export const fillOp: Op = defineOp({
  name: "fill",
  inputs: [],
  attrs: { shape: integers(), value: numberAttr, dtype: dtypeAttr },
  shape: (_, a) => a.shape,
  dtype: (_, a) => a.dtype,
  reference: (_, out, a) => void out.data.fill(a.value),
  doc: { text: "A tensor of one repeated number." },
});

/** A tensor fed at every run under `name`. */
export function input(name: string, shape: Shape, dtype: DType = "float32"): Value {
  const value = record(inputOp, [], { name, shape, dtype });
  value.label = name;
  return value;
}

/** A tensor as part of a graph; compilers may fold it. It is not copied. */
export function constant(value: Tensor): Value {
  return record(constantOp, [], { value });
}

/** State with an initial value. Names are unique within a graph. */
export function variable(name: string, initial: Tensor): Value {
  const value = record(variableOp, [], { name, initial });
  value.label = name;
  return value;
}

/** A value of one repeated number (default float32), which takes no memory until it is needed. */
export function fill(shape: Shape, value: number, dtype: DType = "float32"): Value {
  return record(fillOp, [], { shape, value, dtype });
}
