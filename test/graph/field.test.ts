import { describe, expect, it } from "vitest";
import { connections, windowAxes } from "../../src/arithmetic/index.ts";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { boxOf, centreOf, featureAt, MisalignedFieldError, outputsOf, pathField, receptiveField } from "../../src/graph/field.ts";
import { gradient } from "../../src/graph/grad.ts";
import { apply, constant, fill, input } from "../../src/graph/record.ts";
import { label, type Value } from "../../src/graph/value.ts";
import {
  add,
  avgPool2d,
  concat,
  conv1d,
  conv2d,
  convTranspose1d,
  flatten,
  globalAvgPool,
  matmul,
  maxPool1d,
  maxPool2d,
  maxPoolIndices,
  maxUnpool,
  mul,
  pad,
  reshape,
  slice,
} from "../../src/ops/index.ts";
import { definedOnly } from "../../src/ops/operands.ts";
import { avgPoolGradOp } from "../../src/ops/pool-average.ts";
import { GraphError } from "../../src/tensor/errors.ts";
import { type Random, random } from "../../src/tensor/random.ts";
import { zeros } from "../../src/tensor/tensor.ts";
import { fixture } from "../support/fixtures.ts";
import { alexnetV2, chain, type LayerRow, lenet5, mobilenetV1, resnet50, type TracedNet, vgg16, zfnet } from "./field-nets.ts";

const ones = (...shape: number[]): Value => fill(shape, 1);
const rsp = (value: Value, x: Value): number[][] => receptiveField(value, x).axes.map((a) => [a.size, a.stride, a.padding]);

/** Which inputs one position of y reads: positive weights, and max pooling made to spread to its whole window, so that nothing cancels or hides. */
function supportOf(y: Value, x: Value, position: number): number[] {
  const seed = zeros(y.shape);
  seed.data.fill(0);
  for (let c = 0; c < y.shape[1]; c++) seed.data[c * y.shape[2] + position] = 1;
  const [g] = gradient(y, [x], {
    seed: constant(seed),
    rules: {
      maxPool: (arriving, { x: pooled }, attrs) =>
        apply(avgPoolGradOp, [arriving], { ...definedOnly(attrs), divisorOverride: 1, inputSize: pooled.shape.slice(2) }),
    },
  });
  const [values] = evaluateValues([g], new Map([[x, zeros(x.shape)]]));
  return Array.from(values.data.keys()).filter((i) => values.data[i] !== 0);
}

/** A random net of one axis: convolutions, poolings, pads, crops and branches that are added or concatenated. Every value is kept. */
function randomNet(generator: Random): { readonly x: Value; readonly y: Value; readonly values: readonly Value[] } {
  const x = input("x", [1, 1, 60 + generator.integer(20)]);
  const values: Value[] = [x];
  const keep = (v: Value): Value => {
    values.push(v);
    return v;
  };
  const conv = (v: Value, k: number, options: object): Value => keep(conv1d(v, ones(1, v.shape[1], k), undefined, options));
  const blocks: readonly ((v: Value) => Value)[] = [
    (v) =>
      conv(v, 1 + generator.integer(4), {
        stride: 1 + generator.integer(3),
        padding: generator.integer(3),
        dilation: 1 + generator.integer(2),
      }),
    (v) => conv(v, 2, { padding: [[generator.integer(3), -1]] }),
    (v) =>
      keep(maxPool1d(v, 2 + generator.integer(2), { stride: 1 + generator.integer(3), padding: 1, ceilMode: generator.integer(2) === 1 })),
    (v) =>
      keep(
        pad(v, [
          [0, 0],
          [0, 0],
          [generator.integer(4), generator.integer(4)],
        ]),
      ),
    (v) => keep(slice(v, { starts: [0, 0, generator.integer(2)], ends: [1, v.shape[1], v.shape[2] - generator.integer(3)] })),
    (v) => {
      // Half padding centres every branch on the same positions, whatever its kernel.
      const stride = 1 + generator.integer(2);
      const half = (inner: Value, s: number): Value => {
        const [k, dilation] = [1 + 2 * generator.integer(3), 1 + generator.integer(2)];
        return conv(inner, k, { stride: s, dilation, padding: (dilation * (k - 1)) / 2 });
      };
      const left = half(half(v, 1), stride);
      const right = generator.integer(2) === 0 ? half(v, stride) : half(half(v, stride), 1);
      return keep(generator.integer(2) === 0 ? add(left, right) : concat([left, right], { axis: 1 }));
    },
  ];
  let y = x;
  const depth = 1 + generator.integer(5);
  for (let i = 0; i < depth && y.shape[2] > 12; i++) y = blocks[generator.integer(blocks.length)](y);
  return { x, y, values };
}

