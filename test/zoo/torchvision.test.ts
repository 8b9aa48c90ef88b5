// The zoo against torchvision: names and shapes of all weights, and the scores that the same weights give. tools/golden_zoo.py made the file.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compile } from "../../src/backends/compile.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { readSafetensors, writeSafetensors } from "../../src/io/safetensors.ts";
import { createModel, type Model } from "../../src/nn/index.ts";
import { ModelFormatError } from "../../src/tensor/errors.ts";
import { Tensor, zeros } from "../../src/tensor/tensor.ts";
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

describe("EF4 weights in files", () => {
  /** What torch.save has of a net, given to people as safetensors. */
  const published = (extra: readonly [string, Tensor][], without = /^$/): ReadonlyMap<string, Tensor> => {
    const state = [...zooModel("googlenet", { outputs: 10, seed: 3 }).state()].filter(([name]) => !without.test(name));
    return readSafetensors(writeSafetensors(new Map([...state, ...extra]))).tensors;
  };
  const load = (parameters: ReadonlyMap<string, Tensor>): Model => zooModel("googlenet", { outputs: 10, parameters });

  test("EF4 a state_dict loads by name, heads that exist in training only are left out", () => {
    const model = load(published([["aux1.fc1.weight", zeros([1024, 2048])], ["aux2.conv.bn.bias", zeros([128])]])); // biome-ignore format: one file
    const wanted = zooModel("googlenet", { outputs: 10, seed: 3 });
    expect(model.state().get("inception4c.branch3.1.conv.weight")).toEqual(wanted.state().get("inception4c.branch3.1.conv.weight"));
  });

  test("EF4 files from before batch norm counted its steps begin at 0", () => {
    expect(
      load(published([], /num_batches_tracked$/))
        .buffers.get("conv1.bn.num_batches_tracked")
        ?.at(),
    ).toBe(0);
  });

  test("EF4 what is missing, extra and misshapen is listed, all of a head", () => {
    const heads = Array.from({ length: 24 }, (_, i): [string, Tensor] => [`head.${10 + i}.bias`, zeros([1])]);
    const file = published([...heads, ["fc.bias", zeros([1000])]], /^fc\.weight/);
    expect(() => load(file)).toThrow(ModelFormatError);
    expect(() => load(file)).toThrow(
      `missing: fc.weight; not in the net: ${heads.map(([name]) => name).join(", ")}; of another shape: fc.bias has shape [1000], but the net needs [10]`,
    );
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
