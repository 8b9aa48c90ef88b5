// exp, log, tanh and their kin on four float32 at once, to a few units in the last place, right at ±0, ±∞, NaN and on overflow.
// Each reduces its argument to a small interval, where a short power series is exact to float32, and puts the result back together.
// Reductions: Cody & Waite, "Software Manual for the Elementary Functions", 1980. Series: Abramowitz & Stegun, chapter 4.
import { type FunctionBuilder, f32x4, f64x2, i32x4, type Local, type V128, v128 } from "../assembler.ts";
import type { Tier } from "../kernel.ts";

export interface MathContext {
  readonly f: FunctionBuilder;
  readonly tier: Tier;
}

type Vector = Local<"v128">;
const number = (x: number): V128 => f32x4.splat(x);

/** a · b + c, with one rounding where the tier has it. */
export function multiplyAdd(tier: Tier, a: V128, b: V128, c: V128): V128 {
  return tier === "simd" ? f32x4.add(f32x4.mul(a, b), c) : f32x4.relaxedMadd(a, b, c);
}

/** c₀ + c₁·x + c₂·x² + ... by Horner's rule. */
function polynomial({ tier }: MathContext, x: Vector, coefficients: readonly number[]): V128 {
  return coefficients
    .slice(0, -1)
    .reduceRight((sum, c) => multiplyAdd(tier, sum, x, number(c)), number(coefficients[coefficients.length - 1]));
}

const inverseFactorials = (from: number, to: number): number[] => {
  const out: number[] = [];
  let factorial = 1;
  for (let k = 1; k <= to; k++) {
    factorial *= k;
    if (k >= from) out.push(1 / factorial);
  }
  return out;
};

// ln 2 in two parts; the first has so few bits that its product with any exponent is exact.
const ln2High = 355 / 512;
const ln2Low = Math.LN2 - ln2High;

/** x = n · ln 2 + r with |r| <= ln 2 / 2; n is a whole number. */
function reduceByLn2(c: MathContext, x: Vector): { readonly n: Vector; readonly r: Vector } {
  const n = c.f.v128(f32x4.nearest(f32x4.mul(x, number(Math.LOG2E))));
  const high = c.f.v128(f32x4.sub(x, f32x4.mul(n, number(ln2High))));
  return { n, r: c.f.v128(f32x4.sub(high, f32x4.mul(n, number(ln2Low)))) };
}

/** 2^n for whole numbers in -126..127 (as float32), straight into the exponent bits. */
function powerOfTwo(n: V128): V128 {
  return i32x4.shl(i32x4.add(i32x4.truncSatF32x4S(n), i32x4.splat(127)), 23);
}

/** e^r - 1 for |r| <= ln 2 / 2: r + r² · (1/2! + r/3! + ...). */
function smallExpm1(c: MathContext, r: Vector): V128 {
  const tail = c.f.v128(polynomial(c, r, inverseFactorials(2, 7)));
  return f32x4.add(r, f32x4.mul(f32x4.mul(r, r), tail));
}

export function exp(c: MathContext, given: V128): V128 {
  // Beyond these bounds float32 has only 0 and ∞, and the exponent arithmetic below would run over.
  const x = c.f.v128(f32x4.max(f32x4.min(given, number(89)), number(-105)));
  const { n, r } = reduceByLn2(c, x);
  const small = c.f.v128(f32x4.add(smallExpm1(c, r), number(1)));
  // In two halves, so that results below 2^-126 come out as denormal numbers and 2^128 does not overflow early.
  const half = c.f.v128(f32x4.floor(f32x4.mul(n, number(0.5))));
  return f32x4.mul(f32x4.mul(small, powerOfTwo(half)), powerOfTwo(f32x4.sub(n, half)));
}

export function expm1(c: MathContext, given: V128): V128 {
  const x = c.f.v128(given);
  const bounded = c.f.v128(f32x4.max(f32x4.min(x, number(60)), number(-40)));
  const { n, r } = reduceByLn2(c, bounded);
  const scale = c.f.v128(powerOfTwo(n));
  const small = c.f.v128(smallExpm1(c, r));
  const exact = c.f.v128(f32x4.add(f32x4.mul(scale, small), f32x4.sub(scale, number(1))));
  const signed = c.f.v128(v128.bitselect(x, exact, f32x4.eq(x, number(0))));
  const large = c.f.v128(exp(c, x));
  return v128.bitselect(large, signed, f32x4.gt(x, number(60)));
}

