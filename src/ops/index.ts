// Importing the ops also installs the default evaluator of eager calls: the reference loops.
import { evaluateOp } from "../graph/evaluate.ts";
import { installEvaluator } from "../graph/record.ts";

installEvaluator(evaluateOp);

export * from "./affine-grid.ts";
export * from "./arithmetic.ts";
export * from "./broadcast.ts";
export * from "./cast.ts";
export * from "./concat.ts";
export * from "./conv.ts";
export * from "./conv-transpose.ts";
export * from "./elementwise.ts";
export * from "./expression.ts";
export * as expression from "./expression-build.ts";
export * from "./expression-derivative.ts";
export * from "./expression-evaluate.ts";
export * from "./flip.ts";
export * from "./grid-sample.ts";
export * from "./identity.ts";
export * from "./pad.ts";
export * from "./pool-average.ts";
export * from "./pool-geometry.ts";
export * from "./pool-max.ts";
export * from "./pool-unpool.ts";
export * from "./reduce.ts";
export * from "./reshape.ts";
export * from "./resize.ts";
export * from "./roll.ts";
export * from "./slice.ts";
export * from "./transpose.ts";
export * from "./unary.ts";
