// Unshared convolution, and the windows as columns that it is made of.
import { describe, expect, test } from "vitest";
import { createModel, nn } from "../../src/nn/index.ts";
import { conv2d, fold, locallyConnected2d, reshape, transpose, unfold } from "../../src/ops/index.ts";
import { arange, ones, type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { difference, normal64 } from "./support.ts";

describe("EC16 unfold and fold", () => {
  test("EC16 columns are channel-major, then kernel row-major; windows row-major", () => {
    const columns = unfold(arange(18, [1, 2, 3, 3]), { kernelSize: 2 });
    expect(columns.shape).toEqual([1, 8, 4]);
    expect(columns.toNested()).toEqual([
      [
        [0, 1, 3, 4],
        [1, 2, 4, 5],
        [3, 4, 6, 7],
        [4, 5, 7, 8],
        [9, 10, 12, 13],
        [10, 11, 13, 14],
        [12, 13, 15, 16],
        [13, 14, 16, 17],
      ],
    ]);
  });

  test("EC16 folding what was unfolded counts in how many windows each pixel lies", () => {
    const options = { kernelSize: 3, stride: 2 };
    const counted = fold(unfold(ones([1, 1, 5, 5]), options), { ...options, outputSize: [5, 5] });
    const rows = [1, 1, 2, 1, 1].map((r) => [1, 1, 2, 1, 1].map((c) => r * c));
    expect(counted.toNested()).toEqual([[rows]]);
  });

  test("EC16 columns that do not fit the picture are refused with the numbers", () => {
    expect(() => fold(ones([1, 9, 5]), { kernelSize: 3, outputSize: [5, 5] })).toThrow(/\[1, 9, 5\] does not fold.*9 taps.*9 windows/);
    expect(() => fold(ones([1, 9, 9]), { kernelSize: [3], outputSize: [5, 5] })).toThrow(/kernelSize has 1 entries/);
  });
});

describe("EC17 B19 locally connected", () => {
  const x = normal64([2, 3, 6, 5], 1);
  const kernel = normal64([4, 3, 3, 2], 2);
  const bias = normal64([4], 3);
  const options = { kernelSize: [3, 2], stride: 2, padding: 1 };

  test("B19 the same kernel everywhere makes it a convolution", () => {
    const convolved = conv2d(x, kernel, bias, { stride: 2, padding: 1 });
    const positions = convolved.shape[2] * convolved.shape[3];
    const flat = Array.from(kernel.data);
    const weight = tensor(Array.from({ length: positions }, () => flat).flat(), [positions, 4, 18], "float64");
    const local = locallyConnected2d(x, weight, bias, options);
    expect(local.shape).toEqual(convolved.shape);
    expect(difference(local, convolved)).toBeLessThan(1e-12);
  });

  test("EC17 changing the weights of one position changes that position alone", () => {
    const shape = [9, 4, 18];
    const weight = normal64(shape, 4);
    const changed = weight.clone();
    for (let i = 5 * 72; i < 6 * 72; i++) changed.data[i] += 1;
    const y = locallyConnected2d(x, weight, undefined, options);
    const moved = locallyConnected2d(x, changed, undefined, options);
    expect(y.shape).toEqual([2, 4, 3, 3]);
    expect(Array.from(y.data, (v, i) => moved.data[i] !== v)).toEqual(Array.from(y.data, (_, i) => i % 9 === 5));
  });

  test("EC17 it is the product of each position's weights with that position's column", () => {
    const weight = normal64([9, 4, 18], 5);
    const columns = transpose(unfold(x, options), { permutation: [0, 2, 1] });
    const y = reshape(locallyConnected2d(x, weight, undefined, options), [2, 4, 9]);
    for (const [n, o, p] of [
      [0, 0, 0],
      [1, 3, 8],
      [1, 2, 4],
    ]) {
      let sum = 0;
      for (let k = 0; k < 18; k++) sum += weight.at(p, o, k) * columns.at(n, p, k);
      expect(y.at(n, o, p)).toBeCloseTo(sum, 12);
    }
  });

  test("EC17 a weight for another picture is refused with the arithmetic", () => {
    expect(() => locallyConnected2d(x, ones([8, 4, 18], "float64"), undefined, options)).toThrow(
      /3 x 3 positions.*expected \[9, outChannels, 18\]/,
    );
    expect(() => locallyConnected2d(x, ones([9, 4, 18], "float64"), ones([3], "float64"), options)).toThrow(
      /bias has shape \[3\]; expected \[4, 3, 3\]/,
    );
  });

  test("H8 B19 the layer counts links and weights as LeCun's net 3 does: 1226 and 1226", () => {
    const net = nn.sequential({
      first: nn.locallyConnected2d(1, 1, 3, {
        stride: 2,
        padding: [
          [1, 0],
          [1, 0],
        ],
      }),
      second: nn.locallyConnected2d(1, 1, 5),
      flatten: nn.flatten(),
      output: nn.linear(16, 10),
    });
    const model = createModel(net, [1, 16, 16], { seed: 1 });
    expect(model.parameterCount).toBe(1226);
    const biases = 64 + 16 + 10;
    expect(model.summary().total.macs + biases).toBe(1226);
  });

  test("EC17 one bias per map, or none", () => {
    const count = (bias: "unit" | "map" | false): number => createModel(nn.locallyConnected1d(2, 3, 2, { bias }), [2, 5]).parameterCount;
    expect([count("unit"), count("map"), count(false)]).toEqual([48 + 12, 48 + 3, 48]);
    expect(() => nn.locallyConnected3d(1, 1, 2, { bias: true as never })).toThrow(/expected "unit", "map" or false/);
  });

  test("EC17 first weights follow the fan-in of one window", () => {
    const model = createModel(nn.locallyConnected2d(4, 8, 5), [4, 12, 12], { seed: 5 });
    const weight = model.parameters.get("weight") as Tensor;
    const largest = Math.max(...weight.data.map(Math.abs));
    expect(largest).toBeLessThanOrEqual(1 / 10);
    expect(largest).toBeGreaterThan(0.099);
  });
});
