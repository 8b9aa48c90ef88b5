// The receptive field of any value in a graph: a walk from the value back to the input that composes what each op says about its operands.
// Where branches meet, they must look at the same place, or one box would not describe their sum.
import {
  centreOfAxis,
  type FieldAxis,
  MisalignedFieldError,
  pointField,
  type ReceptiveField,
  throughWindow,
} from "../arithmetic/receptive-field.ts";
import { GraphError } from "../tensor/errors.ts";
import { type Field, named } from "./op.ts";
import { expectValue, showValue, topological, type Value } from "./value.ts";

export * from "../arithmetic/receptive-field.ts";

/** What is known of all paths from the asked value back to one value. */
type Known =
  | { readonly kind: "window"; readonly axes: readonly FieldAxis[]; readonly bound: boolean; readonly path: Path }
  | { readonly kind: "whole" | "unknown" | "data" }
  | { readonly kind: "misaligned"; readonly error: MisalignedFieldError };

/** The values from here to the asked one, as a linked list that branches share. */
interface Path {
  readonly value: Value;
  readonly next: Path | undefined;
}

/**
 * Receptive field of one position of `value` in `input`, per spatial axis of the input (axes 2 and up).
 * Throws `GraphError` when `value` does not depend on `input`, `MisalignedFieldError` when branches look at different places.
 * Source: the walk of Araujo, Norris & Sim, Distill 2019; sizes and paddings are the largest over the paths.
 */
export function receptiveField(value: Value, input: Value): ReceptiveField {
  expectValue("receptiveField", "the value", value);
  expectValue("receptiveField", "the input", input);
  const order = topological([value]);
  const relevant = new Set<Value>();
  for (const v of order) if (v === input || v.inputs.some((i) => relevant.has(i))) relevant.add(v);
  if (!relevant.has(value)) throw new GraphError(`receptiveField: ${showValue(value)} does not depend on ${showValue(input)}`);

  const known = new Map<Value, Known>();
  const start: Path = { value, next: undefined };
  known.set(value, { kind: "window", axes: value.shape.slice(2).map(() => pointField), bound: false, path: start });
  for (let i = order.length - 1; i >= 0; i--) {
    const v = order[i];
    const reached = known.get(v);
    if (reached === undefined || v === input) continue;
    const fields = fieldsOf(v);
    v.inputs.forEach((operand, k) => {
      if (!relevant.has(operand)) return;
      const through = extend(reached, fields[k], operand);
      const before = known.get(operand);
      known.set(operand, before === undefined ? through : merge(before, through, value));
    });
  }
  return toField(known.get(input) as Known, input);
}

function fieldsOf(v: Value): readonly Field[] {
  const shapes = named(
    v.op,
    v.inputs.map((i) => i.shape),
  );
  return v.op.field(shapes, v.attrs, v.shape);
}

/** Goes through one op to one of its operands. An op that reads everything makes the rest of the path irrelevant. */
function extend(reached: Known, field: Field, operand: Value): Known {
  if (reached.kind === "whole" || field.kind === "whole") return { kind: "whole" };
  if (reached.kind !== "window") return reached;
  if (field.kind === "unknown" || field.kind === "data") return field;
  const path: Path = { value: operand, next: reached.path };
  if (field.kind === "pointwise") {
    return operand.shape.length - 2 === reached.axes.length || reached.axes.length === 0 ? { ...reached, path } : { kind: "unknown" };
  }
  if (field.axes.length !== reached.axes.length) return { kind: "unknown" };
  const axes = field.axes.map((window, axis) => throughWindow(reached.axes[axis], window));
  return { kind: "window", axes, bound: reached.bound || field.bound === true, path };
}

/** Fractional strides behind upsampling carry rounding errors. */
const same = (a: number, b: number): boolean => Math.abs(a - b) < 1e-9;

function merge(a: Known, b: Known, asked: Value): Known {
  for (const kind of ["whole", "unknown", "data", "misaligned"] as const) {
    const found = [a, b].find((k) => k.kind === kind);
    if (found !== undefined) return found;
  }
  if (a.kind !== "window" || b.kind !== "window") return a;
  for (let axis = 0; axis < a.axes.length; axis++) {
    const [p, q] = [a.axes[axis], b.axes[axis]];
    const reason = !same(p.stride, q.stride)
      ? `their strides are ${p.stride} and ${q.stride}`
      : !same(centreOfAxis(p, 0), centreOfAxis(q, 0))
        ? `position 0 is centred at ${centreOfAxis(p, 0)} and at ${centreOfAxis(q, 0)}`
        : undefined;
    if (reason !== undefined) {
      const [left, right] = showPaths(a.path, b.path);
      const error = new MisalignedFieldError(
        `receptiveField of ${showValue(asked)}: the paths ${left} and ${right} are misaligned: ${reason} on spatial axis ${axis}`,
      );
      return { kind: "misaligned", error };
    }
  }
  const axes = a.axes.map((p, axis) => ({
    size: Math.max(p.size, b.axes[axis].size),
    stride: p.stride,
    padding: Math.max(p.padding, b.axes[axis].padding),
  }));
  return { kind: "window", axes, bound: a.bound || b.bound, path: a.path };
}

/** Both paths as text, up to the value where they come together again. */
function showPaths(a: Path, b: Path): [string, string] {
  const later = new Set<Path>();
  for (let p: Path | undefined = a; p !== undefined; p = p.next) later.add(p);
  let join: Path | undefined = b;
  while (join !== undefined && !later.has(join)) join = join.next;
  const show = (from: Path): string => {
    const names: string[] = [];
    for (let p: Path | undefined = from; p !== undefined; p = p.next) {
      names.push(showValue(p.value));
      if (p === join) break;
    }
    return names.join(" -> ");
  };
  return [show(a), show(b)];
}

function toField(known: Known, input: Value): ReceptiveField {
  if (known.kind === "misaligned") throw known.error;
  if (known.kind === "window") return { status: known.bound ? "upper bound" : "exact", axes: known.axes };
  const axes = input.shape.slice(2).map((size) => ({ size, stride: 0, padding: 0 }));
  const statuses = { whole: "whole input", unknown: "unknown", data: "data-dependent" } as const;
  return { status: statuses[known.kind], axes };
}
