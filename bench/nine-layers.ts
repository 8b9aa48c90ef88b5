// The nine layers of well-known nets that engines are compared on, one picture at a time. Shared by Node's bench and the browser's.
import { createGraph, type Graph } from "../src/graph/graph.ts";
import { constant, input } from "../src/graph/record.ts";
import { conv2d } from "../src/ops/conv.ts";
import { random, randomNormal, randomUniform } from "../src/tensor/random.ts";
import type { Tensor } from "../src/tensor/tensor.ts";

/** Groups of layers that share a goal. */
export type LayerGroup = "3x3" | "1x1 and 7x7" | "depthwise";

export interface Layer {
  readonly name: string;
  readonly group: LayerGroup;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly depthwise: boolean;
}

function layer(group: LayerGroup, kernel: number, inChannels: number, outChannels: number, size: number, stride = 1): Layer {
  const depthwise = group === "depthwise";
  const channels = depthwise ? String(inChannels) : `${inChannels}->${outChannels}`;
  const name = `${depthwise ? "depthwise " : ""}${kernel}x${kernel}${stride > 1 ? `/${stride}` : ""} ${channels} ${size}x${size}`;
  return { name, group, inChannels, outChannels, size, kernel, stride, depthwise };
}

export const nineLayers: readonly Layer[] = [
  layer("3x3", 3, 64, 64, 56),
  layer("3x3", 3, 128, 128, 28),
  layer("3x3", 3, 256, 256, 14),
  layer("3x3", 3, 512, 512, 7),
  layer("1x1 and 7x7", 1, 256, 64, 56),
  layer("1x1 and 7x7", 1, 1024, 256, 14),
  layer("1x1 and 7x7", 7, 3, 64, 224, 2),
  layer("depthwise", 3, 32, 32, 112),
  layer("depthwise", 3, 512, 512, 14),
];

/** The layer as a graph from "x" to "y", its weights constant as in inference, and a picture for it. */
export function layerGraph({ inChannels, outChannels, size, kernel, stride, depthwise }: Layer): { graph: Graph; x: Tensor } {
  const generator = random(1);
  const perGroup = depthwise ? 1 : inChannels;
  const x = input("x", [1, inChannels, size, size]);
  const weight = constant(randomNormal([outChannels, perGroup, kernel, kernel], generator, 0, Math.sqrt(2 / (perGroup * kernel ** 2))));
  const y = conv2d(x, weight, undefined, { stride, padding: (kernel - 1) / 2, groups: depthwise ? inChannels : 1 });
  return { graph: createGraph({ outputs: { y } }), x: randomUniform(x.shape, generator, -1, 1) };
}
