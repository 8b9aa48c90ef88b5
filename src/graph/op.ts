// An op is one object: what it is called, what it takes, what comes out, what it costs, how it is differentiated, and either
// readable reference loops or a decomposition into simpler ops. Everything else in fovea is read off these objects.
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import type { DType, Tensor } from "../tensor/tensor.ts";
import { type AttrSpecs, type AttrsOf, parseAttrs } from "./attrs.ts";
import type { Value } from "./value.ts";

export type Attrs = Readonly<Record<string, unknown>>;

/** An op's operands by name (`ins.x`), and in order (`ins.all`; the only way for variadic ops). Absent optional ones are undefined. */
export type Ins<T> = Readonly<Record<string, T>> & { readonly all: readonly T[] };

/** What one operand contributes to the receptive field of the output, per spatial axis (axes 2 and up of NC... tensors). */
export type Field =
  /** output position o reads inputs o·stride - before + 0 .. o·stride - before + size - 1 (`size` is the dilated extent). `bound` says that
   * this is only a bound because what is read within it depends on o, as behind a stretched input, where the stride is a fraction.
   * `dilation` (default 1, every position) tells which of them exactly: the whole numbers among o·stride - before + j·dilation. */
  | {
      readonly kind: "window";
      readonly axes: readonly { readonly size: number; readonly stride: number; readonly before: number; readonly dilation?: number }[];
      readonly bound?: boolean;
    }
  /** output position o reads input position o alone */
  | { readonly kind: "pointwise" }
  /** every output position reads the whole input */
  | { readonly kind: "whole" }
  /** which input positions are read depends on values: indices, offsets, sampling grids */
  | { readonly kind: "data" }
  /** has no simple description (the default) */
  | { readonly kind: "unknown" };

export const pointwise: Field = { kind: "pointwise" };
export const wholeInput: Field = { kind: "whole" };
export const dataField: Field = { kind: "data" };
export const unknownField: Field = { kind: "unknown" };

export interface Cost {
  /** Multiply-adds of convolution and dense weights; other ops count 0 (that is what papers print). */
  readonly macs: number;
}

/** gradient of the output -> gradient of one operand. Both live in the graph, so rules can be differentiated again. */
export type GradRule<A = Attrs> = (g: Value, ins: Ins<Value>, attrs: A, y: Value) => Value;
/** Rules by operand name; `null` says "not differentiable in this operand". Variadic ops give `all`, a list. */
export type GradRules<A = Attrs> =
  | Readonly<Record<string, GradRule<A> | null>>
  | { readonly all: (g: Value, ins: Ins<Value>, attrs: A, y: Value) => readonly Value[] };

/** How a case's operand is filled: smooth random numbers, positive ones, well-separated ones (for max), or integers below n. */
export type CaseFill = "normal" | "positive" | "distinct" | { readonly integers: number } | { readonly values: readonly number[] };
export interface CaseOperand {
  readonly shape: Shape;
  readonly dtype?: DType;
  readonly fill?: CaseFill;
}
/** A configuration worth testing on every backend; also drives benches and the reference page. */
export interface OpCase {
  readonly title?: string;
  readonly inputs: readonly (Shape | CaseOperand)[];
  readonly attrs?: Readonly<Record<string, unknown>>;
  /** Set to false, with a reason in the title, where finite differences make no sense. */
  readonly gradient?: boolean;
}

export interface OpSpec<S extends AttrSpecs> {
  readonly name: string;
  /** Operand names; "bias?" is optional (only at the end), "...xs" takes any number. */
  readonly inputs: readonly string[];
  readonly attrs?: S;
  /** Number of spatial axes, when attributes are given per axis. */
  spatialRank?(ins: Ins<Shape>): number;
  /** The output's shape; throws `ShapeError` with the arithmetic spelled out. `where` starts every message. */
  shape(ins: Ins<Shape>, attrs: AttrsOf<S>, where: string): Shape;
  /** The output's element type (default: that of the first operand). */
  dtype?(ins: Ins<DType>, attrs: AttrsOf<S>): DType;
  cost?(ins: Ins<Shape>, attrs: AttrsOf<S>, out: Shape): Cost;
  /** Default for every operand: unknown. */
  field?(ins: Ins<Shape>, attrs: AttrsOf<S>, out: Shape): Readonly<Record<string, Field>> | readonly Field[];
  /** Absent for ops that decompose (then derived from the decomposition) and for sources. */
  readonly grad?: GradRules<AttrsOf<S>>;
  /** Readable loops: the specification. `out` is zero-filled. Works in whatever float type the tensors have. */
  reference?(ins: Ins<Tensor>, out: Tensor, attrs: AttrsOf<S>): void;
  /** The op in terms of simpler ones; must give the same shape. */
  decompose?(ins: Ins<Value>, attrs: AttrsOf<S>): Value;
  readonly doc: { readonly text: string; readonly cites?: readonly string[]; readonly example?: string };
  readonly cases?: readonly OpCase[];
}

