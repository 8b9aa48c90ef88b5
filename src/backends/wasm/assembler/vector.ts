// 128-bit SIMD instructions: v128 (bits), f32x4, i32x4 and the few of f64x2 that kernels need.
import { asCode, type Code, type F32, type F64, type I32, instruction, memoryArgument, simd, type Type, type V128 } from "./code.ts";
import { append, float32 } from "./encoding.ts";

const bits = { and: 78, andnot: 79, or: 80, xor: 81 } as const;
const f32x4Binary = {
  eq: 65,
  ne: 66,
  lt: 67,
  gt: 68,
  le: 69,
  ge: 70,
  add: 228,
  sub: 229,
  mul: 230,
  div: 231,
  min: 232,
  max: 233,
  pmin: 234,
  pmax: 235,
} as const;
const f32x4Unary = {
  demoteF64x2Zero: 94,
  ceil: 103,
  floor: 104,
  trunc: 105,
  nearest: 106,
  abs: 224,
  neg: 225,
  sqrt: 227,
  convertI32x4S: 250,
  convertI32x4U: 251,
} as const;
const i32x4Binary = {
  eq: 55,
  ne: 56,
  ltS: 57,
  ltU: 58,
  gtS: 59,
  gtU: 60,
  leS: 61,
  leU: 62,
  geS: 63,
  geU: 64,
  add: 174,
  sub: 177,
  mul: 181,
  minS: 182,
  minU: 183,
  maxS: 184,
  maxU: 185,
} as const;
const i32x4Unary = { abs: 160, neg: 161, truncSatF32x4S: 248, truncSatF32x4U: 249, truncSatF64x2SZero: 252 } as const;
const i32x4Shift = { shl: 171, shrS: 172, shrU: 173 } as const;
const f64x2Binary = { add: 240, sub: 241, mul: 242, div: 243, min: 244, max: 245 } as const;
const f64x2Unary = { nearest: 148, promoteLowF32x4: 95 } as const;

type Table = Readonly<Record<string, number>>;
type Binary<T extends Table> = { readonly [K in keyof T]: (a: V128, b: V128) => V128 };
type Unary<T extends Table> = { readonly [K in keyof T]: (a: V128) => V128 };
type Shift<T extends Table> = { readonly [K in keyof T]: (a: V128, by: I32) => V128 };

/** Lanes of two vectors: 0-3 choose from the first, 4-7 from the second. */
export type Lanes = readonly [number, number, number, number];

const v = (operands: readonly Code<Type>[], opcode: number, immediate: readonly number[] = []): V128 =>
  instruction("v128", operands, [...simd(opcode), ...immediate]);

function binary<T extends Table>(table: T): Binary<T> {
  return Object.fromEntries(Object.entries(table).map(([name, opcode]) => [name, (a: V128, b: V128) => v([a, b], opcode)])) as Binary<T>;
}

function unary<T extends Table>(table: T): Unary<T> {
  return Object.fromEntries(Object.entries(table).map(([name, opcode]) => [name, (a: V128) => v([a], opcode)])) as Unary<T>;
}

function shift<T extends Table>(table: T): Shift<T> {
  const entries = Object.entries(table).map(([name, opcode]) => [name, (a: V128, by: I32) => v([a, asCode("i32", by)], opcode)]);
  return Object.fromEntries(entries) as Shift<T>;
}

function repeated(word: readonly number[]): V128 {
  const lanes: number[] = [];
  for (let lane = 0; lane < 4; lane++) append(lanes, word);
  return v([], 12, lanes);
}

