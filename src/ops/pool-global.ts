// Pooling over the whole plane. The rank stays, so that what follows still sees [batch, channels, ...spatial].
import { defineOp, type Op, type OpCase, wholeInput } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape } from "../tensor/shape.ts";
import { broadcastTo } from "./broadcast.ts";
import { oneFloatType, spatialAxes } from "./operands.ts";
import { absolutePower, lpExponent, lpGradient, root } from "./pool-lp.ts";
import { maxPoolOp } from "./pool-max.ts";
import { mean, sum } from "./reduce.ts";

function globalShape(x: Shape, where: string): Shape {
  if (x.length < 3 || x.slice(2).includes(0)) {
    throw new ShapeError(`${where}: input has shape ${showShape(x)}; expected [batch, channels, ...spatial] with at least one position`);
  }
  return [x[0], x[1], ...x.slice(2).map(() => 1)];
}

const shapes: readonly Shape[] = [
  [2, 3, 4, 5],
  [1, 2, 7],
  [2, 2, 3, 2, 4],
];
const casesWith = (fill: "normal" | "distinct", attrs: object = {}): OpCase[] =>
  shapes.map((shape) => ({ inputs: [{ shape, fill }], attrs: { ...attrs } }));

/** What the three have in common. */
const shared = {
  inputs: ["x"],
  shape: ({ x }: Readonly<Record<string, Shape>>, _: unknown, where: string): Shape => globalShape(x, where),
  field: () => ({ x: wholeInput }),
};

export const globalAvgPoolOp: Op = defineOp({
  ...shared,
  name: "globalAvgPool",
  dtype: ({ all }) => oneFloatType("globalAvgPool", all),
  decompose: ({ x }) => mean(x, { axes: spatialAxes(x.shape), keepDims: true }),
  doc: {
    text: "The mean of every map, as a map of one position.",
    cites: ["Lin, Chen & Yan, Network in network, arXiv 1312.4400"],
    example: "globalAvgPool(x)",
  },
  cases: casesWith("normal"),
});

export const globalMaxPoolOp: Op = defineOp({
  ...shared,
  name: "globalMaxPool",
  dtype: ({ all }) => oneFloatType("globalMaxPool", all),
  // A pooling, not a reduction: of equal elements the first gets the whole gradient, as in every other pooling.
  decompose: ({ x }) => apply(maxPoolOp, [x], { kernelSize: x.shape.slice(2) }),
  doc: { text: "The maximum of every map, as a map of one position; ties and NaN as in maxPool.", example: "globalMaxPool(x)" },
  cases: casesWith("distinct"),
});

export const globalLpPoolOp: Op = defineOp({
  ...shared,
  name: "globalLpPool",
  attrs: { p: lpExponent },
  dtype: ({ all }) => oneFloatType("globalLpPool", all),
  decompose: ({ x }, { p }) => root(sum(absolutePower(x, p), { axes: spatialAxes(x.shape), keepDims: true }), p),
  grad: { x: (g, { x }, { p }, y) => lpGradient(g, x, y, p, (share) => broadcastTo(share, x.shape)) },
  doc: { text: "The Lp norm of every map, as a map of one position.", example: "globalLpPool(x, { p: 2 })" },
  cases: [...casesWith("normal", { p: 2 }), ...casesWith("normal", { p: 3 })],
});

/** Mean of every map: [N, C, ...] -> [N, C, 1, ...]. */
export function globalAvgPool<T extends Operand>(x: T): T {
  return apply(globalAvgPoolOp, [x]);
}

/** Maximum of every map: [N, C, ...] -> [N, C, 1, ...]. */
export function globalMaxPool<T extends Operand>(x: T): T {
  return apply(globalMaxPoolOp, [x]);
}

/** (sum of |x|^p)^(1/p) of every map: [N, C, ...] -> [N, C, 1, ...]; p >= 1, default 2. */
export function globalLpPool<T extends Operand>(x: T, options: { readonly p?: number } = {}): T {
  return apply(globalLpPoolOp, [x], options);
}
