// What arrives from callers without types may be anything. These checks stand at public entries and say what was expected, so that nobody
// meets "cannot read properties of undefined" from somewhere inside.
import { ArgumentError } from "./errors.ts";
import { showGiven } from "./options.ts";
import { Tensor } from "./tensor.ts";

function expected(where: string, what: string, given: unknown, wanted: string): ArgumentError {
  return new ArgumentError(`${where}: ${what} is ${showGiven(given)}; expected ${wanted}`);
}

/** Throws `ArgumentError` unless `given` is a tensor. `where` is what the user called, `what` the argument in words. */
export function expectTensor(where: string, what: string, given: unknown): void {
  if (!(given instanceof Tensor)) throw expected(where, what, given, "a Tensor");
}

/** Throws `ArgumentError` unless `given` is an array; `of` says of what. */
export function expectList(where: string, what: string, given: unknown, of: string): void {
  if (!Array.isArray(given)) throw expected(where, what, given, `a list of ${of}`);
}

/** Throws `ArgumentError` unless `given` can be indexed up to a length: an array or a typed array. */
export function expectNumbers(where: string, what: string, given: unknown): void {
  if (!Array.isArray(given) && !(ArrayBuffer.isView(given) && "length" in given)) throw expected(where, what, given, "a list of numbers");
}

/** Throws `ArgumentError` unless `given` is a map. */
export function expectMap(where: string, what: string, given: unknown, from: string): void {
  if (!(given instanceof Map)) throw expected(where, what, given, `a Map from ${from}`);
}

/** Throws `ArgumentError` unless `given` is a function. */
export function expectFunction(where: string, what: string, given: unknown): void {
  if (typeof given !== "function") throw expected(where, what, given, "a function");
}

/** Throws `ArgumentError` unless `given` is a string that is not empty. */
export function expectText(where: string, what: string, given: unknown): void {
  if (typeof given !== "string" || given === "") throw expected(where, what, given, "a string that is not empty");
}

/** Throws `ArgumentError` unless `given` is the bytes of a file. */
export function expectBytes(where: string, given: unknown): void {
  if (!(given instanceof Uint8Array)) throw expected(where, "the file", given, "its bytes, a Uint8Array");
}

/** Throws `ArgumentError` unless `given` is an object with these parts; `wanted` says in words what it should have been. */
export function expectParts(where: string, what: string, given: unknown, parts: readonly string[], wanted: string): void {
  const has = (part: string): boolean => (given as Readonly<Record<string, unknown>>)[part] !== undefined;
  if (typeof given !== "object" || given === null || !parts.every(has)) throw expected(where, what, given, wanted);
}
