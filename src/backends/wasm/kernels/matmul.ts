// Matrix products of any strides: transposition is only another walk, batches that share the right factor are only more rows.
import type { Value } from "../../../graph/value.ts";
import { type MatmulGeometry, type MatmulOptions, matmulGeometry } from "../../../ops/matmul.ts";
import { type KernelRule, type Placement, rowMajor, type Wish, type Wishes } from "../kernel.ts";
import { collapse, floatBytes, type Level, type MapPlan } from "./conv-plan.ts";
import { isDense, panelKernel, resultsOf } from "./matmul-kernel.ts";
import { tileVariants } from "./matmul-tile.ts";

/** Bytes per step of an operand's batch axes, aligned at the right with the product's; repeated axes do not move. */
function batchSteps({ shape, strides }: Strided, rank: number): number[] {
  const own = strides.slice(0, -2).map((stride, axis) => (shape[axis] === 1 ? 0 : stride * floatBytes));
  return [...new Array<number>(rank - own.length).fill(0), ...own];
}

type Strided = Pick<Placement, "shape" | "strides">;

interface Factors {
  readonly a: Strided;
  readonly b: Strided;
  /** The product and the operands of its epilogue, all of the product's shape. */
  readonly results: readonly Strided[];
}

/** Batch axes over which the right factor changes, as one loop. Undefined when they are several. Steps: [a, b, ...results]. */
function groupLevel(
  { batch }: MatmulGeometry,
  { a, b, results }: Factors,
): { readonly group: Level; readonly shared: Level[] } | undefined {
  const steps = [a, b, ...results].map((p) => batchSteps(p, batch.length));
  const levels = batch.map((count, axis) => ({ count, steps: steps.map((own) => own[axis]) }));
  const groups = collapse(levels.filter(({ steps: [, bStep] }) => bStep !== 0));
  if (groups.length > 1) return undefined;
  return { group: groups[0] ?? { count: 1, steps: steps.map(() => 0) }, shared: levels.filter(({ steps: [, bStep] }) => bStep === 0) };
}

export function matmulPlan(geometry: MatmulGeometry, factors: Factors, { transposeA, transposeB }: MatmulOptions): MapPlan | undefined {
  const found = groupLevel(geometry, factors);
  if (found === undefined) return undefined;
  const { group, shared } = found;
  const ofMatrix = ({ strides }: Pick<Placement, "strides">): number[] => strides.slice(-2).map((s) => s * floatBytes);
  const a = ofMatrix(factors.a);
  const b = ofMatrix(factors.b);
  const [rowA, innerA] = transposeA === true ? [a[1], a[0]] : a;
  const [innerB, columnB] = transposeB === true ? [b[1], b[0]] : b;
  const results = factors.results.map(ofMatrix);
  return {
    gemm: {
      pixels: collapse([
        ...shared.map(({ count, steps: [aStep, , ...resultSteps] }) => ({ count, steps: [aStep, ...resultSteps] })),
        { count: geometry.rows, steps: [rowA, ...results.map(([row]) => row)] },
      ]),
      bands: [],
      taps: [],
      run: geometry.inner,
      runStep: innerA,
      lanewise: false,
      groups: group.count,
      sourceGroupStep: group.steps[0],
      columns: geometry.columns,
      sourceOffset: 0,
      results: results.map(([, columnStep], i) => ({ offset: 0, columnStep, groupStep: group.steps[2 + i] })),
    },
    pack: {
      offset: 0,
      groups: group.count,
      groupStep: group.steps[1],
      columns: geometry.columns,
      columnStep: columnB,
      rows: collapse([{ count: geometry.inner, steps: [innerB] }]),
    },
  };
}

function geometryOf({ inputs: [a, b], attrs }: Value): MatmulGeometry {
  return matmulGeometry(a.shape, b.shape, attrs as MatmulOptions);
}

/** Two matrices may lie as they like; batches must be dense, so that they are one loop. */
function wishFor({ rank }: Value): Wish {
  return rank === 2 ? "any" : { order: rowMajor(rank), dense: true };
}

function densePlacement({ shape }: Value): Pick<Placement, "shape" | "strides"> {
  return { shape, strides: shape.map((_, axis) => shape.slice(axis + 1).reduce((p, n) => p * n, 1)) };
}

export const matmulRule: KernelRule = {
  op: "matmul",
  // Operands of an epilogue repeat as they like, so they need not join several batch axes into one loop as dense tensors do.
  fuses: ({ inputs: [, b] }) => b.shape.slice(0, -2).filter((n) => n > 1).length <= 1,
  wishes(value): Wishes | undefined {
    if (!isDense(value)) return undefined;
    const [a, b] = value.inputs;
    const factors = { a: densePlacement(a), b: densePlacement(b), results: [densePlacement(value)] };
    if (matmulPlan(geometryOf(value), factors, value.attrs as MatmulOptions) === undefined) return undefined;
    return { operands: [wishFor(a), wishFor(b)], result: { order: rowMajor(value.rank), dense: true } };
  },
  variants: (site) => tileVariants("panels", site),
  generate(site) {
    const [a, b] = site.operands;
    const plan = matmulPlan(geometryOf(site.value), { a, b, results: resultsOf(site) }, site.value.attrs as MatmulOptions);
    if (plan === undefined) throw new Error("matmul: the placements are not what was wished for");
    return panelKernel("matmul", site, [plan]);
  },
};

export const linearRule: KernelRule = {
  op: "linear",
  fuses: () => true,
  wishes(value): Wishes | undefined {
    if (!isDense(value)) return undefined;
    const order = rowMajor(value.rank);
    const operands: Wish[] = [value.rank === 2 ? "any" : { order: rowMajor(value.inputs[0].rank) }, "any", { order: [0] }];
    return { operands: operands.slice(0, value.inputs.length), result: { order } };
  },
  variants: (site) => tileVariants("panels", site),
  generate(site) {
    const [x, weight] = site.operands;
    const results = resultsOf(site);
    const features = x.shape.length - 1;
    const [columnStep, innerStep] = weight.strides.map((s) => s * floatBytes);
    const [columns, inner] = weight.shape;
    const plan: MapPlan = {
      gemm: {
        pixels: collapse(
          x.shape.slice(0, -1).map((count, axis) => ({ count, steps: [x, ...results].map((p) => p.strides[axis] * floatBytes) })),
        ),
        bands: [],
        taps: [],
        run: inner,
        runStep: x.strides[features] * floatBytes,
        lanewise: false,
        groups: 1,
        sourceGroupStep: 0,
        columns,
        sourceOffset: 0,
        results: results.map((p) => ({ offset: 0, columnStep: p.strides[features] * floatBytes, groupStep: 0 })),
      },
      pack: { offset: 0, groups: 1, groupStep: 0, columns, columnStep, rows: collapse([{ count: inner, steps: [innerStep] }]) },
    };
    return panelKernel("linear", site, [plan]);
  },
};

export const matmulRules: readonly KernelRule[] = [matmulRule, linearRule];
