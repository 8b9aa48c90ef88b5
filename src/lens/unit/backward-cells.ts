// The way back through one unit, product by product: what every weight and every cell that is read gets of δ. For convolutions dW is the
// correlation of what is read with δ, and dX the full correlation of δ with the kernels.
// Goodfellow, Bengio & Courville, Deep Learning, section 9.5, equations 9.11 and 9.13.
import type { WindowAxis } from "../../arithmetic/sizes.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { UnitArithmetic } from "./arithmetic.ts";
import type { UnitBackward } from "./backward.ts";
import { cellArithmetic } from "./cell.ts";

/** One product of a gradient: what arrives at a cell of the result, times the derivative of that cell. */
export interface BackwardPart {
  /** The unit of the layer at whose map it arrived. */
  readonly unit: number;
  /** Cell of that map. */
  readonly at: readonly [row: number, column: number];
  readonly delta: number;
  /** Derivative of the cell: the weight of a sum, the slope of a curve, 1 where the winner is handed on. */
  readonly factor: number;
  readonly product: number;
}

/** What one weight gets: over all cells of the result, δ times what the weight was multiplied with there. Cells in the padding are left out. */
export interface WeightBackward {
  /** `factor` is the cell that is read, `from` its place. */
  readonly parts: readonly (BackwardPart & { readonly from: readonly [row: number, column: number] })[];
  readonly sum: number;
}

/** What one cell that is read gets through this layer. */
export interface CellBackward {
  readonly parts: readonly BackwardPart[];
  readonly sum: number;
}

/** Calls `visit` for every product in what a cell of term `term` gets. Nothing is allocated: dX asks for every cell. */
type Visit = (unit: number, row: number, column: number, delta: number, factor: number) => void;

function visitParts(back: UnitBackward, index: number, row: number, column: number, visit: Visit): void {
  const { arithmetic, deltas } = back;
  const { rule, terms, unit } = arithmetic;
  const term = terms[index];
  const [units, rows, columns] = deltas.shape;
  const deltaAt = (k: number, y: number, x: number): number => deltas.data[(k * rows + y) * columns + x];
  const hand = (y: number, x: number, factor: number): void => visit(unit, y, x, deltaAt(unit, y, x), factor);
  switch (rule.kind) {
    case "convolution":
    case "transposed": {
      const [vertical, horizontal] = rule.axes;
      const cellsOf = rule.kind === "convolution" ? readingCells : reachedCells;
      for (const k of unitsReading(back, term.unit)) {
        for (const [y, p] of cellsOf(vertical, row)) {
          for (const [x, q] of cellsOf(horizontal, column))
            visit(k, y, x, deltaAt(k, y, x), weightAt(back, k, term.unit, p * horizontal.kernel + q));
        }
      }
      return;
    }
    case "dense":
      for (let k = 0; k < units; k++) visit(k, 0, 0, deltaAt(k, 0, 0), weightAt(back, k, index, row * term.map.shape[1] + column));
      return;
    case "pooling":
      for (const [y] of readingCells(rule.axes[0], row)) {
        for (const [x] of readingCells(rule.axes[1], column)) hand(y, x, poolFactor(arithmetic, y, x, row, column));
      }
      return;
    case "pointwise": {
      const cell = cellArithmetic(arithmetic, [row, column]);
      if (cell.kind === "pointwise") hand(row, column, cell.slope);
      return;
    }
    case "norm":
      if (rule.own)
        throw new ArgumentError(
          `"${arithmetic.layer}": every cell of its group takes part in mean and variance; its way back is not a sum over cells`,
          { reason: { kind: "no sum over cells", layer: arithmetic.layer } },
        );
      hand(row, column, rule.scale / Math.sqrt(rule.variance + rule.eps));
      return;
    case "softmax": {
      const cell = cellArithmetic(arithmetic, [row, column]);
      if (cell.kind !== "softmax") return;
      const own = cell.terms[index].share;
      for (const [i, { unit: k, share }] of cell.terms.entries())
        visit(k, row, column, deltaAt(k, row, column), i === index ? own * (1 - own) : -share * own);
      return;
    }
    case "sum":
    case "product":
      // A gate has one number for the whole map, and gets something from every cell of it.
      for (const [y, x] of term.map.size === 1 ? everyCell(rows, columns) : [[row, column]]) {
        const others = rule.kind === "sum" ? 1 : product(arithmetic, index, y, x);
        hand(y, x, others);
      }
      return;
    case "copy":
      if (rule.cell === undefined) hand(row, column, 1);
      else {
        // A flattened map: each of its cells went to a unit of its own.
        const k = unit - rule.cell + row * term.map.shape[1] + column;
        visit(k, 0, 0, deltaAt(k, 0, 0), 1);
      }
      return;
    default:
      throw new ArgumentError(`"${arithmetic.layer}": how ${arithmetic.op} treats single cells is not written out`);
  }
}

