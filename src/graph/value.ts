// A value is one node of a graph: an op applied to other values, with its shape and element type known at once.
// Values are immutable but for their label, so a graph can be shared, rewritten and differentiated without copies or surprises.

import { ArgumentError } from "../tensor/errors.ts";
import { showGiven } from "../tensor/options.ts";
import type { Shape } from "../tensor/shape.ts";
import type { DType } from "../tensor/tensor.ts";
import type { Attrs, Op } from "./op.ts";

let created = 0;

/** One node: `op` applied to `inputs` under `attrs`, with the shape and the element type of its only output. Made by ops, not by hand. */
export class Value {
  /** Creation order; only used to break ties, so that every walk over a graph is deterministic. */
  readonly id: number;
  readonly op: Op;
  readonly inputs: readonly Value[];
  readonly attrs: Attrs;
  readonly shape: Shape;
  readonly dtype: DType;
  /** The name under which a tap, a report or an error message finds this value, e.g. "features.3". */
  label: string | undefined;

  constructor(op: Op, inputs: readonly Value[], attrs: Attrs, shape: Shape, dtype: DType) {
    this.id = created++;
    this.op = op;
    this.inputs = inputs;
    this.attrs = attrs;
    this.shape = shape;
    this.dtype = dtype;
  }

  get rank(): number {
    return this.shape.length;
  }
}

/** Throws `ArgumentError` unless `given` is a graph value. `where` is what the user called, `what` the argument in words. */
export function expectValue(where: string, what: string, given: unknown): void {
  if (!(given instanceof Value)) throw new ArgumentError(`${where}: ${what} is ${showGiven(given)}; expected a graph Value`);
}

/** Gives `value` a name and returns it. */
export function label<T extends Value>(value: T, name: string): T {
  expectValue("label", "the value", value);
  value.label = name;
  return value;
}

/** How messages name a value: its label, or its op. */
export function showValue(value: Value): string {
  return value.label === undefined ? value.op.name : `${value.op.name} "${value.label}"`;
}

/** Every value that `roots` depend on, inputs before users; deterministic. Iterative, so that depth is no limit. */
export function topological(roots: readonly Value[]): Value[] {
  const order: Value[] = [];
  const state = new Map<Value, "open" | "done">();
  const stack: Value[] = [...roots].reverse();
  while (stack.length > 0) {
    const value = stack[stack.length - 1];
    const seen = state.get(value);
    if (seen === undefined) {
      state.set(value, "open");
      for (let i = value.inputs.length - 1; i >= 0; i--) if (!state.has(value.inputs[i])) stack.push(value.inputs[i]);
    } else {
      stack.pop();
      if (seen === "open") {
        state.set(value, "done");
        order.push(value);
      }
    }
  }
  return order;
}
