// Zeros around a tensor that lies densely but for its border: one walk through the memory that touches nothing else. What ends one row and
// begins the next lies side by side and is written together.
import { sizeOf } from "../../../tensor/shape.ts";
import { bytesPerElement } from "../../../tensor/tensor.ts";
import { type FunctionBuilder, i32, type Local, v128 } from "../assembler.ts";
import { type Kernel, type Placement, placementKey } from "../kernel.ts";

/** One axis: bytes from one position to the next, and zeros in bytes before and after its positions, those of the axes within included. */
interface Level {
  readonly size: number;
  readonly step: number;
  readonly lead: number;
  readonly trail: number;
}

const vectorBytes = 16;
/** Longer runs of zeros are left to the engine's own loop. */
const mostUnrolled = 512;

/** Zeroes the border of a value that `layOut` placed in this order of axes. Its result is the value's own memory. */
export function borderKernel(placement: Placement, order: readonly number[]): Kernel {
  const { shape, strides, border, dtype } = placement;
  const width = bytesPerElement(dtype);
  const first = order.findIndex((axis) => isBordered(placement, axis));
  const last = order.findLastIndex((axis) => isBordered(placement, axis));
  const levels: Level[] = [];
  for (let i = last; i >= first; i--) {
    const axis = order[i];
    const step = strides[axis] * width;
    const [before, after] = border[axis];
    const { lead = 0, trail = 0 } = levels[0] ?? {};
    levels.unshift({ size: shape[axis], step, lead: before * step + lead, trail: after * step + trail });
  }
  const items = sizeOf(order.slice(0, first).map((axis) => shape[axis]));
  const [outermost] = levels;
  const own = border[order[first]];
  const itemBytes = (own[0] + outermost.size + own[1]) * outermost.step;
  const inside = sizeOf(levels.map(({ size }) => size)) * levels[levels.length - 1].step;
  const rows = sizeOf(levels.slice(0, -1).map(({ size }) => size));
  return {
    name: "border",
    stages: [
      {
        key: `border ${placementKey(placement)} ${order}`,
        items,
        nanoseconds: items * ((itemBytes - inside) / 32 + 2 * rows),
        emit: (module) =>
          module.func("border", { params: ["i32", "i32", "i32", "i32"] }, (f, result, _scratch, start, end) => {
            const item = f.i32(start);
            const at = f.i32(i32.add(i32.sub(result, outermost.lead), i32.mul(start, itemBytes)));
            f.doWhile(item, end, 1, () => {
              zeros(f, at, outermost.lead);
              between(f, at, levels);
              zeros(f, at, outermost.trail);
            });
          }),
      },
    ],
  };
}

function isBordered({ border }: Placement, axis: number): boolean {
  const [before, after] = border[axis];
  return before + after > 0;
}

/** Moves on from the end of the outermost level's first zeros to the start of its last ones. */
function between(f: FunctionBuilder, at: Local<"i32">, [{ size, step }, ...within]: readonly Level[]): void {
  if (within.length === 0) {
    f.advance(at, size * step);
    return;
  }
  const [{ lead, trail }] = within;
  if (size > 1) {
    f.repeat(size - 1, () => {
      between(f, at, within);
      zeros(f, at, trail + lead);
    });
  }
  between(f, at, within);
}

function zeros(f: FunctionBuilder, at: Local<"i32">, bytes: number): void {
  if (bytes === 0) return;
  if (bytes > mostUnrolled || bytes % 4 > 0) f.memoryFill(at, 0, bytes);
  else {
    let offset = 0;
    for (; offset + vectorBytes <= bytes; offset += vectorBytes) f.storeV128(at, v128.zero(), offset);
    for (; offset < bytes; offset += 4) f.storeI32(at, 0, offset);
  }
  f.advance(at, bytes);
}
