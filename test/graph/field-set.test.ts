import { describe, expect, it } from "vitest";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { boxOf, MisalignedFieldError, type ReceptiveField, receptiveField } from "../../src/graph/field.ts";
import { fieldSet } from "../../src/graph/field-set.ts";
import { constant, fill, input } from "../../src/graph/record.ts";
import { label, type Value } from "../../src/graph/value.ts";
import {
  adaptiveAvgPool2d,
  add,
  avgPool2d,
  concat,
  conv1d,
  conv2d,
  convTranspose2d,
  flatten,
  flip,
  globalAvgPool,
  maxPool2d,
  mul,
  pad,
  relu,
  reshape,
  resize,
  resizeModes,
  roll,
  slice,
} from "../../src/ops/index.ts";
import { ArgumentError, GraphError, ShapeError } from "../../src/tensor/errors.ts";
import { type Random, random } from "../../src/tensor/random.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const [height, width] = [9, 8];
const plane = height * width;
/** So loud that it is heard through every layer and wins every maximum, and still exact enough to tell from nothing. */
const loud = 1e14;

/** Picture 0 is quiet; picture 1 + p is the same with pixel p made loud. */
function loudPixels(generator: Random): Tensor {
  const quiet = Float64Array.from({ length: plane }, () => 1 + generator.uniform());
  const data = new Float64Array((plane + 1) * plane);
  for (let n = 0; n <= plane; n++) {
    data.set(quiet, n * plane);
    if (n > 0) data[n * plane + n - 1] = loud;
  }
  return new Tensor(data, [plane + 1, 1, height, width]);
}

/** Positive weights that sum to about 1, so that nothing cancels and quiet stays quiet. */
function weights(shape: readonly number[], fanIn: number, generator: Random): Value {
  return constant(
    new Tensor(
      Float64Array.from({ length: sizeOf(shape) }, () => (0.5 + generator.uniform()) / fanIn),
      shape,
    ),
  );
}

interface Dag {
  readonly x: Value;
  readonly y: Value;
  /** Every value on the way. */
  readonly values: readonly Value[];
}

/**
 * A random net of two axes whose layers may read any earlier value of a fitting size, so that branches are nested, shared and misaligned.
 * `wandering` adds layers whose units read at distances that differ from unit to unit.
 */
function randomDag(generator: Random, wandering = false): Dag {
  const x = input("x", [plane + 1, 1, height, width], "float64");
  const values: Value[] = [x];
  const between = (low: number, high: number): number => low + generator.integer(high - low + 1);
  const two = (low: number, high: number): [number, number] => [between(low, high), between(low, high)];
  const layers: readonly ((v: Value) => Value)[] = [
    (v) => {
      const [kernel, out] = [two(1, 3), between(1, 2)];
      return conv2d(v, weights([out, v.shape[1], ...kernel], v.shape[1] * kernel[0] * kernel[1], generator), undefined, {
        stride: two(1, 2),
        dilation: two(1, 2),
        padding: [two(0, 2), two(0, 2)],
      });
    },
    (v) => {
      const kernel = two(1, 3);
      const stride = two(1, 3);
      return convTranspose2d(v, weights([v.shape[1], 1, ...kernel], v.shape[1] * kernel[0] * kernel[1], generator), undefined, {
        stride,
        dilation: two(1, 2),
        padding: two(0, 1),
      });
    },
    (v) => maxPool2d(v, two(1, 3), { stride: two(1, 2), dilation: two(1, 2), ceilMode: generator.integer(2) === 1 }),
    (v) => avgPool2d(v, 2, { stride: two(1, 3), padding: two(0, 1) }),
    (v) => relu(v),
    (v) => pad(v, [[0, 0], [0, 0], two(0, 1), [between(0, 2), -1]]),
    (v) => slice(v, { axes: [2, 3], starts: two(0, 1), ends: [v.shape[2], v.shape[3] - 1], steps: two(1, 2) }),
    (v) => {
      // A partner of another path, cut to the common size at the top left: nothing makes sure that both look at the same place.
      const partner = values[generator.integer(values.length)];
      const common = [2, 3].map((axis) => Math.min(v.shape[axis], partner.shape[axis]));
      const cut = (u: Value): Value => slice(u, { axes: [2, 3], starts: [0, 0], ends: common });
      return v.shape[1] === partner.shape[1] && generator.integer(2) === 0
        ? add(cut(v), cut(partner))
        : concat([cut(v), cut(partner)], { axis: 1 });
    },
  ];
  const mode = <M extends string>(modes: readonly M[]): M => modes[generator.integer(modes.length)];
  const wanderers: readonly ((v: Value) => Value)[] = [
    (v) => resize(v, { size: two(2, 12), mode: mode(resizeModes) }),
    (v) => resize(v, { size: two(2, 12), mode: mode(["linear", "cubic"]), [mode(["alignCorners", "antialias"])]: true }),
    (v) => resize(v, { scale: [0.5 + generator.uniform(), 2], mode: mode(["nearest", "linear"]) }),
    (v) => adaptiveAvgPool2d(v, two(2, 6)),
    (v) => pad(v, [two(0, 3), two(0, 3)], { mode: mode(["reflect", "replicate", "circular", "symmetric"]) }),
    (v) => roll(v, { shifts: two(-3, 3), axes: [2, 3] }),
    (v) => flip(v, { axes: [2 + generator.integer(2)] }),
  ];
  const drawn = wandering ? [...layers, ...wanderers] : layers;
  const depth = between(2, 6);
  let y = x;
  for (let i = 0; i < depth; i++) {
    try {
      const next = drawn[generator.integer(drawn.length)](y);
      if (sizeOf(next.shape.slice(1)) > 600 || sizeOf(next.shape) === 0) continue;
      y = next;
      values.push(y);
    } catch (error) {
      // A kernel that does not fit: another layer is drawn instead.
      if (!(error instanceof ShapeError)) throw error;
    }
  }
  return { x, y, values };
}

