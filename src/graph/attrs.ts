// The kinds of attributes an op may have. Each kind parses what users write into one canonical form, or says what it expected.
// The same table feeds typed functions, error messages, documentation and the lab's sliders.
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptionNames } from "../tensor/options.ts";

export interface AttrContext {
  /** Where a message should say the value stood, e.g. `conv2d "features.3": stride`. */
  readonly where: string;
  /** Number of spatial axes of the op's first input (0 for ops without any). */
  readonly spatialRank: number;
}

export interface AttrSpec<T> {
  /** What users may write; `undefined` stands for the default. Throws `ArgumentError`. */
  parse(given: unknown, context: AttrContext): T;
  /** One line for the reference page: meaning, range, default. */
  readonly doc: string;
  /** What a slider or a generator of random cases needs to know. */
  readonly range?: { readonly min: number; readonly max?: number; readonly integer: boolean };
  readonly choices?: readonly string[];
}

export type AttrSpecs = Readonly<Record<string, AttrSpec<unknown>>>;
export type AttrsOf<S extends AttrSpecs> = { readonly [K in keyof S]: S[K] extends AttrSpec<infer T> ? T : never };

/** Padding before and after, per spatial axis, or a convention that is resolved against the input's size. */
export type Padding = readonly (readonly [before: number, after: number])[] | PaddingKeyword;
export type PaddingKeyword = "valid" | "same" | "same-lower" | "full" | "causal";
export const paddingKeywords: readonly PaddingKeyword[] = ["valid", "same", "same-lower", "full", "causal"];

/** What users may write for padding: one number, one per axis, pairs per axis, or a convention's name. */
export type PaddingOption = number | readonly number[] | readonly (readonly [number, number])[] | PaddingKeyword;
/** A number stands for all spatial axes. */
export type SpatialOption = number | readonly number[];

function show(given: unknown): string {
  return typeof given === "string" ? `"${given}"` : (JSON.stringify(given) ?? String(given));
}

function integerAtLeast(given: unknown, min: number, where: string): number {
  if (typeof given !== "number" || !Number.isInteger(given) || given < min) {
    throw new ArgumentError(`${where} is ${show(given)}; expected an integer >= ${min}`);
  }
  return given;
}

/** One integer per spatial axis; a single number stands for all. */
export function spatial(fallback: number, min = 1, doc = ""): AttrSpec<readonly number[]> {
  return {
    doc,
    range: { min, integer: true },
    parse(given = fallback, { where, spatialRank }) {
      if (!Array.isArray(given)) return new Array<number>(spatialRank).fill(integerAtLeast(given, min, where));
      if (given.length !== spatialRank) throw new ArgumentError(`${where} has ${given.length} entries for ${spatialRank} spatial axes`);
      return given.map((g) => integerAtLeast(g, min, where));
    },
  };
}

/** Padding; negative numbers crop. */
export function padding(fallback: PaddingOption = 0, doc = "zeros added before and after each spatial axis"): AttrSpec<Padding> {
  return {
    doc,
    range: { min: 0, integer: true },
    choices: paddingKeywords,
    parse(given = fallback, { where, spatialRank }) {
      if (typeof given === "string") {
        if (!(paddingKeywords as readonly string[]).includes(given)) {
          throw new ArgumentError(`${where} is "${given}"; expected numbers or one of ${paddingKeywords.join(", ")}`);
        }
        return given as PaddingKeyword;
      }
      const whole = (n: unknown): number => integerAtLeast(n, Number.MIN_SAFE_INTEGER, where);
      if (!Array.isArray(given)) return Array.from({ length: spatialRank }, () => [whole(given), whole(given)] as const);
      if (given.length !== spatialRank) throw new ArgumentError(`${where} has ${given.length} entries for ${spatialRank} spatial axes`);
      return given.map((g) => {
        if (!Array.isArray(g)) return [whole(g), whole(g)] as const;
        if (g.length !== 2) throw new ArgumentError(`${where} has the entry ${show(g)}; expected [before, after]`);
        return [whole(g[0]), whole(g[1])] as const;
      });
    },
  };
}

/** An integer. */
export function count(fallback: number, min = 1, doc = ""): AttrSpec<number> {
  return { doc, range: { min, integer: true }, parse: (given = fallback, { where }) => integerAtLeast(given, min, where) };
}

/** A finite number, optionally within bounds (inclusive). */
export function real(fallback: number, doc = "", bounds: { min?: number; max?: number } = {}): AttrSpec<number> {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = bounds;
  return {
    doc,
    parse(given = fallback, { where }) {
      if (typeof given !== "number" || Number.isNaN(given) || given < min || given > max) {
        throw new ArgumentError(`${where} is ${show(given)}; expected a number in [${min}, ${max}]`);
      }
      return given;
    },
  };
}

/** True or false. */
export function flag(fallback: boolean, doc = ""): AttrSpec<boolean> {
  return {
    doc,
    parse(given = fallback, { where }) {
      if (typeof given !== "boolean") throw new ArgumentError(`${where} is ${show(given)}; expected true or false`);
      return given;
    },
  };
}

/** One of a few words. */
export function choice<const C extends string>(choices: readonly C[], fallback: C, doc = ""): AttrSpec<C> {
  return {
    doc,
    choices,
    parse(given = fallback, { where }) {
      if (!(choices as readonly unknown[]).includes(given))
        throw new ArgumentError(`${where} is ${show(given)}; expected one of ${choices.join(", ")}`);
      return given as C;
    },
  };
}

/** A list of integers such as a shape or axes; no default means required. */
export function integers(fallback?: readonly number[], doc = ""): AttrSpec<readonly number[]> {
  return {
    doc,
    parse(given = fallback, { where }) {
      if (!Array.isArray(given)) throw new ArgumentError(`${where} is ${show(given)}; expected a list of integers`);
      return given.map((g) => integerAtLeast(g, Number.MIN_SAFE_INTEGER, where));
    },
  };
}

/** Anything that has its own type and is checked by the op itself (an expression, a tensor, a dtype). */
export function custom<T>(parse: (given: unknown, context: AttrContext) => T, doc = ""): AttrSpec<T> {
  return { doc, parse };
}

/** An attribute that may be absent. */
export function optional<T>(inner: AttrSpec<T>): AttrSpec<T | undefined> {
  return { ...inner, parse: (given, context) => (given === undefined ? undefined : inner.parse(given, context)) };
}

/** Parses a user's options object against an op's table; an unknown name is an error that lists the known ones. */
export function parseAttrs(specs: AttrSpecs, given: object, where: string, spatialRank: number): Readonly<Record<string, unknown>> {
  checkOptionNames(where, given, Object.keys(specs));
  const parsed: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs)) {
    parsed[name] = spec.parse((given as Record<string, unknown>)[name], { where: `${where}: ${name}`, spatialRank });
  }
  return Object.freeze(parsed);
}
