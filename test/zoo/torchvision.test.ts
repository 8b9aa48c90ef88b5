// The zoo against torchvision: names and shapes of all weights, and the scores that the same weights give. tools/golden_zoo.py made the file.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compile } from "../../src/backends/compile.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { createModel, type Model } from "../../src/nn/index.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { architecture, zooModel } from "../../src/zoo/index.ts";
import { filled, numbers } from "../support/formula-weights.ts";

interface Golden {
  readonly names: Readonly<Record<string, { readonly tensors: number; readonly parameters: number; readonly hash: string }>>;
  readonly lines: Readonly<Record<string, readonly string[]>>;
  readonly outputs: Readonly<Record<string, { readonly size: number; readonly scores: readonly number[] }>>;
}
const golden = JSON.parse(readFileSync(fileURLToPath(new URL("../golden/zoo.json", import.meta.url)), "utf8")) as Golden;

/** "name [shape]" of every parameter and buffer, sorted by code unit as Python does. */
function lines(model: Model): string[] {
  return [...model.shapes()].map(([name, shape]) => `${name} [${shape.join(", ")}]`).sort();
}

/** A net for ten classes with the rule's weights, at the size that the golden scores were made for. */
function filledModel(name: string, size: number): Model {
  const net = architecture(name).build([3, size, size], 10);
  const shapes = createModel(net, [3, size, size]).shapes();
  const state = new Map([...shapes].filter(([n]) => !n.endsWith("num_batches_tracked")).map(([n, shape]) => [n, filled(n, shape)]));
  return createModel(net, [3, size, size], { parameters: state, partial: true });
}

describe("EF4 names", () => {
  test.each(Object.keys(golden.lines))("EF4 %s names its tensors as torchvision does", (name) => {
    expect(lines(zooModel(name))).toEqual(golden.lines[name]);
  });

  test.each(Object.keys(golden.names))("EF4 %s has torchvision's state_dict", (name) => {
    const { tensors, parameters, hash } = golden.names[name];
    const model = zooModel(name);
    const text = lines(model);
    expect(text).toHaveLength(tensors);
    expect(model.parameterCount).toBe(parameters);
    expect(createHash("sha256").update(text.join("\n")).digest("hex").slice(0, 32)).toBe(hash);
  });
});

const quick = ["resnet18", "squeezenet1.0", "squeezenet1.1", "mobilenet-v3-small", "mobilenet-v2", "shufflenet-v2-x1.0", "efficientnet-b0"];
const chosen = process.env.FOVEA_LONG ? Object.keys(golden.outputs) : [...quick, "googlenet"];

describe("F2 F4 F5 F6 F11 scores", () => {
  test.each(chosen)("EF4 %s computes what torchvision computes", async (name) => {
    const { size, scores } = golden.outputs[name];
    const model = filledModel(name, size);
    const program = await compile(createGraph({ outputs: { scores: model.trace().output } }), { device: "wasm", threads: 1 });
    const x = new Tensor(Float32Array.from(numbers("picture", 3 * size * size)), [1, 3, size, size]);
    const result = await program.run({ x });
    program.release();
    const largest = Math.max(...scores.map(Math.abs));
    expect(scores.map((s, i) => Math.abs(result.scores.data[i] - s) / largest).every((d) => d < 2e-4)).toBe(true);
  });
});
