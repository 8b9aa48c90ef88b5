// Kernels for maps that treat every axis by itself: along an axis, each output position sums a few weighted input positions. Resampling,
// rolling, mirrored padding and its adjoint are all of this kind; they differ only in the table.
import type { Value } from "../../../graph/value.ts";
import { type AxisMaps, identityMap } from "../../../ops/axis-maps.ts";
import { type PadMode, type Pads, padMaps } from "../../../ops/pad.ts";
import { type AxisTaps, type Taps as ResampleTaps, transposeTaps } from "../../../ops/resample.ts";
import { rollShifts } from "../../../ops/roll.ts";
import { type Shape, sizeOf } from "../../../tensor/shape.ts";
import { type FunctionBuilder, f32x4, i32, type Local, type V128, v128 } from "../assembler.ts";
import {
  type Kernel,
  type KernelRule,
  kernelArguments,
  kernelParams,
  type Placement,
  placementKey,
  type Site,
  type Stage,
} from "../kernel.ts";
import { layOut, orderOf } from "../layout.ts";
import { loadLanes, storeLanes } from "./elementwise.ts";
import { type Nest, nestOf, splitInnermost, walkNest } from "./loops.ts";
import { multiplyAdd } from "./vector-math.ts";

/** One axis: for each output position, the input positions that it reads and their weights. Undefined when the axis stays as it is. */
type Taps = AxisTaps["reads"] | undefined;

function fromMaps(maps: AxisMaps): Taps[] {
  return maps.map((map) => (map.every((from, to) => from === to) ? undefined : Array.from(map, (from) => (from < 0 ? [] : [[from, 1]]))));
}

/** The taps of the adjoint. */
function adjoint(reads: Taps, inputSize: number): Taps {
  return reads && transposeTaps({ inputSize, step: 1, reads }).reads;
}

const padTaps = (shape: Shape, { attrs }: Value): Taps[] => fromMaps(padMaps(shape, attrs.pads as Pads, attrs.mode as PadMode));

/** By op: the taps of each axis. */
const tables: Readonly<Record<string, (value: Value) => Taps[]>> = {
  resample: ({ attrs }) => (attrs.taps as ResampleTaps).map((table) => table?.reads),
  pad: (value) => padTaps(value.inputs[0].shape, value),
  padGrad: (value) => padTaps(value.shape, value).map((taps, axis) => adjoint(taps, value.shape[axis])),
  roll(value) {
    const shifts = rollShifts(value.shape, value.attrs as unknown as Parameters<typeof rollShifts>[1]);
    return fromMaps(value.shape.map((size, axis) => identityMap(size).map((to) => (to - shifts[axis] + size) % size)));
  },
};

/** Per output position: how many taps, then byte offsets and weights, all words; rows are of equal length. */
function tableOf(taps: NonNullable<Taps>, strideBytes: number): { readonly data: Int32Array; readonly rowWords: number } {
  const rowWords = 1 + 2 * Math.max(...taps.map((reads) => reads.length), 0);
  const data = new Int32Array(taps.length * rowWords);
  const weights = new Float32Array(data.buffer);
  taps.forEach((reads, to) => {
    data[to * rowWords] = reads.length;
    reads.forEach(([from, weight], t) => {
      data[to * rowWords + 1 + 2 * t] = from * strideBytes;
      weights[to * rowWords + 2 + 2 * t] = weight;
    });
  });
  return { data, rowWords };
}

