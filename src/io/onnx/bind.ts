// Sizes that a file leaves open are settled when its graph is made: from shapes given by hand or by what is fed, from names, and the batch by default.
import { ArgumentError } from "../../tensor/errors.ts";
import { proposal, showGiven } from "../../tensor/options.ts";
import { checkShape, type Shape, showShape } from "../../tensor/shape.ts";
import type { OnnxType } from "./operator.ts";

/** One input or output of a network. */
export interface OnnxPort {
  readonly name: string;
  /** Undefined for what is no tensor, or one of a type that fovea does not know. */
  readonly type: OnnxType | undefined;
  /** A number, a name, or undefined for each axis; undefined altogether when the file does not say how many axes there are. */
  readonly shape: readonly (number | string | undefined)[] | undefined;
}

export interface OnnxBindings {
  /** Whole shapes by input name. They may differ from sizes in the file, where the network allows it: another batch, a larger picture. */
  readonly inputShapes?: Readonly<Record<string, Shape>>;
  /** Sizes by the names that the file gives to axes, such as "N" or "height". The first axis is 1 unless it is bound. */
  readonly dims?: Readonly<Record<string, number>>;
}

/** The shape of every input. Throws `ArgumentError` naming what is not bound, or bound twice. */
export function bindShapes(inputs: readonly OnnxPort[], { inputShapes = {}, dims = {} }: OnnxBindings): Map<string, Shape> {
  checkObject("inputShapes", inputShapes, "shapes by input name");
  checkObject("dims", dims, "sizes by name");
  checkNames(
    "inputShapes",
    Object.keys(inputShapes),
    inputs.map(({ name }) => name),
  );
  checkNames("dims", Object.keys(dims), [...new Set(inputs.flatMap(({ shape = [] }) => shape.filter((n) => typeof n === "string")))]);
  const bound = new Map<string, number>();
  for (const [name, size] of Object.entries(dims)) {
    if (!Number.isInteger(size) || size < 0)
      throw new ArgumentError(`dims: "${name}" is ${showGiven(size)}; expected a size, an integer >= 0`);
    bound.set(name, size);
  }
  for (const { name, shape } of inputs) {
    const given = Object.hasOwn(inputShapes, name) ? inputShapes[name] : undefined;
    if (given === undefined) continue;
    checkShape(given, `the shape of input "${name}"`);
    if (shape !== undefined && shape.length !== given.length) {
      throw new ArgumentError(
        `the input "${name}" is ${showPort(shape)}; a shape with ${given.length} axes was given, ${showShape(given)}`,
      );
    }
    for (const [axis, dim] of (shape ?? []).entries()) {
      if (typeof dim !== "string") continue;
      const other = bound.get(dim);
      if (other !== undefined && other !== given[axis]) {
        throw new ArgumentError(`the axis "${dim}" is ${other} in one place, and ${given[axis]} in axis ${axis} of input "${name}"`);
      }
      bound.set(dim, given[axis]);
    }
  }
  return new Map(inputs.map((port) => [port.name, inputShapes[port.name] ?? settle(port, bound)]));
}

function settle({ name, shape }: OnnxPort, bound: ReadonlyMap<string, number>): Shape {
  if (shape === undefined) {
    throw new ArgumentError(`the file does not say which shape the input "${name}" has; give it in inputShapes: { "${name}": [...] }`);
  }
  return shape.map((dim, axis) => {
    if (typeof dim === "number") return dim;
    const known = dim === undefined ? undefined : bound.get(dim);
    if (known !== undefined) return known;
    if (axis === 0) return 1;
    const called = dim === undefined ? `axis ${axis}` : `axis ${axis}, "${dim}",`;
    const way = dim === undefined ? `inputShapes: { "${name}": [...] }` : `inputShapes: { "${name}": [...] } or dims: { "${dim}": ... }`;
    throw new ArgumentError(`${called} of the input "${name}" ${showPort(shape)} is left open by the file; bind it with ${way}`);
  });
}

function checkObject(option: string, given: unknown, of: string): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new ArgumentError(`${option} is ${showGiven(given)}; expected an object of ${of}`);
  }
}

function checkNames(option: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new ArgumentError(`${option}: there is no "${unknown}"${proposal(unknown, known)}; there are ${known.join(", ") || "none"}`);
}

/** `[N, 3, 224, ?]` */
export function showPort(shape: OnnxPort["shape"]): string {
  return shape === undefined ? "of unknown shape" : `[${shape.map((n) => n ?? "?").join(", ")}]`;
}