function* everyCell(rows: number, columns: number): Generator<readonly [number, number]> {
  for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) yield [y, x];
}

/** Cells of the result along one axis whose window covers cell `at` of what is read, each with the tap that does. */
function readingCells({ stride, dilation, before, kernel, output }: WindowAxis, at: number): [cell: number, tap: number][] {
  const found: [number, number][] = [];
  for (let t = 0; t < kernel; t++) {
    const cell = (at + before - t * dilation) / stride;
    if (Number.isInteger(cell) && cell >= 0 && cell < output) found.push([cell, t]);
  }
  return found;
}

/** Turned round: the cells over which cell `at` spreads its kernel. The axis is that of the convolution whose transpose it is. */
function reachedCells({ stride, dilation, before, kernel, input }: WindowAxis, at: number): [cell: number, tap: number][] {
  const found: [number, number][] = [];
  for (let t = 0; t < kernel; t++) {
    const cell = at * stride + t * dilation - before;
    if (cell >= 0 && cell < input) found.push([cell, t]);
  }
  return found;
}

/** Units of the layer that read unit `source`: those of its group. */
function unitsReading({ arithmetic: { rule }, deltas, weights, groups }: UnitBackward, source: number): number[] {
  const units = deltas.shape[0];
  const sources = rule.kind === "transposed" ? weights!.shape[0] : weights!.shape[1] * groups;
  const first = Math.floor(source / (sources / groups)) * (units / groups);
  return Array.from({ length: units / groups }, (_, i) => first + i);
}

/** The weight of tap `tap` between unit `source` of what is read and unit `k`; of dense layers `source` counts maps. */
function weightAt({ arithmetic: { rule, terms }, deltas, weights, groups }: UnitBackward, k: number, source: number, tap: number): number {
  const { shape, data } = weights!;
  if (rule.kind === "dense") return data[k * shape[1] + source * terms[0].map.size + tap];
  const size = shape[2] * shape[3];
  const [from, to, perGroup] = rule.kind === "transposed" ? [source, k, deltas.shape[0] / groups] : [k, source, shape[1]];
  return data[(from * perGroup + (to % perGroup)) * size + tap];
}

function poolFactor(arithmetic: UnitArithmetic, y: number, x: number, row: number, column: number): number {
  const cell = cellArithmetic(arithmetic, [y, x]);
  if (cell.kind !== "pooling") return 0;
  const at = cell.taps.findIndex((tap) => tap.row === row && tap.column === column);
  if (cell.mode === "max") return at === cell.winner ? 1 : 0;
  if (cell.mode === "average") return 1 / cell.divisor;
  const { x: value } = cell.taps[at];
  return cell.result === 0 ? 0 : (Math.sign(value) * Math.abs(value) ** (cell.power - 1)) / cell.result ** (cell.power - 1);
}

/** What the other operands of a product hold at a cell. */
function product({ terms }: UnitArithmetic, index: number, y: number, x: number): number {
  return terms.reduce((all, { map }, i) => (i === index ? all : all * (map.size === 1 ? map.data[0] : map.data[y * map.shape[1] + x])), 1);
}

function checkTerm(where: string, { arithmetic: { terms, layer } }: UnitBackward, index: number): void {
  if (terms[index] === undefined) throw new ArgumentError(`${where}: "${layer}" reads ${terms.length} maps; there is no map ${index}`);
}