/** For every unit of y, the pixels that change it in some channel. */
function changedPixels({ x, y }: Dag, generator: Random): number[][] {
  const [values] = evaluateValues([y], new Map([[x, loudPixels(generator)]]));
  const [, channels, rows, columns] = y.shape;
  const unit = channels * rows * columns;
  return Array.from({ length: rows * columns }, (_, p) => {
    const at = Array.from({ length: channels }, (_c, c) => c * rows * columns + p);
    const changes = (pixel: number): boolean => at.some((i) => values.data[i] !== values.data[(pixel + 1) * unit + i]);
    return Array.from({ length: plane }, (_q, pixel) => pixel).filter(changes);
  });
}

/** The box of a unit, cut to the picture. */
function boxInside(field: ReceptiveField, position: readonly number[]): { holds(pixel: number): boolean; readonly area: number } {
  const [[top, bottom], [left, right]] = boxOf(field, position).map(([first, last], axis) => [
    Math.max(first, 0),
    Math.min(last, [height, width][axis] - 1),
  ]);
  return {
    holds(pixel) {
      const [row, column] = [Math.floor(pixel / width), pixel % width];
      return row >= top && row <= bottom && column >= left && column <= right;
    },
    area: Math.max(0, bottom - top + 1) * Math.max(0, right - left + 1),
  };
}

/** The field of y, or undefined where branches are misaligned. */
function fieldIfAligned({ x, y }: Dag): ReceptiveField | undefined {
  try {
    return receptiveField(y, x);
  } catch (error) {
    expect(error).toBeInstanceOf(MisalignedFieldError);
    return undefined;
  }
}

