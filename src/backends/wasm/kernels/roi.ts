// Boxes of a feature map as grids of fixed size. How many samples a bin has depends on its box, so everything is worked out while running: in
// double precision, as the reference does, because a rounding decides which elements are read. Channels lie innermost.
import type { Value } from "../../../graph/value.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Code, type FunctionBuilder, f32, f64, i32, type Local } from "../assembler.ts";
import {
  channelsLast,
  type Kernel,
  type KernelRule,
  kernelArguments,
  kernelParams,
  placementKey,
  rowMajor,
  type Site,
  type Wishes,
} from "../kernel.ts";
import { addScaled, pieceOf } from "./mix.ts";

function wishes({ inputs, rank, shape }: Value): Wishes | undefined {
  const [maps, boxes] = inputs;
  if (maps.dtype !== "float32" || boxes.dtype !== "float32") return undefined;
  if ([maps.shape, boxes.shape, shape].some((s) => sizeOf(s) === 0)) return undefined;
  return {
    operands: [{ order: channelsLast(4) }, { order: rowMajor(2), dense: true }],
    result: { order: channelsLast(rank) },
  };
}

function kernel(site: Site, name: string, items: number, nanoseconds: number, emit: Kernel["stages"][number]["emit"]): Kernel {
  const key = `${name} ${JSON.stringify(site.value.attrs)} ${[site.result, ...site.operands].map(placementKey).join(" ")}`;
  return { name, stages: [{ key, items, nanoseconds, emit }] };
}

const bytesOf = (strides: readonly number[]): number[] => strides.map((stride) => stride * 4);
const clamped = (x: Code<"f64">, low: number, high: number): Code<"f64"> => f64.min(f64.max(x, low), high);

interface RoiAttrs {
  readonly outputSize: readonly number[];
  readonly spatialScale: number;
}

interface AlignAttrs extends RoiAttrs {
  readonly samplingRatio: number;
  readonly aligned: boolean;
}

/** Corner `k` of a box, x1, y1, x2, y2, in elements of the map before rounding. */
const corner = (box: Local<"i32">, k: number, scale: number): Code<"f64"> => f64.mul(f64.promoteF32(f32.load(box, 4 + 4 * k)), scale);

/** The samples of one axis: where they start, and their distance within a bin. */
interface AlignAxis {
  readonly start: Local<"f64">;
  /** Length of a bin. */
  readonly step: Local<"f64">;
  readonly samples: Local<"i32">;
}

function alignAxis(f: FunctionBuilder, box: Local<"i32">, k: number, bins: number, attrs: AlignAttrs): AlignAxis {
  const { spatialScale, samplingRatio, aligned } = attrs;
  const shift = aligned ? 0.5 : 0;
  const start = f.local("f64", f64.sub(corner(box, k, spatialScale), shift));
  const length = f64.sub(f64.sub(corner(box, k + 2, spatialScale), shift), start);
  const step = f.local("f64", f64.div(aligned ? length : f64.max(length, 1), bins));
  const samples = samplingRatio > 0 ? i32.const(samplingRatio) : i32.truncSatF64(f64.max(f64.ceil(step), 0));
  return { start, step, samples: f.local("i32", samples) };
}

/** The two elements around a sample along one axis, as locals that `locate` sets. */
interface Neighbours {
  readonly low: Local<"i32">;
  readonly part: Local<"f64">;
}

/** Runs `body` for every sample of a bin along one axis that lies no further than one element outside of the map. */
function eachAlong(
  f: FunctionBuilder,
  { start, step, samples }: AlignAxis,
  bin: Local<"i32">,
  size: number,
  { low, part }: Neighbours,
  body: () => void,
): void {
  const s = f.local("i32");
  const position = f.local("f64");
  f.for(s, 0, samples, 1, () => {
    const within = f64.div(f64.mul(f64.add(f64.convertI32S(s), 0.5), step), f64.convertI32S(samples));
    f.set(position, f64.add(f64.add(start, f64.mul(f64.convertI32S(bin), step)), within));
    f.if(i32.and(f64.ge(position, -1), f64.le(position, size)), () => {
      f.set(position, clamped(position, 0, size - 1));
      f.set(low, i32.truncSatF64(position));
      f.set(part, f64.sub(position, f64.floor(position)));
      body();
    });
  });
}