/**
 * What cell (row, column) of term `index` gets, product by product: for convolutions one per unit and tap whose window covers it. It is what
 * flows through this layer; a map with several readers gets the sum over them. Throws `ArgumentError` for cells outside and for layers whose
 * way back is no sum over cells (group norms, and ops that are not written out).
 */
export function cellBackward(back: UnitBackward, index: number, [row, column]: readonly [row: number, column: number]): CellBackward {
  checkTerm("cellBackward", back, index);
  const [rows, columns] = back.arithmetic.terms[index].map.shape;
  if (!(Number.isInteger(row) && Number.isInteger(column) && row >= 0 && row < rows && column >= 0 && column < columns))
    throw new ArgumentError(`cellBackward: (${row}, ${column}) is no cell of a map of ${rows} x ${columns}`);
  const parts: BackwardPart[] = [];
  visitParts(back, index, row, column, (unit, y, x, delta, factor) => {
    parts.push({ unit, at: [y, x], delta, factor, product: delta * factor });
  });
  return { parts, sum: parts.reduce((sum, part) => sum + part.product, 0) };
}

/** dX of term `index` through this layer, [H, W]. Errors as `cellBackward`. */
export function inputGradient(back: UnitBackward, index: number): Tensor {
  checkTerm("inputGradient", back, index);
  const { shape } = back.arithmetic.terms[index].map;
  const made = new Float64Array(shape[0] * shape[1]);
  for (let i = 0; i < made.length; i++) {
    visitParts(back, index, Math.floor(i / shape[1]), i % shape[1], (_unit, _y, _x, delta, factor) => {
      made[i] += delta * factor;
    });
  }
  return new Tensor(made, shape);
}

/** What tap (p, q) of the unit's kernel for term `index` gets: Σ over positions of δ times what lies under the tap. Weighted sums only. */
export function weightBackward(back: UnitBackward, index: number, [p, q]: readonly [row: number, column: number]): WeightBackward {
  checkTerm("weightBackward", back, index);
  const { arithmetic, delta } = back;
  const { rule, terms, unit } = arithmetic;
  const { map, kernel } = terms[index];
  const within =
    kernel !== undefined && Number.isInteger(p) && Number.isInteger(q) && p >= 0 && q >= 0 && p < kernel.shape[0] && q < kernel.shape[1];
  if (!within) throw new ArgumentError(`weightBackward: "${arithmetic.layer}" has no weight (${p}, ${q}) for its map ${index}`);
  const [rows, columns] = delta.shape;
  const [height, width] = map.shape;
  const parts: WeightBackward["parts"][number][] = [];
  const push = (y: number, x: number, r: number, c: number): void => {
    if (y < 0 || x < 0 || r < 0 || c < 0 || y >= rows || x >= columns || r >= height || c >= width) return;
    const [d, factor] = [delta.data[y * columns + x], map.data[r * width + c]];
    parts.push({ unit, at: [y, x], from: [r, c], delta: d, factor, product: d * factor });
  };
  if (rule.kind === "dense") push(0, 0, p, q);
  else if (rule.kind === "convolution" || rule.kind === "transposed") {
    const [vertical, horizontal] = rule.axes;
    const along = ({ stride, dilation, before }: WindowAxis, at: number, tap: number): number => at * stride + tap * dilation - before;
    const [high, wide] = rule.kind === "convolution" ? [rows, columns] : [height, width];
    for (let i = 0; i < high; i++) {
      for (let j = 0; j < wide; j++) {
        const [r, c] = [along(vertical, i, p), along(horizontal, j, q)];
        if (rule.kind === "convolution") push(i, j, r, c);
        else push(r, c, i, j);
      }
    }
  }
  return { parts, sum: parts.reduce((sum, part) => sum + part.product, 0) };
}

/** dW of the unit's kernel for term `index`, [kH, kW]; undefined for layers without weights. */
export function weightGradient(back: UnitBackward, index: number): Tensor | undefined {
  checkTerm("weightGradient", back, index);
  const { kernel } = back.arithmetic.terms[index];
  if (kernel === undefined) return undefined;
  const [, width] = kernel.shape;
  const sums = Array.from(kernel.data, (_, i) => weightBackward(back, index, [Math.floor(i / width), i % width]).sum);
  return new Tensor(Float64Array.from(sums), kernel.shape);
}
