// Elementwise kernels: one expression over any number of strided operands. Most copies and all optimiser updates are elementwise kernels too.
// Rows of the innermost axis are computed four elements at a time.
import { type Expression, expressionKey, operandsOf } from "../../../ops/expression.ts";
import * as e from "../../../ops/expression-build.ts";
import { bytesPerElement, type DType } from "../../../tensor/tensor.ts";
import { type Code, type FunctionBuilder, f32, f64, type I32, i32, i64, type Local, type V128, v128 } from "../assembler.ts";
import { type Kernel, type Placement, placementKey, type Tier } from "../kernel.ts";
import { broadcastStrides } from "../layout.ts";
import { cutInnermost, type Nest, nestOf, pointersFrom, splitInnermost, walkNest } from "./loops.ts";
import { emitScalar, type Helpers, hasScalarForm, helpersOf } from "./scalar-math.ts";
import { emitVector, needsHelpers, vectorNanoseconds } from "./vector-expression.ts";

export interface ElementwiseSite {
  readonly name: string;
  readonly expression: Expression;
  readonly operands: readonly Placement[];
  readonly result: Placement;
  readonly tier: Tier;
}

/** Elements of one item when a single long row is split between threads. */
const blockElements = 1024;

/** Whether there is code for this expression on these element types. */
export function canEmitElementwise(expression: Expression, operands: readonly DType[], result: DType): boolean {
  return isVectorised(expression, operands, result) || hasScalarForm(expression);
}

function isVectorised(expression: Expression, operands: readonly DType[], result: DType): boolean {
  if (result === "float32" && operands.every((d) => d === "float32")) return true;
  // Moving 32-bit words needs no arithmetic.
  return expression.kind === "operand" && bytesPerElement(result) === 4 && operands[expression.index] === result;
}

export function elementwiseKernel(site: ElementwiseSite): Kernel {
  const { name, expression, operands, result, tier } = site;
  const strides = [result.strides, ...operands.map((operand) => broadcastStrides(operand, result.shape))];
  const widths = [result, ...operands].map(({ dtype }) => bytesPerElement(dtype));
  const merged = nestOf(result.shape, strides);
  const size = merged.sizes.reduce((product, n) => product * n, 1);
  const vectorised = isVectorised(
    expression,
    operands.map(({ dtype }) => dtype),
    result.dtype,
  );
  const flat = merged.sizes.length <= 1;
  const nest = flat ? merged : grained(merged);
  const { outer, size: row } = splitInnermost(nest);
  const vector = vectorNanoseconds(expression) + 0.5 * (operands.length + 1);
  const gathers = vectorised ? countGathers(merged) : strides.length * 4;
  return {
    name,
    inPlace: operands.flatMap((operand, i) => (sameStrides(operand, result) && operand.dtype === result.dtype ? [i] : [])),
    stages: [
      {
        key: `map ${tier} ${expressionKey(expression)} ${[result, ...operands].map(placementKey).join(" ")}`,
        items: size === 0 ? 0 : flat ? Math.ceil(row / blockElements) : outer.sizes.reduce((product, n) => product * n, 1),
        nanoseconds: (Math.ceil(size / 4) * (vector + gathers) * (vectorised ? 1 : 3)) | 0,
        emit: (module) => {
          const params = new Array<"i32">(operands.length + 4).fill("i32");
          const helpers = needsHelpers(expression) ? helpersOf(module) : undefined;
          return module.func(name, { params }, (f, ...args) => {
            const addresses = args.slice(0, operands.length);
            const [resultAddress, , start, end] = args.slice(operands.length);
            const row: Row = {
              f,
              tier,
              expression,
              nest,
              widths,
              dtypes: [result, ...operands].map(({ dtype }) => dtype),
              vectorised,
              helpers,
            };
            const pointers = pointersFrom(f, [resultAddress, ...addresses]);
            if (flat) flatRange(row, pointers, start, end);
            else walkNest(f, outer, pointers, widths, [start, end], () => constantRow(row, pointers));
          });
        },
      },
    ],
  };
}

/** Writes one number everywhere. */
export function fillKernel(to: Placement, value: number, tier: Tier): Kernel {
  return elementwiseKernel({ name: "fill", expression: e.number(value), operands: [], result: to, tier });
}

