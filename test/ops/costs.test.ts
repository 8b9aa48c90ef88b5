// The multiply-adds that ops declare, against what is really multiplied: with all operands 1, a sum of products counts its terms.
import { describe, expect, it } from "vitest";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { findOp, named, type Op, type OpCase } from "../../src/graph/op.ts";
import { record } from "../../src/graph/record.ts";
import type { ConvGeometry } from "../../src/ops/conv-geometry.ts";
import { convGeometry, pad } from "../../src/ops/index.ts";
import { ones, type Tensor, zeros } from "../../src/tensor/tensor.ts";
import { caseTitle } from "../support/cases.ts";
import { inputsFor } from "../support/gradient-check.ts";

const shapesOf = ({ inputs }: OpCase): (readonly number[])[] => inputs.map((given) => ("length" in given ? given : given.shape));
const total = (t: Tensor): number => Array.from(t.data).reduce((sum, v) => sum + v, 0);

function run(op: Op, tensors: readonly Tensor[], attrs: object): number {
  const inputs = inputsFor(tensors);
  return total(evaluateValues([record(op, inputs, attrs)], new Map(inputs.map((v, i) => [v, tensors[i]])))[0]);
}

function declared(op: Op, shapes: readonly (readonly number[])[], given: object): number {
  const ins = named(op, shapes);
  const attrs = op.parse(given, ins, op.name);
  return op.cost(ins, attrs, op.shape(ins, attrs, op.name)).macs;
}

describe("A14 KD10 multiply-adds", () => {
  const conv = findOp("conv") as Op;
  it.each(conv.cases.map((c, i) => [caseTitle(conv, c, i), c] as const))(
    "%s: products with padding count, as papers count them",
    (_, c) => {
      const [x, weight, bias] = shapesOf(c);
      const attrs = conv.parse(c.attrs ?? {}, named(conv, [x, weight]), "conv");
      const { axes }: ConvGeometry = convGeometry(x, weight, attrs as unknown as Parameters<typeof convGeometry>[2]);
      // Ones in the border as well: every product that the loops could meet is met.
      const bordered = pad(
        ones(x, "float64"),
        axes.map((a) => [a.before, a.after]),
        { value: 1 },
      );
      const operands = [bordered, ones(weight, "float64"), ...(bias === undefined ? [] : [zeros(bias, "float64")])];
      expect(run(conv, operands, { ...c.attrs, padding: 0 })).toBe(declared(conv, [x, weight], c.attrs ?? {}));
    },
  );

  for (const name of ["matmul", "linear"]) {
    const op = findOp(name) as Op;
    it.each(op.cases.map((c, i) => [caseTitle(op, c, i), c] as const))("%s", (_, c) => {
      const shapes = shapesOf(c).slice(0, 2);
      const operands = shapes.map((shape) => ones(shape, "float64"));
      expect(run(op, operands, c.attrs ?? {})).toBe(declared(op, shapes, c.attrs ?? {}));
    });
  }

  for (const name of ["convInputGrad", "convFilterGrad"]) {
    const op = findOp(name) as Op;
    it(`${name} costs what its convolution costs (${op.cases.length} cases)`, () => {
      op.cases.forEach((c) => {
        const [first, second] = shapesOf(c);
        const { inputSize, kernelSize, ...attrs } = (c.attrs ?? {}) as { inputSize?: number[]; kernelSize?: number[] };
        const ins = named(op, [first, second]);
        const out = op.shape(ins, op.parse(c.attrs ?? {}, ins, name), name);
        const forward = inputSize === undefined ? [first, out] : [out, second];
        expect(kernelSize === undefined).toBe(inputSize !== undefined);
        expect(declared(op, [first, second], c.attrs ?? {})).toBe(declared(conv, forward, attrs));
      });
    });
  }
});
