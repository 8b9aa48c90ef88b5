// Looking into JSON that somebody else wrote: every access says what it expected and where.
import { ModelFormatError } from "../../tensor/errors.ts";

export type Json = unknown;
export type JsonRecord = Readonly<Record<string, Json>>;

const refuse = (where: string, given: Json, expected: string): never => {
  throw new ModelFormatError(`${where} is ${String(JSON.stringify(given)).slice(0, 80)}; expected ${expected}`);
};

export function record(given: Json, where: string): JsonRecord {
  return typeof given === "object" && given !== null && !Array.isArray(given) ? (given as JsonRecord) : refuse(where, given, "an object");
}

export function list(given: Json, where: string): readonly Json[] {
  return Array.isArray(given) ? given : refuse(where, given, "a list");
}

export function text(given: Json, where: string): string {
  return typeof given === "string" ? given : refuse(where, given, "a string");
}

/** A number; protobuf's JSON writes 64-bit ones as strings. */
export function number(given: Json, where: string): number {
  const value = typeof given === "string" && given.trim() !== "" ? Number(given) : given;
  return typeof value === "number" && Number.isFinite(value) ? value : refuse(where, given, "a number");
}

export function numbers(given: Json, where: string): readonly number[] {
  return list(given, where).map((item) => number(item, where));
}

/** One number for both axes, or one for each. */
export function pair(given: Json, where: string): readonly number[] {
  return Array.isArray(given) ? numbers(given, where) : [number(given, where), number(given, where)];
}
