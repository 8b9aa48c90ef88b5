// TensorFlow.js models against what TensorFlow.js computes with them (tools/golden_tfjs.mjs), and files that are damaged or ask for too much.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile } from "../../src/backends/index.ts";
import { createGraph } from "../../src/graph/index.ts";
import { openTfjs, readTfjsNetwork, type TfjsNetwork } from "../../src/io/tfjs/network.ts";
import { readTfjs } from "../../src/io/tfjs/read.ts";
import { transpose } from "../../src/ops/index.ts";
import { ArgumentError, FileError, FoveaError, ModelFormatError, ShapeError, UnsupportedOpError } from "../../src/tensor/errors.ts";
import { random } from "../../src/tensor/random.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { rounds } from "../support/long.ts";

interface Numbers {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}
interface Case {
  readonly name: string;
  readonly json: {
    modelTopology: { node?: { op: string }[]; model_config?: unknown };
    weightsManifest: { paths: string[]; weights: object[] }[];
  };
  readonly weights: string;
  readonly input: Numbers;
  readonly output: Numbers;
}
interface NetworkCase extends Pick<Case, "name" | "json" | "weights"> {
  readonly inputs: Readonly<Record<string, Numbers>>;
  readonly outputs: Readonly<Record<string, Numbers>>;
}
const { cases, networks } = JSON.parse(readFileSync(new URL("../golden/tfjs.json", import.meta.url), "utf8")) as {
  readonly cases: readonly Case[];
  readonly networks: readonly NetworkCase[];
};

const shardOf =
  ({ weights }: Pick<Case, "weights">) =>
  async (): Promise<Uint8Array> =>
    new Uint8Array(Buffer.from(weights, "base64"));
const channelsFirst = ({ shape, values }: Numbers): Tensor => {
  const tensor = new Tensor(Float32Array.from(values), shape);
  return tensor.rank < 3 ? tensor : transpose(tensor, { permutation: [0, 3, 1, 2] });
};

describe.each(cases)("EF1 TensorFlow.js $name", (given) => {
  test.each(["reference", "wasm"] as const)("EF1 gives what TensorFlow.js gives, %s", async (device) => {
    const model = await readTfjs(JSON.stringify(given.json), shardOf(given));
    const { input, output } = model.trace({ batch: 2 });
    const program = await compile(createGraph({ outputs: { y: output } }), { device, threads: 1 });
    expect(input.shape).toEqual(channelsFirst(given.input).shape);
    const { y } = await program.run({ x: channelsFirst(given.input) });
    expect(y.shape).toEqual(given.output.shape);
    for (const [i, value] of given.output.values.entries()) expect(y.data[i]).toBeCloseTo(value, 5);
    program.release();
  });

  test("EF1 its layers go by their names, and can be counted and trained", async () => {
    const model = await readTfjs(JSON.stringify(given.json), shardOf(given));
    const stored = given.json.weightsManifest[0].weights as { name: string; shape: number[]; dtype: string }[];
    const floats = stored.filter(({ dtype, name }) => dtype === "float32" && !/mean|variance|gains/.test(name));
    expect(model.parameterCount).toBe(floats.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0));
    expect(model.summary().layers.length).toBeGreaterThan(5);
    expect(model.trace({ frozen: false }).variables.size).toBeGreaterThan(5);
  });

  test("PR16 damaged files end in a typed error or in a model", async () => {
    const text = JSON.stringify(given.json);
    const generator = random(3);
    for (let round = 0; round < rounds(60); round++) {
      const at = generator.integer(text.length);
      const damaged = round % 2 === 0 ? text.slice(0, at) : `${text.slice(0, at)}${generator.integer(10)}${text.slice(at + 1)}`;
      try {
        await readTfjs(damaged, shardOf(given));
      } catch (error) {
        if (!(error instanceof FoveaError)) throw error;
      }
    }
  });
});

const [sequential, , graph] = cases;

test("EF1 layers that are not read are listed, all of them", async () => {
  const text = JSON.stringify(sequential.json).replaceAll('"LeakyReLU"', '"LSTM"').replaceAll('"Flatten"', '"Attention"');
  await expect(readTfjs(text, shardOf(sequential))).rejects.toThrow(UnsupportedOpError);
  await expect(readTfjs(text, shardOf(sequential))).rejects.toThrow(/LSTM \(1 times: leaky\); Attention \(1 times: flatten\)/);
  const ops = JSON.stringify(graph.json).replace('"op":"Softmax"', '"op":"FFT"').replace('"op":"Relu"', '"op":"Where"');
  await expect(readTfjs(ops, shardOf(graph))).rejects.toThrow(/Where \(1 times: block\/relu\); FFT \(1 times: Identity\)/);
});