/** Runs `visit` for every element that a bin mixes, its number within the plane and its share of the mean in locals. */
function eachMixed(
  f: FunctionBuilder,
  [rows, columns]: readonly [AlignAxis, AlignAxis],
  [row, column]: readonly [Local<"i32">, Local<"i32">],
  [height, width]: readonly [number, number],
  visit: (pixel: Local<"i32">, weight: Local<"f32">) => void,
): void {
  const neighbours = (): Neighbours => ({ low: f.local("i32"), part: f.local("f64") });
  const [y, x] = [neighbours(), neighbours()];
  const [i, j, pixel] = f.locals("i32", 3);
  const weight = f.local("f32");
  const share = f.local("f64", f64.div(1, f64.convertI32S(i32.mul(rows.samples, columns.samples))));
  const at = ({ part }: Neighbours, k: Local<"i32">): Code<"f64"> => f64.select(k, part, f64.sub(1, part));
  eachAlong(f, rows, row, height, y, () =>
    eachAlong(f, columns, column, width, x, () =>
      f.for(i, 0, 2, 1, () =>
        f.for(j, 0, 2, 1, () => {
          f.set(pixel, i32.add(i32.mul(i32.add(y.low, i), width), i32.add(x.low, j)));
          f.set(weight, f32.demoteF64(f64.mul(share, f64.mul(at(y, i), at(x, j)))));
          // The element after the last one has no weight, and is not there.
          f.if(f32.ne(weight, 0), () => visit(pixel, weight));
        }),
      ),
    ),
  );
}

const roiAlignRule: KernelRule = {
  op: "roiAlign",
  wishes,
  generate(site) {
    const attrs = site.value.attrs as unknown as AlignAttrs;
    const [pictures, channels, height, width] = site.operands[0].shape;
    const [rows, columns] = attrs.outputSize;
    const x = bytesOf(site.operands[0].strides);
    const out = bytesOf(site.result.strides);
    const items = site.result.shape[0] * rows * columns;
    return kernel(site, "roiAlign", items, items * channels * 16, (module) =>
      module.func("roiAlign", { params: kernelParams(site) }, (f, ...params) => {
        const { operands, result, start, end } = kernelArguments(site, {}, params);
        const [item, k, row, column, box, picture, image, to, from, line] = f.locals("i32", 10);
        f.for(item, start, end, 1, () => {
          f.set(k, i32.divU(item, rows * columns));
          f.set(row, i32.divU(i32.remU(item, rows * columns), columns));
          f.set(column, i32.remU(item, columns));
          f.set(box, i32.add(operands[1], i32.mul(k, 20)));
          f.set(picture, i32.truncSatF32(f32.load(box)));
          f.set(to, i32.add(i32.add(result, i32.mul(k, out[0])), i32.add(i32.mul(row, out[2]), i32.mul(column, out[3]))));
          f.memoryFill(to, 0, channels * 4);
          f.if(i32.ltU(picture, pictures), () => {
            f.set(image, i32.add(operands[0], i32.mul(picture, x[0])));
            const axes = [alignAxis(f, box, 1, rows, attrs), alignAxis(f, box, 0, columns, attrs)] as const;
            eachMixed(f, axes, [row, column], [height, width], (pixel, weight) => {
              f.set(line, i32.divU(pixel, width));
              f.set(from, i32.add(image, i32.add(i32.mul(line, x[2]), i32.mul(i32.sub(pixel, i32.mul(line, width)), x[3]))));
              addScaled(f, to, from, weight, channels);
            });
          });
        });
      }),
    );
  },
};

/** Items are runs of channels of a picture: each looks at all boxes, and adds to its own channels alone. */
const roiAlignInputGradRule: KernelRule = {
  op: "roiAlignInputGrad",
  wishes,
  generate(site) {
    const attrs = site.value.attrs as unknown as AlignAttrs;
    const [pictures, channels, height, width] = site.result.shape;
    const [boxes] = site.operands[0].shape;
    const [rows, columns] = attrs.outputSize;
    const g = bytesOf(site.operands[0].strides);
    const out = bytesOf(site.result.strides);
    const piece = pieceOf(channels);
    const pieces = channels / piece;
    return kernel(site, "roiAlignInputGrad", pictures * pieces, sizeOf(site.operands[0].shape) * 16, (module) =>
      module.func("roiAlignInputGrad", { params: kernelParams(site) }, (f, ...params) => {
        const { operands, result, start, end } = kernelArguments(site, {}, params);
        const [item, picture, first, box, source, image, row, column, to, from, line] = f.locals("i32", 11);
        f.for(item, start, end, 1, () => {
          f.set(picture, i32.divU(item, pieces));
          f.set(first, i32.mul(i32.remU(item, pieces), piece * 4));
          f.set(image, i32.add(i32.add(result, first), i32.mul(picture, out[0])));
          f.for(row, 0, height, 1, () => {
            f.set(to, i32.add(image, i32.mul(row, out[2])));
            f.repeat(width, () => {
              f.memoryFill(to, 0, piece * 4);
              f.advance(to, out[3]);
            });
          });
          f.set(box, operands[1]);
          f.set(source, i32.add(operands[0], first));
          f.repeat(boxes, () => {
            f.if(i32.eq(i32.truncSatF32(f32.load(box)), picture), () => {
              const axes = [alignAxis(f, box, 1, rows, attrs), alignAxis(f, box, 0, columns, attrs)] as const;
              f.for(row, 0, rows, 1, () =>
                f.for(column, 0, columns, 1, () => {
                  f.set(from, i32.add(source, i32.add(i32.mul(row, g[2]), i32.mul(column, g[3]))));
                  eachMixed(f, axes, [row, column], [height, width], (pixel, weight) => {
                    f.set(line, i32.divU(pixel, width));
                    f.set(to, i32.add(image, i32.add(i32.mul(line, out[2]), i32.mul(i32.sub(pixel, i32.mul(line, width)), out[3]))));
                    addScaled(f, to, from, weight, piece);
                  });
                }),
              );
            });
            f.advance(box, 20);
            f.advance(source, g[0]);
          });
        });
      }),
    );
  },
};

