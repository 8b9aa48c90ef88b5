// Maps that treat every axis by itself: along an axis, each output position sums a few weighted input positions. The tables are the op's
// attributes, so that every convention of resizing is a way to fill them, and turning a table round gives the adjoint.
import { custom } from "../graph/attrs.ts";
import { defineOp, type Field, type Op, unknownField } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** One axis as a table. */
export interface AxisTaps {
  readonly inputSize: number;
  /** Input positions from one output position to the next: what receptive fields call the stride. */
  readonly step: number;
  /** Per output position, the input positions that it reads and their weights; no position occurs twice. */
  readonly reads: readonly (readonly (readonly [from: number, weight: number])[])[];
}

/** One table per axis of the operand; undefined leaves an axis as it is. */
export type Taps = readonly (AxisTaps | undefined)[];

/** Every input position reads the outputs that read it. */
export function transposeTaps({ inputSize, step, reads }: AxisTaps): AxisTaps {
  const turned: [number, number][][] = Array.from({ length: inputSize }, () => []);
  reads.forEach((row, to) => {
    for (const [from, weight] of row) turned[from].push([to, weight]);
  });
  // Step 0: all of many read one position, or there is but one to read it. Either way the other side does not move.
  return { inputSize: reads.length, step: step === 0 ? 0 : 1 / step, reads: turned };
}

/** Does the table copy every position to its own place? */
export function isIdentity({ inputSize, reads }: AxisTaps): boolean {
  return reads.length === inputSize && reads.every((row, j) => row.length === 1 && row[0][0] === j && row[0][1] === 1);
}

/** What output positions read at most, relative to their place o · step; exact where all of them read all of that within the input. */
export function windowOfTaps({ inputSize, step, reads }: AxisTaps): {
  readonly size: number;
  readonly stride: number;
  readonly before: number;
  readonly exact: boolean;
} {
  const spans = reads.flatMap((row, o) => {
    const positions = row.map(([from]) => from);
    return row.length === 0 ? [] : [{ at: o * step, first: Math.min(...positions), last: Math.max(...positions), count: row.length }];
  });
  if (spans.length === 0) return { size: 1, stride: step, before: 0, exact: false };
  const low = Math.min(...spans.map(({ at, first }) => first - at));
  const high = Math.max(...spans.map(({ at, last }) => last - at));
  const exact = spans.every(
    ({ at, first, last, count }) =>
      first === Math.max(0, at + low) && last === Math.min(inputSize - 1, at + high) && count === last - first + 1,
  );
  return { size: high - low + 1, stride: step, before: 0 - low, exact: exact && spans.length === reads.length };
}

/** The field of the axes from 2 on; a mixture of pictures has none. */
export function fieldOfTaps(taps: Taps): Field {
  if (taps[0] !== undefined) return unknownField;
  const windows = taps.slice(2).map((axis) => (axis === undefined ? { size: 1, stride: 1, before: 0, exact: true } : windowOfTaps(axis)));
  const axes = windows.map(({ size, stride, before }) => ({ size, stride, before }));
  return { kind: "window", axes, ...(windows.some(({ exact }) => !exact) && { bound: true }) };
}

function parseTaps(given: unknown, { where }: { readonly where: string }): Taps {
  const wrong = (what: string): never => {
    throw new ArgumentError(`${where}: ${what}; expected, per axis, undefined or { inputSize, step, reads }`);
  };
  if (!Array.isArray(given)) return wrong("no list");
  for (const [a, axis] of given.entries()) {
    if (axis === undefined) continue;
    const { inputSize, step, reads }: Partial<AxisTaps> = Object(axis);
    const rows = Array.isArray(reads) && reads.every((row) => Array.isArray(row) && row.every(Array.isArray));
    if (!Number.isInteger(inputSize) || !Number.isFinite(step) || !rows) return wrong(`axis ${a} is no table`);
    for (const [from, weight] of (reads as unknown as AxisTaps["reads"]).flat()) {
      const inside = Number.isInteger(from) && from >= 0 && from < (inputSize as number);
      if (!inside || !Number.isFinite(weight)) wrong(`axis ${a} reads position ${from} of ${inputSize} with weight ${weight}`);
    }
  }
  return given;
}

function resampledShape(x: Shape, taps: Taps, where: string): Shape {
  if (taps.length !== x.length) throw new ShapeError(`${where}: ${taps.length} tables for the ${x.length} axes of ${showShape(x)}`);
  return x.map((size, axis) => {
    const table = taps[axis];
    if (table !== undefined && table.inputSize !== size) {
      throw new ShapeError(`${where}: axis ${axis} of ${showShape(x)} has ${size} positions, but its table is for ${table.inputSize}`);
    }
    return table?.reads.length ?? size;
  });
}

/** One axis after the other. Intermediate sums are float64. */
function applyTaps(from: Tensor, into: Tensor, taps: Taps): void {
  let data: ArrayLike<number> = from.data;
  let shape: Shape = from.shape;
  taps.forEach((table, axis) => {
    if (table === undefined) return;
    const next = shape.with(axis, table.reads.length);
    const result = new Float64Array(sizeOf(next));
    const rows = sizeOf(shape.slice(0, axis));
    const inner = sizeOf(shape.slice(axis + 1));
    for (let row = 0; row < rows; row++) {
      table.reads.forEach((reads, to) => {
        const target = (row * next[axis] + to) * inner;
        for (const [position, weight] of reads) {
          const source = (row * shape[axis] + position) * inner;
          for (let k = 0; k < inner; k++) result[target + k] += weight * data[source + k];
        }
      });
    }
    data = result;
    shape = next;
  });
  into.data.set(data);
}

const halves: AxisTaps = {
  inputSize: 4,
  step: 2,
  reads: [
    [
      [0, 0.5],
      [1, 0.5],
    ],
    [
      [2, 0.25],
      [3, 0.75],
    ],
  ],
};
const crossed: AxisTaps = { inputSize: 3, step: 1, reads: [[[2, -1]], [], [[0, 2]], [[1, 1]]] };

export const resampleOp: Op = defineOp({
  name: "resample",
  inputs: ["x"],
  attrs: { taps: custom(parseTaps, "per axis, which input positions each output position reads, and with what weights") },
  shape: ({ x }, { taps }, where) => resampledShape(x, taps, where),
  field: (_, { taps }) => ({ x: fieldOfTaps(taps) }),
  grad: {
    x: (g, _, { taps }) =>
      resample(
        g,
        taps.map((table) => table && transposeTaps(table)),
      ),
  },
  reference: ({ x }, out, { taps }) => applyTaps(x, out, taps),
  doc: {
    text: "Along every axis that has a table, each output position is a weighted sum of the input positions that the table lists.",
    example: "resample(x, [undefined, undefined, rows, columns])",
  },
  cases: [
    { inputs: [[2, 3, 4, 3]], attrs: { taps: [undefined, undefined, halves, crossed] } },
    { title: "channels and one axis of space", inputs: [[1, 4, 2, 3]], attrs: { taps: [undefined, halves, undefined, crossed] } },
    { title: "pictures", inputs: [[4, 5]], attrs: { taps: [halves, undefined] } },
  ],
});

/** Applies one table per axis of x; an undefined one leaves its axis as it is. Positions without taps become 0. */
export function resample<T extends Operand>(x: T, taps: Taps): T {
  return apply(resampleOp, [x], { taps });
}
