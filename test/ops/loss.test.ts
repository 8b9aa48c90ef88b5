// Softmax and losses: the specification's numbers, extreme logits, both kinds of targets.
import { describe, expect, it } from "vitest";
import { compile } from "../../src/backends/index.ts";
import { installWasmEvaluator, removeWasmEvaluator } from "../../src/backends/wasm/evaluator.ts";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { named } from "../../src/graph/op.ts";
import { input } from "../../src/graph/record.ts";
import * as ops from "../../src/ops/index.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../src/tensor/errors.ts";
import { Tensor, tensor, zeros } from "../../src/tensor/tensor.ts";
import { caseBuild, caseOperands } from "../support/cases.ts";

const f64 = (values: readonly number[] | readonly (readonly number[])[]): Tensor => tensor(values, undefined, "float64");
const labels = (...values: number[]): Tensor => tensor(values, [values.length], "int32");
const flat = (t: Tensor): number[] => Array.from(t.data);
const logits = f64([[1, 2, 3]]);

/** dLoss/dlogits of a cross-entropy. */
function gradientOf(x: Tensor, target: Tensor, options: ops.LossOptions = {}): Tensor {
  const [xv, tv] = [input("x", x.shape, x.dtype), input("target", target.shape, target.dtype)];
  return evaluateValues(
    gradient(ops.crossEntropy(xv, tv, options), [xv]),
    new Map([
      [xv, x],
      [tv, target],
    ]),
  )[0];
}

describe("softmax", () => {
  it("D2 softmax of [1, 2, 3]", () => {
    const wanted = [0.09003057317038046, 0.24472847105479767, 0.6652409557748219];
    for (const [i, p] of flat(ops.softmax(logits)).entries()) expect(Math.abs(p - wanted[i])).toBeLessThan(1e-16 * 4);
    for (const [i, p] of flat(ops.logSoftmax(logits)).entries()) expect(p).toBeCloseTo(Math.log(wanted[i]), 14);
  });

  it("works along any axis", () => {
    const columns = ops.softmax(
      f64([
        [1, 5],
        [2, 5],
        [3, 5],
      ]),
      { axis: 0 },
    );
    expect(columns.at(2, 0)).toBeCloseTo(0.6652409557748219, 14);
    expect(columns.at(2, 1)).toBeCloseTo(1 / 3, 14);
    expect(() => ops.softmax(logits, { axis: 2 })).toThrow(/axis 2 is out of range/);
    expect(() => ops.softmax(zeros([2, 0]))).toThrow(ShapeError);
  });

  it("EA2 softmax, log-softmax and cross-entropy are finite and right at ±100 and ±10⁴", () => {
    for (const big of [100, 1e4]) {
      const x = f64([[big, 0, -big]]);
      expect(flat(ops.softmax(x))).toEqual([1, Math.exp(-big), Math.exp(-2 * big)]);
      expect(flat(ops.logSoftmax(x))).toEqual([0, -big, -2 * big]);
      expect(ops.crossEntropy(x, labels(2)).item()).toBe(2 * big);
      expect(ops.crossEntropy(x, labels(0)).item()).toBe(0);
      expect(flat(gradientOf(x, labels(2)))).toEqual([1, Math.exp(-big), Math.exp(-2 * big) - 1]);
    }
  });

  it("a gradient that no weight can feel counts as 0 in float32, where its products would be denormal numbers", () => {
    const at = (margin: number, dtype: "float32" | "float64"): number =>
      flat(gradientOf(tensor([[0, -margin]], undefined, dtype), labels(0), { reduction: "sum" }))[1];
    expect(at(60, "float32") / Math.exp(-60)).toBeCloseTo(1, 5);
    expect(at(80, "float32")).toBe(0);
    expect(at(80, "float64") / Math.exp(-80)).toBeCloseTo(1, 12);
  });

  it("an impossible class (logit minus infinity) costs the others nothing", () => {
    const x = f64([[0, Number.NEGATIVE_INFINITY, 0]]);
    expect(ops.crossEntropy(x, labels(0)).item()).toBeCloseTo(Math.LN2, 15);
    expect(flat(gradientOf(x, labels(0)))).toEqual([-0.5, 0, 0.5]);
  });
});