describe("RF1 the receptive field is the set of inputs that really change the unit", () => {
  it("RF1 on 150 random graphs with dilation, gaps, crops, transposed convolutions and misaligned branches", () => {
    const generator = random(31);
    const seen = { exact: 0, misaligned: 0, holes: 0, full: 0 };
    for (let i = 0; i < 150; i++) {
      const own = generator.fork(i);
      const dag = randomDag(own);
      const { x, y } = dag;
      if (y === x) continue;
      const field = fieldIfAligned(dag);
      if (field === undefined) seen.misaligned++;
      changedPixels(dag, own).forEach((changed, p) => {
        const position = [Math.floor(p / y.shape[3]), p % y.shape[3]];
        const { status, positions } = fieldSet(y, x, position);
        expect(status).toBe("exact");
        expect(Array.from(positions), `graph ${i}, position ${position}`).toEqual(changed);
        seen.exact++;
        if (field === undefined || changed.length === 0) return;
        const box = boxInside(field, position);
        expect(changed.every(box.holds)).toBe(true);
        if (changed.length < box.area) seen.holes++;
        else seen.full++;
      });
    }
    expect(seen.exact).toBeGreaterThan(2000);
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
  });

  it("RF1 on 150 random graphs with resizing, borders that mirror or repeat, rolls and flips, set and box hold all of it", () => {
    const generator = random(33);
    const seen = { units: 0, bounds: 0, misaligned: 0, smallerThanThePicture: 0 };
    for (let i = 0; i < 150; i++) {
      const own = generator.fork(i);
      const dag = randomDag(own, true);
      const { x, y } = dag;
      if (y === x) continue;
      const field = fieldIfAligned(dag);
      if (field === undefined) seen.misaligned++;
      else expect(["exact", "upper bound"]).toContain(field.status);
      changedPixels(dag, own).forEach((changed, p) => {
        const position = [Math.floor(p / y.shape[3]), p % y.shape[3]];
        const set = fieldSet(y, x, position);
        const read = new Set(set.positions);
        expect(
          changed.every((pixel) => read.has(pixel)),
          `graph ${i}, position ${position}`,
        ).toBe(true);
        seen.units++;
        if (set.status === "upper bound") seen.bounds++;
        if (field === undefined) return;
        const box = boxInside(field, position);
        expect(changed.every(box.holds), `the box of graph ${i}, position ${position}`).toBe(true);
        if (box.area < plane) seen.smallerThanThePicture++;
      });
    }
    expect(seen.units).toBeGreaterThan(2000);
    expect(seen.bounds).toBeGreaterThan(seen.units / 3);
    expect(seen.smallerThanThePicture).toBeGreaterThan(seen.units / 4);
    expect(seen.misaligned).toBeGreaterThan(5);
  });

  it("RF1 the comb of a dilated kernel, and the gaps of a stride larger than the kernel", () => {
    const x = input("x", [1, 1, 12]);
    const comb = conv1d(x, fill([1, 1, 3], 1), undefined, { dilation: 2, padding: 2 });
    expect(Array.from(fieldSet(comb, x, [4]).positions)).toEqual([2, 4, 6]);
    expect(Array.from(fieldSet(comb, x, [0]).positions)).toEqual([0, 2]);
    expect(boxOf(receptiveField(comb, x), [4])).toEqual([[2, 6]]);
    const gaps = conv1d(conv1d(x, fill([1, 1, 2], 1), undefined, { stride: 4 }), fill([1, 1, 2], 1));
    expect(Array.from(fieldSet(gaps, x, [0]).positions)).toEqual([0, 1, 4, 5]);
  });

  it("RF1 B7 rates 1, 2, 4 fill their box without a hole; rates 2, 2, 2 see a quarter of it", () => {
    const x = input("x", [1, 1, 31, 31]);
    const stack = (rates: readonly number[]): Value =>
      rates.reduce((v, dilation) => conv2d(v, fill([1, 1, 3, 3], 1), undefined, { dilation, padding: dilation }), x);
    expect(fieldSet(stack([1, 2, 4]), x, [15, 15]).positions).toHaveLength(15 * 15);
    expect(fieldSet(stack([2, 2, 2]), x, [15, 15]).positions).toHaveLength(7 * 7);
  });

  it("RF5 misaligned branches have no common box, but a set: and the error names both paths", () => {
    const x = input("x", [1, 1, 10]);
    const left = label(conv1d(x, fill([1, 1, 1], 1), undefined, { padding: [[2, -2]] }), "left");
    const right = label(conv1d(x, fill([1, 1, 2], 1), undefined, { padding: [[0, 1]] }), "right");
    const y = label(add(left, right), "sum");
    expect(() => receptiveField(y, x)).toThrow(MisalignedFieldError);
    expect(() => receptiveField(y, x)).toThrow(/conv "(left|right)" -> add "sum" and .*conv "(left|right)" -> add "sum" are misaligned/);
    expect(Array.from(fieldSet(y, x, [5]).positions)).toEqual([3, 5, 6]);
    expect(Array.from(fieldSet(y, x, [1]).positions)).toEqual([1, 2]);
  });

  it("RF5 two random paths are misaligned exactly when their strides or centres differ", () => {
    const generator = random(32);
    let misaligned = 0;
    for (let i = 0; i < 300; i++) {
      const own = generator.fork(i);
      const x = input("x", [1, 1, 40]);
      const path = (): { value: Value; stride: number; centre: number } => {
        let value: Value = x;
        let [stride, centre] = [1, 0];
        for (let l = 0; l <= own.integer(2); l++) {
          const [k, s, p] = [1 + own.integer(3), 1 + own.integer(2), own.integer(2)];
          value = conv1d(value, fill([1, 1, k], 1), undefined, { stride: s, padding: p });
          // The centre of unit 0 moves by half the kernel less the padding, in steps of the strides so far.
          centre += stride * ((k - 1) / 2 - p);
          stride *= s;
        }
        return { value, stride, centre };
      };
      const [a, b] = [path(), path()];
      const size = Math.min(a.value.shape[2], b.value.shape[2]);
      const cut = (v: Value): Value => slice(v, { axes: [2], starts: [0], ends: [size] });
      const y = add(cut(a.value), cut(b.value));
      const ask = (): unknown => receptiveField(y, x);
      if (a.stride !== b.stride || a.centre !== b.centre) {
        misaligned++;
        expect(ask).toThrow(MisalignedFieldError);
      } else {
        expect(ask).not.toThrow();
      }
    }
    expect(misaligned).toBeGreaterThan(100);
    expect(misaligned).toBeLessThan(290);
  });

  it("says when the set may hold more than is read", () => {
    const x = input("x", [1, 2, 4, 4]);
    const every = Array.from({ length: 16 }, (_, p) => p);
    const whole = fieldSet(mul(x, globalAvgPool(x)), x, [1, 1]);
    expect([whole.status, Array.from(whole.positions)]).toEqual(["whole input", every]);
    expect(fieldSet(flatten(x), x, []).positions).toHaveLength(16);
    expect(fieldSet(reshape(x, [1, 2, 2, 8]), x, [0, 0])).toMatchObject({ status: "unknown" });
    expect(() => fieldSet(x, x, [4, 0])).toThrow(ArgumentError);
    expect(() => fieldSet(fill([1, 1, 2], 1), x, [0])).toThrow(GraphError);
  });
});
