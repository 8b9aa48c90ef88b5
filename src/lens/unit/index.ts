// One unit, taken apart: what it reads, how its map comes about, and the sum behind every cell.
export {
  type ParameterPlace,
  type UnitArithmetic,
  type UnitArithmeticOptions,
  type UnitRule,
  type UnitTerm,
  unitArithmetic,
} from "./arithmetic.ts";
export {
  type BackwardPart,
  type BackwardScore,
  type CellBackward,
  cellBackward,
  inputGradient,
  type UnitBackward,
  type UnitBackwardOptions,
  unitBackward,
  type WeightBackward,
  weightBackward,
  weightGradient,
} from "./backward.ts";
export { type CellArithmetic, type CellShare, type CellTap, cellArithmetic, cellReading, pointwiseCurve } from "./cell.ts";
export { type UnitReads, unitReads } from "./reads.ts";
