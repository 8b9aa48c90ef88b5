// Importing the ops also installs the default evaluator of eager calls: the reference loops.
import { evaluateOp } from "../graph/evaluate.ts";
import { installEvaluator } from "../graph/record.ts";

installEvaluator(evaluateOp);

export * from "./cast.ts";
export * from "./concat.ts";
export * from "./conv.ts";
export * from "./expression.ts";
export * from "./flip.ts";
export * from "./identity.ts";
export * from "./pad.ts";
export * from "./reshape.ts";
export * from "./roll.ts";
export * from "./slice.ts";
export * from "./transpose.ts";
