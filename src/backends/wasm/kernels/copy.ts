// Plain copies: how values change their layout. Where another axis becomes the innermost one, blocks of both are turned in registers, so that
// whole cache lines are read and written; all other copies are elementwise kernels without arithmetic.
import * as e from "../../../ops/expression-build.ts";
import { bytesPerElement } from "../../../tensor/tensor.ts";
import { type FunctionBuilder, type I32, i32, i32x4, type Local, v128 } from "../assembler.ts";
import { type Kernel, type Placement, placementKey, type Tier } from "../kernel.ts";
import { elementwiseKernel } from "./elementwise.ts";
import { type Nest, nestOf, walkNest } from "./loops.ts";

const elementBytes = 4;
const lanes = 4;
/** Elements of a cache line. */
const lineElements = 16;

/** Two axes that change places: neighbours in the result lie `fromStep` bytes apart in the source, and the other way round. */
interface Turn {
  readonly outer: Nest;
  readonly to: { readonly size: number; readonly fromStep: number };
  readonly from: { readonly size: number; readonly toStep: number };
}

export function copyKernel(from: Placement, to: Placement, tier: Tier): Kernel {
  const turn = turnOf(from, to);
  return turn === undefined
    ? elementwiseKernel({ name: "copy", expression: e.operand(0), operands: [from], result: to, tier })
    : turnKernel(turn, `turn ${placementKey(from)} ${placementKey(to)}`);
}

function turnOf(from: Placement, to: Placement): Turn | undefined {
  if (from.dtype !== to.dtype || bytesPerElement(to.dtype) !== elementBytes) return undefined;
  const { sizes, strides } = nestOf(to.shape, [to.strides, from.strides]);
  const [toStrides, fromStrides] = strides;
  const inTo = toStrides.indexOf(1);
  const inFrom = fromStrides.indexOf(1);
  if (inTo < 0 || inFrom < 0 || inTo === inFrom || Math.min(sizes[inTo], sizes[inFrom]) < lanes) return undefined;
  const others = sizes.map((_, axis) => axis).filter((axis) => axis !== inTo && axis !== inFrom);
  return {
    outer: { sizes: others.map((axis) => sizes[axis]), strides: strides.map((own) => others.map((axis) => own[axis])) },
    to: { size: sizes[inTo], fromStep: fromStrides[inTo] * elementBytes },
    from: { size: sizes[inFrom], toStep: toStrides[inFrom] * elementBytes },
  };
}

function turnKernel({ outer, to, from }: Turn, key: string): Kernel {
  // The last block of a row of blocks takes along what is left over.
  const width = to.size < lineElements ? lanes : lineElements;
  const blocks = Math.floor(to.size / width);
  const items = outer.sizes.reduce((product, n) => product * n, blocks);
  const elements = outer.sizes.reduce((product, n) => product * n, to.size * from.size);
  const withBlocks: Nest = {
    sizes: [...outer.sizes, blocks],
    strides: [
      [...outer.strides[0], width],
      [...outer.strides[1], (width * to.fromStep) / elementBytes],
    ],
  };
  const nanosecondsPerElement = 0.5;
  return {
    name: "copy",
    stages: [
      {
        key,
        items,
        nanoseconds: Math.ceil(elements * nanosecondsPerElement),
        emit: (module) =>
          module.func("turn", { params: ["i32", "i32", "i32", "i32", "i32"] }, (f, source, result, _, start, end) => {
            const pointers = [f.i32(result), f.i32(source)];
            const rest = to.size % width;
            const left = f.i32(i32.remU(start, blocks));
            walkNest(f, withBlocks, pointers, [elementBytes, elementBytes], [start, end], () => {
              emitBlock(f, pointers, { width, to, from });
              f.advance(left, 1);
              f.if(i32.eq(left, blocks), () => {
                f.set(left, i32.const(0));
                emitRest(f, pointers, { width, to, from }, rest);
              });
            });
          }),
      },
    ],
  };
}

interface Block extends Pick<Turn, "to" | "from"> {
  /** Elements of the result's innermost axis, a multiple of four. */
  readonly width: number;
}

/** What a whole block leaves of its axis, in blocks of four; the last of them steps back over what has been copied already. */
function emitRest(f: FunctionBuilder, [result, source]: readonly Local<"i32">[], { width, to, from }: Block, rest: number): void {
  for (let done = 0; done < rest; done += lanes) {
    const first = width + Math.min(done, rest - lanes);
    const moved = [i32.add(result, first * elementBytes), i32.add(source, first * to.fromStep)].map((at) => f.i32(at));
    emitBlock(f, moved, { width: lanes, to, from });
  }
}

/** `width` neighbours in the result, along the whole of the source's innermost axis. */
function emitBlock(f: FunctionBuilder, [result, source]: readonly Local<"i32">[], { width, to, from }: Block): void {
  const read = f.i32(source);
  const write = f.i32(result);
  const whole = Math.floor(from.size / lanes);
  const rest = from.size % lanes;
  const step = (): void => {
    for (let first = 0; first < width; first += lanes) {
      const rows = Array.from({ length: lanes }, (_, r) => f.v128(v128.load(...at(read, (first + r) * to.fromStep))));
      for (const [r, turned] of turnSquare(f, rows).entries()) {
        const [address, offset] = at(write, r * from.toStep + first * elementBytes);
        f.storeV128(address, turned, offset);
      }
    }
  };
  f.repeat(whole, () => {
    step();
    f.advance(read, lanes * elementBytes);
    f.advance(write, lanes * from.toStep);
  });
  if (rest === 0) return;
  f.advance(read, (rest - lanes) * elementBytes);
  f.advance(write, (rest - lanes) * from.toStep);
  step();
}

/** Offsets of instructions must not be negative. */
function at(address: Local<"i32">, offset: number): readonly [I32, number] {
  return offset >= 0 ? [address, offset] : [i32.add(address, offset), 0];
}

/** Rows to columns. */
export function turnSquare(f: FunctionBuilder, [a, b, c, d]: readonly Local<"v128">[]): Local<"v128">[] {
  const low = (x: Local<"v128">, y: Local<"v128">): Local<"v128"> => f.v128(i32x4.shuffle(x, y, [0, 4, 1, 5]));
  const high = (x: Local<"v128">, y: Local<"v128">): Local<"v128"> => f.v128(i32x4.shuffle(x, y, [2, 6, 3, 7]));
  const [ab, cd, abHigh, cdHigh] = [low(a, b), low(c, d), high(a, b), high(c, d)];
  return [
    f.v128(i32x4.shuffle(ab, cd, [0, 1, 4, 5])),
    f.v128(i32x4.shuffle(ab, cd, [2, 3, 6, 7])),
    f.v128(i32x4.shuffle(abHigh, cdHigh, [0, 1, 4, 5])),
    f.v128(i32x4.shuffle(abHigh, cdHigh, [2, 3, 6, 7])),
  ];
}
