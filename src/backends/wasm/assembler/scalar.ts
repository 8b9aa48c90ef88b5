// Scalar instructions, by type. Address arithmetic folds constants while assembling, so that generators can be written without special cases.
import {
  asCode,
  type Code,
  constF32,
  constF64,
  constI32,
  constI64,
  type F32,
  type F64,
  type I32,
  instruction,
  memoryArgument,
} from "./code.ts";

const i32Fold: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: Math.imul,
};

const i32Binary = {
  eq: 0x46,
  ne: 0x47,
  ltS: 0x48,
  ltU: 0x49,
  gtS: 0x4a,
  gtU: 0x4b,
  leS: 0x4c,
  leU: 0x4d,
  geS: 0x4e,
  geU: 0x4f,
  add: 0x6a,
  sub: 0x6b,
  mul: 0x6c,
  divS: 0x6d,
  divU: 0x6e,
  remS: 0x6f,
  remU: 0x70,
  and: 0x71,
  or: 0x72,
  xor: 0x73,
  shl: 0x74,
  shrS: 0x75,
  shrU: 0x76,
  rotl: 0x77,
  rotr: 0x78,
} as const;
const i64Binary = { add: 0x7c, sub: 0x7d, mul: 0x7e, and: 0x83, or: 0x84, xor: 0x85, shl: 0x86, shrS: 0x87, shrU: 0x88 } as const;
const f32Binary = { add: 0x92, sub: 0x93, mul: 0x94, div: 0x95, min: 0x96, max: 0x97, copysign: 0x98 } as const;
const f32Compare = { eq: 0x5b, ne: 0x5c, lt: 0x5d, gt: 0x5e, le: 0x5f, ge: 0x60 } as const;
const f32Unary = { abs: 0x8b, neg: 0x8c, ceil: 0x8d, floor: 0x8e, trunc: 0x8f, nearest: 0x90, sqrt: 0x91 } as const;
const f64Binary = { add: 0xa0, sub: 0xa1, mul: 0xa2, div: 0xa3, min: 0xa4, max: 0xa5, copysign: 0xa6 } as const;
const f64Compare = { eq: 0x61, ne: 0x62, lt: 0x63, gt: 0x64, le: 0x65, ge: 0x66 } as const;
const f64Unary = { abs: 0x99, neg: 0x9a, ceil: 0x9b, floor: 0x9c, trunc: 0x9d, nearest: 0x9e, sqrt: 0x9f } as const;

type Table = Readonly<Record<string, number>>;
type Binary<T extends Table, A, R extends "i32" | "i64" | "f32" | "f64"> = { readonly [K in keyof T]: (a: A, b: A) => Code<R> };
type Unary<T extends Table, A, R extends "i32" | "f32" | "f64"> = { readonly [K in keyof T]: (a: A) => Code<R> };

function fold(name: string, a: Code<"i32">, b: Code<"i32">): Code<"i32"> | undefined {
  const x = a.constant;
  const y = b.constant;
  if (x !== undefined && y !== undefined) {
    const compute = i32Fold[name];
    return compute === undefined ? undefined : constI32(compute(x, y));
  }
  if (y === 0 && (name === "add" || name === "sub")) return a;
  if (x === 0 && name === "add") return b;
  if (y === 1 && name === "mul") return a;
  if (x === 1 && name === "mul") return b;
  if (y !== undefined && y > 0 && (y & (y - 1)) === 0 && name === "mul")
    return instruction("i32", [a, constI32(31 - Math.clz32(y))], [0x74]);
  return undefined;
}

function binaryI32<T extends Table>(table: T): Binary<T, I32, "i32"> {
  const entries = Object.entries(table).map(([name, opcode]) => [
    name,
    (a: I32, b: I32): Code<"i32"> => {
      const left = asCode("i32", a);
      const right = asCode("i32", b);
      return fold(name, left, right) ?? instruction("i32", [left, right], [opcode]);
    },
  ]);
  return Object.fromEntries(entries) as Binary<T, I32, "i32">;
}

function binary<T extends Table, K extends "f32" | "f64", R extends "i32" | K>(
  table: T,
  type: K,
  result: R,
): Binary<T, Code<K> | number, R> {
  const entries = Object.entries(table).map(([name, opcode]) => [
    name,
    (a: Code<K> | number, b: Code<K> | number) => instruction(result, [asCode(type, a), asCode(type, b)], [opcode]),
  ]);
  return Object.fromEntries(entries) as Binary<T, Code<K> | number, R>;
}

function unary<T extends Table, K extends "f32" | "f64">(table: T, type: K): Unary<T, Code<K> | number, K> {
  const entries = Object.entries(table).map(([name, opcode]) => [
    name,
    (a: Code<K> | number) => instruction(type, [asCode(type, a)], [opcode]),
  ]);
  return Object.fromEntries(entries) as Unary<T, Code<K> | number, K>;
}

