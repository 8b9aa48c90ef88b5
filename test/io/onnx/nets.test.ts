// Small networks exported by PyTorch, held against what PyTorch computes: outputs, and the mean and deviation of what every module gives.
// `kept` ones were exported with their batch norms, the others with norms folded into convolutions. Made by tools/golden_onnx_nets.py.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compile } from "../../../src/backends/compile.ts";
import { openOnnx } from "../../../src/io/onnx/index.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";

interface Net {
  readonly file: string;
  readonly parameters: number;
  readonly kept: boolean;
  readonly every: number;
  readonly output: { readonly shape: readonly number[]; readonly values: readonly number[] };
  readonly inside: Readonly<Record<string, { readonly mean: number; readonly deviation: number }>>;
}

const folder = fileURLToPath(new URL("../../golden/onnx-nets/", import.meta.url));
const nets: readonly Net[] = JSON.parse(readFileSync(`${folder}nets.json`, "utf8"));

/** The numbers of `picture` in the generator. */
const pictures = new Tensor(
  Float32Array.from({ length: 2 * 3 * 32 * 32 }, (_, i) => ((i * 7919) % 2003) / 1001.5 - 1),
  [2, 3, 32, 32],
);

function moments({ data }: Tensor): { mean: number; deviation: number } {
  const values = [...data];
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return { mean, deviation: Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length) };
}

describe("EF1 networks exported by PyTorch", () => {
  test.each(nets)("EF1 $file: outputs as in PyTorch", async ({ file, every, output }) => {
    const network = await openOnnx(folder + file);
    const program = await compile(network.graph({ dims: { N: 2 } }), { device: "wasm", strict: true });
    const { y } = await program.run({ x: pictures });
    expect(y.shape).toEqual(output.shape);
    const scale = Math.max(...output.values.map(Math.abs), 1);
    const found = [...y.data].filter((_, i) => i % every === 0);
    expect(found.length).toBe(output.values.length);
    expect(Math.max(...found.map((v, i) => Math.abs(v - output.values[i]) / scale))).toBeLessThan(1e-5);
  });

  test.each(nets)("EF1 $file: every module on the way", async ({ file, kept, inside }) => {
    const network = await openOnnx(folder + file);
    const results = await network.run({ x: pictures }, { outputs: "all" });
    let compared = 0;
    for (const [module, expected] of Object.entries(inside)) {
      // x.0 is a convolution and x.1 its norm; one that was folded into the convolution is given by that.
      if (!kept && module.endsWith(".0")) continue;
      const path = !kept && module.endsWith(".1") ? module.replace(/1$/, "0") : module;
      // PyTorch names nodes by the modules that they are from: /stem/stem.0/Conv is of stem.0.
      const parts = path.split(".");
      const scope = `/${parts.map((_, i) => parts.slice(0, i + 1).join(".")).join("/")}/`;
      const value = results[network.nodes.findLast(({ name }) => name.startsWith(scope))?.outputs[0] ?? ""];
      if (value === undefined) continue;
      const { mean, deviation } = moments(value);
      expect(Math.abs(mean - expected.mean), module).toBeLessThan(1e-4 * Math.max(1, expected.deviation));
      expect(Math.abs(deviation - expected.deviation), module).toBeLessThan(1e-4 * Math.max(1, expected.deviation));
      compared++;
    }
    expect(compared).toBeGreaterThan(Object.keys(inside).length / 2);
  });

  test.each(nets.filter(({ kept }) => kept))("EF1 $file: the parameters are the module's", async ({ file, parameters }) => {
    const model = (await openOnnx(folder + file)).model();
    expect(model.parameterCount).toBe(parameters);
  });
});
