// The body of one function: locals, statements and structured control. Control takes closures, so that nesting in TypeScript is nesting in code.
import {
  asCode,
  type Code,
  type F32,
  type F64,
  type I32,
  instruction,
  type Local,
  memoryArgument,
  simd,
  type Type,
  typeByte,
  type V128,
} from "./code.ts";
import { append, type Bytes, unsigned } from "./encoding.ts";
import { i32 } from "./scalar.ts";

/** A function of the module, callable before its body is written. */
export interface FunctionRef {
  readonly name: string;
  readonly index: number;
  readonly params: readonly Type[];
  readonly result: Type | undefined;
}

/** The target of a branch: the end of a block, or the start of a loop. */
export interface Label {
  readonly depth: number;
}

export class FunctionBuilder {
  readonly #params: readonly Type[];
  readonly #result: Type | undefined;
  readonly #locals: Type[] = [];
  readonly #code: number[] = [];
  #depth = 0;

  constructor(params: readonly Type[], result?: Type) {
    this.#params = params;
    this.#result = result;
  }

  param<T extends Type>(index: number): Local<T> {
    return this.#reference(index, this.#params[index] as T);
  }

  /** A new local, zero until it is set. */
  local<T extends Type>(type: T, initial?: Code<T>): Local<T> {
    this.#locals.push(type);
    const local = this.#reference(this.#params.length + this.#locals.length - 1, type);
    if (initial !== undefined) this.set(local, initial);
    return local;
  }

  locals<T extends Type>(type: T, count: number): Local<T>[] {
    return Array.from({ length: count }, () => this.local(type));
  }

  /** A new i32 local with this value: the usual way to name an address. */
  i32(initial: I32): Local<"i32"> {
    return this.local("i32", asCode("i32", initial));
  }

  v128(initial: V128): Local<"v128"> {
    return this.local("v128", initial);
  }

  set<T extends Type>(local: Local<T>, value: Code<T>): void {
    this.#emit(value.bytes, [0x21, ...unsigned(local.index)]);
  }

  /** local += step */
  advance(local: Local<"i32">, step: I32): void {
    if (step !== 0) this.set(local, i32.add(local, step));
  }

  // Stores ------------------------------------------------------------------------------------------------------------------

  storeI32(address: I32, value: I32, offset = 0): void {
    this.#store([asCode("i32", address), asCode("i32", value)], [0x36, ...memoryArgument(2, offset)]);
  }

  storeI32As8(address: I32, value: I32, offset = 0): void {
    this.#store([asCode("i32", address), asCode("i32", value)], [0x3a, ...memoryArgument(0, offset)]);
  }

  storeF32(address: I32, value: F32, offset = 0): void {
    this.#store([asCode("i32", address), asCode("f32", value)], [0x38, ...memoryArgument(2, offset)]);
  }

  storeF64(address: I32, value: F64, offset = 0): void {
    this.#store([asCode("i32", address), asCode("f64", value)], [0x39, ...memoryArgument(3, offset)]);
  }

  storeV128(address: I32, value: V128, offset = 0): void {
    this.#store([asCode("i32", address), value], [...simd(11), ...memoryArgument(2, offset)]);
  }

  /** Stores one 32-bit lane. */
  storeLane32(address: I32, value: V128, lane: number, offset = 0): void {
    this.#store([asCode("i32", address), value], [...simd(90), ...memoryArgument(2, offset), lane]);
  }

  /** Stores the low 64 bits (`half` 0) or the high ones (`half` 1). */
  storeLane64(address: I32, value: V128, half: number, offset = 0): void {
    this.#store([asCode("i32", address), value], [...simd(91), ...memoryArgument(2, offset), half]);
  }

  memoryFill(address: I32, byte: I32, count: I32): void {
    this.#store([asCode("i32", address), asCode("i32", byte), asCode("i32", count)], [0xfc, 11, 0]);
  }

  memoryCopy(target: I32, source: I32, count: I32): void {
    this.#store([asCode("i32", target), asCode("i32", source), asCode("i32", count)], [0xfc, 10, 0, 0]);
  }

  atomicStoreI32(address: I32, value: I32, offset = 0): void {
    this.#store([asCode("i32", address), asCode("i32", value)], [0xfe, 0x17, ...memoryArgument(2, offset)]);
  }

  // Calls -------------------------------------------------------------------------------------------------------------------

