// Importing the ops also installs the default evaluator of eager calls: the reference loops.
import { evaluateOp } from "../graph/evaluate.ts";
import { installEvaluator } from "../graph/record.ts";

installEvaluator(evaluateOp);

export * from "./expression.ts";
