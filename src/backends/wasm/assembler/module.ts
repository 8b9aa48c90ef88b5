// A module under construction: functions over one memory, which is imported as "env.memory" and may be shared between threads.
import type { Local, Type } from "./code.ts";
import { typeByte } from "./code.ts";
import { type Bytes, name, section, unsigned, vector } from "./encoding.ts";
import { FunctionBuilder, type FunctionRef } from "./function.ts";

export interface MemoryLimits {
  readonly shared: boolean;
  /** In pages of 64 KiB. */
  readonly initial: number;
  readonly maximum: number;
}

type Params<P extends readonly Type[]> = { [K in keyof P]: Local<P[K]> };

export interface Signature<P extends readonly Type[], R extends Type | undefined> {
  readonly params: P;
  readonly result?: R;
}

/** Code is most of a module; it is copied once. */
function joined(parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export class ModuleBuilder {
  readonly #memory: MemoryLimits;
  readonly #types = new Map<string, { readonly index: number; readonly bytes: Bytes }>();
  readonly #functions: { readonly type: number; readonly body: FunctionBuilder }[] = [];
  readonly #exports: Bytes[] = [];
  readonly #shared = new Map<string, FunctionRef>();

  constructor(memory: MemoryLimits) {
    this.#memory = memory;
  }

  /** Adds a function; `build` writes its body and gets its parameters as locals. */
  func<const P extends readonly Type[], R extends Type | undefined = undefined>(
    functionName: string,
    { params, result }: Signature<P, R>,
    build: (f: FunctionBuilder, ...params: Params<P>) => void,
  ): FunctionRef & { readonly result: R } {
    const body = new FunctionBuilder(params, result);
    const ref = { name: functionName, index: this.#functions.length, params, result: result as R };
    this.#functions.push({ type: this.#typeIndex(params, result), body });
    build(body, ...(params.map((_, i) => body.param(i)) as unknown as Params<P>));
    return ref;
  }

  /** The function that was made under this key before, or a new one: identical kernels are emitted once. */
  once(key: string, make: () => FunctionRef): FunctionRef {
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#shared.set(key, made);
    return made;
  }

  export(ref: FunctionRef, as: string = ref.name): void {
    this.#exports.push([...name(as), 0, ...unsigned(ref.index)]);
  }

  get functionCount(): number {
    return this.#functions.length;
  }

  finish(): Uint8Array<ArrayBuffer> {
    const { shared, initial, maximum } = this.#memory;
    const memoryImport = [...name("env"), ...name("memory"), 2, shared ? 3 : 1, ...unsigned(initial), ...unsigned(maximum)];
    const bodies = this.#functions.map(({ body }) => body.finish());
    const count = unsigned(bodies.length);
    const sizes = bodies.map((body) => unsigned(body.length));
    const codeBytes = bodies.reduce((sum, body, i) => sum + sizes[i].length + body.length, count.length);
    const signatures = [...this.#types.values()].map(({ bytes }) => bytes);
    const types = this.#functions.map(({ type }) => unsigned(type));
    return joined([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, signatures),
      section(2, [memoryImport]),
      section(3, types),
      section(7, this.#exports),
      [10, ...unsigned(codeBytes)],
      count,
      ...bodies.flatMap((body, i) => [sizes[i], body]),
    ]);
  }

  #typeIndex(params: readonly Type[], result: Type | undefined): number {
    const key = `${params.join()}:${result ?? ""}`;
    const known = this.#types.get(key);
    if (known !== undefined) return known.index;
    const index = this.#types.size;
    const results = result === undefined ? [] : [[typeByte[result]]];
    this.#types.set(key, { index, bytes: [0x60, ...vector(params.map((p) => [typeByte[p]])), ...vector(results)] });
    return index;
  }
}
