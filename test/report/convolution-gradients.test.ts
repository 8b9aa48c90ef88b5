// Window operations read from either end, against the engine's own gradients: what the lab's backward views and links show.
import { describe, expect, test } from "vitest";
import { applyMatrix, convMatrix, transposedOf } from "../../src/arithmetic/index.ts";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { input } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import { add, avgPool2d, conv2d, convTranspose2d, deformConv2d, lpPool2d, maxPool2d, pad, reshape } from "../../src/ops/index.ts";
import {
  backwardWindows,
  describeSteps,
  linksOfFrame,
  linksOfInput,
  linksOfKernel,
  matrixOf,
  partialSums,
  type Steps,
  settingBounds,
  showSum,
  stepPicture,
  type WindowOptions,
  weightIndex,
  windowGradients,
  windowStep,
} from "../../src/report/convolution/index.ts";
import { random } from "../../src/tensor/random.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";

interface Engine {
  readonly y: Tensor;
  readonly dx: Tensor;
  /** Undefined for poolings. */
  readonly dw: Tensor | undefined;
  readonly db: Tensor | undefined;
}

/** Result and gradients of what the steps describe, by the engine in float64. */
function byEngine({ plan }: Steps, g: Float64Array): Engine {
  const { kind, axes, inChannels, outChannels, groups } = plan;
  const [rows, columns] = axes;
  const size = [rows.kernel, columns.kernel];
  const shapes = {
    x: [1, inChannels, rows.given.input, columns.given.input],
    w: kind === "transposed" ? [inChannels, outChannels / groups, ...size] : [outChannels, inChannels / groups, ...size],
    y: [1, outChannels, rows.output, columns.output],
  };
  const x = input("x", shapes.x, "float64");
  const w = input("w", shapes.w, "float64");
  const b = input("b", [outChannels], "float64");
  const stride = axes.map((a) => a.given.stride);
  const dilation = axes.map((a) => a.dilation);
  const padding = axes.map((a) => [a.given.before, a.given.after] as const);
  const common = { stride, dilation, padding };
  const pooling = ["max pooling", "average pooling", "L2 pooling"].includes(kind);
  const operation = (): Value => {
    if (kind === "max pooling") return maxPool2d(x, size, { ...common, ceilMode: plan.ceilMode });
    if (kind === "average pooling")
      return avgPool2d(x, size, { stride, padding, ceilMode: plan.ceilMode, countIncludePad: plan.countIncludePad });
    if (kind === "L2 pooling") return lpPool2d(x, 2, size, { ...common, ceilMode: plan.ceilMode });
    if (kind === "transposed") return convTranspose2d(x, w, b, { ...common, groups, outputPadding: axes.map((a) => a.extra) });
    if (plan.offsets !== undefined) {
      const offsets = tensor(Float64Array.from(plan.offsets), [1, 2 * size[0] * size[1], rows.output, columns.output]);
      const offsetValue = input("o", offsets.shape, "float64");
      known.set(offsetValue, offsets);
      return add(deformConv2d(x, offsetValue, w, common), reshape(b, [1, outChannels, 1, 1]));
    }
    if (plan.border === "circular") {
      const framed = pad(x, [[0, 0], [0, 0], padding[0], padding[1]], { mode: "circular" });
      return conv2d(framed, w, b, { stride, dilation, groups });
    }
    return conv2d(x, w, b, { ...common, groups });
  };
  const known = new Map<Value, Tensor>([[x, tensor(Float64Array.from(plan.values), shapes.x)]]);
  if (!pooling) {
    known.set(w, tensor(Float64Array.from(plan.weights), shapes.w));
    known.set(b, tensor(Float64Array.from(plan.bias ?? new Array(outChannels).fill(0)), [outChannels]));
  }
  const y = operation();
  const seed = input("g", shapes.y, "float64");
  known.set(seed, tensor(g, shapes.y));
  const [value, dx, dw, db] = evaluateValues([y, ...gradient(y, pooling ? [x] : [x, w, b], { seed })], known);
  return { y: value, dx, dw, db };
}