export function log(c: MathContext, given: V128): V128 {
  const { f } = c;
  const x = f.v128(given);
  const tiny = f.v128(f32x4.lt(x, number(2 ** -126)));
  const scaled = f.v128(v128.bitselect(f32x4.mul(x, number(2 ** 23)), x, tiny));
  // Exponent such that the mantissa m = scaled / 2^e lies in [√½, √2).
  const offset = f.v128(i32x4.sub(scaled, i32x4.splat(0x3f3504f3)));
  const exponent = f.v128(i32x4.shrS(offset, 23));
  const mantissa = i32x4.sub(scaled, i32x4.shl(exponent, 23));
  const e = f.v128(f32x4.sub(f32x4.convertI32x4S(exponent), v128.and(tiny, number(23))));
  const d = f.v128(f32x4.sub(mantissa, number(1)));
  // log(1 + d) = 2 artanh(s) with s = d / (2 + d), arranged so that d itself stays exact.
  const s = f.v128(f32x4.div(d, f32x4.add(d, number(2))));
  const s2 = f.v128(f32x4.mul(s, s));
  const tail = f32x4.mul(s2, polynomial(c, s2, [2 / 3, 2 / 5, 2 / 7, 2 / 9]));
  const correction = f32x4.sub(f32x4.mul(e, number(ln2Low)), f32x4.mul(s, f32x4.sub(d, tail)));
  const finite = f.v128(f32x4.add(f32x4.add(correction, d), f32x4.mul(e, number(ln2High))));
  // 0 -> -∞, ∞ -> ∞, negative or NaN -> NaN.
  const zero = f32x4.eq(x, number(0));
  const withZero = f.v128(v128.bitselect(number(Number.NEGATIVE_INFINITY), finite, zero));
  const withInfinity = f.v128(v128.bitselect(x, withZero, f32x4.eq(x, number(Number.POSITIVE_INFINITY))));
  return v128.bitselect(withInfinity, number(Number.NaN), f32x4.ge(x, number(0)));
}

/** log(u) + (x - (u - 1)) / u with u = 1 + x rounded: the lost digits are put back. */
export function log1p(c: MathContext, given: V128): V128 {
  const { f } = c;
  const x = f.v128(given);
  const u = f.v128(f32x4.add(x, number(1)));
  const logarithm = f.v128(log(c, u));
  const lost = f32x4.div(f32x4.sub(x, f32x4.sub(u, number(1))), u);
  const regular = v128.and(f32x4.gt(u, number(0)), f32x4.lt(u, number(Number.POSITIVE_INFINITY)));
  const sum = f.v128(f32x4.add(logarithm, lost));
  const corrected = f.v128(v128.bitselect(sum, logarithm, regular));
  return v128.bitselect(x, corrected, f32x4.eq(x, number(0)));
}

/** tanh |x| = -t / (t + 2) with t = e^(-2|x|) - 1, where nothing cancels; the sign is put back. */
export function tanh(c: MathContext, given: V128): V128 {
  const { f } = c;
  const x = f.v128(given);
  const bounded = f.v128(f32x4.min(f32x4.abs(x), number(10)));
  const doubled = f.v128(f32x4.mul(bounded, number(-2)));
  const { n, r } = reduceByLn2(c, doubled);
  const scale = f.v128(powerOfTwo(n));
  const small = f.v128(smallExpm1(c, r));
  const t = f.v128(f32x4.add(f32x4.mul(scale, small), f32x4.sub(scale, number(1))));
  const magnitude = f32x4.div(f32x4.neg(t), f32x4.add(t, number(2)));
  return withSignOf(magnitude, x);
}

export function sigmoid(c: MathContext, given: V128): V128 {
  const decay = c.f.v128(exp(c, f32x4.neg(given)));
  return f32x4.div(number(1), f32x4.add(decay, number(1)));
}

/** Power series up to 1 (Abramowitz & Stegun 7.1.5), beyond it their approximation 7.1.26, whose error of 1.5e-7 is absolute. */
export function erf(c: MathContext, given: V128): V128 {
  const { f } = c;
  const x = f.v128(given);
  const magnitude = f.v128(f32x4.abs(x));
  const square = f.v128(f32x4.mul(x, x));
  const series = Array.from({ length: 12 }, (_, n) => ((n % 2 === 0 ? 1 : -1) * 2) / Math.sqrt(Math.PI) / (2 * n + 1) / factorial(n));
  const inner = f.v128(f32x4.mul(x, polynomial(c, square, series)));
  const t = f.v128(f32x4.div(number(1), multiplyAdd(c.tier, magnitude, number(0.3275911), number(1))));
  const weights = [0, 0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];
  const complement = f.v128(f32x4.mul(polynomial(c, t, weights), exp(c, f32x4.neg(square))));
  const outer = f.v128(withSignOf(f32x4.sub(number(1), complement), x));
  return v128.bitselect(inner, outer, f32x4.le(magnitude, number(1)));
}

