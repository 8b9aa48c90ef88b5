// The nets whose receptive fields seeing-inside.md tabulates, with one channel per layer: channels do not change what a unit can see.
import type { PaddingOption } from "../../src/graph/attrs.ts";
import { receptiveField } from "../../src/graph/field.ts";
import { fill, input } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import { add, conv2d, maxPool2d } from "../../src/ops/index.ts";

export interface TracedNet {
  readonly input: Value;
  readonly layers: ReadonlyMap<string, Value>;
}

/** [size, stride, padding] of the receptive field per axis. */
export function rsp(value: Value, x: Value): number[][] {
  return receptiveField(value, x).axes.map((a) => [a.size, a.stride, a.padding]);
}

function conv(x: Value, kernel: number, stride = 1, padding: PaddingOption = 0): Value {
  return conv2d(x, fill([1, 1, kernel, kernel], 1), undefined, { stride, padding });
}

/** [name, kernel, stride, padding] in order; names with "pool" pool. */
export type LayerRow = readonly [name: string, kernel: number, stride: number, padding: PaddingOption];

export function chain(size: number, rows: readonly LayerRow[]): TracedNet {
  const x = input("x", [1, 1, size, size]);
  const layers = new Map<string, Value>();
  let y = x;
  for (const [name, kernel, stride, padding] of rows) {
    y = /pool|^S\d/.test(name) ? maxPool2d(y, kernel, { stride, padding }) : conv(y, kernel, stride, padding);
    layers.set(name, y);
  }
  return { input: x, layers };
}

export const alexnetV2: readonly LayerRow[] = [
  ["conv1", 11, 4, 0],
  ["pool1", 3, 2, 0],
  ["conv2", 5, 1, 2],
  ["pool2", 3, 2, 0],
  ["conv3", 3, 1, 1],
  ["conv4", 3, 1, 1],
  ["conv5", 3, 1, 1],
  ["pool5", 3, 2, 0],
];

export const vgg16: readonly LayerRow[] = [2, 2, 3, 3, 3].flatMap((convs, stage): LayerRow[] => [
  ...Array.from({ length: convs }, (_, i): LayerRow => [`conv${stage + 1}_${i + 1}`, 3, 1, 1]),
  [`pool${stage + 1}`, 2, 2, 0],
]);

export const zfnet: readonly LayerRow[] = [
  ["conv1", 7, 2, 1],
  ["pool1", 3, 2, 0],
  ["conv2", 5, 2, 0],
  ["pool2", 3, 2, 0],
  ["conv3", 3, 1, 1],
  ["conv4", 3, 1, 1],
  ["conv5", 3, 1, 1],
  ["pool5", 3, 2, 0],
];

export const lenet5: readonly LayerRow[] = [
  ["C1", 5, 1, 0],
  ["S2", 2, 2, 0],
  ["C3", 5, 1, 0],
  ["S4", 2, 2, 0],
  ["C5", 5, 1, 0],
];

/** Depthwise 3x3 and pointwise 1x1 by turns; `conv0`, then `pointwise 1` to `pointwise 13`, all with TensorFlow's SAME padding. */
export const mobilenetV1: readonly LayerRow[] = [
  ["conv0", 3, 2, "same"],
  ...[1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1].flatMap((stride, i): LayerRow[] => [
    [`depthwise ${i + 1}`, 3, stride, "same"],
    [`pointwise ${i + 1}`, 1, 1, 0],
  ]),
];

/** The paper's ResNet-50 as TF-Slim builds it: the stride sits in the 3x3 of the last unit of blocks 1-3, with explicit padding 1. */
export function resnet50(size: number): TracedNet {
  const x = input("x", [1, 1, size, size]);
  const layers = new Map<string, Value>();
  let y = maxPool2d(conv(x, 7, 2, 3), 3, { stride: 2, padding: "same" });
  [3, 4, 6, 3].forEach((units, block) => {
    for (let unit = 0; unit < units; unit++) {
      const stride = unit === units - 1 && block < 3 ? 2 : 1;
      const shortcut = unit === 0 || stride === 1 ? conv(y, 1, stride) : maxPool2d(y, 1, { stride });
      y = add(conv(conv(conv(y, 1), 3, stride, 1), 1), shortcut);
    }
    layers.set(`block${block + 1}`, y);
  });
  return { input: x, layers };
}