const variants: readonly (readonly [string, WindowOptions])[] = [
  ["plain", { input: [5, 6], kernel: 3, padding: 1, bias: [0.5] }],
  [
    "strided and dilated",
    {
      input: [8, 7],
      kernel: [3, 2],
      stride: 2,
      dilation: 2,
      padding: [
        [1, 2],
        [0, 1],
      ],
    },
  ],
  ["grouped", { input: [5, 5], kernel: 2, inChannels: 4, outChannels: 6, groups: 2, bias: [1, 2, 3, -1, -2, -3] }],
  ["depthwise", { input: [5, 4], kernel: 3, padding: 1, inChannels: 3, outChannels: 3, groups: 3 }],
  ["transposed", { kind: "transposed", input: [3, 4], kernel: 3, stride: 2, padding: 1, outputPadding: 1 }],
  [
    "transposed, dilated, channels",
    { kind: "transposed", input: [3, 3], kernel: [2, 3], stride: [2, 3], dilation: 2, inChannels: 2, outChannels: 4, groups: 2 },
  ],
  ["circular", { input: [5, 5], kernel: 3, padding: 1, border: "circular", bias: [2] }],
  [
    "circular, far",
    {
      input: [4, 5],
      kernel: [5, 3],
      padding: [
        [3, 2],
        [1, 1],
      ],
      stride: [1, 2],
      border: "circular",
    },
  ],
  ["deformable", { kind: "deformable", input: [5, 5], kernel: 3, padding: 1, bias: [-1] }],
  ["max pooling", { kind: "max pooling", input: [6, 7], kernel: 3, stride: 2, padding: 1 }],
  ["max pooling, ceil mode", { kind: "max pooling", input: [6, 6], kernel: 2, stride: 3, ceilMode: true, inChannels: 2 }],
  ["average pooling, padding counts", { kind: "average pooling", input: [5, 5], kernel: 3, stride: 2, padding: 1 }],
  [
    "average pooling, padding does not count",
    { kind: "average pooling", input: [5, 6], kernel: 3, stride: 2, padding: 1, countIncludePad: false, ceilMode: true },
  ],
  ["L2 pooling", { kind: "L2 pooling", input: [6, 6], kernel: 3, stride: 2, padding: 1 }],
];

/** Small whole numbers of both signs, different enough that no two maxima are equal. */
function upstreamOf(steps: Steps): Float64Array {
  const generator = random(7, 1);
  return Float64Array.from({ length: steps.frames.length }, () => generator.integer(9) - 4);
}

function distinctValues(options: WindowOptions): WindowOptions {
  const count = (options.inChannels ?? 1) * options.input.reduce((p, n) => p * n, 1);
  const order = Array.from({ length: count }, (_, i) => ((i * 37) % 101) - 40);
  return { ...options, values: order };
}

const close = (given: readonly number[], expected: ArrayLike<number>): void => {
  expect(given.length).toBe(expected.length);
  given.forEach((v, i) => void expect(v).toBeCloseTo(expected[i], 9));
};

test("LF13 LF11 the gradient of a deformable kernel's offsets is the engine's, channels together", () => {
  const generator = random(3, 2);
  const offsets = Float64Array.from({ length: 2 * 4 * 9 }, () => generator.uniform() * 2.4 - 1.2);
  const steps = describeSteps({ kind: "deformable", input: [4, 4], kernel: 2, inChannels: 2, outChannels: 3, offsets });
  const g = upstreamOf(steps);
  const { plan } = steps;
  const shapes = { x: [1, 2, 4, 4], o: [1, 8, 3, 3], w: [3, 2, 2, 2], g: [1, 3, 3, 3] };
  const [x, o, w, seed] = [
    input("x", shapes.x, "float64"),
    input("o", shapes.o, "float64"),
    input("w", shapes.w, "float64"),
    input("g", shapes.g, "float64"),
  ];
  const [expected] = evaluateValues(
    gradient(deformConv2d(x, o, w), [o], { seed }),
    new Map([
      [x, tensor(Float64Array.from(plan.values), shapes.x)],
      [o, tensor(offsets, shapes.o)],
      [w, tensor(Float64Array.from(plan.weights), shapes.w)],
      [seed, tensor(g, shapes.g)],
    ]),
  );
  close(Array.from(windowGradients(steps, g).offsets), expected.data);
  expect(windowGradients(describeSteps({ input: [3, 3], kernel: 2 })).offsets).toHaveLength(0);
});

test("LF13 one step against the gradient: the new weights, and a loss that falls by rate · |dW|² because it is linear in them", () => {
  const options: WindowOptions = { kind: "transposed", input: [3, 3], kernel: 2, stride: 2, inChannels: 2, outChannels: 2 };
  const steps = describeSteps(options);
  const g = upstreamOf(steps);
  const { dw } = byEngine(steps, g);
  const { weights, before, after } = windowStep(options, 0.01, g);
  close(
    weights,
    Array.from(steps.plan.weights, (w, i) => w - 0.01 * (dw?.data[i] ?? Number.NaN)),
  );
  const squared = Array.from(dw?.data ?? []).reduce((sum, d) => sum + d * d, 0);
  expect(before - after).toBeCloseTo(0.01 * squared, 9);
  expect(() => windowStep({ kind: "max pooling", input: [4], kernel: 2 }, 1)).toThrow(/max pooling has no weights/);
  expect(() => windowStep(options, Number.NaN)).toThrow(/the rate is NaN/);
});