/** Sine and cosine of x reduced to |r| <= π/4 in double precision, so that large arguments stay right; quadrants choose and sign. */
function sineAndCosine(c: MathContext, given: V128, quarterTurns: number): V128 {
  const { f } = c;
  const x = f.v128(given);
  const reduce = (half: V128): { readonly quadrant: V128; readonly rest: V128 } => {
    const wide = f.v128(f64x2.promoteLowF32x4(half));
    const n = f.v128(f64x2.nearest(f64x2.mul(wide, f64x2.splat(2 / Math.PI))));
    return { quadrant: i32x4.truncSatF64x2SZero(n), rest: f32x4.demoteF64x2Zero(f64x2.sub(wide, f64x2.mul(n, f64x2.splat(Math.PI / 2)))) };
  };
  const low = reduce(x);
  const high = reduce(i32x4.shuffle(x, x, [2, 3, 2, 3]));
  const joined = (a: V128, b: V128): V128 => i32x4.shuffle(a, b, [0, 1, 4, 5]);
  // Beyond about 1e9 not even double precision leaves digits; the result is then arbitrary, but stays in -1..1.
  const r = f.v128(f32x4.max(f32x4.min(joined(low.rest, high.rest), number(0.8)), number(-0.8)));
  const quadrant = f.v128(i32x4.add(joined(low.quadrant, high.quadrant), i32x4.splat(quarterTurns)));
  const r2 = f.v128(f32x4.mul(r, r));
  const sine = f.v128(multiplyAdd(c.tier, f32x4.mul(r, r2), polynomial(c, r2, [-1 / 6, 1 / 120, -1 / 5040, 1 / 362880]), r));
  const cosine = f.v128(polynomial(c, r2, [1, -1 / 2, 1 / 24, -1 / 720, 1 / 40320, -1 / 3628800]));
  const odd = i32x4.ne(v128.and(quadrant, i32x4.splat(1)), i32x4.splat(0));
  const sign = i32x4.shl(v128.and(quadrant, i32x4.splat(2)), 30);
  return v128.xor(v128.bitselect(cosine, sine, odd), sign);
}

export function sin(c: MathContext, given: V128): V128 {
  const x = c.f.v128(given);
  return v128.bitselect(x, sineAndCosine(c, x, 0), f32x4.eq(x, number(0)));
}

export function cos(c: MathContext, x: V128): V128 {
  return sineAndCosine(c, x, 1);
}

export function tan(c: MathContext, given: V128): V128 {
  const x = c.f.v128(given);
  return f32x4.div(sin(c, x), cos(c, x));
}

/** atan |x| = base + atan(t), |t| <= tan(π/8), by the addition theorem; then the power series. */
export function atan(c: MathContext, given: V128): V128 {
  const { f } = c;
  const x = f.v128(given);
  const a = f.v128(f32x4.abs(x));
  const large = f.v128(f32x4.gt(a, number(1 + Math.SQRT2)));
  const middle = f.v128(f32x4.gt(a, number(Math.SQRT2 - 1)));
  const shifted = f32x4.div(f32x4.sub(a, number(1)), f32x4.add(a, number(1)));
  const inner = f.v128(v128.bitselect(shifted, a, middle));
  const t = f.v128(v128.bitselect(f32x4.div(number(-1), a), inner, large));
  const base = v128.bitselect(number(Math.PI / 2), v128.and(middle, number(Math.PI / 4)), large);
  const t2 = f.v128(f32x4.mul(t, t));
  const series = Array.from({ length: 9 }, (_, n) => (n % 2 === 0 ? -1 : 1) / (2 * n + 3));
  const tail = f32x4.mul(f32x4.mul(t, t2), polynomial(c, t2, series));
  return withSignOf(f32x4.add(base, f32x4.add(t, tail)), x);
}

/** Keeps NaN and zeros, like `Math.sign`. */
export function sign(c: MathContext, given: V128): V128 {
  const x = c.f.v128(given);
  const nonZero = v128.or(f32x4.lt(x, number(0)), f32x4.gt(x, number(0)));
  return v128.bitselect(withSignOf(number(1), x), x, nonZero);
}

function withSignOf(magnitude: V128, sign: V128): V128 {
  return v128.bitselect(sign, magnitude, number(-0));
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}
