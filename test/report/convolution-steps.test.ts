// The steps behind every picture of convolution arithmetic, against the engine's own results and the guide's numbers.
import { describe, expect, test } from "vitest";
import { avgPool2d, conv2d, convFilterGrad, convInputGrad, convTranspose2d, deformConv2d, maxPool2d } from "../../src/ops/index.ts";
import {
  backwardWindows,
  describeSteps,
  type Frame,
  namedConfigurations,
  type Steps,
  showSum,
  type WindowOptions,
} from "../../src/report/convolution/index.ts";
import { random } from "../../src/tensor/random.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { fixture } from "../support/fixtures.ts";

interface Guide {
  readonly input: number[][];
  readonly kernel: number[][];
  readonly [name: string]: number[][] | unknown;
}

const flat = (grid: number[][]): number[] => grid.flat();

/** The same operation by the engine, from the numbers that the picture shows. */
function byEngine({ plan }: Steps): Tensor {
  const { kind, axes, inChannels, outChannels, groups } = plan;
  const [rows, columns] = axes;
  const x = tensor(Float64Array.from(plan.values), [1, inChannels, rows.given.input, columns.given.input]);
  const kernel = [rows.kernel, columns.kernel] as const;
  const stride = axes.map((a) => a.given.stride);
  const dilation = axes.map((a) => a.dilation);
  const padding = axes.map((a) => [a.given.before, a.given.after] as const);
  const common = { stride, dilation, padding };
  if (kind === "max pooling") return maxPool2d(x, [...kernel], { ...common, ceilMode: plan.ceilMode });
  if (kind === "average pooling")
    return avgPool2d(x, [...kernel], { stride, padding, ceilMode: plan.ceilMode, countIncludePad: plan.countIncludePad });
  const weights = Float64Array.from(plan.weights);
  if (plan.offsets !== undefined) {
    const offsets = tensor(Float64Array.from(plan.offsets), [1, 2 * rows.kernel * columns.kernel, rows.output, columns.output]);
    return deformConv2d(x, offsets, tensor(weights, [outChannels, inChannels / groups, ...kernel]), common);
  }
  if (kind === "transposed")
    return convTranspose2d(x, tensor(weights, [inChannels, outChannels / groups, ...kernel]), undefined, {
      ...common,
      groups,
      outputPadding: axes.map((a) => a.extra),
    });
  return conv2d(x, tensor(weights, [outChannels, inChannels / groups, ...kernel]), undefined, { ...common, groups });
}

/** What a frame says by itself: its sum must follow from its taps. */
function recompute(steps: Steps, { taps, divisor }: Frame): number {
  if (steps.kind === "max pooling") return Math.max(...taps.map((t) => t.value));
  const sum = taps.reduce((total, t) => total + t.weight * t.value, 0);
  return divisor === undefined ? sum : sum / divisor;
}

function expectEngineAgrees(options: WindowOptions): Steps {
  const steps = describeSteps(options);
  const y = byEngine(steps);
  expect(y.shape).toEqual([1, steps.plan.outChannels, steps.plan.axes[0].output, steps.plan.axes[1].output]);
  expect(steps.frames).toHaveLength(y.size);
  steps.frames.forEach((frame, i) => {
    expect(frame.value).toBeCloseTo(y.data[i], 9);
    expect(recompute(steps, frame)).toBeCloseTo(y.data[i], 9);
    const { channel, row, column } = frame.output;
    expect(steps.output[channel][row][column]).toBe(frame.value);
  });
  return steps;
}

