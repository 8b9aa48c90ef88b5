// Elementwise work is bound by memory, not by arithmetic: a chain of elementwise ops as one `map` reads and writes each element once.
import type { Graph } from "../../graph/graph.ts";
import { countUses } from "../../graph/passes/uses.ts";
import { fillOp } from "../../graph/record.ts";
import { rewriteGraph } from "../../graph/rewrite.ts";
import type { Value } from "../../graph/value.ts";
import { sameShape } from "../../tensor/shape.ts";
import { expressionOf, mapTo } from "../elementwise.ts";
import { type Expression, stepsOf, substituteOperands } from "../expression.ts";
import { operand } from "../expression-build.ts";

/** Every operand of a fused kernel costs it a pointer and a vector register. */
const mostOperands = 8;
/** Longer expressions run out of registers, and very long ones out of stack wherever trees are walked. */
const mostSteps = 64;

/**
 * Moves every elementwise value into its only reader, if that is elementwise too and of the same shape, and repeated numbers into the
 * expressions that read them.
 */
export function fuseElementwise(graph: Graph): Graph {
  const uses = countUses(graph);
  return rewriteGraph(graph, (value, inputs) => {
    const expression = expressionOf(value);
    if (expression === undefined) return undefined;
    const fusion = new Fusion(expression, inputs);
    value.inputs.forEach((original, i) => {
      const reads = value.inputs.filter((v) => v === original).length;
      // The rewritten input may be an older value that others read as well; new ones are not in the map and have no other reader.
      const onlyReader = uses.get(original) === reads && (uses.get(inputs[i]) ?? reads) === reads;
      if (onlyReader && keepsFractions(value) && sameShape(original.shape, value.shape)) fusion.absorb(i);
    });
    const changes = fusion.absorbed > 0 || inputs.some((v) => v.op === fillOp);
    return changes ? mapTo(value.shape, fusion.expression(), fusion.operands) : undefined;
  });
}

/** Integers are cut off and wrap round between one op and the next, which one expression over all of them would not do. */
function keepsFractions({ dtype }: Value): boolean {
  return dtype === "float32" || dtype === "float64";
}

/** A reader's expression and operands while producers are put into it. */
class Fusion {
  operands: readonly Value[];
  absorbed = 0;
  readonly #expression: Expression;
  readonly #inputs: readonly Value[];
  /** What each of the reader's operands has become, over `operands`. */
  readonly #replacements: Expression[];
  #steps: number;

  constructor(expression: Expression, inputs: readonly Value[]) {
    this.#expression = expression;
    this.#inputs = inputs;
    this.#steps = stepsOf(expression).length;
    this.operands = [...new Set(inputs)];
    this.#replacements = inputs.map((v) => operand(this.operands.indexOf(v)));
  }

  /** Puts the expression of input `i` in its place, unless it has none or the result would become too large. */
  absorb(i: number): void {
    const producer = this.#inputs[i];
    const expression = expressionOf(producer);
    if (expression === undefined) return;
    const steps = this.#steps + stepsOf(expression).length;
    // Absorbed producers stay in the list, unread, so that the indices of the others hold.
    const operands = [...new Set([...this.operands, ...producer.inputs])];
    if (steps > mostSteps || operands.length - this.absorbed - 1 > mostOperands) return;
    this.#steps = steps;
    this.operands = operands;
    this.#replacements[i] = substituteOperands(expression, (k) => operand(operands.indexOf(producer.inputs[k])));
    this.absorbed++;
  }

  expression(): Expression {
    return substituteOperands(this.#expression, (i) => this.#replacements[i]);
  }
}