function sameStrides(a: Placement, b: Placement): boolean {
  return (
    a.shape.length === b.shape.length && a.shape.every((n, axis) => n === b.shape[axis] && (n === 1 || a.strides[axis] === b.strides[axis]))
  );
}

/** Few long rows are cut, so that there is something to share between threads. */
function grained(nest: Nest): Nest {
  const { outer, size } = splitInnermost(nest);
  const rows = outer.sizes.reduce((product, n) => product * n, 1);
  if (rows >= 16 || size < 4 * blockElements) return nest;
  for (let piece = Math.min(size / 2, 4 * blockElements) & ~3; piece >= blockElements; piece -= 4) {
    if (size % piece === 0) return cutInnermost(nest, piece);
  }
  return nest;
}

function countGathers(nest: Nest): number {
  const { steps } = splitInnermost(nest);
  return steps.filter((step) => step !== 0 && step !== 1).length * 3;
}

interface Row {
  readonly f: FunctionBuilder;
  readonly tier: Tier;
  readonly expression: Expression;
  readonly nest: Nest;
  /** Bytes per element and type of each array, the result first. */
  readonly widths: readonly number[];
  readonly dtypes: readonly DType[];
  readonly vectorised: boolean;
  readonly helpers: Helpers | undefined;
}

/** Items are blocks of one long row; the last may be short. */
function flatRange(row: Row, pointers: readonly Local<"i32">[], start: Local<"i32">, end: Local<"i32">): void {
  const { f, nest, widths } = row;
  const { size, steps } = splitInnermost(nest);
  const first = f.i32(i32.mul(start, blockElements));
  const last = f.i32(i32.mul(end, blockElements));
  f.if(i32.gtU(last, size), () => f.set(last, i32.const(size)));
  pointers.forEach((pointer, k) => {
    if (steps[k] !== 0) f.advance(pointer, i32.mul(first, steps[k] * widths[k]));
  });
  const count = f.i32(i32.sub(last, first));
  if (!row.vectorised) {
    elementLoop(row, pointers, steps, count);
    return;
  }
  const hoisted = hoist(row, pointers, steps);
  const unroll = unrollOf(row);
  vectorLoop(row, pointers, steps, hoisted, i32.divU(count, 4 * unroll), unroll);
  if (unroll > 1) vectorLoop(row, pointers, steps, hoisted, i32.and(i32.shrU(count, 2), unroll - 1), 1);
  const rest = size % 4;
  if (rest > 0) f.if(i32.eq(last, size), () => vectors(row, pointers, steps, hoisted, 1, rest));
}

/** One row whose length is known while assembling. Pointers end where they began. */
function constantRow(row: Row, bases: readonly Local<"i32">[]): void {
  const { size, steps } = splitInnermost(row.nest);
  const pointers = row.f.locals("i32", bases.length);
  bases.forEach((base, k) => {
    row.f.set(pointers[k], base);
  });
  if (!row.vectorised) {
    elementLoop(row, pointers, steps, size);
    return;
  }
  const hoisted = hoist(row, pointers, steps);
  const unroll = unrollOf(row);
  const wide = Math.floor(size / (4 * unroll));
  const single = Math.floor((size % (4 * unroll)) / 4);
  if (wide > 0) vectorLoop(row, pointers, steps, hoisted, wide, unroll);
  if (single > 0) vectorLoop(row, pointers, steps, hoisted, single, 1);
  if (size % 4 > 0) vectors(row, pointers, steps, hoisted, 1, size % 4);
}

/** Long expressions keep the processor busy by themselves; short ones are bound by the loop around them. */
function unrollOf({ expression }: Row): number {
  return vectorNanoseconds(expression) < 3 ? 4 : 1;
}

/** Operands that stay the same along the row, loaded once. */
function hoist({ f, expression }: Row, pointers: readonly Local<"i32">[], steps: readonly number[]): ReadonlyMap<number, V128> {
  const used = operandsOf(expression);
  return new Map(used.filter((i) => steps[i + 1] === 0).map((i) => [i, f.v128(v128.load32Splat(pointers[i + 1]))]));
}