describe("A13 the nineteen named configurations", () => {
  test("A13 there are nineteen: table 2.1 direct and transposed, and four with numbers", () => {
    expect(namedConfigurations).toHaveLength(19);
    expect(new Set(namedConfigurations.map((c) => c.name)).size).toBe(19);
  });

  test.each(namedConfigurations.map((c) => [c.name, c] as const))("A13 %s: one frame per output cell, values as the engine's", (_, c) => {
    const steps = expectEngineAgrees(c.options);
    expect(steps.frames).toHaveLength(c.output ** 2);
    // Row by row, and each cell once.
    expect(steps.frames.map((f) => f.output.row * c.output + f.output.column)).toEqual(steps.frames.map((_f, i) => i));
  });

  test("A13 every window of a direct configuration lies where its output's position says, in reach of the drawn grid", () => {
    for (const { options } of namedConfigurations.filter((c) => c.options.kind !== "transposed")) {
      const steps = describeSteps(options);
      const [rows, columns] = steps.plan.axes;
      for (const { output, window, taps } of steps.frames) {
        expect([window.row, window.column]).toEqual([output.row * rows.stride, output.column * columns.stride]);
        expect(taps).toHaveLength(rows.kernel * columns.kernel);
        for (const tap of taps) {
          expect(tap.row - window.row).toBe(tap.kernelRow * rows.dilation);
          expect(tap.column - window.column).toBe(tap.kernelColumn * columns.dilation);
          expect(steps.cells[0][tap.row][tap.column].value).toBe(tap.value);
        }
      }
    }
  });

  test("A13 KD13 6×6, k3, s2, p1 shows the uncovered bottom row and right column", () => {
    const steps = describeSteps({ input: [6, 6], kernel: 3, stride: 2, padding: 1 });
    expect(steps.unused).toEqual({ top: 0, bottom: 1, left: 0, right: 1 });
    expect([steps.grid.rows, steps.grid.columns]).toEqual([8, 8]);
    for (let i = 0; i < 8; i++) {
      expect(steps.cells[0][7][i].used).toBe(false);
      expect(steps.cells[0][i][7].used).toBe(false);
    }
    expect(steps.cells[0][6][6].used).toBe(true);
    // Without padding the border that is left over is input.
    const bare = describeSteps({ input: [6, 6], kernel: 3, stride: 2 });
    expect(bare.cells[0][5][0]).toMatchObject({ kind: "input", used: false });
    // 5×5 divides evenly.
    expect(describeSteps({ input: [5, 5], kernel: 3, stride: 2, padding: 1 }).unused).toEqual({ top: 0, bottom: 0, left: 0, right: 0 });
  });

  test("A13 KD12 the extra row of the odd transposed case is at the bottom and at the right, in kind and in numbers", () => {
    const odd = describeSteps({ kind: "transposed", input: [3, 3], kernel: 3, stride: 2, padding: 1, outputPadding: 1 });
    const even = describeSteps({ kind: "transposed", input: [3, 3], kernel: 3, stride: 2, padding: 1 });
    const kinds = odd.cells[0].map((row) => row.map((c) => c.kind));
    expect(kinds.at(-1)).toEqual(new Array(8).fill("extra"));
    expect(kinds.map((row) => row.at(-1))).toEqual(new Array(8).fill("extra"));
    expect(kinds[0].slice(0, -1)).toEqual(new Array(7).fill("padding"));
    expect(kinds[1].slice(0, 7)).toEqual(["padding", "input", "stretch", "input", "stretch", "input", "padding"]);
    // The extra row adds to the output at its end and changes nothing before it.
    expect(odd.output[0].slice(0, 5).map((row) => row.slice(0, 5))).toEqual(even.output[0]);
  });

  test("A13 dilation and full padding leave gaps and borders alone", () => {
    const dilated = describeSteps({ input: [7, 7], kernel: 3, dilation: 2 });
    expect(dilated.frames[0].window).toEqual({ row: 0, column: 0, rows: 5, columns: 5 });
    expect(dilated.frames[0].taps.map((t) => t.column).slice(0, 3)).toEqual([0, 2, 4]);
    const apart = describeSteps({ input: [7, 7], kernel: 1, stride: 3 });
    expect(apart.cells[0].flat().filter((c) => c.used)).toHaveLength(9);
    expect(apart.unused).toEqual({ top: 0, bottom: 0, left: 0, right: 0 });
  });
});

