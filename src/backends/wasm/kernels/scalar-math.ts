// Expressions in scalar double precision: for integer and float64 tensors, where the vector code does not apply, and for powers, whose
// exponent multiplies the error of the logarithm.
import { type Expression, stepsOf } from "../../../ops/expression.ts";
import {
  type Code,
  call,
  type FunctionBuilder,
  type FunctionRef,
  f32,
  f32x4,
  f64,
  i32,
  i64,
  type Local,
  type ModuleBuilder,
  type V128,
} from "../assembler.ts";

type F64Code = Code<"f64">;

/** Functions that vector code calls. */
export interface Helpers {
  readonly pow: FunctionRef & { readonly result: "f64" };
}

/** The functions that `emitVector` may call, once per module. */
export function helpersOf(module: ModuleBuilder): Helpers {
  return { pow: module.once("helper pow", () => powFunction(module)) as FunctionRef & { readonly result: "f64" } };
}

/** Four powers, one after the other in double precision. */
export function emitPow(f: FunctionBuilder, a: V128, b: V128, helpers: Helpers | undefined): V128 {
  if (helpers === undefined) throw new TypeError("wasm: an expression with a power was emitted without its helper function");
  const base = f.v128(a);
  const exponent = f.v128(b);
  const lane = (i: number): Code<"f32"> =>
    f32.demoteF64(call(helpers.pow, [f64.promoteF32(f32x4.extractLane(base, i)), f64.promoteF32(f32x4.extractLane(exponent, i))]));
  let out = f32x4.splat(lane(0));
  for (let i = 1; i < 4; i++) out = f32x4.replaceLane(out, i, lane(i));
  return out;
}

/**
 * x^y = 2^(y · log2 |x|), to about 1e-13, which float32 cannot tell from exact. Signs, zeros and infinities as in ECMAScript's
 * Number::exponentiate.
 */
function powFunction(module: ModuleBuilder): FunctionRef {
  return module.func("pow", { params: ["f64", "f64"], result: "f64" }, (f, x, y) => {
    const infinity = Number.POSITIVE_INFINITY;
    f.if(f64.eq(y, 0), () => f.return(f64.const(1)));
    f.if(i32.or(f64.ne(x, x), f64.ne(y, y)), () => f.return(f64.add(x, y)));
    const magnitude = f.local("f64", f64.abs(x));
    const whole = f.local("i32", f64.eq(f64.trunc(y), y));
    const odd = f.local("i32", i32.and(whole, f64.ne(f64.trunc(f64.mul(y, 0.5)), f64.mul(y, 0.5))));
    const negative = f.local("i32", f64.lt(f64.copysign(1, x), 0));
    const sign = f.local("f64", f64.select(i32.and(negative, odd), -1, 1));
    f.if(i32.and(f64.lt(x, 0), i32.and(i32.eqz(whole), f64.lt(magnitude, infinity))), () => f.return(f64.const(Number.NaN)));
    f.if(f64.eq(f64.abs(y), infinity), () => {
      f.if(f64.eq(magnitude, 1), () => f.return(f64.const(Number.NaN)));
      f.return(f64.select(i32.eq(f64.gt(magnitude, 1), f64.gt(y, 0)), infinity, 0));
    });
    f.if(i32.or(f64.eq(magnitude, 0), f64.eq(magnitude, infinity)), () =>
      f.return(f64.mul(sign, f64.select(i32.eq(f64.eq(magnitude, 0), f64.gt(y, 0)), 0, infinity))),
    );
    f.return(f64.mul(sign, exp2(f, f64.mul(y, log2(f, magnitude)))));
  });
}

/** log2 of a positive finite normal double: exponent + 2/ln 2 · artanh((m - 1) / (m + 1)), m in [√½, √2). */
function log2(f: FunctionBuilder, x: Local<"f64">): F64Code {
  const bits = f.local("i64", i64.reinterpretF64(x));
  const exponent = f.local("i32", i32.sub(i32.wrapI64(i64.shrU(i64.sub(bits, i64.const(0x3fe6a09e667f3bcdn)), i64.const(52n))), 0));
  // The subtraction may borrow; the low twelve bits of the difference are the signed exponent.
  f.set(exponent, i32.shrS(i32.shl(exponent, 20), 20));
  const mantissa = f.local("f64", f64.reinterpretI64(i64.sub(bits, i64.shl(i64.extendI32S(exponent), i64.const(52n)))));
  const s = f.local("f64", f64.div(f64.sub(mantissa, 1), f64.add(mantissa, 1)));
  const s2 = f.local("f64", f64.mul(s, s));
  const series = Array.from({ length: 10 }, (_, k) => 2 / Math.LN2 / (2 * k + 1));
  return f64.add(f64.convertI32S(exponent), f64.mul(s, horner(s2, series)));
}