/** Whether the box of `position` lies inside every value on the way, so that no padding hides a part of it. */
function isInterior(y: Value, values: readonly Value[], position: number): boolean {
  return values.every((v) => {
    if (v === y) return true;
    try {
      const [[first, last]] = boxOf(receptiveField(y, v), [position]);
      return first >= 0 && last < v.shape[2];
    } catch (error) {
      // A value of another branch is not on the way; what is misaligned at the input fails the test elsewhere.
      if (error instanceof GraphError) return true;
      throw error;
    }
  });
}

describe("RF1 the box is the brute-force dependency support", () => {
  it("RF1 on 1000 random graphs with stride, padding, dilation, pools, crops and branches", () => {
    const generator = random(1);
    let touched = 0;
    for (let i = 0; i < 1000; i++) {
      const { x, y, values } = randomNet(generator.fork(i));
      const field = receptiveField(y, x);
      expect(field.status).toBe("exact");
      const position = Math.floor(y.shape[2] / 2);
      const [[first, last]] = boxOf(field, [position]);
      const support = supportOf(y, x, position);
      if (support.length > 0) {
        expect(support[0]).toBeGreaterThanOrEqual(first);
        expect(support[support.length - 1]).toBeLessThanOrEqual(last);
      }
      if (isInterior(y, values, position)) {
        touched++;
        expect([support[0], support[support.length - 1]]).toEqual([first, last]);
      }
    }
    expect(touched).toBeGreaterThan(500);
  });

  it("RF1 a pixel's projective field holds exactly the outputs whose box holds the pixel", () => {
    const generator = random(2);
    for (let i = 0; i < 100; i++) {
      const { x, y } = randomNet(generator.fork(i));
      const field = receptiveField(y, x);
      for (const pixel of [0, 7, 30, x.shape[2] - 1]) {
        const reading = Array.from({ length: y.shape[2] }, (_, p) => p).filter((p) => {
          const [[first, last]] = boxOf(field, [p]);
          return first <= pixel && pixel <= last;
        });
        const [[from, to]] = outputsOf(field, [pixel], y.shape.slice(2));
        expect(Array.from({ length: to - from + 1 }, (_, j) => from + j)).toEqual(reading);
      }
    }
  });

  it("RF1 transposed convolutions: the support lies inside an upper bound of at most one position more", () => {
    for (const [kernel, stride, padding, dilation] of [
      [3, 2, 1, 1],
      [2, 2, 0, 1],
      [5, 3, 1, 1],
      [3, 3, 0, 2],
      [4, 1, 2, 1],
    ]) {
      const x = input("x", [1, 1, 12]);
      const y = convTranspose1d(conv1d(x, ones(1, 1, 3)), ones(1, 1, kernel), undefined, { stride, padding, dilation });
      const field = receptiveField(y, x);
      expect(field.status).toBe(stride === 1 ? "exact" : "upper bound");
      for (let position = 0; position < y.shape[2]; position++) {
        const [[first, last]] = boxOf(field, [position]);
        for (const i of supportOf(y, x, position)) {
          expect(i).toBeGreaterThanOrEqual(first);
          expect(i).toBeLessThanOrEqual(last);
        }
      }
    }
  });
});

describe("RF2 feature, centre, feature", () => {
  it("RF2 is the identity", () => {
    const generator = random(3);
    for (let i = 0; i < 100; i++) {
      const { x, y } = randomNet(generator.fork(i));
      const field = receptiveField(y, x);
      for (const position of [0, 1, y.shape[2] - 1]) expect(featureAt(field, centreOf(field, [position]))).toEqual([position]);
    }
  });

  it("RF2 the centre is -P + y·S + (R - 1)/2", () => {
    const x = input("x", [1, 1, 20, 20]);
    const field = receptiveField(conv2d(x, ones(1, 1, 4, 3), undefined, { stride: 2, padding: 1 }), x);
    expect(centreOf(field, [3, 0])).toEqual([-1 + 6 + 1.5, 0]);
    expect(boxOf(field, [3, 0])).toEqual([
      [5, 8],
      [-1, 1],
    ]);
  });
});

