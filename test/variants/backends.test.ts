// Every variant and block on the wasm backend, values and gradients of input and parameters, against the reference loops in float64.
import { afterAll, describe, expect, test } from "vitest";
import { compileWasm, stopWorkers } from "../../src/backends/wasm/index.ts";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { constant } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import { blocks, createModel, type Module, nn } from "../../src/nn/index.ts";
import { concat, slice } from "../../src/ops/index.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { ones } from "../../src/tensor/tensor.ts";
import { deviation } from "../support/backend-compare.ts";
import { normal64 } from "./support.ts";

/** Replaces the last channel by a mask with holes: what a partial convolution reads. */
const withHoles = (channels: number): Module =>
  nn.functional((x) => {
    const known = ones(x.shape.with(1, 1), x.dtype);
    for (let i = 0; i < known.size; i++) if (i % 7 < 3) known.data[i] = 0;
    return concat([slice(x, { axes: [1], starts: [0], ends: [channels] }), constant(known)], { axis: 1 });
  });

const nets: Readonly<Record<string, readonly [net: Module, shape: Shape]>> = {
  "locally connected": [nn.locallyConnected2d(2, 3, 3, { stride: 2, padding: 1 }), [2, 7, 6]],
  separable: [nn.separableConv2d(4, 6, 3, { multiplier: 2, padding: 1 }), [4, 6, 5]],
  asymmetric: [nn.asymmetricConv2d(3, 4, 5, { padding: 2 }), [3, 7, 6]],
  "sub-pixel": [nn.subPixelConv2d(3, 2, 3, 2), [3, 4, 5]],
  "resize and convolve": [nn.resizeConv2d(3, 2, 3, 2, { mode: "linear" }), [3, 4, 5]],
  "transposed, grouped, output padding": [nn.convTranspose2d(4, 4, 3, { stride: 2, groups: 2, outputPadding: 1, dilation: 2 }), [4, 4, 3]],
  "deformable 1": [nn.deformConv2d(4, 6, 3, { padding: 1, groups: 2, offsetGroups: 2 }), [4, 6, 5]],
  "deformable 2": [nn.deformConv2d(4, 6, 3, { padding: 1, stride: 2, modulated: true }), [4, 6, 5]],
  "coordinate channels": [nn.sequential([nn.coordinateChannels({ radius: true }), nn.conv2d(5, 3, 3)]), [2, 6, 5]],
  "causal 1d": [nn.conv1d(3, 4, 3, { padding: "causal", dilation: 2 }), [3, 11]],
  inception: [blocks.inception(6, { one: 4, threeReduce: 3, three: 4, fiveReduce: 2, five: 3, pool: 2 }), [6, 7, 6]],
  "naive inception": [blocks.inceptionNaive(3, { one: 2, three: 3, five: 2 }), [3, 6, 5]],
  "inception A": [blocks.inceptionA(3, { pool: 4 }), [3, 4, 3]],
  "inception B": [blocks.inceptionB(3), [3, 5, 5]],
  "inception C": [blocks.inceptionC(3, { maps: 4 }), [3, 4, 3]],
  "inception D": [blocks.inceptionD(3), [3, 5, 3]],
  "inception E": [blocks.inceptionE(3), [3, 3, 2]],
  bottleneck: [blocks.bottleneck(4, 3, 6), [4, 6, 5]],
  "bottleneck, stride in the 1x1": [blocks.bottleneck(4, 3, 6, { stride: 2, strideIn: "1x1" }), [4, 6, 5]],
  partial: [nn.sequential([withHoles(2), nn.partialConv2d(2, 3, 3, { padding: 1 })]), [3, 6, 5]],
  "basic block": [blocks.basicBlock(4, 6, { stride: 2 }), [4, 7, 6]],
  "pre-activation": [blocks.preActivationBlock(4, 4), [4, 6, 6]],
  ResNeXt: [blocks.bottleneck(8, 8, 12, { groups: 4, stride: 2 }), [8, 6, 6]],
  "inverted residual": [blocks.invertedResidual(4, 4, { expansion: 3 }), [4, 6, 6]],
  dense: [nn.sequential([blocks.denseBlock(4, { growth: 3, layers: 2 }), blocks.denseTransition(10, 5)]), [4, 6, 6]],
  "squeeze-excite": [blocks.squeezeExcite(8, { reduction: 2 }), [8, 5, 4]],
  CBAM: [blocks.cbam(8, { reduction: 2, kernelSize: 3 }), [8, 6, 5]],
  "shuffle unit": [blocks.shuffleUnit(12, 24, { groups: 3, stride: 2 }), [12, 6, 6]],
  "shuffle unit 2": [blocks.shuffleUnitV2(8, 8), [8, 6, 6]],
  Xception: [blocks.xceptionBlock(4, { maps: [6, 6] }), [4, 8, 6]],
  "spatial transformer": [blocks.spatialTransformer(nn.sequential([nn.flatten(), nn.linear(60, 6)])), [2, 6, 5]],
};

afterAll(() => stopWorkers());

describe("PR9 variants train on the CPU backend", () => {
  test.each(Object.entries(nets))("PR9 %s: value and gradients on wasm", async (_, [net, shape]) => {
    const model = createModel(net, shape, { seed: 6 });
    const x = normal64([2, ...shape], 1).cast("float32");
    const written = (dtype: "float32" | "float64"): { input: Value; outputs: Record<string, Value>; state: readonly Value[] } => {
      const traced = model.trace({ batch: 2, training: true, frozen: false, dtype });
      const wrt = [traced.input, ...traced.parameters.values()];
      const seed = constant(normal64(traced.output.shape, 2).cast(dtype));
      const grads = gradient(traced.output, wrt, { seed });
      const named = grads.map((g, i) => [`gradient of ${i === 0 ? "x" : [...traced.parameters.keys()][i - 1]}`, g] as const);
      return { input: traced.input, outputs: { y: traced.output, ...Object.fromEntries(named) }, state: [...traced.variables.values()] };
    };
    const exact = written("float64");
    const known = new Map([[exact.input, x.cast("float64")], ...exact.state.map((v) => [v, v.attrs.initial as never] as const)]);
    const expected = evaluateValues(Object.values(exact.outputs), known);
    const program = await compileWasm(createGraph({ outputs: written("float32").outputs }), { threads: 1 });
    const results = await program.run({ x });
    expect(program.explain().standIns).toBe(0);
    Object.keys(exact.outputs).forEach((name, i) => {
      expect(deviation(results[name], expected[i]), name).toBeLessThan(1e-4);
    });
    program.release();
  });
});
