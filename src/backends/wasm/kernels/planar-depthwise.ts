// Depthwise convolutions of planes, stride 1: every plane meets its own small kernel. A few neighbouring rows of a few vectors of pixels are
// computed together, so that each row that is read serves all taps above and below it. Windows that reach out of the plane read rows of zeros
// above and below; beside it they read what lies there, and mask it.
import { type Expression, expressionKey } from "../../../ops/expression.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import {
  type FunctionBuilder,
  type FunctionRef,
  type I32,
  i32,
  i32x4,
  type Local,
  type ModuleBuilder,
  type V128,
  v128,
} from "../assembler.ts";
import { type Kernel, type KernelRule, kernelArguments, kernelParams, type Site, type Tier } from "../kernel.ts";
import { floatBytes } from "./conv-plan.ts";
import { isDense, macsPerNanosecond } from "./matmul-kernel.ts";
import { lanes, vectorBytes } from "./matmul-tile.ts";
import { finishing, planarGeometry, planarWishes, planeSteps } from "./planar.ts";
import { emitVector } from "./vector-expression.ts";
import { multiplyAdd } from "./vector-math.ts";

const largestKernel = 5;

/** One axis of a plane; windows start `before` elements early. */
interface PlaneAxis {
  readonly input: number;
  readonly kernel: number;
  readonly before: number;
  readonly after: number;
  readonly output: number;
}

interface PlaneShape {
  readonly tier: Tier;
  readonly planes: number;
  readonly rows: PlaneAxis;
  readonly columns: PlaneAxis;
  /** Rows, and vectors of columns, computed together. */
  readonly outputs: number;
  readonly vectors: number;
  readonly finish?: Expression;
}

function vectorsAtOnce({ output, before, after }: PlaneAxis, tier: Tier): number | undefined {
  const choices = tier === "revectorised" ? [2, 1] : [1];
  return choices.find((vectors) => {
    const width = vectors * lanes;
    return output >= width && (output === width || output - width >= before + after) && Math.max(before, after) <= lanes;
  });
}

export const planarDepthwiseRule: KernelRule = {
  op: "conv",
  fuses: () => true,
  wishes(value) {
    if (!isDense(value) || value.rank !== 4) return undefined;
    const { inChannels, outChannels, groups, axes } = planarGeometry(value);
    const small = axes.every(
      ({ kernel, stride, dilation, before, after }) =>
        kernel <= largestKernel && stride === 1 && dilation === 1 && Math.min(before, after) >= 0,
    );
    const depthwise = groups > 1 && inChannels === groups && outChannels === groups;
    return depthwise && small && vectorsAtOnce(axes[1], "simd") !== undefined ? planarWishes(value) : undefined;
  },
  generate(site): Kernel {
    const shape = planeShape(site);
    const { finish, ...plain } = shape;
    const { rows, columns, outputs, vectors } = shape;
    const macs = sizeOf(site.result.shape) * rows.kernel * columns.kernel;
    const zeros = new Float32Array(columns.input + columns.before + columns.after + vectors * lanes);
    return {
      name: `conv planes depthwise ${outputs}x${vectors * lanes}`,
      tables: [zeros],
      stages: [
        {
          key: `depthwise planes of ${site.operands.length}: ${JSON.stringify([plain, planeSteps(site)])} ${finish ? expressionKey(finish) : ""}`,
          items: shape.planes,
          nanoseconds: macs / macsPerNanosecond + sizeOf(site.result.shape) / lanes,
          emit: (module) => emitPlanes(module, site, shape, zeros),
        },
      ],
    };
  },
};

function planeShape(site: Site): PlaneShape {
  const { batch, outChannels, axes } = planarGeometry(site.value);
  const [rows, columns] = axes.map(({ input, kernel, before, after, output }): PlaneAxis => ({ input, kernel, before, after, output }));
  const vectors = vectorsAtOnce(columns, site.tier) ?? 1;
  const finish = finishing(site);
  return {
    tier: site.tier,
    planes: batch * outChannels,
    rows,
    columns,
    outputs: Math.min(4, rows.output),
    vectors,
    ...(finish && { finish }),
  };
}

