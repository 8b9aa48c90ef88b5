// How a 3x3 convolution of stride 1 is cut into Winograd tiles, where the planes of factors and products lie, and whether it pays.
import type { ConvGeometry } from "../../../ops/conv-geometry.ts";
import type { Site, Tier } from "../kernel.ts";
import { collapse, floatBytes, type PanelPlan } from "./conv-plan.ts";
import { lanes } from "./matmul-tile.ts";
import { type WinogradSize, windowOf } from "./winograd-transforms.ts";

/** One matrix per product of a tile: [plane][tile][channel]. */
export interface Planes {
  /** Bytes from the start of the scratch. */
  readonly offset: number;
  readonly planeBytes: number;
  readonly tileBytes: number;
}

export interface WinogradPlan {
  readonly m: WinogradSize;
  readonly geometry: ConvGeometry;
  /** Vectors of channels that are transformed together. */
  readonly vectors: number;
  /** Per spatial axis. */
  readonly tiles: readonly number[];
  /** Stretches of tiles whose planes lie in the scratch at the same time; all but the last are equally long. */
  readonly blocks: readonly { readonly first: number; readonly count: number }[];
  readonly factors: Planes;
  readonly products: Planes;
  readonly scratchBytes: number;
}

/** Whether these shortcuts exist for a convolution. */
export function hasWinograd({ inChannels, outChannels, groups, axes }: ConvGeometry): boolean {
  const fewest = 16;
  return (
    axes.length === 2 &&
    groups === 1 &&
    Math.min(inChannels, outChannels) >= fewest &&
    axes.every(({ kernel, stride, dilation }) => kernel === 3 && stride === 1 && dilation === 1)
  );
}

/** Planes of one block should stay in the second-level caches of two cores. */
const blockBytes = 4 * 2 ** 20;
const fewestTiles = 64;
const mostTiles = 208;

/** Planes a page apart would fall into the same few places of the first-level cache. */
function planeBytes(bytes: number): number {
  const page = 4096;
  const spread = 128;
  return Math.ceil((bytes - spread) / page) * page + spread;
}

export function winogradPlan(m: WinogradSize, geometry: ConvGeometry, tier: Tier): WinogradPlan {
  const { batch, inChannels, outChannels, axes } = geometry;
  const vectors = tier === "revectorised" ? 2 : 1;
  const step = vectors * lanes;
  const pitch = (channels: number): number => Math.ceil(channels / step) * step * floatBytes;
  const tiles = axes.map(({ output }) => Math.ceil(output / m));
  const total = tiles.reduce((product, n) => product * n, batch);
  const products = windowOf(m) ** 2;
  const atOnce = Math.min(mostTiles, Math.max(fewestTiles, Math.floor(blockBytes / (products * (pitch(inChannels) + pitch(outChannels))))));
  const count = Math.ceil(total / Math.ceil(total / atOnce));
  const blocks = Array.from({ length: Math.ceil(total / count) }, (_, i) => ({
    first: i * count,
    count: Math.min(count, total - i * count),
  }));
  const planes = (offset: number, channels: number): Planes => ({
    offset,
    planeBytes: planeBytes(count * pitch(channels)),
    tileBytes: pitch(channels),
  });
  const factors = planes(0, inChannels);
  const made = planes(products * factors.planeBytes, outChannels);
  return { m, geometry, vectors, tiles, blocks, factors, products: made, scratchBytes: made.offset + products * made.planeBytes };
}

/** Factors times weights, plane by plane: one product per position of a tile. */
export function productPlan({ m, geometry, factors, products }: WinogradPlan, tiles: number): PanelPlan {
  return {
    pixels: collapse([{ count: tiles, steps: [factors.tileBytes, products.tileBytes] }]),
    bands: [],
    taps: [],
    run: geometry.inChannels,
    runStep: floatBytes,
    lanewise: false,
    groups: windowOf(m) ** 2,
    sourceGroupStep: factors.planeBytes,
    columns: geometry.outChannels,
    sourceOffset: 0,
    results: [{ offset: 0, columnStep: floatBytes, groupStep: products.planeBytes }],
  };
}

/** Multiply-adds per nanosecond that the inner loop of products reaches. */
const speeds: Readonly<Record<Tier, number>> = { simd: 20, relaxed: 25, revectorised: 50 };
/** Nanoseconds to transform four channels of one tile, in and out. */
const transformNanoseconds: Readonly<Record<Tier, number>> = { simd: 50, relaxed: 45, revectorised: 30 };
/** Weights that no cache holds are a stream from memory. */
const weightBytesPerNanosecond = 12;

function weightNanoseconds(bytes: number): number {
  const cached = 2 ** 20;
  return bytes <= cached ? 0 : bytes / weightBytesPerNanosecond;
}

export function directNanoseconds({ batch, inChannels, outChannels, axes }: ConvGeometry, { tier }: Pick<Site, "tier">): number {
  const perPixel = 9 * inChannels * outChannels;
  const pixels = axes.reduce((product, { output }) => product * output, batch);
  return (pixels * perPixel) / speeds[tier] + weightNanoseconds(perPixel * floatBytes);
}

export function winogradNanoseconds({ m, geometry, blocks }: WinogradPlan, { tier }: Pick<Site, "tier">): number {
  const { inChannels, outChannels } = geometry;
  const products = windowOf(m) ** 2;
  const last = blocks[blocks.length - 1];
  const tiles = last.first + last.count;
  const weights = products * inChannels * outChannels;
  const transforms = ((tiles * (inChannels + outChannels)) / lanes) * transformNanoseconds[tier] * (products / 36);
  return (tiles * weights) / speeds[tier] + transforms + blocks.length * weightNanoseconds(weights * floatBytes);
}