describe("branches", () => {
  const x = input("x", [1, 1, 8, 8]);

  it("RF3 net1: conv 1x1 s4 beside padded conv 3x3 s2 and conv 1x1 s2 gives 3, 4, 1", () => {
    const a = conv2d(x, ones(1, 1, 1, 1), undefined, { stride: 4 });
    const padded = pad(x, [
      [0, 0],
      [0, 0],
      [1, 0],
      [1, 0],
    ]);
    const b = conv2d(conv2d(padded, ones(1, 1, 3, 3), undefined, { stride: 2 }), ones(1, 1, 1, 1), undefined, { stride: 2 });
    expect(rsp(add(a, b), x)).toEqual([
      [3, 4, 1],
      [3, 4, 1],
    ]);
  });

  it("RF4 net2: the same with max pools", () => {
    const a = maxPool2d(x, 1, { stride: 4 });
    const padded = pad(x, [
      [0, 0],
      [0, 0],
      [1, 0],
      [1, 0],
    ]);
    const b = maxPool2d(maxPool2d(padded, 3, { stride: 2 }), 1, { stride: 2 });
    expect(rsp(add(a, b), x)).toEqual([
      [3, 4, 1],
      [3, 4, 1],
    ]);
  });

  it("RF5 net3: strides 2 and 1 are misaligned, and the error names both paths", () => {
    const padded = pad(x, [
      [0, 0],
      [0, 0],
      [2, 1],
      [2, 1],
    ]);
    const a = label(conv2d(padded, ones(1, 1, 5, 5), undefined, { stride: 2 }), "left");
    const b = label(conv2d(label(conv2d(x, ones(1, 1, 3, 3)), "right1"), ones(1, 1, 3, 3)), "right2");
    const y = label(add(a, b), "sum");
    expect(y.shape).toEqual([1, 1, 4, 4]);
    const ask = (): unknown => receptiveField(y, x);
    expect(ask).toThrow(MisalignedFieldError);
    expect(ask).toThrow(/"left"/);
    expect(ask).toThrow(/"right1" -> conv "right2" -> add "sum"/);
    expect(ask).toThrow(/strides are (2 and 1|1 and 2) on spatial axis 0/);
  });

  it("RF5 branches of equal stride but different centre are misaligned", () => {
    const a = conv2d(x, ones(1, 1, 2, 2), undefined, {
      padding: [
        [0, 1],
        [0, 1],
      ],
    });
    expect(() => receptiveField(add(a, conv2d(x, ones(1, 1, 1, 1))), x)).toThrow(/centred at (0.5 and at 0|0 and at 0.5)/);
  });

  it("RF6 net5: the axes are independent: R_x 5, R_y 7, S 4, P 0", () => {
    const large = input("x", [1, 1, 32, 32]);
    const first = conv2d(large, ones(1, 1, 3, 5), undefined, { stride: 2 });
    const y = conv2d(first, ones(1, 1, 3, 1), undefined, { stride: 2 });
    expect(rsp(y, large)).toEqual([
      [7, 4, 0],
      [5, 4, 0],
    ]);
  });
});

describe("statuses", () => {
  const x = input("x", [2, 3, 8, 6]);

  it("dense layers, global pooling and flattening see the whole input", () => {
    const pooled = globalAvgPool(conv2d(x, ones(4, 3, 3, 3)));
    const logits = matmul(flatten(x), ones(144, 10));
    for (const y of [pooled, logits, flatten(x), mul(x, globalAvgPool(x))]) {
      const field = receptiveField(y, x);
      expect(field.status).toBe("whole input");
      expect(boxOf(field, [0, 0])).toEqual([
        [0, 7],
        [0, 5],
      ]);
      expect(outputsOf(field, [3, 3], y.shape.slice(2)).every(([from]) => from === 0)).toBe(true);
    }
  });

  it("an op that says nothing gives unknown, with the whole input as the only safe box", () => {
    const field = receptiveField(reshape(x, [2, 3, 6, 8]), x);
    expect(field.status).toBe("unknown");
    expect(boxOf(field, [1, 1])).toEqual([
      [0, 7],
      [0, 5],
    ]);
  });

  it("unpooling puts values where the data says", () => {
    const y = maxUnpool(maxPool2d(x, 2), maxPoolIndices(x, 2), { outputSize: [8, 6] });
    expect(receptiveField(y, x).status).toBe("data-dependent");
  });

  it("the input sees itself, and a value that does not depend on it is an error", () => {
    expect(rsp(x, x)).toEqual([
      [1, 1, 0],
      [1, 1, 0],
    ]);
    expect(() => receptiveField(ones(1, 1, 2, 2), x)).toThrow(GraphError);
  });
});

