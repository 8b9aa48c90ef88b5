// explain, compare, neurons and dissect, as a user types them.
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { decode as decodePng } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runAttributions } from "../../src/cli/attribution-run.ts";
import { addCompareCommand } from "../../src/cli/compare.ts";
import { addDissectCommand } from "../../src/cli/dissect.ts";
import { addExplainCommand } from "../../src/cli/explain.ts";
import { addNeuronsCommand } from "../../src/cli/neurons.ts";
import { unitStore } from "../../src/cli/unit-store.ts";
import { synthetic } from "../../src/data/index.ts";
import { decodeImage, encodePng, preparePicture, readNpy, writeModel } from "../../src/io/index.ts";
import { type AttributionMethod, attribute, attributionMethods, faithfulness, type MethodOptions } from "../../src/lens/index.ts";
import { createModel, type Model } from "../../src/nn/index.ts";
import { showRange } from "../../src/report/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";
import { fit } from "../../src/train/index.ts";
import { architecture } from "../../src/zoo/registry.ts";
import { expectGoodPage } from "../report/page-rules.ts";
import { run } from "./in-process.ts";

let folder = "";
let model: Model;
const inFolder = (...parts: string[]): string => join(folder, ...parts);
const file = (...parts: string[]): Promise<string> => readFile(inFolder(...parts), "utf8");
const modelFile = (): string => inFolder("model.safetensors");
const pictures = (): string[] => [inFolder("rising.png"), inFolder("ring.png")];
/** Fixed machine, so that two runs are the same to the bit. */
const steady = ["--threads", "1"];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-seeing-"));
  const data = await synthetic({ train: 600, test: 10 });
  const net = architecture("lenet").build([1, 28, 28], 10);
  const trained = await fit(net, data.train, { epochs: 2, seed: 1, threads: 1 });
  model = createModel(net, [1, 28, 28], {
    parameters: trained.state(),
    classes: data.train.classes,
    preprocessing: { name: "own", channels: "grey", ...data.train.normalisation },
  });
  await writeFile(modelFile(), writeModel(model, "lenet"));
  const bytes = (at: (y: number, x: number) => boolean): Uint8Array =>
    Uint8Array.from({ length: 28 * 28 }, (_, i) => (at(Math.floor(i / 28), i % 28) ? 230 : 30));
  const [rising, ring] = pictures();
  await writeFile(
    rising,
    encodePng({ width: 28, height: 28, channels: 1, data: bytes((y, x) => Math.abs(x + y - 27) < 2 && y > 5 && y < 22) }),
  );
  const radius = (y: number, x: number): number => Math.hypot(y - 14, x - 14);
  await writeFile(ring, encodePng({ width: 28, height: 28, channels: 1, data: bytes((y, x) => radius(y, x) > 6 && radius(y, x) < 9) }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function seen(path: string): Promise<Tensor> {
  return preparePicture(decodeImage(await readFile(path), { name: path }), model);
}

describe("fovea explain", () => {
  test("G7 G9 FA1 writes the maps that the library gives, with their scores", async () => {
    const out = inFolder("why");
    const wanted = [
      "--method",
      "gradCam,occlusion",
      "--set",
      "occlusion.window=7x5",
      "--at",
      "conv2",
      "--trust",
      "--sanity",
      "--class",
      "ring",
    ];
    const { out: said, err } = await run(addExplainCommand, ["explain", modelFile(), ...pictures(), "--out", out, ...wanted, ...steady]);
    const image = await seen(pictures()[1]);
    const options: MethodOptions = { method: "occlusion", window: [7, 5], threads: 1 };
    const expected = await attribute(model, image, { ...options, class: "ring" });
    const map = readNpy(await readFile(join(out, "ring-occlusion.npy")));
    expect(map.shape).toEqual(expected.map.shape);
    expect(Array.from(map.data)).toEqual(Array.from(expected.map.data));
    const { pictures: records } = JSON.parse(await file("why/explanation.json"));
    const [, record] = records[1].maps;
    const { deletion, insertion } = await faithfulness(model, image, expected.map, { class: "ring", threads: 1 });
    expect(record).toMatchObject({ method: "occlusion", target: "class ring", range: expected.range, options: { window: [7, 5] } });
    expect([record.deletion.area, record.insertion.area]).toEqual([expect.closeTo(deletion.area, 5), expect.closeTo(insertion.area, 5)]);
    expect(record.sanity.map(({ layer }: { layer: string }) => layer)).toEqual(["logits", "conv2", "conv1"]);
    expect(records[1].maps[0].options.at).toBe("conv2");
    const drawing = await file("why/ring-occlusion.svg");
    expect(drawing).toContain('<title id="title">Occlusion of class ring: ring.png</title>');
    expect(drawing).toMatch(/raw values −?[\d.]+ … [\d.]+/);
    expect(decodeImage(await readFile(join(out, "ring-gradCam.png")), { name: "map" })).toMatchObject({ width: 28, height: 28 });
    // Range, method and score go with the picture wherever it goes.
    const { low, high } = expected.range;
    const { text } = decodePng(await readFile(join(out, "ring-occlusion.png")));
    expect(text?.Title).toBe("Occlusion of class ring: ring.png");
    expect(text?.Description).toContain(`Raw values ${Number(low.toPrecision(5))} to ${Number(high.toPrecision(5))}; colours from `);
    expect(text?.Description).toContain(`deletion ${Number(deletion.area.toPrecision(5))}, insertion `);
    expect(said).toMatch(/^ {2}method +of +score +raw values +deletion +insertion$/m);
    expect(said).toContain(showRange(expected.range));
    expect(err).toMatch(/^gradCam: [\d.]+ s\noccl/m);
    const page = await file("why/explanation.html");
    expectGoodPage(page);
    for (const part of ["Deletion and insertion curves", "Sanity: forgetting", "With its sign", "Grad-CAM", "Selvaraju"])
      expect(page).toContain(part);
  });

  test("G8 runs every method that the net allows, and says which it does not", async () => {
    const said = await run(addExplainCommand, [
      "explain",
      modelFile(),
      pictures()[0],
      "--out",
      inFolder("all"),
      "--method",
      "all",
      "--set",
      "masks=40",
      ...steady,
    ]);
    expect(said.err).toMatch(/cam is left out: cam needs a net whose class scores are a linear map/);
    const { pictures: records } = JSON.parse(await file("all/explanation.json"));
    const found = records[0].maps.map(({ method }: { method: string }) => method);
    expect([...found, "cam"].sort()).toEqual([...attributionMethods].sort());
    expectGoodPage(await file("all/explanation.html"));
  });

  test("explains a unit of a net's middle", async () => {
    await run(addExplainCommand, [
      "explain",
      modelFile(),
      pictures()[0],
      "--layer",
      "conv2",
      "--channel",
      "3",
      "--out",
      inFolder("unit"),
      ...steady,
    ]);
    const { pictures: records } = JSON.parse(await file("unit/explanation.json"));
    expect(records[0].maps[0].target).toMatch(/^conv2, channel 3 at \(\d+, \d+\)$/);
  });

  test("--layer beside --class is where class maps look", async () => {
    const asked = async (flag: string) => {
      const args = ["--class", "2", flag, "conv1", "--method", "gradCam", "--out", inFolder(`class${flag}`)];
      await run(addExplainCommand, ["explain", modelFile(), pictures()[0], ...args, ...steady]);
      return JSON.parse(await file(`class${flag}/explanation.json`)).pictures[0].maps[0];
    };
    const [beside, at] = [await asked("--layer"), await asked("--at")];
    expect(beside.options.at).toBe("conv1");
    expect(beside.target).toMatch(/^class/);
    expect([beside.target, beside.range]).toEqual([at.target, at.range]);
  });

  test("keeps the methods that were finished when it is interrupted", async () => {
    const control = new AbortController();
    const methods: AttributionMethod[] = ["gradient", "guided", "occlusion"];
    const { pictures: kept, interrupted } = await runAttributions(
      model,
      [{ name: "ring", image: await seen(pictures()[1]) }],
      {
        methods,
        tolerant: false,
        target: undefined,
        at: undefined,
        sets: new Map(),
        seed: 0,
        trust: undefined,
        sanity: undefined,
        machine: { threads: 1 },
        signal: control.signal,
      },
      { update: (_, __, detail) => void (detail.startsWith("occlusion") && control.abort()), finish: () => {}, clear: () => {} },
    );
    expect(interrupted).toEqual(["occlusion"]);
    expect(kept[0].maps.map(({ attribution }) => attribution.method)).toEqual(["gradient", "guided"]);
  });

  test.each([
    ["an unknown setting", ["--set", "widow=3"], /there is no setting "widow" \(did you mean "window"\?\)/],
    ["a setting without value", ["--set", "window"], /--set is window; expected name=value/],
    ["a setting of an unknown method", ["--set", "oclusion.window=3"], /there is no method "oclusion" \(did you mean "occlusion"\?\)/],
    ["a setting that is no number", ["--set", "masks=many"], /--set masks is many; expected a number/],
    ["a window of three sides", ["--set", "window=3x3x3"], /expected one number, or height x width/],
    ["a rule that is none", ["--method", "lrp", "--set", "rule=gama"], /rule is "gama"/],
    ["half a target", ["--layer", "conv1"], /--layer and --channel belong together/],
    ["two layers to look at", ["--class", "2", "--layer", "conv1", "--at", "conv2"], /give one of them/],
    ["two targets", ["--layer", "conv1", "--channel", "0", "--class", "2"], /--class and --channel exclude each other/],
    ["a class that is none", ["--class", "rign"], /no class is called "rign" \(did you mean "ring"\?\)/],
    ["a method that the net does not allow", ["--method", "cam"], /cam needs a net/],
  ])("refuses %s", async (_, args, says) => {
    await expect(
      run(addExplainCommand, ["explain", modelFile(), pictures()[0], "--out", inFolder("never"), ...args, ...steady]),
    ).rejects.toThrow(says);
    expect(existsSync(inFolder("never"))).toBe(false);
  });

  test("help names every method once, within 80 columns", async () => {
    const { out } = await run(addExplainCommand, ["explain", "--help"]);
    for (const name of attributionMethods) expect(out).toMatch(new RegExp(`^ {2}.*\\s${name}(\\s|$)`, "m"));
    for (const line of out.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  });
});

describe("fovea compare", () => {
  test("FA4 KD5 KD9 sets methods on one scale per family, with the edges among them and scores underneath", async () => {
    const args = ["--method", "gradientInput,integratedGradients,gradCam", "--out", inFolder("compared"), ...steady];
    const { out } = await run(addCompareCommand, ["compare", modelFile(), ...pictures(), ...args]);
    const record = JSON.parse(await file("compared/comparison.json"));
    const row = (name: string) => record.methods.find(({ method }: { method: string }) => method === name);
    expect(record.methods.map(({ method }: { method: string }) => method)).toEqual([
      "gradientInput",
      "integratedGradients",
      "gradCam",
      "edges",
    ]);
    // Both are contributions to the score, so both pictures' maps of both share a scale.
    expect(row("gradientInput").scale).toEqual(row("integratedGradients").scale);
    expect(row("gradCam").scale.family).not.toBe(row("gradientInput").scale.family);
    // The edges know nothing of the net, so that forgetting its weights changes nothing.
    expect(row("edges").forgotten).toBeCloseTo(1, 12);
    expect(row("gradientInput").forgotten).toBeLessThan(0.99);
    for (const { maps } of record.pictures) for (const map of maps) expect(map.deletion.area + map.insertion.area).toBeGreaterThan(0);
    expect(out).toMatch(/^method +deletion +insertion +forgotten +time$/m);
    expect(out).toMatch(/^edges +\d/m);
    const grid = decodeImage(await readFile(inFolder("compared/comparison.png")), { name: "grid" });
    expect([grid.width, grid.height]).toEqual([2 * 28 + 1, 5 * 28 + 4]);
    const words = await readFile(inFolder("compared/comparison.png"), "latin1");
    expect(words).toMatch(
      /^Integrated gradients, ring\.png: target class \S.*, score \S+; deletion \S+, insertion \S+; raw values -\S+ to \S+, colours/m,
    );
    const page = await file("compared/comparison.html");
    expectGoodPage(page);
    expect(page).toContain("knows nothing of the net".replace("k", "K"));
  });
});

describe("fovea neurons", () => {
  const small = ["--data", "synthetic", "--limit", "60", "--steps", "3", "--units", "4", "--top", "3", ...steady];

  test("G1 G4 KD9 draws a page per layer with the three ways, tuning curves and what is lost without each unit", async () => {
    await run(addNeuronsCommand, ["neurons", modelFile(), ...small, "--out", inFolder("atlas")]);
    const names = await readdir(inFolder("atlas"));
    expect(names.filter((name) => name.endsWith(".html"))).toEqual(["1-conv1.html", "4-conv2.html", "8-logits.html", "index.html"]);
    for (const name of names.filter((n) => n.endsWith(".html"))) expectGoodPage(await file("atlas", name));
    const page = await file("atlas/4-conv2.html");
    for (const part of [
      "The first 4 of 32",
      "It wants",
      "Guided",
      "Seen by it",
      "Answers to gratings",
      "best picture",
      "ratio",
      "<dt>slope</dt><dd>−",
      "without it",
      'href="8-logits.html"',
    ]) {
      expect(page).toContain(part);
    }
    const { numbers, units, total } = JSON.parse(await file("atlas/4-conv2.json"));
    expect([units, total, numbers.length]).toEqual([4, 32, 4]);
    for (const unit of numbers) {
      if (unit.best > 0) expect(unit.ratio).toBeCloseTo(unit.reached / unit.best, 10);
      expect(unit.slope).toBeLessThan(0);
      expect(unit.range.high).toBeGreaterThan(unit.range.low);
      expect(unit.tuning.answer).toBe(Math.max(...unit.tuning.answers.flat()));
      expect(unit.ablation.before).toBeGreaterThan(0.1);
    }
  });

  test("a folder of pictures without classes will do", async () => {
    await mkdir(inFolder("photographs"));
    for (const picture of pictures()) await copyFile(picture, join(inFolder("photographs"), basename(picture)));
    const args = ["--data", inFolder("photographs"), "--layer", "conv1", "--units", "2", "--steps", "4", "--out", inFolder("loose-atlas")];
    const { err } = await run(addNeuronsCommand, ["neurons", modelFile(), ...args, ...steady]);
    expect(err).toContain("2 pictures of photographs");
    expect(await file("loose-atlas/1-conv1.html")).toContain("Seen by it");
  });

  test("an interrupted atlas goes on and ends in the same pages", async () => {
    const out = inFolder("parts");
    const control = new AbortController();
    const watch = setInterval(() => existsSync(join(out, "1-conv1.json")) && control.abort(), 2);
    const stopped = run(addNeuronsCommand, ["neurons", modelFile(), ...small, "--out", out], control.signal);
    await expect(stopped.finally(() => clearInterval(watch))).rejects.toMatchObject({ name: "AbortError" });
    expect(await file("parts/index.html")).toContain("Not finished yet: ");
    await expect(run(addNeuronsCommand, ["neurons", modelFile(), ...small, "--out", out])).rejects.toThrow(
      /already holds an atlas.*--resume/,
    );
    await expect(run(addNeuronsCommand, ["neurons", modelFile(), ...small, "--out", out, "--resume", "--seed", "9"])).rejects.toThrow(
      /was begun with seed 0, not 9/,
    );
    const { err } = await run(addNeuronsCommand, ["neurons", modelFile(), ...small, "--out", out, "--resume"]);
    expect(err).toMatch(/3 layers, (one|2) of them done already/);
    for (const name of ["1-conv1.html", "4-conv2.html", "8-logits.json", "index.html"])
      expect(await file("parts", name)).toBe(await file("atlas", name));
  });

  test("units that were climbed before an interruption are kept within a layer, too, and the page is the same", async () => {
    const args = [
      "--input-size",
      "32",
      "--data",
      "synthetic",
      "--limit",
      "40",
      "--steps",
      "12",
      "--units",
      "40",
      "--layer",
      "fc1",
      ...steady,
    ];
    const [whole, parts] = [inFolder("whole"), inFolder("halves")];
    await run(addNeuronsCommand, ["neurons", "lenet5", ...args, "--out", whole]);
    const page = (await readdir(whole)).find((name) => name.endsWith("fc1.html")) as string;
    const kept = join(parts, page.replace(".html", ".part"));
    const control = new AbortController();
    const watch = setInterval(() => existsSync(kept) && control.abort(), 1);
    const stopped = run(addNeuronsCommand, ["neurons", "lenet5", ...args, "--out", parts], control.signal);
    await expect(stopped.finally(() => clearInterval(watch))).rejects.toMatchObject({ name: "AbortError" });
    const store = await unitStore(kept).load();
    expect([...store.keys()]).toEqual(Array.from({ length: 32 }, (_, channel) => channel));
    await run(addNeuronsCommand, ["neurons", "lenet5", ...args, "--out", parts, "--resume"]);
    expect(await readFile(join(parts, page), "utf8")).toBe(await readFile(join(whole, page), "utf8"));
    expect(existsSync(kept)).toBe(false);
    await writeFile(kept, "damaged");
    expect((await unitStore(kept).load()).size).toBe(0);
  });

  test.each([
    ["a model without data", [], /say which pictures the units shall see/],
    ["an unknown layer", ["--data", "synthetic", "--layer", "conv3"], /no layer is called "conv3" \(did you mean "conv[12]"\?\)/],
    ["an atlas to go on with that is not there", ["--data", "synthetic", "--resume"], /holds no atlas to go on with/],
    ["pictures of another size", ["--data", "synthetic", "--input-size", "32"], /is a trained model/],
  ])("refuses %s", async (_, args, says) => {
    await expect(run(addNeuronsCommand, ["neurons", modelFile(), "--out", inFolder("never"), ...args])).rejects.toThrow(says);
  });
});

describe("fovea dissect", () => {
  test("DI1 DI3 names the concepts of a layer's units in the terminal and on a page", async () => {
    const { out } = await run(addDissectCommand, [
      "dissect",
      modelFile(),
      "--layer",
      "relu2",
      "--pictures",
      "100",
      "--out",
      inFolder("dissected"),
      ...steady,
    ]);
    const record = JSON.parse(await file("dissected/relu2.json"));
    expect(record.units).toHaveLength(32);
    const named = record.units.filter(({ concept }: { concept?: string }) => concept !== undefined);
    expect(out).toContain(`${named.length} of 32 units stand for ${Object.keys(record.detectors).length} concepts`);
    // Header, one line for each unit, and the sum.
    expect(out.trim().split("\n")).toHaveLength(34);
    expectGoodPage(await file("dissected/relu2.html"));
  });

  test("says which layers there are, and refuses those without maps", async () => {
    await expect(run(addDissectCommand, ["dissect", modelFile()])).rejects.toThrow(/say which layers by --layer: conv1, /);
    await expect(run(addDissectCommand, ["dissect", modelFile(), "--layer", "logits"])).rejects.toThrow(/has one position/);
  });
});
