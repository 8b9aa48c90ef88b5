// Common subexpression elimination: gradients record the same sub-computations again and again; each is to be run once.
import { Tensor } from "../../tensor/tensor.ts";
import type { Graph } from "../graph.ts";
import { inputOp, variableOp } from "../record.ts";
import { rebuild, rewriteGraph } from "../rewrite.ts";
import type { Value } from "../value.ts";

/** Gives structurally equal things the same number. Tensors are equal only to themselves: comparing their elements would be slow. */
class Interner {
  readonly #byKey = new Map<string, number>();
  readonly #byObject = new WeakMap<object, number>();
  #next = 0;

  number(thing: unknown): number {
    if (typeof thing !== "object" || thing === null) return this.#keyed(`${typeof thing} ${Object.is(thing, -0) ? "-0" : String(thing)}`);
    const known = this.#byObject.get(thing);
    if (known !== undefined) return known;
    const found = thing instanceof Tensor ? this.#next++ : this.#keyed(this.#structure(thing));
    this.#byObject.set(thing, found);
    return found;
  }

  // Parts are named by their numbers, so that trees with shared branches take time by their nodes and not by their paths.
  #structure(thing: object): string {
    if (Array.isArray(thing)) return `[${thing.map((part) => this.number(part)).join()}]`;
    const entries = Object.entries(thing).filter(([, part]) => part !== undefined);
    return `{${entries.map(([name, part]) => `${name}:${this.number(part)}`).join()}}`;
  }

  #keyed(key: string): number {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    this.#byKey.set(key, this.#next);
    return this.#next++;
  }
}

/** Values of the same op, attributes and operands become one value. The first one's label stays. */
export function mergeDuplicates(graph: Graph): Graph {
  const interner = new Interner();
  const first = new Map<string, Value>();
  return rewriteGraph(graph, (value, inputs) => {
    if (value.op === inputOp || value.op === variableOp) return undefined;
    const key = `${value.op.name} ${interner.number(value.attrs)} ${inputs.map((v) => v.id).join()}`;
    const twin = first.get(key);
    if (twin !== undefined) return twin;
    const kept = rebuild(value, inputs);
    first.set(key, kept);
    return kept;
  });
}