function vectorLoop(
  row: Row,
  pointers: readonly Local<"i32">[],
  steps: readonly number[],
  hoisted: ReadonlyMap<number, V128>,
  times: I32,
  unroll: number,
): void {
  const { f, widths } = row;
  const body = (): void => {
    vectors(row, pointers, steps, hoisted, unroll, 4);
    pointers.forEach((pointer, k) => {
      f.advance(pointer, 4 * unroll * steps[k] * widths[k]);
    });
  };
  if (typeof times === "number") {
    f.repeat(times, body);
    return;
  }
  const left = f.i32(times);
  f.if(left, () => f.repeat(left, body));
}

/** `unroll` vectors at the pointers; the last of them may have fewer than four `lanes`. */
function vectors(
  row: Row,
  pointers: readonly Local<"i32">[],
  steps: readonly number[],
  hoisted: ReadonlyMap<number, V128>,
  unroll: number,
  lanes: number,
): void {
  const { f, tier, expression, helpers } = row;
  for (let u = 0; u < unroll; u++) {
    const operand = (i: number): V128 => hoisted.get(i) ?? loadLanes(pointers[i + 1], steps[i + 1], u * 4, lanes);
    const value = emitVector({ f, tier }, expression, operand, helpers);
    storeLanes(f, pointers[0], steps[0], u * 4, lanes, value);
  }
}

/** Up to four float32 that lie `step` elements apart. Nothing beyond them is read. */
export function loadLanes(pointer: Local<"i32">, step: number, first: number, lanes: number): V128 {
  const at = (i: number): [I32, number] => {
    const offset = (first + i) * step * 4;
    return offset < 0 ? [i32.add(pointer, offset), 0] : [pointer, offset];
  };
  if (step === 1 && lanes === 4) return v128.load(...at(0));
  let out = step === 1 && lanes >= 2 ? v128.load64Zero(...at(0)) : v128.load32Zero(...at(0));
  for (let i = step === 1 && lanes >= 2 ? 2 : 1; i < lanes; i++) {
    const [address, offset] = at(i);
    out = v128.load32Lane(address, out, i, offset);
  }
  return out;
}

export function storeLanes(f: FunctionBuilder, pointer: Local<"i32">, step: number, first: number, lanes: number, value: V128): void {
  const at = (i: number): [I32, number] => {
    const offset = (first + i) * step * 4;
    return offset < 0 ? [i32.add(pointer, offset), 0] : [pointer, offset];
  };
  if (step === 1 && lanes === 4) {
    f.storeV128(pointer, value, first * 4);
    return;
  }
  const kept = f.v128(value);
  for (let i = 0; i < lanes; i++) {
    const [address, offset] = at(i);
    f.storeLane32(address, kept, i, offset);
  }
}

/** Element by element in double precision. */
function elementLoop(row: Row, pointers: readonly Local<"i32">[], steps: readonly number[], count: I32): void {
  const { f, expression, widths, dtypes } = row;
  f.repeat(count, () => {
    const value = emitScalar(f, expression, (i) => loadElement(pointers[i + 1], dtypes[i + 1]));
    storeElement(f, pointers[0], dtypes[0], value);
    pointers.forEach((pointer, k) => {
      f.advance(pointer, steps[k] * widths[k]);
    });
  });
}

export function loadElement(address: Local<"i32">, dtype: DType): Code<"f64"> {
  switch (dtype) {
    case "float32":
      return f64.promoteF32(f32.load(address));
    case "float64":
      return f64.load(address);
    case "int32":
      return f64.convertI32S(i32.load(address));
    case "uint8":
      return f64.convertI32S(i32.load8U(address));
  }
}

/** Stores as typed arrays do: integers are cut off towards zero and wrap; infinities, beyond the last power of two that wraps, give 0. */
export function storeElement(f: FunctionBuilder, address: Local<"i32">, dtype: DType, value: Code<"f64">): void {
  switch (dtype) {
    case "float32":
      f.storeF32(address, f32.demoteF64(value));
      break;
    case "float64":
      f.storeF64(address, value);
      break;
    case "int32":
      f.storeI32(address, wrapped(f, value));
      break;
    case "uint8":
      f.storeI32As8(address, wrapped(f, value));
      break;
  }
}

function wrapped(f: FunctionBuilder, value: Code<"f64">): Code<"i32"> {
  const kept = f.local("f64", value);
  return i32.wrapI64(i64.truncSatF64(f64.select(f64.eq(f64.abs(kept), Number.POSITIVE_INFINITY), 0, kept)));
}
