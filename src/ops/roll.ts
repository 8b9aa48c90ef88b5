// Circular shifts: jitter in activation maximisation, and translation tests without borders.
import { type AttrContext, custom, integers } from "../graph/attrs.ts";
import { defineOp, type Field, type Op } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { normaliseAxis, type Shape } from "../tensor/shape.ts";
import { type AxisMaps, fieldOfMaps, gatherAlong, identityMap } from "./axis-maps.ts";

const oneOrMore = (given: unknown, context: AttrContext): readonly number[] =>
  integers().parse(typeof given === "number" ? [given] : given, context);

/** How far each axis is shifted, made non-negative and smaller than the axis; repeated axes add up. */
export function rollShifts(
  shape: Shape,
  { shifts, axes }: { readonly shifts: readonly number[]; readonly axes: readonly number[] },
): number[] {
  const total = shape.map(() => 0);
  axes.forEach((given, i) => {
    const axis = normaliseAxis(given, shape.length, "roll");
    const size = Math.max(1, shape[axis]);
    total[axis] = (((total[axis] + shifts[i]) % size) + size) % size;
  });
  return total;
}

const rollMaps = (shape: Shape, shifts: readonly number[]): AxisMaps =>
  shape.map((size, axis) => identityMap(size).map((o) => (o - shifts[axis] + size) % size));

function rollField(x: Shape, shifts: readonly number[]): Field {
  // The shorter way round is the one that most positions take.
  const offsets = shifts.map((shift, axis) => (2 * shift > x[axis] ? shift - x[axis] : shift));
  return fieldOfMaps(rollMaps(x, shifts), offsets);
}

export const rollOp: Op = defineOp({
  name: "roll",
  inputs: ["x"],
  attrs: {
    shifts: custom(oneOrMore, "positions to shift per axis; what falls off comes in at the other end"),
    axes: custom(oneOrMore, "the axes that are shifted"),
  },
  shape({ x }, attrs, where) {
    const { shifts, axes } = attrs;
    if (shifts.length !== axes.length) throw new ArgumentError(`${where}: ${shifts.length} shifts are given for ${axes.length} axes`);
    rollShifts(x, attrs);
    return x;
  },
  field: ({ x }, attrs) => ({ x: rollField(x, rollShifts(x, attrs)) }),
  grad: { x: (g, _, { shifts, axes }) => roll(g, { shifts: shifts.map((s) => -s), axes }) },
  reference: ({ x }, out, attrs) => gatherAlong(x, out, rollMaps(x.shape, rollShifts(x.shape, attrs))),
  doc: { text: "Shifts elements along axes, circularly.", example: "roll(x, { shifts: [1, -2], axes: [2, 3] })" },
  cases: [
    { inputs: [[2, 3, 4]], attrs: { shifts: [1, -3], axes: [1, -1] } },
    { title: "further than the size", inputs: [[5]], attrs: { shifts: 12, axes: 0 } },
    { title: "one axis twice", inputs: [[4, 3]], attrs: { shifts: [1, 1], axes: [0, 0] } },
  ],
});

/** Shifts `x` circularly: element i of an axis goes to position i + shift. */
export function roll<T extends Operand>(
  x: T,
  options: { readonly shifts: number | readonly number[]; readonly axes: number | readonly number[] },
): T {
  return apply(rollOp, [x], options);
}