function emitPlanes(module: ModuleBuilder, site: Site, shape: PlaneShape, zeros: Float32Array): FunctionRef {
  const { planes, rows, columns, outputs } = shape;
  const steps = planeSteps(site);
  const [batch] = site.result.shape;
  const channels = planes / batch;
  return module.func("depthwisePlanes", { params: kernelParams(site, { tables: [zeros] }) }, (f, ...params) => {
    const { operands, epilogue, tables, result, start, end } = kernelArguments(site, { tables: [zeros] }, params);
    const [x, kernel, ...bias] = operands;
    const bases = [result, ...bias, ...epilogue];
    const item = f.local("i32");
    const image = f.local("i32");
    const channel = f.local("i32");
    const source = f.local("i32");
    const weights = f.local("i32");
    const at = steps.map(() => f.local("i32"));
    const row = f.local("i32");
    const to = f.local("i32");
    // Pointers stand where the leftmost window starts.
    const windowStart = -columns.before * floatBytes;
    const zeroRow = f.i32(tables[0]);
    const lines = f.locals("i32", outputs + rows.kernel - 1);
    const emitBlocks = blockEmitter(f, shape, { lines, weights, at: [to, ...at.slice(1)] });
    f.for(item, start, end, 1, () => {
      f.set(image, i32.divU(item, channels));
      f.set(channel, i32.remU(item, channels));
      f.set(source, i32.add(x, i32.mul(item, rows.input * columns.input * floatBytes)));
      f.set(weights, i32.add(kernel, i32.mul(channel, rows.kernel * columns.kernel * floatBytes)));
      for (const [i, pointer] of at.entries()) {
        f.set(pointer, i32.add(i32.add(bases[i], i32.mul(image, steps[i].image)), i32.mul(channel, steps[i].channel)));
      }
      f.for(row, 0, rows.output, outputs, () => {
        // The last rows step back instead of being fewer: some are computed twice.
        const last = rows.output - outputs;
        if (rows.output % outputs !== 0) f.if(i32.gtU(row, last), () => f.set(row, i32.const(last)));
        for (const [i, line] of lines.entries()) {
          const read = f.i32(i32.add(row, i - rows.before));
          f.set(line, zeroRow);
          // Unsigned: rows above the first are beyond the last.
          f.if(i32.ltU(read, rows.input), () =>
            f.set(line, i32.add(i32.add(source, windowStart), i32.mul(read, columns.input * floatBytes))),
          );
        }
        f.set(to, i32.add(at[0], i32.mul(row, columns.output * floatBytes)));
        emitBlocks();
      });
    });
  });
}

interface BlockPointers {
  /** Where the leftmost windows of the rows that are read start. */
  readonly lines: readonly Local<"i32">[];
  readonly weights: Local<"i32">;
  /** The first row of results, then what finishes them. */
  readonly at: readonly Local<"i32">[];
}

/** All columns of some rows. */
function blockEmitter(f: FunctionBuilder, shape: PlaneShape, { lines, weights, at }: BlockPointers): () => void {
  const { tier, rows, columns, outputs, vectors, finish } = shape;
  const width = vectors * lanes;
  const sums = Array.from({ length: outputs }, () => f.locals("v128", vectors));
  const pixels = f.locals("v128", vectors);
  const taps = f.locals("v128", rows.kernel * columns.kernel);
  const moved = lines.map(() => f.local("i32"));
  const to = f.local("i32");
  const first = f.local("i32");
  /** `from` is the block's first column where it is known: then some of its windows may reach out of the plane. */
  const emitBlock = (from: I32): void => {
    const offset = f.i32(i32.mul(from, floatBytes));
    for (const [i, line] of lines.entries()) f.set(moved[i], i32.add(line, offset));
    f.set(to, i32.add(at[0], offset));
    for (const [i, tap] of taps.entries()) f.set(tap, v128.load32Splat(weights, i * floatBytes));
    for (const sum of sums.flat()) f.set(sum, v128.zero());
    for (const [i, line] of moved.entries()) {
      for (let column = 0; column < columns.kernel; column++) {
        for (const [v, pixel] of pixels.entries()) {
          const loaded = v128.load(line, column * floatBytes + v * vectorBytes);
          f.set(pixel, typeof from === "number" ? inside(loaded, columns, from + v * lanes - columns.before + column) : loaded);
        }
        for (const [output, sum] of sums.entries()) {
          const tap = i - output;
          if (tap < 0 || tap >= rows.kernel) continue;
          for (const [v, part] of sum.entries()) f.set(part, multiplyAdd(tier, pixels[v], taps[tap * columns.kernel + column], part));
        }
      }
    }
    if (finish !== undefined) {
      for (const part of sums.flat()) {
        f.set(
          part,
          emitVector({ f, tier }, finish, (k) => (k === 0 ? part : v128.load32Splat(at[k])), undefined),
        );
      }
    }
    for (const [output, sum] of sums.entries()) {
      for (const [v, part] of sum.entries()) f.storeV128(to, part, output * columns.output * floatBytes + v * vectorBytes);
    }
  };
  const last = columns.output - width;
  return () => {
    emitBlock(0);
    if (last > width) {
      // No window of these reaches out: the last of them steps back if need be.
      const lastInside = last - columns.after;
      f.for(first, Math.min(width, lastInside), last, width, () => {
        f.if(i32.gtU(first, lastInside), () => f.set(first, i32.const(lastInside)));
        emitBlock(first);
      });
    }
    if (last > 0) emitBlock(last);
  };
}

/** Lanes that lie in the plane, of four pixels from column `first` on; zeros for the others. */
function inside(pixels: V128, { input }: PlaneAxis, first: number): V128 {
  if (first >= 0 && first + lanes <= input) return pixels;
  const [a, b, c, d] = Array.from({ length: lanes }, (_, lane) => (first + lane >= 0 && first + lane < input ? -1 : 0));
  return v128.and(pixels, i32x4.lanes([a, b, c, d]));
}