describe("losses", () => {
  it("D2 E5 cross-entropy of logits [1, 2, 3] for each class, and its gradient p - y", () => {
    const wanted = [2.40760596444438, 1.4076059644443801, 0.4076059644443803];
    const p = flat(ops.softmax(logits));
    for (const [k, loss] of wanted.entries()) {
      expect(ops.crossEntropy(logits, labels(k)).item()).toBeCloseTo(loss, 14);
      for (const [i, g] of flat(gradientOf(logits, labels(k))).entries()) expect(g).toBeCloseTo(p[i] - (i === k ? 1 : 0), 15);
    }
  });

  it("E5 labels and one-hot probabilities are the same target; nllLoss of log-softmax is the same loss", () => {
    const x = f64([
      [0.3, -1, 2],
      [1, 1, -4],
    ]);
    const y = labels(2, 0);
    const p = ops.oneHot(y, { classes: 3, dtype: "float64" });
    for (const reduction of ["mean", "sum", "none"] as const) {
      const fromLabels = flat(ops.crossEntropy(x, y, { reduction }));
      const fromProbabilities = flat(ops.crossEntropy(x, p, { reduction }));
      const fromLogs = flat(ops.nllLoss(ops.logSoftmax(x, { axis: 1 }), y, { reduction }));
      for (const [i, loss] of fromLabels.entries()) {
        expect(fromProbabilities[i]).toBeCloseTo(loss, 14);
        expect(fromLogs[i]).toBeCloseTo(loss, 14);
      }
    }
  });

  it("E5 reductions: none gives one loss per position, sum adds them, mean divides by their number", () => {
    const x = f64([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    const each = flat(ops.crossEntropy(x, labels(0, 2), { reduction: "none" }));
    expect(each).toHaveLength(2);
    expect(ops.crossEntropy(x, labels(0, 2), { reduction: "sum" }).item()).toBeCloseTo(each[0] + each[1], 14);
    expect(ops.crossEntropy(x, labels(0, 2)).item()).toBeCloseTo((each[0] + each[1]) / 2, 14);
  });

  it("E5 one label per pixel: classes lie along axis 1", () => {
    const x = tensor([1, 9, 2, 9, 3, 9], undefined, "float64").reshape([1, 3, 2]);
    const losses = ops.crossEntropy(x, tensor([2, 0], [1, 2], "int32"), { reduction: "none" });
    expect(losses.shape).toEqual([1, 2]);
    expect(losses.data[0]).toBeCloseTo(0.4076059644443803, 14);
    expect(losses.data[1]).toBeCloseTo(Math.log(3), 14);
  });

  it("E5 mean squared error", () => {
    const [x, y] = [f64([1, 2, 4]), f64([1, 0, 1])];
    expect(ops.mse(x, y).item()).toBeCloseTo(13 / 3, 15);
    expect(ops.mse(x, y, { reduction: "sum" }).item()).toBe(13);
    expect(flat(ops.mse(x, y, { reduction: "none" }))).toEqual([0, 4, 9]);
  });

  it("one-hot rows; labels outside the classes give zeros", () => {
    expect(ops.oneHot(labels(1, 0), { classes: 3 }).toNested()).toEqual([
      [0, 1, 0],
      [1, 0, 0],
    ]);
    expect(ops.oneHot(labels(1, 0), { classes: 2, axis: 0 }).toNested()).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(flat(ops.oneHot(labels(3, -1), { classes: 3 }))).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it.each(ops.oneHotOp.cases.map((c) => [c.title ?? "", c] as const))("one-hot's two definitions agree: %s", (_, opCase) => {
    const [given] = caseOperands(ops.oneHotOp, opCase, "float32");
    const stand = input("labels", given.shape, "int32");
    const value = caseBuild(ops.oneHotOp, opCase)([stand]);
    const parts = ops.oneHotOp.decompose?.(named(ops.oneHotOp, [stand]), value.attrs);
    const [loops, composed] = evaluateValues([value, parts as typeof value], new Map([[stand, given]]));
    expect(composed.toNested()).toEqual(loops.toNested());
  });

  const losses = [ops.crossEntropyOp, ops.nllLossOp];
  it.each(losses.flatMap((op) => op.cases.map((c, i) => [`${op.name} ${i}`, op, c] as const)))(
    "the two definitions of %s agree",
    (_, op, opCase) => {
      const given = caseOperands(op, opCase, "float64");
      const stands = given.map((t, i) => input(String(i), t.shape, t.dtype));
      const value = caseBuild(op, opCase)(stands);
      const parts = op.decompose?.(named(op, stands), value.attrs) as typeof value;
      const [loops, composed] = evaluateValues([value, parts], new Map(stands.map((s, i) => [s, given[i]])));
      for (let i = 0; i < loops.size; i++) expect(composed.data[i]).toBeCloseTo(loops.data[i], 12);
    },
  );

  it.each([
    ["too large", labels(0, 7), /crossEntropy: label 1 of \[2\] is 7; there are 3 classes, 0\.\.2/],
    ["just too large", labels(3, 0), /label 0 of \[2\] is 3/],
    ["negative", labels(0, -1), /label 1 of \[2\] is -1/],
  ])("a label that is no class is refused: %s", async (_, target, message) => {
    const scores = f64([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(() => ops.crossEntropy(scores, target)).toThrow(ArgumentError);
    expect(() => ops.crossEntropy(scores, target)).toThrow(message);
    expect(() => ops.nllLoss(scores, target, { reduction: "none" })).toThrow(/nllLoss: label/);
    const y = ops.crossEntropy(input("x", [2, 3]), input("target", [2], "int32"));
    const program = await compile(createGraph({ outputs: { y } }), { device: "reference" });
    await expect(program.run({ x: scores.cast("float32"), target })).rejects.toThrow(message);
  });

  it("an eager call refuses it whatever evaluator is installed", () => {
    installWasmEvaluator();
    try {
      const target = new Tensor(new Int32Array(4000).fill(9), [4000]);
      expect(() => ops.crossEntropy(zeros([4000, 9]), target)).toThrow(/label 0 of \[4000\] is 9; there are 9 classes/);
    } finally {
      removeWasmEvaluator();
    }
  });

  it("targets that do not fit are refused, saying what would", () => {
    expect(() => ops.crossEntropy(zeros([4, 3]), labels(1, 2))).toThrow(
      /int32 labels for scores \[4, 3\] must have shape \[4\], not \[2\]/,
    );
    expect(() => ops.crossEntropy(zeros([4, 3]), zeros([4]))).toThrow(
      /probabilities for scores \[4, 3\] must have shape \[4, 3\], not \[4\]/,
    );
    expect(() => ops.crossEntropy(zeros([4, 3]), zeros([4, 3], "int32"))).toThrow(ShapeError);
    expect(() => ops.crossEntropy(zeros([4, 3]), zeros([4, 3], "float64"))).toThrow(DTypeError);
    expect(() => ops.crossEntropy(zeros([4]), labels(1))).toThrow(ShapeError);
    expect(() => ops.crossEntropy(zeros([0, 3]), zeros([0], "int32"))).toThrow(/hold no sample/);
    expect(() => ops.oneHot(zeros([2]), { classes: 3 })).toThrow(/class numbers are int32/);
    expect(() => ops.mse(zeros([2]), zeros([2, 1]))).toThrow(/shapes \[2\] and \[2, 1\] differ/);
    expect(() => ops.mse(zeros([2]), zeros([2]), { reduction: "average" as "mean" })).toThrow(/expected one of mean, sum, none/);
  });
});
