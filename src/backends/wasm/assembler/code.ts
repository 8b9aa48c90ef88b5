// A piece of code is the bytes of an expression together with the type that it leaves on the stack.
// It is code, not a value: using it twice computes it twice. What is needed twice belongs in a local.
import { append, type Bytes, float32, float64, signed, signed32, unsigned } from "./encoding.ts";

export type Type = "i32" | "i64" | "f32" | "f64" | "v128";

export const typeByte: Readonly<Record<Type, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

export interface Code<T extends Type> {
  readonly type: T;
  readonly bytes: Bytes;
  /** The number, when it is known while assembling: lets address arithmetic fold. */
  readonly constant?: number;
}

/** A local variable or parameter; as code it is its value. */
export interface Local<T extends Type> extends Code<T> {
  readonly index: number;
}

/** Where a 32-bit integer is wanted, a plain number will do. */
export type I32 = Code<"i32"> | number;
export type F32 = Code<"f32"> | number;
export type F64 = Code<"f64"> | number;
export type V128 = Code<"v128">;

export function constI32(n: number): Code<"i32"> {
  return { type: "i32", bytes: [0x41, ...signed32(n)], constant: n | 0 };
}

export function constI64(n: bigint): Code<"i64"> {
  return { type: "i64", bytes: [0x42, ...signed(n)] };
}

export function constF32(x: number): Code<"f32"> {
  return { type: "f32", bytes: [0x43, ...float32(x)], constant: Math.fround(x) };
}

export function constF64(x: number): Code<"f64"> {
  return { type: "f64", bytes: [0x44, ...float64(x)], constant: x };
}

/** A plain number as code of a numeric type; code stays as it is. */
export function asCode<T extends "i32" | "f32" | "f64">(type: T, x: Code<T> | number): Code<T> {
  if (typeof x !== "number") return x;
  return (type === "i32" ? constI32(x) : type === "f32" ? constF32(x) : constF64(x)) as Code<T>;
}

/** Operands in order, then the instruction. */
export function instruction<T extends Type>(type: T, operands: readonly Code<Type>[], opcode: Bytes): Code<T> {
  const bytes: number[] = [];
  for (const operand of operands) append(bytes, operand.bytes);
  append(bytes, opcode);
  return { type, bytes };
}

/** Alignment as a power of two, then the byte offset that is added to the address. */
export function memoryArgument(align: number, offset: number): number[] {
  if (!Number.isInteger(offset) || offset < 0) throw new RangeError(`assembler: memory offset ${offset} is not an integer >= 0`);
  return [align, ...unsigned(offset)];
}

/** The opcode of a SIMD instruction. */
export function simd(opcode: number): number[] {
  return [0xfd, ...unsigned(opcode)];
}
