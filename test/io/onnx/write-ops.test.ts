// EF1: every op, every case that it declares, written as ONNX and run by onnxruntime, against the op's own loops in float64.
import { describe, expect, it } from "vitest";
import { createGraph } from "../../../src/graph/graph.ts";
import { type Op, type OpCase, registeredOps } from "../../../src/graph/op.ts";
import { apply, input } from "../../../src/graph/record.ts";
import { writeOnnx } from "../../../src/io/onnx/write/write.ts";
import { UnsupportedOpError } from "../../../src/tensor/errors.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import "../../../src/ops/index.ts";
import { caseBuild, caseOperands, caseTitle } from "../../support/cases.ts";
import { isLong } from "../../support/long.ts";
import { hasRuntime, runOnnx } from "../../support/onnxruntime.ts";

/** Ops of which some case cannot be written at opset 17, and why. */
const unwritable: Readonly<Record<string, string>> = {
  deformSample: "derivatives by positions; samples themselves are written with GridSample",
  deformSampleInputGrad: "the adjoint of sampling at positions that are data",
  dropout: "its mask is drawn by the counter-based generator, which the standard lacks; in evaluation it is absent",
  gridSample: "derivatives by positions, and volumes before opset 20",
  gridSampleInputGrad: "the adjoint of sampling at positions that are data",
  mix: "sums of pixels named by index tensors; what is made of it is written by operators of its own",
  put: "maxima and minima, which scatters learned in opset 18",
  randomNormal: "the standard's generators give other numbers in every runtime",
  randomUniform: "the standard's generators give other numbers in every runtime",
  roiAlignInputGrad: "the adjoint of RoiAlign",
  roiAlignMaxIndices: "RoiAlign does not tell what it chose",
  roiAlignMaxWeights: "RoiAlign does not tell what it chose",
  roiPool: "disjoint bins: MaxRoiPool has overlapping ones",
  roiPoolIndices: "MaxRoiPool does not tell what it chose",
  scatterElements: "maxima and minima, which scatters learned in opset 18",
  unmix: "the adjoint of mix",
};

/** The standard does not say where NaN stands in an order, and runtimes differ. */
const isOrdered = (op: Op, operands: readonly Tensor[]): boolean =>
  !["argMax", "argMin", "topKIndices", "topKValues"].includes(op.name) || !operands.some((t) => t.data.some((n) => Number.isNaN(n)));

const ops = registeredOps().filter((op) => op.inputs.length > 0);

function written(op: Op, opCase: OpCase, opset: number): { file: Uint8Array; feeds: Record<string, Tensor> } {
  const tensors = caseOperands(op, opCase, "float32");
  const inputs = tensors.map((t, i) => input(`x${i}`, t.shape, t.dtype));
  const file = writeOnnx(createGraph({ outputs: { y: caseBuild(op, opCase)(inputs) } }), { opset });
  return { file, feeds: Object.fromEntries(tensors.map((t, i) => [`x${i}`, t])) };
}

/** Cases that can be written, and whether there were others. */
function writableCases(op: Op, opset: number): { readonly cases: readonly OpCase[]; readonly refused: number } {
  const cases = op.cases.filter((opCase) => {
    try {
      written(op, opCase, opset);
      return true;
    } catch (error) {
      if (error instanceof UnsupportedOpError) return false;
      throw error;
    }
  });
  return { cases, refused: op.cases.length - cases.length };
}

/** The largest finite magnitude. */
const largest = ({ data }: Tensor): number => {
  let most = 0;
  for (const n of data) if (Number.isFinite(n)) most = Math.max(most, Math.abs(n));
  return most;
};

async function check(op: Op, opCase: OpCase, opset: number): Promise<void> {
  const { file, feeds } = written(op, opCase, opset);
  const operands = caseOperands(op, opCase, "float64");
  if (!isOrdered(op, operands)) return;
  const expected = apply(op, operands, opCase.attrs ?? {});
  const { y } = await runOnnx(file, feeds);
  const title = caseTitle(op, opCase, op.cases.indexOf(opCase));
  expect(y.shape, title).toEqual(expected.shape);
  expect(y.dtype.startsWith("float"), title).toBe(expected.dtype.startsWith("float"));
  // Relative to the largest number that took part: sums may cancel to nothing.
  const scale = Math.max(1e-3, ...[expected, ...operands].map(largest));
  for (let i = 0; i < expected.size; i++) {
    const [got, wanted] = [y.data[i], expected.data[i]];
    if (Object.is(got, wanted) || got === wanted) continue;
    if (!(Math.abs(got - wanted) <= 1e-5 * scale)) expect(got, `${title}: element ${i}`).toBe(wanted);
  }
}

describe("EF1 ops as ONNX, opset 17", () => {
  it("EF1 the ops that cannot be written are those of the list, each with its reason", () => {
    const refused = ops.filter((op) => writableCases(op, 17).refused > 0).map((op) => op.name);
    expect(refused.sort()).toEqual(Object.keys(unwritable).sort());
  });

  it.skipIf(!hasRuntime).each(ops.map((op) => [op.name, op] as const))(
    "EF1 onnxruntime computes %s as the reference does",
    async (_, op) => {
      for (const opCase of writableCases(op, 17).cases) await check(op, opCase, 17);
    },
  );
});

/** Ops whose form depends on the version. */
const versioned = [
  ...["sum", "max", "mean", "hardSwish", "mish", "gelu", "gridSample", "deformConv", "modulatedDeformConv", "avgPool", "layerNorm", "pad"],
  ...["groupNorm", "fold", "roiAlign", "maxUnpool", "resize", "affineGrid"],
];

describe.each(isLong ? [13, 14, 15, 16, 18, 19, 20, 21] : [13, 18, 21])("EF1 ops as ONNX, opset %i", (opset) => {
  const chosen = isLong ? ops : ops.filter((op) => versioned.includes(op.name));
  it.skipIf(!hasRuntime).each(chosen.map((op) => [op.name, op] as const))(
    "EF1 onnxruntime computes %s as the reference does",
    async (_, op) => {
      for (const opCase of writableCases(op, opset).cases) await check(op, opCase, opset);
    },
  );
});