interface I32Ops extends Binary<typeof i32Binary, I32, "i32"> {
  readonly const: (n: number) => Code<"i32">;
  readonly eqz: (a: I32) => Code<"i32">;
  readonly clz: (a: I32) => Code<"i32">;
  readonly load: (address: I32, offset?: number) => Code<"i32">;
  readonly load8U: (address: I32, offset?: number) => Code<"i32">;
  /** Rounds towards zero; NaN gives 0 and what is too large gives the nearest integer. */
  readonly truncSatF32: (a: F32) => Code<"i32">;
  readonly truncSatF64: (a: F64) => Code<"i32">;
  readonly wrapI64: (a: Code<"i64">) => Code<"i32">;
  readonly reinterpretF32: (a: F32) => Code<"i32">;
  readonly select: (condition: I32, a: I32, b: I32) => Code<"i32">;
}
export const i32: I32Ops = {
  ...binaryI32(i32Binary),
  const: constI32,
  eqz: (a) => instruction("i32", [asCode("i32", a)], [0x45]),
  clz: (a) => instruction("i32", [asCode("i32", a)], [0x67]),
  load: (address, offset = 0) => instruction("i32", [asCode("i32", address)], [0x28, ...memoryArgument(2, offset)]),
  load8U: (address, offset = 0) => instruction("i32", [asCode("i32", address)], [0x2d, ...memoryArgument(0, offset)]),
  truncSatF32: (a) => instruction("i32", [asCode("f32", a)], [0xfc, 0]),
  truncSatF64: (a) => instruction("i32", [asCode("f64", a)], [0xfc, 2]),
  wrapI64: (a) => instruction("i32", [a], [0xa7]),
  reinterpretF32: (a) => instruction("i32", [asCode("f32", a)], [0xbc]),
  select: (condition, a, b) => instruction("i32", [asCode("i32", a), asCode("i32", b), asCode("i32", condition)], [0x1b]),
};

interface I64Ops extends Binary<typeof i64Binary, Code<"i64">, "i64"> {
  readonly const: (n: bigint) => Code<"i64">;
  readonly extendI32S: (a: I32) => Code<"i64">;
  readonly extendI32U: (a: I32) => Code<"i64">;
  readonly truncSatF64: (a: F64) => Code<"i64">;
  readonly reinterpretF64: (a: F64) => Code<"i64">;
}
export const i64: I64Ops = {
  ...(Object.fromEntries(
    Object.entries(i64Binary).map(([name, opcode]) => [name, (a: Code<"i64">, b: Code<"i64">) => instruction("i64", [a, b], [opcode])]),
  ) as Binary<typeof i64Binary, Code<"i64">, "i64">),
  const: constI64,
  extendI32S: (a) => instruction("i64", [asCode("i32", a)], [0xac]),
  extendI32U: (a) => instruction("i64", [asCode("i32", a)], [0xad]),
  truncSatF64: (a) => instruction("i64", [asCode("f64", a)], [0xfc, 6]),
  reinterpretF64: (a) => instruction("i64", [asCode("f64", a)], [0xbd]),
};

interface F32Ops extends Binary<typeof f32Binary, F32, "f32">, Binary<typeof f32Compare, F32, "i32">, Unary<typeof f32Unary, F32, "f32"> {
  readonly const: (x: number) => Code<"f32">;
  readonly load: (address: I32, offset?: number) => Code<"f32">;
  readonly convertI32S: (a: I32) => Code<"f32">;
  readonly demoteF64: (a: F64) => Code<"f32">;
  readonly reinterpretI32: (a: I32) => Code<"f32">;
  readonly select: (condition: I32, a: F32, b: F32) => Code<"f32">;
}
export const f32: F32Ops = {
  ...binary(f32Binary, "f32", "f32"),
  ...binary(f32Compare, "f32", "i32"),
  ...unary(f32Unary, "f32"),
  const: constF32,
  load: (address, offset = 0) => instruction("f32", [asCode("i32", address)], [0x2a, ...memoryArgument(2, offset)]),
  convertI32S: (a) => instruction("f32", [asCode("i32", a)], [0xb2]),
  demoteF64: (a) => instruction("f32", [asCode("f64", a)], [0xb6]),
  reinterpretI32: (a) => instruction("f32", [asCode("i32", a)], [0xbe]),
  select: (condition, a, b) => instruction("f32", [asCode("f32", a), asCode("f32", b), asCode("i32", condition)], [0x1b]),
};

interface F64Ops extends Binary<typeof f64Binary, F64, "f64">, Binary<typeof f64Compare, F64, "i32">, Unary<typeof f64Unary, F64, "f64"> {
  readonly const: (x: number) => Code<"f64">;
  readonly load: (address: I32, offset?: number) => Code<"f64">;
  readonly convertI32S: (a: I32) => Code<"f64">;
  readonly promoteF32: (a: F32) => Code<"f64">;
  readonly reinterpretI64: (a: Code<"i64">) => Code<"f64">;
  readonly select: (condition: I32, a: F64, b: F64) => Code<"f64">;
}
export const f64: F64Ops = {
  ...binary(f64Binary, "f64", "f64"),
  ...binary(f64Compare, "f64", "i32"),
  ...unary(f64Unary, "f64"),
  const: constF64,
  load: (address, offset = 0) => instruction("f64", [asCode("i32", address)], [0x2b, ...memoryArgument(3, offset)]),
  convertI32S: (a) => instruction("f64", [asCode("i32", a)], [0xb7]),
  promoteF32: (a) => instruction("f64", [asCode("f32", a)], [0xbb]),
  reinterpretI64: (a) => instruction("f64", [a], [0xbf]),
  select: (condition, a, b) => instruction("f64", [asCode("f64", a), asCode("f64", b), asCode("i32", condition)], [0x1b]),
};