/** One axis after the other, through scratch memory where there are several. */
function tapsKernel(site: Site, axes: readonly Taps[]): Kernel {
  const { operands, result, value } = site;
  const moving = axes.flatMap((taps, axis) => (taps === undefined ? [] : [{ taps, axis }]));
  const order = orderOf(result);
  const passes: { from: Placement; to: Placement; axis: number; rowWords: number; offset: number }[] = [];
  const data: Int32Array[] = [];
  let from = operands[0];
  let scratchBytes = 0;
  moving.forEach(({ taps, axis }, i) => {
    const shape = from.shape.with(axis, taps.length);
    const last = i === moving.length - 1;
    const to = last ? result : layOut(shape, "float32", order).placement;
    const table = tableOf(taps, from.strides[axis] * 4);
    data.push(table.data);
    passes.push({ from, to, axis, rowWords: table.rowWords, offset: scratchBytes });
    if (!last) scratchBytes += Math.ceil((sizeOf(shape) * 4) / 64) * 64;
    from = to;
  });
  const stages = passes.map(({ from: source, to, axis, rowWords, offset }, i): Stage => {
    const read = source.strides.map((stride, a) => (a === axis ? 0 : stride));
    const table = to.shape.map((_, a) => (a === axis ? rowWords : 0));
    const nest = rowsOf(nestOf(to.shape, [to.strides, read, table]));
    return {
      key: `taps ${site.tier} ${placementKey(source)} ${placementKey(to)} ${axis} ${rowWords} ${i} of ${passes.length} at ${offset}`,
      items: sizeOf(nest.outer.sizes),
      nanoseconds: Math.ceil(sizeOf(to.shape) / 4) * rowWords * 2,
      emit: (module) =>
        module.func("taps", { params: kernelParams(site, { tables: data }) }, (f, ...params) => {
          const args = kernelArguments(site, { tables: data }, params);
          const input = i === 0 ? args.operands[0] : i32.add(args.scratch, passes[i - 1].offset);
          const output = i === passes.length - 1 ? args.result : i32.add(args.scratch, offset);
          const pointers = [f.i32(output), f.i32(input), f.i32(args.tables[i])];
          walkNest(f, nest.outer, pointers, [4, 4, 4], [args.start, args.end], () => tapRow(f, site, nest, pointers));
        }),
    };
  });
  return { name: `${value.op.name} taps`, tables: data, scratchBytes, stages };
}

/** The innermost axis as a row of vectors, unless it is the one that the table is for. */
function rowsOf(nest: Nest): { readonly outer: Nest; readonly size: number; readonly steps: readonly number[] } {
  const split = splitInnermost(nest);
  return nest.sizes.length > 0 && split.steps[2] === 0 ? split : { outer: nest, size: 1, steps: [1, 1, 0] };
}

function tapRow(
  f: FunctionBuilder,
  { tier }: Site,
  { size, steps }: { readonly size: number; readonly steps: readonly number[] },
  [output, input, row]: readonly Local<"i32">[],
): void {
  const to = f.i32(output);
  const base = f.i32(input);
  const tap = f.local("i32");
  const last = f.local("i32");
  const sum = f.local("v128");
  const vector = (lanes: number): void => {
    f.set(sum, f32x4.splat(0));
    f.set(last, i32.add(row, i32.mul(i32.load(row), 8)));
    f.for(tap, row, last, 8, () => {
      const at = f.i32(i32.add(base, i32.load(tap, 4)));
      const weight: V128 = v128.load32Splat(tap, 8);
      f.set(sum, multiplyAdd(tier, loadLanes(at, steps[1], 0, lanes), weight, sum));
    });
    storeLanes(f, to, steps[0], 0, lanes, sum);
  };
  const whole = Math.floor(size / 4);
  if (whole > 0) {
    f.repeat(whole, () => {
      vector(4);
      f.advance(to, 16 * steps[0]);
      f.advance(base, 16 * steps[1]);
    });
  }
  if (size % 4 > 0) vector(size % 4);
}

export const axisTapRules: readonly KernelRule[] = Object.entries(tables).map(([op, tapsOf]) => ({
  op,
  wishes(value) {
    const plain = value.dtype === "float32" && sizeOf(value.inputs[0].shape) > 0;
    return plain && tapsOf(value).some((taps) => taps !== undefined) ? { operands: ["any"], result: "any" } : undefined;
  },
  generate: (site) => tapsKernel(site, tapsOf(site.value)),
}));