describe.each(variants)("LF13 %s", (_, given) => {
  const steps = describeSteps(distinctValues(given));
  const g = upstreamOf(steps);
  const engine = byEngine(steps, g);

  test("LF10 LF12 the outputs are the engine's", () => close(steps.output.flat(2), engine.y.data));

  test("LF13 dX, dW and db are the engine's, and the terms of every cell add up to it", () => {
    const { input: dx, kernel, bias, termsOf, termsFrom, kernelTerms } = windowGradients(steps, g);
    const total = (terms: readonly { readonly product: number }[]): number => terms.reduce((sum, t) => sum + t.product, 0);
    // What leaves the outputs arrives at the inputs, and what arrives at the weights is all of their gradient.
    expect(total(steps.frames.flatMap((_f, f) => termsFrom(f)))).toBeCloseTo(
      dx.flat(2).reduce((sum, v) => sum + v, 0),
      9,
    );
    const weights = steps.kernels.flatMap((kernels, to) =>
      kernels.flatMap((k) => k.weights.flatMap((line, row) => line.map((_w, column) => ({ from: k.channel, to, row, column })))),
    );
    for (const at of weights) {
      const index = weightIndex(steps, at.to, { channel: at.from, kernelRow: at.row, kernelColumn: at.column });
      expect(total(kernelTerms(at))).toBeCloseTo(kernel[index], 9);
    }
    close(dx.flat(2), engine.dx.data);
    if (engine.dw !== undefined) close(Array.from(kernel), engine.dw.data);
    if (engine.db !== undefined) close(Array.from(bias), engine.db.data);
    dx.forEach((plane, channel) => {
      plane.forEach((line, row) => {
        line.forEach((value, column) => {
          const terms = termsOf({ channel, row, column });
          expect(terms.reduce((sum, t) => sum + t.product, 0)).toBeCloseTo(value, 9);
          for (const t of terms) expect([t.upstream, t.to]).toEqual([g[t.frame], { channel, row, column }]);
        });
      });
    });
  });

  test("LF8 the links of all cells are the products of all windows, from either end", () => {
    const products = steps.frames.flatMap((_f, f) => linksOfFrame(steps, f)).map((l) => l.product);
    if (steps.kernels.length > 0)
      steps.frames.forEach((frame, f) => {
        const sums = partialSums(linksOfFrame(steps, f));
        expect(sums.reduce((sum, part) => sum + part.sum, frame.bias ?? 0)).toBeCloseTo(frame.value, 9);
        expect(sums).toHaveLength(steps.kernels[frame.output.channel].length);
      });
    const total = (links: readonly { product: number }[]): number => links.reduce((sum, l) => sum + l.product, 0);
    const finite = products.filter(Number.isFinite).reduce((sum, p) => sum + p, 0);
    // Every cell once: circular padding is counted with the cell that it repeats.
    const byInput = steps.cells.flatMap((plane, channel) =>
      plane.flatMap((line, row) =>
        line.flatMap((cell, column) => (cell.twin === undefined ? linksOfInput(steps, { channel, row, column }) : [])),
      ),
    );
    expect(total(byInput.filter((l) => Number.isFinite(l.product)))).toBeCloseTo(finite, 6);
    const byKernel = steps.kernels.flatMap((kernels, to) =>
      kernels.flatMap(({ channel, weights }) =>
        weights.flatMap((line, row) => line.flatMap((_w, column) => linksOfKernel(steps, { from: channel, to, row, column }))),
      ),
    );
    if (steps.kernels.length > 0) expect(total(byKernel)).toBeCloseTo(finite, 6);
  });
});

describe("LF13 both gradients as window operations", () => {
  const linear = variants.filter(([, o]) => (o.kind ?? "convolution") === "convolution" || o.kind === "transposed");
  test.each(linear.filter(([, o]) => o.border !== "circular"))("LF13 %s", (_, given) => {
    const options = distinctValues(given);
    const steps = describeSteps(options);
    const g = upstreamOf(steps);
    const { dx, dw } = byEngine(steps, g);
    const windows = backwardWindows(options, g);
    close(describeSteps(windows.input).output.flat(2), dx.data);
    // The pairs come read channel by read channel; the weights lie the other way round.
    const { inChannels, outChannels, groups, axes, kind } = steps.plan;
    const transposed = kind === "transposed";
    const [read, joined] = transposed ? [outChannels, inChannels] : [inChannels, outChannels];
    const taps = axes[0].kernel * axes[1].kernel;
    const pairs = describeSteps(windows.kernel).output;
    const laid = new Float64Array(dw?.size ?? 0);
    pairs.forEach((plane, n) => {
      const c = Math.floor(n / (joined / groups));
      const j = Math.floor(c / (read / groups)) * (joined / groups) + (n % (joined / groups));
      plane.flat().forEach((v, t) => {
        laid[(j * (read / groups) + (c % (read / groups))) * taps + t] = v;
      });
    });
    close(Array.from(laid), dw?.data ?? []);
  });

  test("LF13 a circular border is refused, and named", () => {
    expect(() => backwardWindows({ input: [4], kernel: 3, padding: 1, border: "circular" })).toThrow(/not for a circular border/);
  });
});