describe("H3 tables (RF7)", () => {
  type Row = readonly [layer: string, size: number, stride: number, padding: number];
  const expectRows = (net: TracedNet, rows: readonly Row[]): void => {
    for (const [layer, ...expected] of rows) {
      const value = net.layers.get(layer);
      if (value === undefined) throw new Error(`the net has no layer "${layer}"`);
      expect(rsp(value, net.input), layer).toEqual([expected, expected]);
    }
  };
  const pathOf = (rows: readonly LayerRow[], upTo: string): number[] => {
    const layers = rows.slice(0, rows.findIndex(([name]) => name === upTo) + 1);
    const field = pathField(layers.map(([, kernel, stride, padding]) => ({ kernel, stride, padding: padding as number })));
    return [field.size, field.stride, field.padding];
  };

  const nets: Readonly<Record<string, readonly [rows: readonly LayerRow[], size: number]>> = {
    alexnet_v2: [alexnetV2, 224],
    vgg_16: [vgg16, 224],
    zfnet: [zfnet, 224],
    lenet5: [lenet5, 32],
  };

  it.each(Object.entries(nets))("H3 %s: every row of the fixtures, by graph and by formula", (name, [rows, size]) => {
    const expected = fixture<{ networks: Record<string, Row[]> }>("receptive_fields").networks[name];
    expect(expected.length).toBeGreaterThan(4);
    expectRows(chain(size, rows), expected);
    for (const [layer, ...numbers] of expected) expect(pathOf(rows, layer), layer).toEqual(numbers);
  });

  const mobilenetRows: readonly (readonly [layer: string, size: number, stride: number, at224: number, at321: number])[] = [
    ["conv0", 3, 2, 0, 1],
    ["pointwise 1", 7, 2, 2, 3],
    ["pointwise 2", 11, 4, 2, 5],
    ["pointwise 3", 19, 4, 6, 9],
    ["pointwise 4", 27, 8, 6, 13],
    ["pointwise 5", 43, 8, 14, 21],
    ["pointwise 6", 59, 16, 14, 29],
    ["pointwise 7", 91, 16, 30, 45],
    ["pointwise 8", 123, 16, 46, 61],
    ["pointwise 9", 155, 16, 62, 77],
    ["pointwise 10", 187, 16, 78, 93],
    ["pointwise 11", 219, 16, 94, 109],
    ["pointwise 12", 251, 32, 94, 125],
    ["pointwise 13", 315, 32, 126, 157],
  ];
  it.each([
    [224, 3],
    [321, 4],
  ] as const)("RF7 mobilenet_v1 with SAME padding at %i", (size, column) => {
    expectRows(
      chain(size, mobilenetV1),
      mobilenetRows.map((row) => [row[0], row[1], row[2], row[column]]),
    );
  });

  it.each([
    [224, [15, 47, 143, 239]],
    [321, [17, 49, 145, 241]],
  ] as const)("RF7 resnet_v1_50 at %i", (size, paddings) => {
    const [sizes, strides] = [
      [35, 99, 291, 483],
      [8, 16, 32, 32],
    ];
    expectRows(
      resnet50(size),
      paddings.map((padding, i) => [`block${i + 1}`, sizes[i], strides[i], padding]),
    );
  });

  it("B7 dilation rates 1, 2, 4, 8 see 3, 7, 15, 31", () => {
    const rates = [1, 2, 4, 8];
    const sizes = rates.map((_, i) => pathField(rates.slice(0, i + 1).map((dilation) => ({ kernel: 3, dilation }))).size);
    expect(sizes).toEqual([3, 7, 15, 31]);
    const waveNet = Array.from({ length: 10 }, (_, i) => ({ kernel: 2, dilation: 2 ** i }));
    expect(pathField(waveNet).size).toBe(1024);
  });

  it("ceil-mode pooling adds nothing on the left", () => {
    const x = input("x", [1, 1, 7, 7]);
    expect(rsp(avgPool2d(x, 2, { ceilMode: true }), x)).toEqual(rsp(avgPool2d(x, 2), x));
  });
});

describe("sparse interaction", () => {
  const [axis] = windowAxes({ input: [5], kernel: [3], stride: [1], dilation: [1], padding: [[1, 1]] });
  const field = { status: "exact", axes: [pathField([{ kernel: 3, padding: 1 }])] } as const;

  it("H1 forward cone: x3 touches s2, s3, s4 of five units", () => {
    expect(outputsOf(field, [2], [5])).toEqual([[1, 3]]);
  });

  it("H2 backward cone: s3 is reached from x2, x3, x4; 13 connections against 25", () => {
    expect(boxOf(field, [2])).toEqual([[1, 3]]);
    expect(connections([axis])).toBe(13);
  });

  it("H3 two layers of 3 taps: g3 is reached from x1 to x5", () => {
    const two = {
      status: "exact",
      axes: [
        pathField([
          { kernel: 3, padding: 1 },
          { kernel: 3, padding: 1 },
        ]),
      ],
    } as const;
    expect(boxOf(two, [2])).toEqual([[0, 4]]);
  });

  it("H4 sharing: 3 parameters are used 13 times, the middle one 5 times", () => {
    const x = input("x", [1, 1, 5]);
    const weight = input("weight", [1, 1, 3]);
    const onesInput = zeros([1, 1, 5]);
    onesInput.data.fill(1);
    const [counts] = evaluateValues(gradient(conv1d(x, weight, undefined, { padding: 1 }), [weight]), new Map([[x, onesInput]]));
    expect(Array.from(counts.data)).toEqual([4, 5, 4]);
    expect(Array.from(counts.data).reduce((sum, n) => sum + n, 0)).toBe(connections([axis]));
  });
});