  /** Calls a function and drops what it returns. */
  call(target: FunctionRef, args: readonly (Code<Type> | number)[]): void {
    append(this.#code, callBytes(target, args));
    if (target.result !== undefined) this.#code.push(0x1a);
  }

  /** Computes for the sake of the effect. */
  drop(value: Code<Type>): void {
    this.#emit(value.bytes, [0x1a]);
  }

  return(value?: Code<Type>): void {
    this.#emit(value?.bytes ?? [], [0x0f]);
  }

  unreachable(): void {
    this.#code.push(0x00);
  }

  // Control -----------------------------------------------------------------------------------------------------------------

  /** `body` may branch to the block's end. */
  block(body: (end: Label) => void): void {
    this.#nested([0x02, 0x40], body);
  }

  /** `body` may branch back to the loop's start; falling out of it ends the loop. */
  loop(body: (again: Label) => void): void {
    this.#nested([0x03, 0x40], body);
  }

  if(condition: I32, then: () => void, otherwise?: () => void): void {
    const known = asCode("i32", condition).constant;
    if (known !== undefined) {
      if (known !== 0) then();
      else otherwise?.();
      return;
    }
    append(this.#code, asCode("i32", condition).bytes);
    this.#nested([0x04, 0x40], () => {
      then();
      if (otherwise !== undefined) {
        this.#code.push(0x05);
        otherwise();
      }
    });
  }

  br(target: Label): void {
    this.#code.push(0x0c, ...unsigned(this.#depth - target.depth));
  }

  brIf(target: Label, condition: I32): void {
    this.#emit(asCode("i32", condition).bytes, [0x0d, ...unsigned(this.#depth - target.depth)]);
  }

  /** for (i = from; i < to; i += step), unsigned. `to` and `step` are computed every time round: constants or locals. */
  for(i: Local<"i32">, from: I32, to: I32, step: I32, body: () => void): void {
    this.set(i, asCode("i32", from));
    this.if(i32.ltU(asCode("i32", from).constant === undefined ? i : from, to), () => this.doWhile(i, to, step, body));
  }

  /** The same for a loop that is known to run at least once and whose counter is set: do { ... i += step } while (i < to). */
  doWhile(i: Local<"i32">, to: I32, step: I32, body: () => void): void {
    this.loop((again) => {
      body();
      this.advance(i, step);
      this.brIf(again, i32.ltU(i, to));
    });
  }

  /** Exactly `count` times, at least once, counting an own local down. A constant 1 is no loop at all. */
  repeat(count: I32, body: () => void): void {
    if (asCode("i32", count).constant === 1) {
      body();
      return;
    }
    const left = this.i32(count);
    this.loop((again) => {
      body();
      this.set(left, i32.sub(left, 1));
      this.brIf(again, left);
    });
  }

  /** The encoded body: locals in runs of one type, then the code. */
  finish(): Uint8Array {
    const runs: number[][] = [];
    let i = 0;
    while (i < this.#locals.length) {
      let length = 1;
      while (this.#locals[i + length] === this.#locals[i]) length++;
      runs.push([...unsigned(length), typeByte[this.#locals[i]]]);
      i += length;
    }
    const head = [...unsigned(runs.length), ...runs.flat()];
    // Results are always left by `return`, so the end of such a body is never reached; validation wants to be told.
    const tail = this.#result === undefined ? [0x0b] : [0x00, 0x0b];
    const body = new Uint8Array(head.length + this.#code.length + tail.length);
    body.set(head);
    body.set(this.#code, head.length);
    body.set(tail, head.length + this.#code.length);
    return body;
  }

  #reference<T extends Type>(index: number, type: T): Local<T> {
    return { type, index, bytes: [0x20, ...unsigned(index)] };
  }

  #emit(...parts: readonly Bytes[]): void {
    for (const part of parts) append(this.#code, part);
  }

  #store(operands: readonly Code<Type>[], opcode: Bytes): void {
    for (const operand of operands) append(this.#code, operand.bytes);
    append(this.#code, opcode);
  }

  #nested(opening: Bytes, body: (label: Label) => void): void {
    append(this.#code, opening);
    this.#depth++;
    body({ depth: this.#depth });
    this.#depth--;
    this.#code.push(0x0b);
  }
}

function callBytes(target: FunctionRef, args: readonly (Code<Type> | number)[]): number[] {
  if (args.length !== target.params.length) {
    throw new RangeError(`assembler: ${target.name} takes ${target.params.length} arguments, but ${args.length} are given`);
  }
  const coded = args.map((arg, i) => {
    const type = target.params[i];
    const code = typeof arg === "number" && (type === "i32" || type === "f32" || type === "f64") ? asCode(type, arg) : (arg as Code<Type>);
    if (code.type !== type)
      throw new TypeError(`assembler: argument ${i} of ${target.name} is ${code.type ?? "a number"}; expected ${type}`);
    return code;
  });
  return [...instruction("i32", coded, [0x10, ...unsigned(target.index)]).bytes];
}

/** A call as an expression. */
export function call<T extends Type>(target: FunctionRef & { readonly result: T }, args: readonly (Code<Type> | number)[]): Code<T> {
  return { type: target.result, bytes: callBytes(target, args) };
}
