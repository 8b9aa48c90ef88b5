// Receptive fields against brute force, where branches meet, and where there is none.
import { describe, expect, it } from "vitest";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { boxOf, centreOf, featureAt, MisalignedFieldError, outputsOf, receptiveField } from "../../src/graph/field.ts";
import { gradient } from "../../src/graph/grad.ts";
import { apply, constant, fill, input } from "../../src/graph/record.ts";
import { label, type Value } from "../../src/graph/value.ts";
import {
  add,
  concat,
  conv1d,
  conv2d,
  convTranspose1d,
  flatten,
  flip,
  globalAvgPool,
  matmul,
  maxPool1d,
  maxPool2d,
  maxPoolIndices,
  maxUnpool,
  mul,
  pad,
  reshape,
  resize,
  roll,
  slice,
  softmax,
  transpose,
} from "../../src/ops/index.ts";
import { definedOnly } from "../../src/ops/operands.ts";
import { avgPoolGradOp } from "../../src/ops/pool-average.ts";
import { GraphError } from "../../src/tensor/errors.ts";
import { type Random, random } from "../../src/tensor/random.ts";
import { zeros } from "../../src/tensor/tensor.ts";
import { rsp } from "./field-nets.ts";

const ones = (...shape: number[]): Value => fill(shape, 1);

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

  it.each<[string, (from: Value) => Value]>([
    ["reshape that moves space", (from) => reshape(from, [2, 3, 6, 8])],
    ["transpose of space", (from) => transpose(from, { permutation: [0, 1, 3, 2] })],
    ["flip of the batch", (from) => flip(from, { axes: [0] })],
    ["roll of the batch", (from) => roll(from, { shifts: 1, axes: [0] })],
    ["slice of the batch", (from) => slice(from, { axes: [0], starts: [1], ends: [2] })],
    ["slice backwards", (from) => slice(from, { axes: [2], starts: [7], ends: [0], steps: [-1] })],
    ["concat in space", (from) => concat([from, from], { axis: 2 })],
    ["softmax in space", (from) => softmax(from, { axis: 2 })],
    ["an operand broadcast along one spatial axis", (from) => add(slice(from, { axes: [2], starts: [0], ends: [1] }), ones(2, 3, 8, 6))],
  ])("%s gives unknown, with the whole input as the only safe box", (_, build) => {
    const field = receptiveField(build(x), x);
    expect(field.status).toBe("unknown");
    expect(boxOf(field, [1, 1])).toEqual([
      [0, 7],
      [0, 5],
    ]);
  });

  it("doubling keeps the boxes of what follows small: an upper bound, not the whole picture", () => {
    const doubled = (mode: "nearest" | "linear"): Value =>
      resize(conv2d(x, ones(1, 3, 3, 3), undefined, { padding: 1 }), { scale: 2, mode });
    for (const [mode, size, padding] of [
      ["nearest", 3.5, 1.5],
      ["linear", 4.5, 2],
    ] as const) {
      const field = receptiveField(doubled(mode), x);
      expect(field).toEqual({ status: "upper bound", axes: Array.from({ length: 2 }, () => ({ size, stride: 0.5, padding })) });
      expect(centreOf(field, [0, 0])).toEqual([-0.25, -0.25]);
    }
  });

  it("halving by linear interpolation is the exact window of an average of two", () => {
    const field = receptiveField(resize(x, { scale: 0.5, mode: "linear" }), x);
    expect(field).toEqual({ status: "exact", axes: Array.from({ length: 2 }, () => ({ size: 2, stride: 2, padding: 0 })) });
  });

  it.each([
    ["replicate", 1, 1],
    ["symmetric", 1, 1],
    ["reflect", 2, 2],
    ["circular", 8, 6],
  ] as const)("a border that is %s reaches %i rows and %i columns around the place that it pads", (mode, rows, columns) => {
    const padded = pad(x, [[1, 1], [1, 1]], { mode }); // biome-ignore format: one row
    const reach = (far: number): object => ({ size: 1 + 2 * far, stride: 1, padding: 1 + far });
    expect(receptiveField(padded, x)).toEqual({ status: "upper bound", axes: [reach(rows), reach(columns)] });
    // The centre stays, so that what was padded can meet what was not.
    const block = add(x, conv2d(padded, ones(3, 3, 3, 3)));
    expect(centreOf(receptiveField(block, x), [3, 2])).toEqual([3, 2]);
  });

  it("flipping and rolling leave the other axis as it is", () => {
    const [flipped, rolled] = [flip(x, { axes: [3] }), roll(x, { shifts: -1, axes: [2] })];
    expect(rsp(flipped, x)).toEqual([
      [1, 1, 0],
      [11, 1, 5],
    ]);
    expect(boxOf(receptiveField(flipped, x), [4, 0])).toEqual([
      [4, 4],
      [-5, 5],
    ]);
    expect(centreOf(receptiveField(rolled, x), [4, 0])).toEqual([5, 0]);
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
