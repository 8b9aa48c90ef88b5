// Weighted sums of pixels that index tensors name, and their adjoint. Channels lie innermost, so a pixel is a run of floats that vectors add up.
// The sums are dealt out by output position, their adjoint by runs of channels: no two threads write one element, and the order never changes.
import type { Value } from "../../../graph/value.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type FunctionBuilder, f32, f32x4, i32, type Local, v128 } from "../assembler.ts";
import {
  channelsLast,
  type Kernel,
  type KernelRule,
  kernelArguments,
  kernelParams,
  placementKey,
  type Site,
  type Wishes,
} from "../kernel.ts";

/** Channels of one item of the adjoint, at most: a cache line. */
const mostChannels = 16;

function wishes({ inputs, shape }: Value): Wishes | undefined {
  const [planes, , weights] = inputs;
  if (weights.dtype !== "float32" || [...inputs.map((v) => v.shape), shape].some((s) => sizeOf(s) === 0)) return undefined;
  const order = channelsLast(planes.rank);
  return { operands: [{ order }, "any", "any"], result: { order } };
}

/** to[0..count) += weight · from[0..count), `count` channels. */
export function addScaled(f: FunctionBuilder, to: Local<"i32">, from: Local<"i32">, weight: Local<"f32">, count: number): void {
  const whole = Math.floor(count / 4);
  const vector = f.v128(f32x4.splat(weight));
  const at = f.local("i32");
  const [target, source] = f.locals("i32", 2);
  const step = (offset: number): void =>
    f.storeV128(target, f32x4.add(v128.load(target, offset), f32x4.mul(vector, v128.load(source, offset))), offset);
  f.set(target, to);
  f.set(source, from);
  if (whole <= 4) {
    for (let i = 0; i < whole; i++) step(16 * i);
  } else {
    f.for(at, 0, whole, 1, () => {
      step(0);
      f.advance(target, 16);
      f.advance(source, 16);
    });
  }
  const start = whole <= 4 ? 16 * whole : 0;
  for (let i = 0; i < count % 4; i++) {
    const offset = start + 4 * i;
    f.storeF32(target, f32.add(f32.load(target, offset), f32.mul(weight, f32.load(source, offset))), offset);
  }
}

interface Walk {
  readonly f: FunctionBuilder;
  readonly pixels: number;
  /** Index and weight of the tap at hand. */
  readonly index: Local<"i32">;
  readonly weight: Local<"f32">;
}

/** Reads index and weight, and runs `body` where the index names a pixel. */
function readTap({ f, pixels, index, weight }: Walk, indexAt: Local<"i32">, weightAt: Local<"i32">, body: () => void): void {
  f.set(index, i32.load(indexAt));
  f.if(i32.ltU(index, pixels), () => {
    f.set(weight, f32.load(weightAt));
    body();
  });
}

function kernel(site: Site, name: string, items: number, emit: Kernel["stages"][number]["emit"]): Kernel {
  const work = sizeOf(site.operands[1].shape) * (site.result.shape[1] / site.operands[1].shape[1]);
  const key = `${name} ${[site.result, ...site.operands].map(placementKey).join(" ")}`;
  return { name, stages: [{ key, items, nanoseconds: work, emit }] };
}

const bytesOf = (strides: readonly number[]): number[] => strides.map((stride) => stride * 4);