describe("LF18 a circular convolution", () => {
  test("LF18 its matrix is circulant, and gives the same output", () => {
    const steps = describeSteps({
      input: [6],
      kernel: 3,
      padding: 1,
      border: "circular",
      values: [1, 2, 3, 4, 5, 6],
      weights: [1, 10, 100],
    });
    const { matrix, kernel } = matrixOf(steps.plan);
    expect(Array.from(applyMatrix(matrix, kernel, steps.plan.values))).toEqual(steps.output.flat(2));
    expect(steps.output.flat(2)).toEqual([216, 321, 432, 543, 654, 165]);
    const rows = Array.from({ length: matrix.rows }, (_, r) => {
      const row = new Array<number>(matrix.columns).fill(-1);
      for (let e = matrix.rowStart[r]; e < matrix.rowStart[r + 1]; e++) row[matrix.column[e]] = matrix.weight[e];
      return row;
    });
    rows.forEach((row, r) => void expect(row).toEqual(rows[0].map((_, c) => rows[0][(c - r + 6) % 6])));
    expect(convMatrix({ axes: [steps.plan.axes[1]] }, true).column).toHaveLength(18);
  });
});

describe("L25 bounds of settings", () => {
  const bounds = (make: (n: number) => WindowOptions, value: number, least: number, most: number) =>
    settingBounds(make, { value, least, most });
  test("L25 a kernel ends where it no longer fits into the padded input", () => {
    expect(bounds((kernel) => ({ input: [5, 5], kernel, padding: 1 }), 3, 1, 11)).toEqual({
      ...{ least: 1, most: 7, whyLeast: "range", whyMost: "no output" },
    });
  });
  test("L25 an input begins where the kernel fits, and ends where it can no longer be drawn", () => {
    expect(bounds((n) => ({ input: [n, n], kernel: 4 }), 6, 1, 32)).toEqual({
      least: 4,
      most: 32,
      whyLeast: "no output",
      whyMost: "range",
    });
    const large = bounds((n) => ({ input: [n, n], kernel: 11, padding: 10 }), 12, 1, 32);
    expect(large.whyMost).toBe("too large");
    expect((large.most + 10) ** 2 * 121).toBeLessThanOrEqual(100_000);
    expect((large.most + 11) ** 2 * 121).toBeGreaterThan(100_000);
  });
  test("L25 padding of a pooling ends at half of the window, by rule", () => {
    expect(bounds((padding) => ({ kind: "max pooling", input: [6, 6], kernel: 3, padding }), 0, 0, 5)).toEqual({
      ...{ least: 0, most: 1, whyLeast: "range", whyMost: "rule" },
    });
  });
  test("L25 a setting may be refused by the arithmetic that leads to the operation", () => {
    const make = (kernel: number): WindowOptions => {
      const { input, extra } = transposedOf({ input: 5, kernel, stride: 2, padding: 1 });
      return { kind: "transposed", input: [input, input], kernel, stride: 2, padding: 1, outputPadding: extra };
    };
    expect(bounds(make, 3, 1, 11)).toMatchObject({ most: 7, whyMost: "no output" });
  });
  test("L25 where the setting itself is impossible, it stands alone", () => {
    expect(bounds((kernel) => ({ input: [3], kernel }), 9, 1, 11)).toEqual({
      ...{ least: 9, most: 9, whyLeast: "no output", whyMost: "no output" },
    });
  });
});

describe("LF12 what is written under a step", () => {
  test("LF12 L2 pooling is the root of a sum of squares", () => {
    const steps = describeSteps({ kind: "L2 pooling", input: [2, 2], kernel: 2, values: [1, -2, 2, 4] });
    expect(showSum(steps, steps.frames[0])).toBe("√(1² + (−2)² + 2² + 4²) = 5");
    expect(stepPicture({ kind: "L2 pooling", input: [4, 4], kernel: 2 }).title).toContain("L2 pooling of 4");
  });
  test("LF8 a bias is added after the products", () => {
    const steps = describeSteps({ input: [2], kernel: 2, values: [3, 1], weights: [1, 2], bias: [-4] });
    expect(showSum(steps, steps.frames[0])).toBe("3·1 + 1·2 + (−4) = 1");
    expect(() => describeSteps({ kind: "max pooling", input: [2], kernel: 2, bias: [1] })).toThrow(
      /a bias is for convolutions, not for max pooling/,
    );
    expect(() => describeSteps({ kind: "transposed", input: [2], kernel: 2, border: "circular" })).toThrow(
      /circular border is for convolutions/,
    );
  });
});