/** An op with its attribute types erased: what graphs hold. */
export interface Op {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly attrs: AttrSpecs;
  parse(given: object, ins: Ins<Shape>, where: string): Attrs;
  shape(ins: Ins<Shape>, attrs: Attrs, where: string): Shape;
  dtype(ins: Ins<DType>, attrs: Attrs): DType;
  cost(ins: Ins<Shape>, attrs: Attrs, out: Shape): Cost;
  field(ins: Ins<Shape>, attrs: Attrs, out: Shape): readonly Field[];
  readonly grad: GradRules | undefined;
  reference?(ins: Ins<Tensor>, out: Tensor, attrs: Attrs): void;
  decompose?(ins: Ins<Value>, attrs: Attrs): Value;
  readonly doc: { readonly text: string; readonly cites?: readonly string[]; readonly example?: string };
  readonly cases: readonly OpCase[];
}

const registry = new Map<string, Op>();

/** Every op whose module is loaded, by name. */
export function registeredOps(): readonly Op[] {
  return [...registry.values()];
}

/** The op of this name, if its module is loaded. */
export function findOp(name: string): Op | undefined {
  return registry.get(name);
}

/** The operand name of position `i`, without its marks. */
export function operandName(op: { readonly inputs: readonly string[] }, i: number): string {
  const declared = op.inputs[Math.min(i, op.inputs.length - 1)] ?? "";
  return declared.startsWith("...") ? `${declared.slice(3)}[${i}]` : declared.replace("?", "");
}

/** Operands in order -> operands by name. */
export function named<T>(op: { readonly inputs: readonly string[] }, all: readonly T[]): Ins<T> {
  const ins: Record<string, unknown> = { all };
  for (let i = 0; i < all.length; i++) ins[operandName(op, i)] = all[i];
  return ins as Ins<T>;
}

/** Registers an op. Throws when the name is taken or the definition contradicts itself. */
export function defineOp<S extends AttrSpecs = Record<string, never>>(spec: OpSpec<S>): Op {
  if (registry.has(spec.name)) throw new ArgumentError(`defineOp: "${spec.name}" is defined twice`);
  const specs: AttrSpecs = spec.attrs ?? {};
  const op: Op = {
    name: spec.name,
    inputs: spec.inputs,
    attrs: specs,
    grad: spec.grad as GradRules | undefined,
    doc: spec.doc,
    cases: spec.cases ?? [],
    parse: (given, ins, where) => parseAttrs(specs, given, where, spec.spatialRank?.(ins) ?? 0),
    shape: (ins, attrs, where) => spec.shape(ins, attrs as AttrsOf<S>, where),
    dtype: (ins, attrs) => spec.dtype?.(ins, attrs as AttrsOf<S>) ?? ins.all[0] ?? "float32",
    cost: (ins, attrs, out) => spec.cost?.(ins, attrs as AttrsOf<S>, out) ?? { macs: 0 },
    field(ins, attrs, out) {
      const fields = spec.field?.(ins, attrs as AttrsOf<S>, out) ?? [];
      return ins.all.map(
        (_, i) =>
          ("length" in fields ? (fields as readonly Field[])[i] : (fields as Readonly<Record<string, Field>>)[operandName(spec, i)]) ??
          unknownField,
      );
    },
    ...(spec.reference && { reference: (ins: Ins<Tensor>, out: Tensor, attrs: Attrs) => spec.reference?.(ins, out, attrs as AttrsOf<S>) }),
    ...(spec.decompose && {
      decompose: (ins: Ins<Value>, attrs: Attrs) => (spec.decompose as NonNullable<typeof spec.decompose>)(ins, attrs as AttrsOf<S>),
    }),
  };
  registry.set(spec.name, op);
  return op;
}

/** Throws unless the number of operands is one that `op` takes. */
export function checkArity(op: Op, given: number, where: string): void {
  const variadic = op.inputs.some((n) => n.startsWith("..."));
  const required = op.inputs.filter((n) => !n.endsWith("?") && !n.startsWith("...")).length;
  const most = variadic ? Number.POSITIVE_INFINITY : op.inputs.length;
  if (given < Math.max(required, variadic ? 1 : 0) || given > most) {
    throw new ShapeError(`${where}: ${given} operands given; it takes ${op.inputs.join(", ") || "none"}`);
  }
}
