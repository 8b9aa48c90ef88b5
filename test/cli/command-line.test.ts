// Drives the built command line as a user would, in a folder of its own.
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodePng, readModel } from "../../src/io/index.ts";
import { drive, expectBuilt, type Outcome, type Reaction } from "./drive.ts";

let folder = "";
const fovea = (args: readonly string[], reaction?: Reaction): Promise<Outcome> => drive(folder, args, reaction);

const quick = ["--dataset", "synthetic", "--limit", "192", "--batch-size", "32", "--schedule", "constant"];

beforeAll(async () => {
  expectBuilt();
  folder = await mkdtemp(join(tmpdir(), "fovea-cli-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("fovea train", () => {
  test("J1 trains without any data file and leaves model, metrics and report", async () => {
    const { code, err } = await fovea(["train", ...quick, "--epochs", "2", "--out", "first"]);
    expect(err).toContain("epoch 2/2");
    expect(code).toBe(0);
    const metrics = JSON.parse(await readFile(join(folder, "first/metrics.json"), "utf8"));
    expect(metrics.history).toHaveLength(2);
    expect(metrics.test.count).toBe(1000);
    expect(metrics.test.confusion.flat().reduce((a: number, b: number) => a + b, 0)).toBe(1000);
    const report = await readFile(join(folder, "first/report.html"), "utf8");
    for (const part of ["Confusion", "Three ways", "First-layer filters", "Feature maps", "fovea train --dataset synthetic"])
      expect(report).toContain(part);
    expect(report).not.toMatch(/(?:src|href)="https?:/);
    const { model, architecture } = readModel(await readFile(join(folder, "first/model.safetensors")));
    expect(architecture).toBe("lenet");
    expect(model.classes).toHaveLength(10);
  });

  test("an interrupted run goes on and ends in the same bits as one that was not", async () => {
    const whole = await fovea(["train", ...quick, "--epochs", "4", "--out", "whole", "--no-report", "--threads", "1"]);
    expect(whole.code).toBe(0);
    const stopped = await fovea(["train", ...quick, "--epochs", "4", "--out", "parts", "--no-report", "--threads", "1"], {
      whenSaid: { text: "epoch 1/4", signal: "SIGINT" },
    });
    expect(stopped.code).toBe(130);
    expect(stopped.err).toContain("fovea train --resume parts");
    const resumed = await fovea(["train", "--resume", "parts", "--no-report", "--threads", "1"]);
    expect(resumed.err).toContain("epoch 4/4");
    expect(resumed.code).toBe(0);
    expect(await readFile(join(folder, "parts/model.safetensors"))).toEqual(await readFile(join(folder, "whole/model.safetensors")));
  });

  test("never writes over a run", async () => {
    await mkdir(join(folder, "taken"));
    await writeFile(join(folder, "taken/settings.json"), "{}");
    const { code, err } = await fovea(["train", ...quick, "--out", "taken"]);
    expect(code).toBe(2);
    expect(err).toContain("--resume taken");
  });
});

describe("fovea inspect", () => {
  test("A14 prints the layer table of a net of the zoo, and the same as JSON", async () => {
    const { code, out } = await fovea(["inspect", "lenet5"]);
    expect(code).toBe(0);
    expect(out).toContain("61,706");
    expect(out).toContain("416,520");
    const { out: json } = await fovea(["inspect", "lenet5", "--json", "--program"]);
    const { total, layers, program: compiled } = JSON.parse(json);
    expect(total).toMatchObject({ parameters: 61_706, macs: 416_520 });
    expect(layers[0]).toMatchObject({ name: "conv1", outputShape: [6, 28, 28] });
    expect(compiled.nodes.length).toBeGreaterThan(5);
  });

  test("A14 F4 describes a net of 138 million weights without making them", async () => {
    const { code, out } = await fovea(["inspect", "vgg16", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ trained: false, total: { parameters: 138_357_544, macs: 15_470_264_320 } });
    expect(JSON.parse(out).program).toBeUndefined();
  });

  test("F6 builds a net of the zoo for other pictures and classes", async () => {
    const { out } = await fovea(["inspect", "resnet18", "--input-size", "1x48x64", "--classes", "7"]);
    expect(out).toContain("input 1 x 48 x 64, 7 classes");
    expect((await fovea(["inspect", "unet"])).out).toContain("output 2 x 388 x 388");
  });
});

describe("fovea explain", () => {
  test("G2 G3 writes a page, pictures and raw numbers for each method", async () => {
    expect((await fovea(["train", ...quick, "--epochs", "1", "--out", "explained-run", "--no-report"])).code).toBe(0);
    const pixels = new Uint8Array(40 * 40).fill(255);
    for (let i = 8; i < 32; i++) pixels.fill(0, i * 40 + 18, i * 40 + 22);
    await writeFile(join(folder, "stroke.png"), encodePng({ width: 40, height: 40, channels: 1, data: pixels }));
    const { code, out } = await fovea(["explain", "explained-run", "stroke.png", "--out", "why", "--method", "gradient,guided"]);
    expect(code).toBe(0);
    expect(out).toMatch(/stroke\.png: .*%/);
    const [record] = JSON.parse(await readFile(join(folder, "why/explanation.json"), "utf8")).pictures;
    expect(record.maps.map((m: { method: string }) => m.method)).toEqual(["gradient", "guided"]);
    expect(record.maps[0].shape).toEqual([1, 28, 28]);
    for (const file of ["stroke-gradient.png", "stroke-guided.png", "explanation.html"])
      expect(existsSync(join(folder, "why", file))).toBe(true);
  });
});

describe("Ctrl-C in a long run keeps what is finished, says what is not, and leaves with 130", () => {
  test("explain and compare", async () => {
    for (const [command, page] of [
      ["explain", "explanation"],
      ["compare", "comparison"],
    ]) {
      const args = [
        command,
        "explained-run",
        "stroke.png",
        "--method",
        "gradient,rise,guided",
        "--set",
        "rise.masks=400000",
        "--out",
        command,
      ];
      const { code, err, out } = await fovea(args, { whenSaid: { text: "gradient:", signal: "SIGINT" } });
      expect(code).toBe(130);
      expect(err).toContain("stopping after this step; press Ctrl-C again to leave at once");
      expect(err).toMatch(new RegExp(`stopped; what was finished is in ${command}\\. Not finished: rise, guided`));
      expect(err).not.toMatch(/internal error|\n\s+at /);
      expect(out).toMatch(/gradient +\S/);
      expect(await readFile(join(folder, command, `${page}.html`), "utf8")).toContain(
        "This run was interrupted; not finished: rise, guided",
      );
      expect(JSON.parse(await readFile(join(folder, command, `${page}.json`), "utf8")).pictures[0].maps).toHaveLength(1);
    }
  });

  test("explain with nothing finished", async () => {
    const args = ["explain", "explained-run", "stroke.png", "--method", "rise", "--set", "masks=400000", "--out", "nothing"];
    const { code, err } = await fovea(args, { whenSaid: { text: "pictures are brought", signal: "SIGINT" } });
    expect([code, existsSync(join(folder, "nothing"))]).toEqual([130, false]);
    expect(err).toContain("stopped; no method was finished, so nothing is written");
  });

  test("neurons and dissect", async () => {
    const atlas = ["neurons", "explained-run", "--limit", "60", "--steps", "10", "--units", "6", "--out", "atlas"];
    const stopped = await fovea(atlas, { whenSaid: { text: "conv1: 6 units", signal: "SIGINT" } });
    expect(stopped.code).toBe(130);
    expect(stopped.err).toContain("stopped; 1 of 3 pages are finished, in atlas. Go on with the same command and --resume");
    expect((await fovea([...atlas, "--resume"])).err).toContain("3 layers, one of them done already");
    const dissection = ["dissect", "explained-run", "--layer", "relu1,relu2", "--pictures", "600", "--out", "cut"];
    const { code, err } = await fovea(dissection, { whenSaid: { text: "relu1: dissected", signal: "SIGINT" } });
    expect(code).toBe(130);
    expect(err).toContain("stopped; relu1 is in cut. Go on with the same command and --layer relu2");
    expect(existsSync(join(folder, "cut/relu1.html"))).toBe(true);
  });
});

describe("fovea --help", () => {
  test.each(["train", "inspect", "explain", "conv", "filter"])("%s says what it takes, and no default that is not one", async (command) => {
    const { code, out } = await fovea([command, "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`\\$ fovea ${command}.* \\[options\\]\n`));
    expect(out).toContain("--");
    expect(out).not.toMatch(/--no-.*default/);
  });
});

describe("mistakes get one clear line, no stack trace, and an exit code", () => {
  const cases: readonly (readonly [title: string, args: readonly string[], code: number, says: RegExp])[] = [
    ["unknown command", ["knit"], 2, /there is no command "knit"; commands: train, inspect, zoo, explain/],
    ["unknown option", ["train", "--speed", "9"], 2, /there is no option --speed\b/],
    ["a misspelt option", ["conv", "--outputsize", "3"], 2, /there is no option --outputsize \(did you mean "--output-size"\?\)/],
    ["a misspelt command", ["explian"], 2, /there is no command "explian" \(did you mean "explain"\?\)/],
    ["an option without its value", ["conv", "--kernel"], 2, /--kernel needs a value: --kernel <size>/],
    ["a missing argument", ["inspect"], 2, /say which model: fovea inspect <model>/],
    ["a word too many", ["conv", "5x5"], 2, /"5x5" is one word too many: fovea conv takes options only/],
    ["a number that is none", ["train", "--epochs", "many"], 2, /--epochs is many; expected an integer >= 1/],
    ["a number below its bound", ["train", "--lr", "-1"], 2, /--lr is -1; expected a number > 0/],
    ["a negative number after an option that takes none", ["train", "--no-report", "-1"], 2, /there is no option -1/],
    ["a word that is no choice", ["train", "--optimiser", "sdg"], 2, /--optimiser is sdg; expected one of adam,/],
    ["unknown data set", ["train", "--dataset", "imagenot"], 1, /there is no data set "imagenot"/],
    ["a misspelt data set", ["train", "--dataset", "mnst"], 1, /there is no data set "mnst" \(did you mean "mnist"\?\)/],
    ["no classifier", ["train", "--net", "unet", "--dataset", "nowhere"], 2, /one score per class, but unet gives one map per class/],
    [
      "unknown net",
      ["train", "--dataset", "synthetic", "--net", "lenet6"],
      2,
      /no net is called "lenet6" \(did you mean "lenet"\?\); known nets: lenet, lenet5/,
    ],
    ["unknown layer", ["train", ...quick, "--layer", "conv9", "--out", "layerless"], 1, /no layer is called "conv9"/],
    ["nothing to resume", ["train", "--resume", "nowhere"], 1, /nowhere holds no run/],
    ["an option that cannot change", ["train", "--resume", "first", "--seed", "3"], 2, /--seed cannot change/],
    ["a size that is none", ["inspect", "vgg16", "--input-size", "64y64"], 2, /--input-size is 64y64; expected pixels such as 64/],
    ["no classes", ["inspect", "vgg16", "--classes", "0"], 2, /--classes is 0; expected an integer from 1/],
    ["unknown model", ["inspect", "nothing"], 1, /there is no model "nothing"/],
    ["no picture", ["explain", "lenet"], 2, /at least one picture/],
    ["a picture that is not there", ["explain", "lenet", "absent.png"], 1, /absent\.png/],
    ["unknown method", ["explain", "lenet", "x.png", "--method", "magic"], 2, /--method is magic; expected one of gradient/],
  ];
  test.each(cases)("%s", async (_, args, code, says) => {
    const outcome = await fovea(args);
    expect(outcome.err).toMatch(says);
    expect(outcome.err).not.toMatch(/^\s+at /m);
    expect(outcome.code).toBe(code);
  });

  test("a damaged picture and a damaged model file", async () => {
    await writeFile(join(folder, "damaged.png"), new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0]));
    const picture = await fovea(["explain", "lenet", "damaged.png"]);
    expect([picture.code, picture.err]).toEqual([1, expect.stringContaining("damaged.png")]);
    await writeFile(join(folder, "damaged.safetensors"), new Uint8Array(20));
    const model = await fovea(["inspect", "damaged.safetensors"]);
    expect([model.code, model.err]).toEqual([1, expect.stringContaining("damaged.safetensors")]);
  });
});