interface PoolAttrs extends RoiAttrs {
  readonly bins: "overlapping" | "disjoint";
}

/** First and one-past-last element of a bin along one axis, cut off at the border of the map. */
function binAlong(
  f: FunctionBuilder,
  box: Local<"i32">,
  k: number,
  bin: Local<"i32">,
  [count, size]: readonly [number, number],
  { spatialScale, bins }: PoolAttrs,
): readonly [Local<"i32">, Local<"i32">] {
  // Half away from zero, as C rounds.
  const rounded = (c: number): Local<"f64"> => {
    const exact = f.local("f64", corner(box, c, spatialScale));
    return f.local("f64", f64.copysign(f64.floor(f64.add(f64.abs(exact), 0.5)), exact));
  };
  const start = rounded(k);
  const length = f.local("f64", f64.max(f64.add(f64.sub(rounded(k + 2), start), 1), 1));
  const edge = (j: Code<"i32">): Code<"f64"> => f64.div(f64.mul(f64.convertI32S(j), length), count);
  const last = edge(i32.add(bin, 1));
  const cut = (position: Code<"f64">): Local<"i32"> => f.local("i32", i32.truncSatF64(clamped(f64.add(position, start), 0, size)));
  return [cut(f64.floor(edge(bin))), cut(bins === "overlapping" ? f64.ceil(last) : f64.floor(last))];
}

/** Maxima of bins, or where in x they lie: the first of equal ones, and NaN is largest; nothing gives 0, or -1. */
const roiPoolRule = (op: "roiPool" | "roiPoolIndices"): KernelRule => ({
  op,
  wishes,
  generate(site) {
    const attrs = site.value.attrs as unknown as PoolAttrs;
    const [pictures, channels, height, width] = site.operands[0].shape;
    const [rows, columns] = attrs.outputSize;
    const x = bytesOf(site.operands[0].strides);
    const out = bytesOf(site.result.strides);
    const items = site.result.shape[0] * rows * columns;
    return kernel(site, op, items, items * channels * 16, (module) =>
      module.func(op, { params: kernelParams(site) }, (f, ...params) => {
        const { operands, result, start, end } = kernelArguments(site, {}, params);
        const [item, row, column, box, picture, image, to, channel, best, y, at, i, end1] = f.locals("i32", 13);
        const [value, most] = f.locals("f32", 2);
        f.for(item, start, end, 1, () => {
          f.set(row, i32.divU(i32.remU(item, rows * columns), columns));
          f.set(column, i32.remU(item, columns));
          const k = f.i32(i32.divU(item, rows * columns));
          f.set(box, i32.add(operands[1], i32.mul(k, 20)));
          f.set(picture, i32.truncSatF32(f32.load(box)));
          f.set(to, i32.add(i32.add(result, i32.mul(k, out[0])), i32.add(i32.mul(row, out[2]), i32.mul(column, out[3]))));
          const [top, bottom] = binAlong(f, box, 1, row, [rows, height], attrs);
          const [left, right] = binAlong(f, box, 0, column, [columns, width], attrs);
          f.if(i32.geU(picture, pictures), () => f.set(bottom, top));
          f.set(image, i32.add(operands[0], i32.mul(picture, x[0])));
          f.for(channel, 0, channels, 1, () => {
            f.set(best, i32.const(-1));
            f.set(most, f32.const(0));
            f.for(y, top, bottom, 1, () => {
              f.set(at, i32.add(i32.add(image, i32.mul(channel, 4)), i32.add(i32.mul(y, x[2]), i32.mul(left, x[3]))));
              f.set(end1, i32.add(i32.mul(y, width), right));
              f.for(i, i32.add(i32.mul(y, width), left), end1, 1, () => {
                f.set(value, f32.load(at));
                const larger = i32.or(f32.gt(value, most), i32.and(f32.ne(value, value), f32.eq(most, most)));
                f.if(i32.or(i32.ltS(best, 0), larger), () => {
                  f.set(best, i);
                  f.set(most, value);
                });
                f.advance(at, x[3]);
              });
            });
            if (op === "roiPool") f.storeF32(to, most);
            else {
              const plane = i32.mul(i32.add(i32.mul(picture, channels), channel), height * width);
              f.storeI32(to, i32.select(i32.ltS(best, 0), -1, i32.add(plane, best)));
            }
            f.advance(to, 4);
          });
        });
      }),
    );
  },
});

export const roiRules: readonly KernelRule[] = [roiAlignRule, roiAlignInputGradRule, roiPoolRule("roiPool"), roiPoolRule("roiPoolIndices")];