test("PR16 shards are looked for beside the file only, and must have the right size", async () => {
  const reach = (path: string): string => JSON.stringify(sequential.json).replace("weights.bin", path);
  await expect(readTfjs(reach("../../etc/passwd"), shardOf(sequential))).rejects.toThrow(ModelFormatError);
  await expect(readTfjs(reach("/etc/passwd"), shardOf(sequential))).rejects.toThrow(/not beside it/);
  await expect(readTfjs(JSON.stringify(sequential.json), async () => new Uint8Array(10))).rejects.toThrow(/its shards have 10/);
  await expect(readTfjs("{}", async () => new Uint8Array(10))).rejects.toThrow(/no TensorFlow\.js model/);
  await expect(readTfjs("{", async () => new Uint8Array(10))).rejects.toThrow(/not valid JSON/);
});

test("EF1 quantised weights are widened by scale and minimum", async () => {
  const json = structuredClone(sequential.json);
  const bytes = Buffer.from(sequential.weights, "base64");
  const floats = new Float32Array(new Uint8Array(bytes).buffer);
  const codes = Uint8Array.from(floats, (w) => Math.round((w + 2) / (4 / 255)));
  for (const weight of json.weightsManifest[0].weights) {
    Object.assign(weight, { quantization: { dtype: "uint8", scale: 4 / 255, min: -2 } });
  }
  const exact = await readTfjs(JSON.stringify(sequential.json), shardOf(sequential));
  const coarse = await readTfjs(JSON.stringify(json), async () => codes);
  for (const [name, tensor] of exact.parameters) {
    const other = coarse.parameters.get(name) as Tensor;
    for (let i = 0; i < tensor.size; i++) expect(Math.abs(other.data[i] - tensor.data[i])).toBeLessThanOrEqual(2.01 / 255);
  }
});

describe.each(networks)("EF1 TensorFlow.js $name with two inputs and two outputs", (given) => {
  const feeds = Object.fromEntries(Object.entries(given.inputs).map(([name, numbers]) => [name, channelsFirst(numbers)]));
  const open = (): Promise<TfjsNetwork> => readTfjsNetwork(JSON.stringify(given.json), shardOf(given), { name: "two.json" });

  test("EF1 each output is what TensorFlow.js gives, by its name", async () => {
    const network = await open();
    expect(network.inputs.map(({ name }) => name)).toEqual(Object.keys(given.inputs));
    expect(network.outputs).toEqual(Object.keys(given.outputs));
    const results = await network.run(feeds, { device: "wasm", threads: 1 });
    for (const [name, numbers] of Object.entries(given.outputs)) {
      const expected = channelsFirst(numbers);
      expect(results[name].shape).toEqual(expected.shape);
      for (const [i, value] of expected.data.entries()) expect(results[name].data[i]).toBeCloseTo(value, 5);
    }
    expect([...network.graph({ batch: 3 }).inputs.values()].map(({ shape }) => shape[0])).toEqual([3, 3]);
  });

  test("EF1 it is no model of one picture, and feeds that do not fit are refused by name", async () => {
    const network = await open();
    expect(() => network.model()).toThrow(/two\.json: has 2 inputs and 2 outputs/);
    await expect(readTfjs(JSON.stringify(given.json), shardOf(given))).rejects.toThrow(UnsupportedOpError);
    const [first, second] = Object.keys(given.inputs);
    await expect(network.run({ [first]: feeds[first] })).rejects.toThrow(`nothing is given for "${second}"`);
    await expect(network.run({ ...feeds, third: feeds[first] })).rejects.toThrow('there is no input "third"');
    await expect(network.run({ ...feeds, [second]: new Tensor(new Float32Array(3), [3]) })).rejects.toThrow(ShapeError);
    const one = feeds[second].entry(0);
    await expect(network.run({ ...feeds, [second]: one.reshape([1, ...one.shape]) })).rejects.toThrow(/has 2 pictures and/);
    expect(() => network.graph({ inputShapes: { nothing: [1] } })).toThrow(ArgumentError);
  });
});

test("EF1 openTfjs finds the shards beside model.json, and says what is missing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fovea-tfjs-"));
  try {
    const [given] = cases;
    writeFileSync(join(folder, "model.json"), JSON.stringify(given.json));
    await expect(openTfjs(join(folder, "model.json"))).rejects.toThrow(FileError);
    writeFileSync(join(folder, "weights.bin"), Buffer.from(given.weights, "base64"));
    const opened = (await openTfjs(join(folder, "model.json"))).model();
    const read = await readTfjs(JSON.stringify(given.json), shardOf(given));
    expect([...opened.state()]).toEqual([...read.state()]);
    await expect(openTfjs(join(folder, "none.json"))).rejects.toThrow(FileError);
    await expect(openTfjs(3 as never)).rejects.toThrow(ArgumentError);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
