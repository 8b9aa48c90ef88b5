// Atomic reads that leave a value: what barriers between threads are made of. Atomic stores are statements of the function builder.
import { asCode, type Code, type I32, instruction, memoryArgument } from "./code.ts";

interface AtomicOps {
  readonly load: (address: I32, offset?: number) => Code<"i32">;
  /** Adds and gives the value from before. */
  readonly add: (address: I32, value: I32, offset?: number) => Code<"i32">;
  readonly exchange: (address: I32, value: I32, offset?: number) => Code<"i32">;
  /**
   * Sleeps while the word equals `expected`, at most `nanoseconds` (negative: for ever). 0 woken, 1 was different, 2 timed out.
   * Put it into a function without other local variables: V8 11 (Node 20) does not keep them in registers across it.
   */
  readonly wait: (address: I32, expected: I32, nanoseconds: Code<"i64">, offset?: number) => Code<"i32">;
  /** Wakes at most `count` sleepers; gives how many. */
  readonly notify: (address: I32, count: I32, offset?: number) => Code<"i32">;
}

const word = (opcode: number, offset: number): number[] => [0xfe, opcode, ...memoryArgument(2, offset)];

export const atomic: AtomicOps = {
  load: (address, offset = 0) => instruction("i32", [asCode("i32", address)], word(0x10, offset)),
  add: (address, value, offset = 0) => instruction("i32", [asCode("i32", address), asCode("i32", value)], word(0x1e, offset)),
  exchange: (address, value, offset = 0) => instruction("i32", [asCode("i32", address), asCode("i32", value)], word(0x41, offset)),
  wait: (address, expected, nanoseconds, offset = 0) =>
    instruction("i32", [asCode("i32", address), asCode("i32", expected), nanoseconds], word(0x01, offset)),
  notify: (address, count, offset = 0) => instruction("i32", [asCode("i32", address), asCode("i32", count)], word(0x00, offset)),
};
