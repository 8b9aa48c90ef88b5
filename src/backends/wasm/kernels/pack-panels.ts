// Copies between a kernel's own order and the panels that the inner loops read: [group, panel][row][tile columns], the last panel of a
// group filled up with zeros.
import { type Code, type FunctionBuilder, f32x4, i32, type Local, v128 } from "../assembler.ts";
import { floatBytes, iterations, type PackPlan } from "./conv-plan.ts";
import { emitNest } from "./pack-nest.ts";

export interface PanelFormat {
  /** Columns per panel, a multiple of four. */
  readonly width: number;
  /** Rows are stored in sections of `section` rows, each taking the room of `stored` (they differ where tiles are filled up). */
  readonly section: number;
  readonly stored: number;
}

/** One section: nothing is filled up. */
export function plainFormat(plan: PackPlan, width: number): PanelFormat {
  const rows = iterations(plan.rows);
  return { width, section: rows, stored: rows };
}

/** Number of panels: the items of both directions. */
export function packItems(plan: PackPlan, { width }: PanelFormat): number {
  return plan.groups * Math.ceil(plan.columns / width);
}

export function packedBytes(plan: PackPlan, format: PanelFormat): number {
  const sections = format.section === 0 ? 0 : iterations(plan.rows) / format.section;
  return packItems(plan, format) * sections * format.stored * format.width * floatBytes;
}

interface PackArguments {
  readonly plain: Local<"i32">;
  readonly packed: Local<"i32">;
  readonly start: Local<"i32">;
  readonly end: Local<"i32">;
}

/** Walks the panels [start, end); `body` moves `count` columns of one row from or to the addresses it is given. */
function emitPanelWalk(
  f: FunctionBuilder,
  plan: PackPlan,
  format: PanelFormat,
  { plain, packed, start, end }: PackArguments,
  body: (plainAt: Local<"i32">, packedAt: Local<"i32">, count: number) => void,
): void {
  const rows = iterations(plan.rows);
  if (rows === 0) return;
  const perGroup = Math.ceil(plan.columns / format.width);
  const tail = plan.columns - (perGroup - 1) * format.width;
  const rowBytes = format.width * floatBytes;
  const filling = (format.stored - format.section) * rowBytes;
  const panel = f.local("i32");
  const plainAt = f.local("i32");
  const packedAt = f.local("i32");
  const left = f.local("i32");
  f.set(packedAt, i32.add(packed, i32.mul(start, packedBytes({ ...plan, groups: 1, columns: 1 }, format))));
  const walk = (count: number) => (): void => {
    f.set(left, i32.const(format.section));
    emitNest(f, plan.rows, [{ local: plainAt, step: 0 }], [0], () => {
      body(plainAt, packedAt, count);
      f.advance(packedAt, rowBytes);
      if (filling === 0) return;
      f.set(left, i32.sub(left, 1));
      f.if(i32.eqz(left), () => {
        f.set(left, i32.const(format.section));
        f.advance(packedAt, filling);
      });
    });
  };
  f.for(panel, start, end, 1, () => {
    const inGroup = i32.remU(panel, perGroup);
    f.set(plainAt, i32.add(plain, plan.offset));
    f.advance(plainAt, i32.mul(i32.divU(panel, perGroup), plan.groupStep));
    f.advance(plainAt, i32.mul(inGroup, format.width * plan.columnStep));
    if (tail === format.width) walk(format.width)();
    else if (perGroup === 1) walk(tail)();
    else f.if(i32.eq(inGroup, perGroup - 1), walk(tail), walk(format.width));
  });
}

/** Address of column `c`, for strides of either sign: offsets of loads and stores must not be negative. */
function columnAt(base: Local<"i32">, c: number, step: number): [address: Code<"i32">, offset: number] {
  return c * step >= 0 ? [base, c * step] : [i32.add(base, c * step), 0];
}

/** Plain -> panels. */
export function emitPack(f: FunctionBuilder, plan: PackPlan, format: PanelFormat, args: PackArguments): void {
  const contiguous = plan.columnStep === floatBytes;
  emitPanelWalk(f, plan, format, args, (plainAt, packedAt, count) => {
    for (let c = 0; c < format.width; c += 4) {
      if (contiguous && c + 4 <= count) {
        f.storeV128(packedAt, v128.load(plainAt, c * floatBytes), c * floatBytes);
        continue;
      }
      const present = Math.min(4, count - c);
      if (present <= 0) {
        f.storeV128(packedAt, f32x4.splat(0), c * floatBytes);
        continue;
      }
      let vector = v128.load32Zero(...columnAt(plainAt, c, plan.columnStep));
      for (let lane = 1; lane < present; lane++) {
        const [address, offset] = columnAt(plainAt, c + lane, plan.columnStep);
        vector = v128.load32Lane(address, vector, lane, offset);
      }
      f.storeV128(packedAt, vector, c * floatBytes);
    }
  });
}

/** Panels -> plain, the sum of `parts` that lie `bytes` apart; what fills the panels up is left behind. */
export function emitUnpack(
  f: FunctionBuilder,
  plan: PackPlan,
  format: PanelFormat,
  args: PackArguments,
  parts: { readonly count: number; readonly bytes: number },
): void {
  const sum = f.local("v128");
  emitPanelWalk(f, plan, format, args, (plainAt, packedAt, count) => {
    for (let c = 0; c < count; c += 4) {
      f.set(sum, v128.load(packedAt, c * floatBytes));
      for (let p = 1; p < parts.count; p++) f.set(sum, f32x4.add(sum, v128.load(packedAt, p * parts.bytes + c * floatBytes)));
      for (let lane = 0; lane < Math.min(4, count - c); lane++) {
        const [address, offset] = columnAt(plainAt, c + lane, plan.columnStep);
        f.storeLane32(address, sum, lane, offset);
      }
    }
  });
}
