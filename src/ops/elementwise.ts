// Elementwise ops: a table of attributes and one expression. Broadcasting, reference loops and gradients are the same for all of them.
import type { AttrSpecs, AttrsOf } from "../graph/attrs.ts";
import { custom } from "../graph/attrs.ts";
import {
  type Attrs,
  defineOp,
  type Field,
  type GradRule,
  type Ins,
  type Op,
  type OpCase,
  pointwise,
  unknownField,
  wholeInput,
} from "../graph/op.ts";
import { apply, fill, fillOp, type Operand, record } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ArgumentError, DTypeError, ShapeError } from "../tensor/errors.ts";
import { broadcastShapes, type Shape, sameShape } from "../tensor/shape.ts";
import { type DType, full, Tensor } from "../tensor/tensor.ts";
import { broadcastTo, broadcastToOp, sumTo } from "./broadcast.ts";
import { broadcastReader } from "./broadcast-read.ts";
import { type Expression, operandsOf, showExpression, substituteOperands } from "./expression.ts";
import * as e from "./expression-build.ts";
import { differentiate } from "./expression-derivative.ts";
import { evaluateExpression } from "./expression-evaluate.ts";

export interface ElementwiseSpec<S extends AttrSpecs> {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly attrs?: S;
  /** The op as an expression over its operands, in order. */
  expression(operands: readonly Expression[], attrs: AttrsOf<S>): Expression;
  /**
   * For ops of one operand: the derivative in terms of the result instead of the operand, where that is possible. The backward pass
   * then keeps y and not x, which lets the op be fused into whatever made x. `undefined` for attributes that do not allow it.
   */
  derivativeFromResult?(y: Expression, attrs: AttrsOf<S>): Expression | undefined;
  readonly doc: { readonly text: string; readonly cites?: readonly string[]; readonly example?: string };
  readonly cases?: readonly OpCase[];
}

type Build = (attrs: Attrs) => Expression;
const builders = new WeakMap<Op, Build>();

/** The expression of an elementwise value over its inputs, in order; undefined when its op is not elementwise. */
export function expressionOf(value: Value): Expression | undefined {
  return builders.get(value.op)?.(value.attrs);
}

/** Defines an op that treats every element alike. Operands broadcast as in numpy and have one element type. */
export function defineElementwise<S extends AttrSpecs = Record<string, never>>(spec: ElementwiseSpec<S>): Op {
  const operands = spec.inputs.map((_, i) => e.operand(i));
  const build: Build = (attrs) => spec.expression(operands, attrs as AttrsOf<S>);
  const rule =
    (index: number): GradRule<AttrsOf<S>> =>
    (g, ins, attrs, y) => {
      const short = spec.derivativeFromResult?.(e.operand(0), attrs);
      return short === undefined
        ? operandGradient(build(attrs as Attrs), index, g, ins.all)
        : mapTo(g.shape, scaled(e.operand(1), short), [y, g]);
    };
  const op = defineOp<S>({
    name: spec.name,
    inputs: spec.inputs,
    ...(spec.attrs && { attrs: spec.attrs }),
    shape: (ins, _, where) => broadcastShapes(ins.all, where),
    dtype: (ins) => commonDType(ins, spec.name),
    field: (ins, _, out) => ins.all.map((shape) => elementwiseField(shape, out)),
    reference: (ins, out, attrs) => evaluateElementwise(build(attrs as Attrs), ins, out),
    grad: Object.fromEntries(spec.inputs.map((name, i) => [name.replace("?", ""), rule(i)])),
    doc: spec.doc,
    ...(spec.cases && { cases: spec.cases }),
  });
  builders.set(op, build);
  return op;
}

/** d(y · g)/d(operand `index`) of an elementwise y. */
function operandGradient(expression: Expression, index: number, g: Value, operands: readonly Value[]): Value {
  const derivative = differentiate(expression, index);
  const { shape } = operands[index];
  if (e.isNumber(derivative, 0)) return fill(shape, 0, g.dtype);
  return sumTo(mapTo(g.shape, scaled(e.operand(operands.length), derivative), [...operands, g]), shape);
}

/** g · derivative. Where the derivative is chosen to be 0, so is the product, even for an infinite g; and a choice is cheaper than a factor. */
function scaled(g: Expression, derivative: Expression): Expression {
  if (e.isNumber(derivative, 0)) return derivative;
  const isChoice = derivative.kind === "select" && (derivative.a.kind === "number" || derivative.b.kind === "number");
  return isChoice ? e.select(derivative.condition, scaled(g, derivative.a), scaled(g, derivative.b)) : e.mul(g, derivative);
}