describe("numbers of the guide", () => {
  test("V1 V3 V4 every frame's value is the guide's", () => {
    const guide = fixture<Guide>("guide");
    const base = { input: [5, 5], kernel: 3, values: flat(guide.input), weights: flat(guide.kernel) } as const;
    const output = (options: WindowOptions): unknown => describeSteps(options).output[0];
    expect(output(base)).toEqual(guide.valid_stride1);
    expect(output({ ...base, stride: 2, padding: 1 })).toEqual(guide.stride2_padding1);
    expect(output({ ...base, padding: "same" })).toEqual(guide.same_padding1);
    expect(output({ ...base, padding: "full" })).toEqual(guide.full_padding2);
    expect(output({ kind: "max pooling", input: [5, 5], kernel: 3, stride: 1, values: base.values })).toEqual(guide.max_pool3_stride1);
    const average = output({ kind: "average pooling", input: [5, 5], kernel: 3, stride: 1, values: base.values }) as number[][];
    average.flat().forEach((v, i) => {
      expect(v).toBeCloseTo(flat(guide.average_pool3_stride1 as number[][])[i], 12);
    });
    const up = { kind: "transposed", kernel: 3, weights: base.weights } as const;
    const s2 = flat(guide.stride2_padding1 as number[][]);
    expect(output({ ...up, input: [3, 3], values: flat(guide.valid_stride1 as number[][]) })).toEqual(
      guide.transpose_of_valid_applied_to_valid_stride1,
    );
    expect(output({ ...up, input: [3, 3], stride: 2, padding: 1, values: s2 })).toEqual(
      guide.transpose_of_stride2_padding1_applied_to_its_output_extra0,
    );
    expect(output({ ...up, input: [3, 3], stride: 2, padding: 1, outputPadding: 1, values: s2 })).toEqual(
      guide.transpose_of_stride2_padding1_applied_to_its_output_extra1,
    );
    const counting = Array.from({ length: 49 }, (_, i) => i);
    expect(output({ input: [7, 7], kernel: 3, dilation: 2, values: counting, weights: base.weights })).toEqual(
      guide.dilation2_valid_on_0_to_48_as_7x7,
    );
  });

  test("V6 B9 half a column to the right: sampled values and bilinear shares", () => {
    const guide = fixture<Guide>("guide");
    const deformable = fixture<{ output: number[][] }>("deformable_convolution");
    const offsets = Array.from({ length: 2 * 9 * 9 }, (_, i) => (Math.floor(i / 9) % 2 === 0 ? 0 : 0.5));
    const steps = describeSteps({
      kind: "deformable",
      input: [5, 5],
      kernel: 3,
      values: flat(guide.input),
      weights: flat(guide.kernel),
      offsets,
    });
    expect(steps.output[0]).toEqual(deformable.output);
    for (const { taps } of steps.frames) {
      for (const { neighbours = [], row, column } of taps) {
        // Shares sum to 1 and balance at the point.
        expect(neighbours.reduce((s, n) => s + n.share, 0)).toBeCloseTo(1, 12);
        expect(neighbours.reduce((s, n) => s + n.share * n.row, 0)).toBeCloseTo(row, 12);
        expect(neighbours.reduce((s, n) => s + n.share * n.column, 0)).toBeCloseTo(column, 12);
      }
    }
  });

  test("B9 without offsets a deformable convolution is the plain one, and offsets (i, j) at tap (i, j) are dilation 2", () => {
    const at = { input: [7, 7], kernel: 3 } as const;
    const zero = describeSteps({ ...at, kind: "deformable", offsets: new Float64Array(2 * 9 * 25) });
    expect(zero.output).toEqual(describeSteps(at).output);
    const spread = Array.from({ length: 18 }, (_, map) => {
      const tap = Math.floor(map / 2);
      return new Array<number>(25).fill(map % 2 === 0 ? Math.floor(tap / 3) : tap % 3);
    }).flat();
    const dilated = describeSteps({ ...at, dilation: 2 }).output[0];
    const deformed = describeSteps({ ...at, kind: "deformable", offsets: spread }).output[0];
    expect(deformed.slice(0, 3).map((row) => row.slice(0, 3))).toEqual(dilated);
  });
});

test("B9 A13 deformable convolutions with random offsets, strides, dilations and channels agree with the engine, cell by cell", () => {
  for (let seed = 0; seed < 12; seed++) {
    const channels = seed % 3 === 0 ? { inChannels: 2, outChannels: 4, groups: 2 } : { inChannels: 1 + (seed % 2), outChannels: 2 };
    expectEngineAgrees({
      kind: "deformable",
      input: [5, 6],
      kernel: [3, 2],
      stride: [1 + (seed % 2), 1],
      dilation: [1, 2],
      padding: seed % 3,
      seed,
      ...channels,
    });
  }
});

test("A9 B2 A11 A13 random configurations of every kind agree with the engine, cell by cell", () => {
  const generator = random(41);
  const pick = (low: number, high: number): number => low + generator.integer(high - low + 1);
  const kinds = ["convolution", "transposed", "average pooling", "max pooling"] as const;
  let drawn = 0;
  for (let n = 0; drawn < 120; n++) {
    expect(n).toBeLessThan(2000);
    const kind = kinds[n % 4];
    const pooling = kind.endsWith("pooling");
    const groups = pooling ? 1 : pick(1, 2);
    const kernel = [pick(1, 3), pick(1, 4)];
    const stride = [pick(1, 3), pick(1, 3)];
    const dilation = kind === "average pooling" ? [1, 1] : [pick(1, 2), pick(1, 2)];
    const most = (axis: number): number => (pooling ? Math.floor(kernel[axis] / 2) : 2);
    const padding = [0, 1].map((axis) => [pick(0, most(axis)), pick(0, most(axis))] as const);
    const options: WindowOptions = {
      ...{ kind, input: [pick(3, 8), pick(3, 8)], kernel, stride, dilation, padding, seed: n },
      inChannels: groups * pick(1, 2),
      ...(!pooling && { groups, outChannels: groups * pick(1, 2) }),
      ...(kind === "transposed" && { outputPadding: stride.map((s, a) => pick(0, Math.max(s, dilation[a]) - 1)) }),
      ...(pooling && { ceilMode: pick(0, 1) === 1, countIncludePad: pick(0, 1) === 1 }),
    };
    try {
      describeSteps(options);
    } catch (error) {
      // Kernels that do not fit are refused with the arithmetic, not drawn.
      expect(String(error)).toMatch(/does not fit|crops everything/);
      continue;
    }
    expectEngineAgrees(options);
    drawn++;
  }
});