const mixRule: KernelRule = {
  op: "mix",
  wishes,
  generate(site) {
    const [batch, channels, positions] = site.result.shape;
    const [, groups, taps] = site.operands[1].shape;
    const perGroup = channels / groups;
    const [x, indices, weights] = site.operands.map(({ strides }) => bytesOf(strides));
    const out = bytesOf(site.result.strides);
    return kernel(site, "mix", batch * positions, (module) =>
      module.func("mix", { params: kernelParams(site) }, (f, ...params) => {
        const { operands, result, start, end } = kernelArguments(site, {}, params);
        const walk: Walk = { f, pixels: site.operands[0].shape[2], index: f.local("i32"), weight: f.local("f32") };
        const [item, picture, position, to, from, image, indexAt, weightAt] = f.locals("i32", 8);
        f.for(item, start, end, 1, () => {
          f.set(picture, i32.divU(item, positions));
          f.set(position, i32.remU(item, positions));
          const place = (base: Local<"i32">, strides: readonly number[], last: number) =>
            i32.add(i32.add(base, i32.mul(picture, strides[0])), i32.mul(position, strides[last]));
          f.set(to, place(result, out, 2));
          f.set(image, i32.add(operands[0], i32.mul(picture, x[0])));
          f.set(indexAt, place(operands[1], indices, 3));
          f.set(weightAt, place(operands[2], weights, 3));
          f.memoryFill(to, 0, channels * 4);
          f.repeat(groups, () => {
            f.repeat(taps, () => {
              readTap(walk, indexAt, weightAt, () => {
                f.set(from, i32.add(image, i32.mul(walk.index, x[2])));
                addScaled(f, to, from, walk.weight, perGroup);
              });
              f.advance(indexAt, indices[2]);
              f.advance(weightAt, weights[2]);
            });
            f.advance(indexAt, indices[1] - taps * indices[2]);
            f.advance(weightAt, weights[1] - taps * weights[2]);
            f.advance(to, perGroup * 4);
            f.advance(image, perGroup * 4);
          });
        });
      }),
    );
  },
};

/** The largest piece of a group that divides it and is no longer than a cache line. */
export function pieceOf(perGroup: number): number {
  for (let piece = Math.min(perGroup, mostChannels); piece > 1; piece--) if (perGroup % piece === 0) return piece;
  return 1;
}

const unmixRule: KernelRule = {
  op: "unmix",
  wishes,
  generate(site) {
    const [batch, channels, pixels] = site.result.shape;
    const [, groups, taps, positions] = site.operands[1].shape;
    const perGroup = channels / groups;
    const piece = pieceOf(perGroup);
    const pieces = channels / piece;
    const [g, indices, weights] = site.operands.map(({ strides }) => bytesOf(strides));
    const out = bytesOf(site.result.strides);
    return kernel(site, "unmix", batch * pieces, (module) =>
      module.func("unmix", { params: kernelParams(site) }, (f, ...params) => {
        const { operands, result, start, end } = kernelArguments(site, {}, params);
        const walk: Walk = { f, pixels, index: f.local("i32"), weight: f.local("f32") };
        const [item, picture, at, group, image, to, from, source, indexAt, weightAt] = f.locals("i32", 10);
        f.for(item, start, end, 1, () => {
          f.set(picture, i32.divU(item, pieces));
          f.set(at, i32.mul(i32.remU(item, pieces), piece));
          f.set(group, i32.divU(at, perGroup));
          const place = (base: Local<"i32">, strides: readonly number[], inner: Local<"i32">, step: number) =>
            i32.add(i32.add(base, i32.mul(picture, strides[0])), i32.mul(inner, step));
          f.set(image, place(result, out, at, 4));
          f.set(source, place(operands[0], g, at, 4));
          f.set(indexAt, place(operands[1], indices, group, indices[1]));
          f.set(weightAt, place(operands[2], weights, group, weights[1]));
          f.set(to, image);
          f.repeat(pixels, () => {
            f.memoryFill(to, 0, piece * 4);
            f.advance(to, out[2]);
          });
          f.repeat(taps, () => {
            f.set(from, source);
            f.repeat(positions, () => {
              readTap(walk, indexAt, weightAt, () => {
                f.set(to, i32.add(image, i32.mul(walk.index, out[2])));
                addScaled(f, to, from, walk.weight, piece);
              });
              f.advance(from, g[2]);
              f.advance(indexAt, indices[3]);
              f.advance(weightAt, weights[3]);
            });
            f.advance(indexAt, indices[2] - positions * indices[3]);
            f.advance(weightAt, weights[2] - positions * weights[3]);
          });
        });
      }),
    );
  },
};

export const mixRules: readonly KernelRule[] = [mixRule, unmixRule];
