// One unit, taken apart: what it reads, how its map comes about, and the sum behind every cell.
export {
  type ParameterPlace,
  type UnitArithmetic,
  type UnitArithmeticOptions,
  type UnitRule,
  type UnitTerm,
  unitArithmetic,
} from "./arithmetic.ts";
export { type BackwardScore, type UnitBackward, type UnitBackwardOptions, unitBackward } from "./backward.ts";
export {
  type BackwardPart,
  type CellBackward,
  cellBackward,
  inputGradient,
  type WeightBackward,
  weightBackward,
  weightGradient,
} from "./backward-cells.ts";
export { type CellArithmetic, type CellShare, type CellTap, cellArithmetic, cellReading, pointwiseCurve } from "./cell.ts";
export { pointwiseFormula } from "./formula.ts";
export { type UnitReads, type UnitWeights, unitReads } from "./reads.ts";