/** 2^x: whole part into the exponent bits, in two halves; the rest by its power series. */
function exp2(f: FunctionBuilder, given: F64Code): F64Code {
  const x = f.local("f64", f64.max(f64.min(given, 1100), -1100));
  const n = f.local("f64", f64.nearest(x));
  const r = f.local("f64", f64.mul(f64.sub(x, n), Math.LN2));
  const half = f.local("f64", f64.floor(f64.mul(n, 0.5)));
  const power = (k: F64Code): F64Code => f64.reinterpretI64(i64.shl(i64.add(i64.truncSatF64(k), i64.const(1023n)), i64.const(52n)));
  let factorial = 1;
  const series = Array.from({ length: 13 }, (_, k) => {
    factorial *= Math.max(1, k);
    return 1 / factorial;
  });
  return f64.mul(f64.mul(horner(r, series), power(half)), power(f64.sub(n, half)));
}

function horner(x: Local<"f64">, coefficients: readonly number[]): F64Code {
  return coefficients
    .slice(0, -1)
    .reduceRight<F64Code>((sum, c) => f64.add(f64.mul(sum, x), c), f64.const(coefficients[coefficients.length - 1]));
}

const unary: Readonly<Record<string, (a: Local<"f64">) => F64Code>> = {
  neg: f64.neg,
  abs: f64.abs,
  sqrt: f64.sqrt,
  rsqrt: (a) => f64.div(1, f64.sqrt(a)),
  reciprocal: (a) => f64.div(1, a),
  square: (a) => f64.mul(a, a),
  floor: f64.floor,
  ceil: f64.ceil,
  round: f64.nearest,
  sign: (a) => f64.select(f64.gt(a, 0), 1, f64.select(f64.lt(a, 0), -1, a)),
  not: (a) => f64.convertI32S(f64.eq(a, 0)),
};
const truth = (condition: Code<"i32">): F64Code => f64.convertI32S(condition);
const binary: Readonly<Record<string, (a: Local<"f64">, b: Local<"f64">) => F64Code>> = {
  add: f64.add,
  sub: f64.sub,
  mul: f64.mul,
  div: f64.div,
  min: f64.min,
  max: f64.max,
  lt: (a, b) => truth(f64.lt(a, b)),
  le: (a, b) => truth(f64.le(a, b)),
  gt: (a, b) => truth(f64.gt(a, b)),
  ge: (a, b) => truth(f64.ge(a, b)),
  eq: (a, b) => truth(f64.eq(a, b)),
  ne: (a, b) => truth(f64.ne(a, b)),
  and: (a, b) => truth(i32.and(f64.ne(a, 0), f64.ne(b, 0))),
  or: (a, b) => truth(i32.or(f64.ne(a, 0), f64.ne(b, 0))),
};

/** Whether every function of the expression exists in scalar form. */
export function hasScalarForm(expression: Expression): boolean {
  return stepsOf(expression).every((step) =>
    step.kind === "unary" ? step.fn in unary : step.kind === "binary" ? step.fn in binary : true,
  );
}

/** Emits the expression in double precision; the same operations in the same order as the reference, hence the same bits. */
export function emitScalar(f: FunctionBuilder, expression: Expression, operand: (index: number) => F64Code): F64Code {
  const known: Local<"f64">[] = [];
  for (const step of stepsOf(expression)) {
    const value =
      step.kind === "operand"
        ? operand(step.index)
        : step.kind === "number"
          ? f64.const(step.value)
          : step.kind === "unary"
            ? unary[step.fn](known[step.a])
            : step.kind === "binary"
              ? binary[step.fn](known[step.a], known[step.b])
              : f64.select(f64.ne(known[step.condition], 0), known[step.a], known[step.b]);
    known.push(f.local("f64", value));
  }
  return known[known.length - 1];
}