function commonDType(ins: Ins<DType>, where: string): DType {
  const [first] = ins.all;
  if (ins.all.some((d) => d !== first)) {
    throw new DTypeError(`${where}: operands have dtypes ${ins.all.join(" and ")}; they must be the same, use cast()`);
  }
  return first;
}

function elementwiseField(shape: Shape, out: Shape): Field {
  const spatial = out.slice(2);
  const own = [...new Array<number>(Math.max(0, out.length - shape.length)).fill(1), ...shape].slice(2);
  if (sameShape(own, spatial)) return pointwise;
  return own.every((n) => n === 1) ? wholeInput : unknownField;
}

function evaluateElementwise(expression: Expression, ins: Ins<Tensor>, out: Tensor): void {
  const readers = ins.all.map((operand) => broadcastReader(operand, out.shape));
  evaluateExpression(
    expression,
    out.size,
    (index, start, count, into) => readers[index](start, count, into),
    (start, block) => out.data.set(block, start),
  );
}

const expressionAttr = custom((given, { where }) => {
  if (typeof given !== "object" || given === null || !("kind" in given)) throw new ArgumentError(`${where}: expected an Expression`);
  return given as Expression;
}, "an expression over the operands");

export const mapOp: Op = defineOp({
  name: "map",
  inputs: ["...xs"],
  attrs: { expression: expressionAttr },
  shape(ins, { expression }, where) {
    const used = operandsOf(expression);
    if ((used.at(-1) ?? -1) >= ins.all.length) {
      throw new ShapeError(
        `${where}: ${showExpression(expression)} needs ${(used.at(-1) ?? 0) + 1} operands, but ${ins.all.length} are given`,
      );
    }
    return broadcastShapes(ins.all, where);
  },
  dtype: (ins) => commonDType(ins, "map"),
  field: (ins, _, out) => ins.all.map((shape) => elementwiseField(shape, out)),
  reference: (ins, out, { expression }) => evaluateElementwise(expression, ins, out),
  grad: { all: (g, ins, { expression }) => ins.all.map((_, i) => operandGradient(expression, i, g, ins.all)) },
  doc: {
    text: "Any elementwise function, given as an expression tree. What gradients of elementwise ops are made of, and what chains of them fuse into.",
  },
  cases: [
    {
      title: "product with a broadcast scale",
      inputs: [
        [2, 3, 4, 5],
        [1, 3, 1, 1],
      ],
      attrs: { expression: e.mul(e.operand(0), e.tanh(e.operand(1))) },
    },
    {
      title: "three operands, a repeated subexpression",
      inputs: [[7], [7], [1]],
      attrs: { expression: e.select(e.gt(e.operand(0), 0), e.mul(e.sigmoid(e.operand(1)), e.operand(2)), e.sigmoid(e.operand(1))) },
    },
  ],
});
builders.set(mapOp, (attrs) => attrs.expression as Expression);

/** Applies `expression` to every element of `operands`, which broadcast as in numpy. Throws `ShapeError` when an operand is missing. */
export function map<T extends Operand>(expression: Expression, operands: readonly T[]): T {
  return apply(mapOp, operands, { expression });
}

/**
 * `map` for building graphs: operands that are repeated constants become numbers, unused and repeated ones are dropped, stretched ones
 * are read unstretched, and nothing is recorded where nothing is to be done. The result has exactly the given shape.
 */
export function mapTo(shape: Shape, expression: Expression, operands: readonly Value[]): Value {
  const sources = operands.map((v) => (v.op === broadcastToOp ? v.inputs[0] : v));
  const folded = substituteOperands(expression, (i) => {
    const { op, attrs } = sources[i];
    return op === fillOp ? e.number(attrs.value as number) : e.operand(sources.indexOf(sources[i]));
  });
  if (folded.kind === "number") return fill(shape, folded.value, operands[0].dtype);
  const used = operandsOf(folded);
  const kept = used.map((i) => sources[i]);
  const renumbered = substituteOperands(folded, (i) => e.operand(used.indexOf(i)));
  const result = renumbered.kind === "operand" ? kept[0] : record(mapOp, kept, { expression: renumbered });
  return broadcastTo(result, shape);
}

/** A number among operands becomes a scalar of the others' element type. */
export function liftNumber<T extends Operand>(given: T | number, like: T | number, where: string): T {
  if (typeof given !== "number") return given;
  if (typeof like === "number")
    throw new ArgumentError(`${where}: both operands are numbers; at least one must be a Tensor or a graph Value`);
  return (like instanceof Tensor ? full([], given, like.dtype) : fill([], given, (like as Value).dtype)) as T;
}
