// LeNet-5 as it was: pools that learn, a third layer whose maps see only some maps of the second, tanh throughout, and an output layer that
// measures distances to fixed codes. LeCun, Bottou, Bengio, Haffner 1998, section II.B.
import { initialise, nn } from "../nn/index.ts";
import { defineModule, type Module } from "../nn/module.ts";
import { add, avgPool2d, concat, mul, neg, reshape, slice, square, sub, sum, tanh } from "../ops/index.ts";
import { ShapeError } from "../tensor/errors.ts";
import { random } from "../tensor/random.ts";
import { type Shape, showShape } from "../tensor/shape.ts";
import { zeros } from "../tensor/tensor.ts";
import { type Architecture, channelsOf, forDigits } from "./architecture.ts";

/** Which maps of S2 each map of C3 sees, table I of the paper: three neighbours, four neighbours, two pairs, all. */
export const c3Table: readonly (readonly number[])[] = [
  ...[0, 1, 2, 3, 4, 5].map((first) => neighbours(first, 3)),
  ...[0, 1, 2, 3, 4, 5].map((first) => neighbours(first, 4)),
  [0, 1, 3, 4],
  [1, 2, 4, 5],
  [0, 2, 3, 5],
  [0, 1, 2, 3, 4, 5],
];

/** Maps in a circle. */
function neighbours(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => (first + i) % 6);
}

/** 1.7159·tanh(2x/3): close to the identity around ±1, which is where the codes are. Appendix A of the paper. */
const squash = (): Module => defineModule("scaledTanh", (x) => mul(tanh(mul(x, 2 / 3)), 1.7159));

/** Sums of 2×2 windows times a coefficient plus a bias, one of each per map. Parameters weight, bias [maps]. */
function subsample(maps: number): Module {
  return defineModule("subsample", (x, context) => {
    const fans = { fanIn: 4, fanOut: 1 };
    const column = (name: string, start: ReturnType<typeof initialise.constant>): typeof x =>
      context.parameter(name, [maps, 1, 1], start, fans);
    const sums = avgPool2d(x, 2, { divisorOverride: 1 });
    return add(mul(sums, column("weight", initialise.constant(1 / 4))), column("bias", initialise.constant(0)));
  });
}

/** Each output map is a convolution over the maps that its row of the table names. Parameters 0.weight, 0.bias, 1.weight, ... */
function sparseConv(table: readonly (readonly number[])[], kernel: number): Module {
  const convolutions = table.map((seen) => nn.conv2d(seen.length, 1, kernel));
  return defineModule("sparseConv2d", (x, context) => {
    const map = (c: number): typeof x => slice(x, { axes: [1], starts: [c], ends: [c + 1] });
    const one = (seen: readonly number[], i: number): typeof x =>
      context.child(String(i), convolutions[i], concat(seen.map(map), { axis: 1 }));
    return concat(table.map(one), { axis: 1 });
  });
}

/**
 * Minus the squared distance of [N, features] to one fixed code of ±1 per class, so that the greatest output is the answer. The codes are
 * a buffer: the paper does not train them either. Its codes are pictures of the digits; ours are drawn at random, which it also proposes.
 */
function distances(features: number, classes: number): Module {
  return defineModule("codes", (x, context) => {
    const generator = random(1998);
    const drawn = zeros([classes, features]);
    for (let i = 0; i < drawn.size; i++) drawn.data[i] = generator.uniform() < 0.5 ? -1 : 1;
    const codes = context.buffer("codes", drawn);
    const rows = reshape(x, [x.shape[0], 1, features]);
    return neg(sum(square(sub(rows, codes)), { axes: [2] }));
  });
}

/** For pictures of 32×32. 60,000 parameters at one channel and 10 classes. */
export function lenet5Of1998(inputShape: Shape = [1, 32, 32], classes = 10): Module {
  const [, height, width] = inputShape;
  const channels = channelsOf(inputShape);
  if (height !== 32 || width !== 32) throw new ShapeError(`lenet5-1998: pictures are ${showShape(inputShape)}; its layer C5 wants 32 × 32`);
  return nn.sequential({
    c1: nn.conv2d(channels, 6, 5),
    squash1: squash(),
    s2: subsample(6),
    squash2: squash(),
    c3: sparseConv(c3Table, 5),
    squash3: squash(),
    s4: subsample(16),
    squash4: squash(),
    c5: nn.conv2d(16, 120, 5),
    squash5: squash(),
    flatten: nn.flatten(),
    f6: nn.linear(120, 84),
    squash6: squash(),
    output: distances(84, classes),
  });
}

export const lenets1998: readonly Architecture[] = [
  forDigits("lenet5-1998", "LeNet-5 as it was: learned pools, sparse C3, distances to codes (LeCun et al. 1998)", lenet5Of1998, 32),
];
