// Random shapes and attributes of the operators with the most of them, against onnxruntime, the same ones every time. What onnxruntime itself reads
// otherwise than the standard (docs/onnx-rules.md), or refuses, is not drawn: SAME with dilation or with gaps, aligned corners with scales,
// antialiased axes and crops that keep their size, dilated folding of sequences.
import { describe, it } from "vitest";
import { type Random, random, randomNormal } from "../../../src/tensor/random.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { rounds } from "../../support/long.ts";
import { hasRuntime } from "../../support/onnxruntime.ts";
import { expectJudgement, type JudgedNode, node, whole } from "./judging.ts";
import { type NodeInput, stored } from "./one-node.ts";

/** Draws for one case. */
class Dice {
  readonly #random: Random;
  constructor(seed: number) {
    this.#random = random(seed, 5);
  }
  whole(low: number, high: number): number {
    return low + Math.floor(this.#random.uniform() * (high - low + 1));
  }
  real(low: number, high: number): number {
    return low + this.#random.uniform() * (high - low);
  }
  pick<T>(list: readonly T[]): T {
    return list[this.whole(0, list.length - 1)];
  }
  list(count: number, low: number, high: number): number[] {
    return Array.from({ length: count }, () => this.whole(low, high));
  }
  noise(...shape: number[]): Tensor {
    return randomNormal(shape, this.#random);
  }
}

const numbers = (list: readonly number[]): NodeInput => stored(whole(...list));
const autoPads = ["NOTSET", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"];
const isSame = (auto_pad: string): boolean => auto_pad.startsWith("SAME");

const draws: Readonly<Record<string, (dice: Dice) => JudgedNode>> = {
  Conv(dice) {
    const axes = dice.whole(1, 3);
    const group = dice.whole(1, 2);
    const auto_pad = dice.pick(autoPads);
    const x = dice.noise(dice.whole(1, 2), group * dice.whole(1, 2), ...dice.list(axes, 6, 8));
    const weight = dice.noise(group * dice.whole(1, 2), x.shape[1] / group, ...dice.list(axes, 1, 3));
    return node("Conv", 11, [x, weight, dice.noise(weight.shape[0])], {
      group,
      auto_pad,
      strides: dice.list(axes, 1, 3),
      dilations: dice.list(axes, 1, isSame(auto_pad) ? 1 : 2),
      ...(auto_pad === "NOTSET" && { pads: dice.list(2 * axes, 0, 2) }),
    });
  },
  ConvTranspose(dice) {
    const axes = dice.whole(1, 3);
    const group = dice.whole(1, 2);
    const auto_pad = dice.pick(autoPads);
    const x = dice.noise(1, 2 * group, ...dice.list(axes, 2, 4));
    const strides = dice.list(axes, 1, 2);
    const size = x.shape.slice(2).map((n, i) => n * strides[i] + dice.whole(-1, 0));
    return node("ConvTranspose", 11, [x, dice.noise(2 * group, dice.whole(1, 2), ...dice.list(axes, 2, 4))], {
      group,
      auto_pad,
      strides,
      ...(auto_pad === "NOTSET" && { pads: dice.list(2 * axes, 0, 1) }),
      ...(dice.whole(0, 1) === 1 && { output_shape: size }),
    });
  },
  DeformConv(dice) {
    const [group, offset_group, rows, columns, height, width] = [2, 2, 3, 3, 6, 6].map((most, i) => dice.whole(i < 4 ? 1 : 5, most));
    const [strides, dilations, padding] = [dice.list(2, 1, 2), dice.list(2, 1, 2), dice.list(2, 0, 1)];
    const size = [height, width].map(
      (n, i) => Math.floor((n + 2 * padding[i] - dilations[i] * ([rows, columns][i] - 1) - 1) / strides[i]) + 1,
    );
    const taps = offset_group * rows * columns;
    const inputs = [dice.noise(1, 4, height, width), dice.noise(2, 4 / group, rows, columns), dice.noise(1, 2 * taps, ...size)];
    const rest = dice.whole(0, 1) === 1 ? [dice.noise(2), dice.noise(1, taps, ...size)] : [];
    return node("DeformConv", 19, [...inputs, ...rest], { group, offset_group, strides, dilations, pads: [...padding, ...padding] });
  },
  Pools(dice) {
    const operator = dice.pick(["MaxPool", "AveragePool", "LpPool"]);
    const axes = dice.whole(1, 3);
    const auto_pad = dice.pick(autoPads);
    const kernel_shape = dice.list(axes, 2, 3);
    const attributes = {
      kernel_shape,
      auto_pad,
      strides: kernel_shape.map((n) => dice.whole(1, n)),
      dilations: dice.list(axes, 1, isSame(auto_pad) ? 1 : 2),
      ceil_mode: auto_pad === "NOTSET" ? dice.whole(0, 1) : 0,
      ...(auto_pad === "NOTSET" && { pads: [...kernel_shape, ...kernel_shape].map((n) => dice.whole(0, n - 1)) }),
    };
    const x = dice.noise(dice.whole(1, 2), 2, ...dice.list(axes, 5, 8));
    if (operator === "MaxPool") return node(operator, 12, [x], { ...attributes, storage_order: dice.whole(0, 1) }, 2);
    if (operator === "LpPool") return node(operator, 18, [x], { ...attributes, p: dice.whole(1, 3) });
    return node(operator, 19, [x], { ...attributes, count_include_pad: dice.whole(0, 1) });
  },
  Resize(dice) {
    const mode = dice.pick(["nearest", "linear", "cubic"]);
    const positions = dice.pick(["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"]);
    const x = dice.noise(1, dice.whole(1, 2), dice.whole(3, 7), dice.whole(3, 7));
    const bySizes = positions === "align_corners" || dice.whole(0, 1) === 1;
    const scales = [dice.pick([0.5, 0.6, 2 / 3, 1.3, 2, 3]), dice.pick([0.7, 0.9, 1 / 3, 1.5, 2.5])];
    const target = bySizes ? [undefined, undefined, numbers(dice.list(2, 1, 9))] : [undefined, stored(tensor(scales))];
    return node("Resize", 18, [x, ...target], {
      mode,
      axes: [2, 3],
      coordinate_transformation_mode: positions,
      ...(mode === "nearest" && { nearest_mode: dice.pick(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]) }),
      ...(mode === "cubic" && { cubic_coeff_a: { float: dice.pick([-0.5, -0.75]) }, exclude_outside: dice.whole(0, 1) }),
      ...(mode !== "nearest" && bySizes && { antialias: dice.whole(0, 1) }),
    });
  },
  Pad(dice) {
    const pads = [0, 0, ...dice.list(2, -1, 3), 0, 0, ...dice.list(2, -1, 3)];
    return node("Pad", 19, [dice.noise(1, 2, ...dice.list(2, 6, 7)), numbers(pads)], {
      mode: dice.pick(["constant", "reflect", "edge", "wrap"]),
    });
  },
  GridSample(dice) {
    const axes = dice.whole(2, 3);
    return node("GridSample", 20, [dice.noise(2, 2, ...dice.list(axes, 1, 5)), dice.noise(2, ...dice.list(axes, 1, 3), axes)], {
      mode: dice.pick(axes === 2 ? ["linear", "nearest", "cubic"] : ["linear", "nearest"]),
      padding_mode: dice.pick(["zeros", "border", "reflection"]),
      align_corners: dice.whole(0, 1),
    });
  },
  RoiAlign(dice) {
    const corners = Array.from({ length: 3 }, () => [dice.real(-1, 3), dice.real(-1, 3), dice.real(3, 9), dice.real(3, 9)]);
    return node("RoiAlign", 16, [dice.noise(2, 2, ...dice.list(2, 4, 8)), tensor(corners), numbers(dice.list(3, 0, 1))], {
      mode: dice.pick(["avg", "max"]),
      output_height: dice.whole(1, 3),
      output_width: dice.whole(1, 3),
      sampling_ratio: dice.whole(0, 3),
      spatial_scale: { float: dice.pick([0.5, 0.75, 1]) },
      coordinate_transformation_mode: dice.pick(["half_pixel", "output_half_pixel"]),
    });
  },
  Col2Im(dice) {
    const [block, dilations, strides, pads, size] = [
      dice.list(2, 1, 3),
      dice.list(2, 1, 2),
      dice.list(2, 1, 2),
      dice.list(4, 0, 1),
      dice.list(2, 5, 7),
    ];
    const windows = size.map((n, i) => Math.floor((n + pads[i] + pads[2 + i] - dilations[i] * (block[i] - 1) - 1) / strides[i]) + 1);
    const columns = dice.noise(2, 2 * block[0] * block[1], windows[0] * windows[1]);
    return node("Col2Im", 18, [columns, numbers(size), numbers(block)], { dilations, strides, pads });
  },
};

describe.skipIf(!hasRuntime)("EF1 random nodes as onnxruntime computes them", () => {
  it.each(Object.entries(draws))("%s", async (_, draw) => {
    for (let seed = 0; seed < rounds(12); seed++) {
      const drawn = draw(new Dice(seed));
      const shapes = drawn.inputs.map((input) =>
        input === undefined ? "-" : `[${("tensor" in input ? input.tensor : input).shape.join(", ")}]`,
      );
      await expectJudgement(drawn, `${drawn.title} of ${shapes.join(" ")}, seed ${seed}`);
    }
  });
});