interface V128Ops extends Binary<typeof bits> {
  readonly not: (a: V128) => V128;
  readonly zero: () => V128;
  /** Bits of `a` where `mask` has ones, of `b` elsewhere. */
  readonly bitselect: (a: V128, b: V128, mask: V128) => V128;
  readonly anyTrue: (a: V128) => Code<"i32">;
  readonly load: (address: I32, offset?: number) => V128;
  /** One 32-bit word in all four lanes. */
  readonly load32Splat: (address: I32, offset?: number) => V128;
  /** One 32-bit word in lane 0, zeros elsewhere. */
  readonly load32Zero: (address: I32, offset?: number) => V128;
  readonly load64Zero: (address: I32, offset?: number) => V128;
  /** `a` with one lane replaced from memory. */
  readonly load32Lane: (address: I32, a: V128, lane: number, offset?: number) => V128;
}
export const v128: V128Ops = {
  ...binary(bits),
  not: (a) => v([a], 77),
  zero: () => repeated([0, 0, 0, 0]),
  bitselect: (a, b, mask) => v([a, b, mask], 82),
  anyTrue: (a) => instruction("i32", [a], simd(83)),
  load: (address, offset = 0) => v([asCode("i32", address)], 0, memoryArgument(2, offset)),
  load32Splat: (address, offset = 0) => v([asCode("i32", address)], 9, memoryArgument(2, offset)),
  load32Zero: (address, offset = 0) => v([asCode("i32", address)], 92, memoryArgument(2, offset)),
  load64Zero: (address, offset = 0) => v([asCode("i32", address)], 93, memoryArgument(2, offset)),
  load32Lane: (address, a, lane, offset = 0) => v([asCode("i32", address), a], 86, [...memoryArgument(2, offset), lane]),
};

interface F32x4Ops extends Binary<typeof f32x4Binary>, Unary<typeof f32x4Unary> {
  /** The same number in all lanes. A plain number becomes a constant. */
  readonly splat: (a: F32) => V128;
  readonly extractLane: (a: V128, lane: number) => Code<"f32">;
  readonly replaceLane: (a: V128, lane: number, x: F32) => V128;
  /** a · b + c. Rounded once on the relaxed tier, twice otherwise. */
  readonly relaxedMadd: (a: V128, b: V128, c: V128) => V128;
  /** c - a · b. */
  readonly relaxedNmadd: (a: V128, b: V128, c: V128) => V128;
}
export const f32x4: F32x4Ops = {
  ...binary(f32x4Binary),
  ...unary(f32x4Unary),
  splat: (a) => (typeof a === "number" ? repeated(float32(a)) : v([a], 19)),
  extractLane: (a, lane) => instruction("f32", [a], [...simd(31), lane]),
  replaceLane: (a, lane, x) => v([a, asCode("f32", x)], 32, [lane]),
  relaxedMadd: (a, b, c) => v([a, b, c], 0x105),
  relaxedNmadd: (a, b, c) => v([a, b, c], 0x106),
};

interface I32x4Ops extends Binary<typeof i32x4Binary>, Unary<typeof i32x4Unary>, Shift<typeof i32x4Shift> {
  readonly splat: (a: I32) => V128;
  readonly extractLane: (a: V128, lane: number) => Code<"i32">;
  readonly replaceLane: (a: V128, lane: number, x: I32) => V128;
  readonly lanes: (lanes: Lanes) => V128;
  readonly shuffle: (a: V128, b: V128, lanes: Lanes) => V128;
}
export const i32x4: I32x4Ops = {
  ...binary(i32x4Binary),
  ...unary(i32x4Unary),
  ...shift(i32x4Shift),
  splat: (a) => (typeof a === "number" ? repeated(int32Bits(a)) : v([a], 17)),
  extractLane: (a, lane) => instruction("i32", [a], [...simd(27), lane]),
  replaceLane: (a, lane, x) => v([a, asCode("i32", x)], 28, [lane]),
  lanes: (lanes) => v([], 12, lanes.flatMap(int32Bits)),
  shuffle: (a, b, lanes) =>
    v(
      [a, b],
      13,
      lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte)),
    ),
};

interface F64x2Ops extends Binary<typeof f64x2Binary>, Unary<typeof f64x2Unary> {
  readonly splat: (a: F64) => V128;
  readonly extractLane: (a: V128, lane: number) => Code<"f64">;
}
export const f64x2: F64x2Ops = {
  ...binary(f64x2Binary),
  ...unary(f64x2Unary),
  splat: (a) => v([asCode("f64", a)], 20),
  extractLane: (a, lane) => instruction("f64", [a], [...simd(33), lane]),
};

function int32Bits(n: number): number[] {
  return [n & 255, (n >> 8) & 255, (n >> 16) & 255, (n >> 24) & 255];
}
