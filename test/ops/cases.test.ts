// Every op's every case, from the registry: there is no second list of what is tested.
import { describe, expect, it } from "vitest";
import { gradient } from "../../src/graph/grad.ts";
import { registeredOps } from "../../src/graph/op.ts";
import { fillOp, record } from "../../src/graph/record.ts";
import { topological, type Value } from "../../src/graph/value.ts";
import "../../src/ops/index.ts";
import { caseBuild, caseOperands, caseTitle } from "../support/cases.ts";
import { adjointPair, checkGradient, checkSecondGradient, inputsFor } from "../support/gradient-check.ts";

const ops = registeredOps().filter((op) => op.inputs.length > 0);

describe.each(ops.map((op) => [op.name, op] as const))("%s", (_, op) => {
  it("has cases", () => expect(op.cases.length).toBeGreaterThan(0));

  op.cases.forEach((opCase, index) => {
    const title = caseTitle(op, opCase, index);
    const build = caseBuild(op, opCase);
    const operands = caseOperands(op, opCase, "float64");
    const inputs = inputsFor(operands);
    const y = build(inputs);
    it(`${title}: parsed attributes parse to themselves, so that a graph can be rebuilt`, () => {
      const again = record(op, inputs, y.attrs);
      expect(again.attrs).toEqual(y.attrs);
      expect(again.shape).toEqual(y.shape);
    });

    const isFloat = (dtype: string): boolean => dtype.startsWith("float");
    const differentiable = opCase.gradient !== false && isFloat(y.dtype) && inputs.some((v) => isFloat(v.dtype));
    if (!differentiable) return;

    it(`E3 ${title}: gradient agrees with central differences`, () => {
      const { error, worst } = checkGradient(build, operands);
      expect(error, worst).toBeLessThan(1e-6);
    });

    it(`E3 ${title}: second gradient agrees with central differences`, () => {
      const { error, worst } = checkSecondGradient(build, operands, { probes: 8 });
      expect(error, worst).toBeLessThan(1e-6);
    });

    // An operand that its own gradient does not read enters linearly; then the gradient is the adjoint, to the last bits.
    // (Or the op is constant by pieces there, like a condition, and its gradient is a plain zero.)
    const isZero = (v: Value): boolean => v.op === fillOp && v.attrs.value === 0;
    const grads = gradient(y, inputs);
    const linear = inputs.flatMap((v, k) => (isFloat(v.dtype) && !isZero(grads[k]) && !topological([grads[k]]).includes(v) ? [k] : []));
    if (linear.length === 0) return;
    it(`${title}: <A x, y> = <x, A' y>`, () => {
      for (const k of linear) {
        const [forward, backward] = adjointPair(build, operands, k);
        expect(Math.abs(forward - backward)).toBeLessThan(1e-11 * (1 + Math.abs(forward)));
      }
    });
  });
});
