// Layers made of layers: one after another, around a shortcut, side by side, or in any other way written as a function.

import type { Value } from "../../graph/value.ts";
import * as ops from "../../ops/index.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { checkOptions, showGiven } from "../../tensor/options.ts";
import { type Context, defineModule, type Module } from "../module.ts";

/** Parts by name, in order; an array names them "0", "1", ... as PyTorch does. */
export type Parts = Readonly<Record<string, Module>> | readonly Module[];

function entriesOf(kind: string, parts: Parts): [string, Module][] {
  if (typeof parts !== "object" || parts === null) {
    throw new ArgumentError(`${kind}: the parts are ${showGiven(parts)}; expected layers by name, or a list of layers`);
  }
  const entries = Object.entries(parts) as [string, Module][];
  if (entries.length === 0) throw new ArgumentError(`${kind}: there are no parts`);
  // JavaScript puts integer-like keys of an object first, whatever the order of writing; that would silently reorder layers.
  if (!Array.isArray(parts) && entries.some(([name]) => /^\d+$/.test(name)) && !entries.every(([name], i) => name === String(i))) {
    throw new ArgumentError(`${kind}: integer names [${entries.map(([n]) => n).join(", ")}] lose their order in an object; use an array`);
  }
  for (const [name, part] of entries) {
    if (typeof part?.build !== "function") throw new ArgumentError(`${kind}: "${name}" is not a layer`);
  }
  return entries;
}

/** One part after another. */
export function sequential(parts: Parts): Module {
  const entries = entriesOf("sequential", parts);
  return defineModule("sequential", (x, context) => entries.reduce((value, [name, part]) => context.child(name, part, value), x));
}

export interface ResidualOptions {
  /** What the shortcut does, as child "downsample" (default: nothing). */
  readonly shortcut?: Module;
  /** What follows the sum, as child "activation" (default: nothing); the sum is then a layer of its own, "add". */
  readonly activation?: Module;
}

/** body(x) + shortcut(x). The body's parts keep their own names ("layer1.0.conv1"). He, Zhang, Ren, Sun 2016. */
export function residual(body: Parts, options: ResidualOptions = {}): Module {
  checkOptions("residual", options, ["shortcut", "activation"]);
  const { shortcut, activation } = options;
  const inner = sequential(body);
  return defineModule("residual", (x, context) => {
    const changed = inner.build(x, context);
    const kept = shortcut === undefined ? x : context.child("downsample", shortcut, x);
    if (activation === undefined) return ops.add(changed, kept);
    return context.child("activation", activation, context.child("add", plus(kept), changed));
  });
}

/** A layer of its own, so that the sum before the activation can be looked at. */
const plus = (kept: Value): Module => defineModule("add", (changed) => ops.add(changed, kept));

export interface BranchesOptions {
  /** Put the results side by side along `axis` (default), or add them up. */
  readonly join?: "concat" | "add";
  /** Axis of concatenation (default 1: channels). */
  readonly axis?: number;
}

/** All parts see the same input; their results are concatenated or added. Szegedy et al. 2015. */
export function branches(parts: Parts, options: BranchesOptions = {}): Module {
  checkOptions("branches", options, ["join", "axis"]);
  const { join = "concat", axis = 1 } = options;
  const entries = entriesOf("branches", parts);
  if (join !== "concat" && join !== "add") throw new ArgumentError(`branches: join is "${String(join)}"; expected concat or add`);
  return defineModule("branches", (x, context) => {
    const results = entries.map(([name, part]) => context.child(name, part, x));
    return join === "add" ? results.reduce((a, b) => ops.add(a, b)) : ops.concat(results, { axis });
  });
}

/** Anything else: a function of ops and `context.child("name", layer, value)`. Shown as `kind` in tables. */
export function functional(build: (x: Value, context: Context) => Value, options: { readonly kind?: string } = {}): Module {
  if (typeof build !== "function") throw new ArgumentError(`functional: build is ${showGiven(build)}; expected a function of (x, context)`);
  checkOptions("functional", options, ["kind"]);
  return defineModule(options.kind ?? "functional", build);
}