describe("the backward pass", () => {
  test("E2 dX is the full convolution with the turned kernel, dW the convolution of x with g", () => {
    const { input, kernel } = backwardWindows({ input: [5, 5], kernel: 3 });
    expect(describeSteps(input).output[0]).toEqual([
      [0, 1, 3, 3, 2],
      [2, 5, 7, 5, 2],
      [2, 6, 10, 8, 4],
      [2, 5, 7, 5, 2],
      [0, 1, 3, 3, 2],
    ]);
    expect(describeSteps(kernel).output[0]).toEqual([
      [15, 15, 15],
      [9, 11, 16],
      [10, 7, 12],
    ]);
    const middle = describeSteps(input).frames[12];
    expect(showSum(describeSteps(input), middle)).toBe("1·2 + 1·1 + 1·0 + 1·0 + 1·2 + 1·2 + 1·2 + 1·1 + 1·0 = 10");
  });

  test.each([
    [{ input: [6, 6], kernel: 3, stride: 2, padding: 1 }],
    [{ input: [7, 9], kernel: [3, 2], stride: [1, 3], dilation: [2, 1] }],
    [
      {
        input: [5, 6],
        kernel: 3,
        padding: [
          [2, 0],
          [1, 2],
        ],
        stride: 2,
      },
    ],
  ] as const)("E2 both gradients of %o are the engine's", (options) => {
    const { plan } = describeSteps(options);
    const g = Float64Array.from({ length: plan.axes[0].output * plan.axes[1].output }, (_, i) => (i % 5) - 2);
    const { input, kernel } = backwardWindows(options, g);
    const [rows, columns] = plan.axes;
    const attrs = {
      stride: plan.axes.map((a) => a.stride),
      dilation: plan.axes.map((a) => a.dilation),
      padding: plan.axes.map((a) => [a.before, a.after] as const),
    };
    const upstream = tensor(g, [1, 1, rows.output, columns.output]);
    const x = tensor(Float64Array.from(plan.values), [1, 1, rows.input, columns.input]);
    const w = tensor(Float64Array.from(plan.weights), [1, 1, rows.kernel, columns.kernel]);
    const dx = convInputGrad(upstream, w, { ...attrs, inputSize: [rows.input, columns.input] });
    const dw = convFilterGrad(x, upstream, { ...attrs, kernelSize: [rows.kernel, columns.kernel] });
    expect(describeSteps(input).output.flat(2)).toEqual(Array.from(dx.data));
    expect(describeSteps(kernel).output.flat(2)).toEqual(Array.from(dw.data));
  });

  test("E2 other operations are refused", () => {
    expect(() => backwardWindows({ kind: "max pooling", input: [4, 4], kernel: 2 })).toThrow(/not for max pooling/);
  });
});

describe("nonsense is explained with arithmetic", () => {
  test.each([
    [{ input: [4, 4], kernel: 5 }, /the kernel 5 does not fit into 4 \+ 0 \+ 0 = 4/],
    [{ input: [4, 4], kernel: 3, groups: 2 }, /groups 2 must divide 1 input channels/],
    [{ kind: "transposed", input: [2, 2], kernel: 3, stride: 2, outputPadding: 2 }, /output padding is 2; expected an integer from 0 to 1/],
    [{ kind: "transposed", input: [1, 1], kernel: 3, padding: 2 }, /crops everything away/],
    [{ input: [4, 4], kernel: 3, ceilMode: true }, /ceil mode is for pooling/],
    [{ kind: "max pooling", input: [5, 5], kernel: 3, padding: 2 }, /padding \[2, 2\] must lie in 0\.\.1 for a window that spans 3/],
    [{ input: [4, 4, 4], kernel: 3 }, /1 or 2 axes; the input has 3/],
    [{ input: [4, 4], kernel: 3, values: [1, 2] }, /2 numbers given, 16 needed/],
    [{ input: [4, 4], kernel: 3, stride: 0 }, /stride is 0; expected an integer >= 1/],
  ] as const)("%o", (options, message) => {
    expect(() => describeSteps(options)).toThrow(message);
  });
});
