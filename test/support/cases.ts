// Turns the cases that ops declare into tensors and functions.
import type { CaseOperand, Op, OpCase } from "../../src/graph/op.ts";
import { apply } from "../../src/graph/record.ts";
import { hashLabel, random } from "../../src/tensor/random.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { allocate, type DType, Tensor } from "../../src/tensor/tensor.ts";
import type { Build } from "./gradient-check.ts";

/** The case's operands; float ones get `float`, whatever the case says. Values are exact in float32, so that dtypes can be compared. */
export function caseOperands(op: Op, opCase: OpCase, float: "float32" | "float64"): Tensor[] {
  return opCase.inputs.map((given, i) => {
    const operand: CaseOperand = "length" in given ? { shape: given } : given;
    const { shape, dtype = "float32", fill = "normal" } = operand;
    const generator = random(hashLabel(`${op.name} ${opCase.title ?? ""} ${i}`));
    const target: DType = dtype === "float32" || dtype === "float64" ? float : dtype;
    const data = allocate(target, sizeOf(shape));
    const order = fill === "distinct" ? generator.permutation(data.length) : undefined;
    for (let j = 0; j < data.length; j++) {
      if (order !== undefined) data[j] = Math.fround(((order[j] + 0.5) * 4) / data.length - 2);
      else if (fill === "normal") data[j] = Math.fround(generator.normal());
      else if (fill === "positive") data[j] = Math.fround(0.1 + 2 * generator.uniform());
      else if ("integers" in (fill as object)) data[j] = generator.integer((fill as { integers: number }).integers);
      else data[j] = (fill as { values: readonly number[] }).values[j % (fill as { values: readonly number[] }).values.length];
    }
    return new Tensor(data, shape);
  });
}

export function caseBuild(op: Op, opCase: OpCase): Build {
  return (inputs) => apply(op, inputs, opCase.attrs ?? {});
}

export function caseTitle(op: Op, opCase: OpCase, index: number): string {
  const shapes = opCase.inputs.map((given) => `[${("length" in given ? given : given.shape).join(",")}]`).join(" ");
  return `${op.name} ${index + 1}: ${opCase.title ?? shapes}`;
}
