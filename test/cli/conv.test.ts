// Drives `fovea conv` and `fovea filter` as a user would.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decode } from "modern-gif";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeImage, encodePng } from "../../src/io/index.ts";

const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const photo = fileURLToPath(new URL("../../../shared/images/dog.jpg", import.meta.url));
let folder = "";

function fovea(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { cwd: folder, env: { ...process.env, FORCE_COLOR: "1" } });
    const said = { out: "", err: "" };
    child.stdout.on("data", (chunk) => (said.out += String(chunk)));
    child.stderr.on("data", (chunk) => (said.err += String(chunk)));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...said }));
  });
}

beforeAll(async () => {
  if (!existsSync(program)) throw new Error(`${program} is missing: run "npm run build" first ("npm test" does)`);
  folder = await mkdtemp(join(tmpdir(), "fovea-conv-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("fovea conv", () => {
  test("A2 A13 prints size, formula, field and cost, and draws a window with its sum, within 80 columns and without colours", async () => {
    const { code, out, err } = await fovea("conv", "--input", "5x5", "--kernel", "3", "--stride", "2", "--padding", "1");
    expect([code, err]).toEqual([0, ""]);
    const plain = out.replaceAll("\u00a0", " ");
    expect(plain).toContain("Convolution of 5 × 5 → 3 × 3");
    expect(plain.replace(/\s+/g, " ")).toContain("o = floor((i + 2p - k) / s) + 1 = floor((5 + 2·1 - 3) / 2) + 1 = 3 (relationship 6)");
    expect(plain).toContain("every output sees 3 × 3 of the input");
    expect(plain).toContain("81 = n·m·k1·k2·o1·o2 = 1·1·3·3·3·3");
    expect(plain).toContain("┃ 17 ┃");
    expect(plain).toContain("window 5 of 9");
    expect(plain.replace(/\s+/g, " ")).toContain("output(1, 1) = 0·0 + 1·1 + 3·2 + 1·2 + 2·2 + 2·0 + 0·0 + 0·1 + 2·2 = 17");
    expect(out).not.toContain("\u001b");
    for (const line of out.split("\n")) expect(Array.from(line).length).toBeLessThanOrEqual(80);
  });

  test("A4 A13 transposed, dilated, grouped, pooled and deformable ones; values as JSON", async () => {
    const json = async (...args: string[]): Promise<Record<string, never>> => JSON.parse((await fovea("conv", "--json", ...args)).out);
    const up = await json("--transposed", "--input", "3x3", "--stride", "2", "--padding", "1", "--output-padding", "1");
    expect(up).toMatchObject({ kind: "transposed", output: [6, 6], windows: 36, outputPadding: [1, 1] });
    expect(up).toMatchObject({ sizes: [{ value: 6, relationship: 14 }, { value: 6 }] });
    expect(await json("--input", "7x7", "--dilation", "2")).toMatchObject({ output: [3, 3], field: [{ size: { value: 5 } }, {}] });
    expect(await json("--input", "8x8", "--channels", "256,256", "--groups", "8", "--padding", "same", "--no-bias")).toMatchObject({
      cost: { parameters: { value: 73_728 } },
    });
    expect(await json("--pool", "max", "--input", "5x5", "--kernel", "3", "--stride", "1")).toMatchObject({
      values: [
        [
          [3, 3, 3],
          [3, 3, 3],
          [3, 2, 3],
        ],
      ],
      cost: { parameters: { value: 0 } },
    });
    expect(await json("--pool", "average", "--input", "112x112", "--kernel", "3", "--stride", "2", "--ceil")).toMatchObject({
      output: [56, 56],
    });
    expect(await json("--deformable", "--offset", "0,0.5", "--frame", "2")).toMatchObject({
      values: [
        [
          [12, 14.5, 14],
          [13.5, 18, 16],
          [7.5, 10, 13],
        ],
      ],
      frame: { value: 14.5 },
      offsetCost: { activations: { value: 18 * 9 } },
    });
    expect(await json("--input", "9", "--dilation", "2", "--padding", "causal")).toMatchObject({ output: [9], padding: [[4, 0]] });
    expect(await json("--input", "8x8x8", "--channels", "2,4")).toMatchObject({ output: [6, 6, 6], cost: { parameters: { value: 220 } } });
  });

  test("A6 the inverse questions", async () => {
    const inputs = await fovea("conv", "--kernel", "3", "--stride", "2", "--padding", "1", "--output-size", "3");
    expect(inputs.out).toContain("inputs that give 3: 5, 6");
    const json = JSON.parse(
      (await fovea("conv", "--kernel", "3", "--stride", "2", "--padding", "1", "--output-size", "3x3", "--json")).out,
    );
    expect(json.axes).toEqual([{ inputs: [5, 6] }, { inputs: [5, 6] }]);
    const settings = await fovea("conv", "--input", "5", "--output-size", "3");
    expect(settings.out).toMatch(/k3 s1 p0 .*\n.*k5 s1 p1/);
    expect(settings.out).toContain("k3 s2 p1   floor((5 + 2·1 - 3) / 2) + 1 = 3");
    const fixed = await fovea("conv", "--input", "5x5", "--kernel", "3", "--stride", "2", "--padding", "1", "--output-size", "3");
    expect(fixed.out.match(/^k\d.*$/gm)).toEqual(["k3 s2 p1   floor((5 + 2·1 - 3) / 2) + 1 = 3"]);
    const pool = ["conv", "--pool", "max", "--input", "5", "--kernel", "2", "--stride", "2", "--ceil", "--output-size", "3"];
    // p1 gives 3 as well: the fourth window would start beyond the input and is taken away.
    expect((await fovea(...pool)).out.match(/^k\d.*$/gm)).toEqual([
      "k2 s2 p0   ceil((5 + 2·0 - 2) / 2) + 1 = 3",
      "k2 s2 p1   ceil((5 + 2·1 - 2) / 2) + 1 - 1 = 3   (1 left uncovered)",
    ]);
    const same = await fovea("conv", "--input", "7", "--stride", "2", "--padding", "same", "--output-size", "4");
    expect(same.out).toContain("k3 s2 p=same   floor((7 + 2·1 - 3) / 2) + 1 = 4");
    const drawn = await fovea("conv", "--input", "5", "--output-size", "3", "--svg", "never.svg");
    expect([drawn.code, drawn.err]).toEqual([2, expect.stringContaining("leave --svg out")]);
    const up = await fovea(
      "conv",
      "--transposed",
      "--input",
      "3",
      "--kernel",
      "3",
      "--stride",
      "2",
      "--padding",
      "1",
      "--output-size",
      "6",
    );
    expect(up.out).toContain("input 3 with output padding 1");
    const far = await fovea("conv", "--transposed", "--padding", "10", "--output-size", "1000000000");
    expect(far.out).toContain("input 1000000018 with output padding 0:");
    const run = await fovea("conv", "--kernel", "3", "--stride", "100", "--output-size", "3");
    expect(run.out).toContain("inputs that give 3: 203 to 302");
    const never = await fovea("conv", "--transposed", "--input", "3", "--stride", "2", "--output-size", "20");
    expect(never.out).toContain("input 3 reaches 7 to 8");
  });

  test("A13 every window with --step, one with --frame, none of a large input", async () => {
    const { out } = await fovea("conv", "--input", "4x4", "--step");
    expect(out.match(/window \d of 4/g)).toEqual(["window 1 of 4", "window 2 of 4", "window 3 of 4", "window 4 of 4"]);
    expect((await fovea("conv", "--frame", "1")).out).toContain("output(0, 0) = 3·0 + 3·1");
    const large = await fovea("conv", "--input", "224x224", "--kernel", "7", "--stride", "2", "--padding", "3", "--channels", "3,64");
    expect(large.code).toBe(0);
    expect(large.out).toContain("118,013,952");
    expect(large.out).toContain("not drawn");
  });

  test.each([
    ["--input", "28x28", "--kernel", "5"],
    [
      "--transposed",
      "--groups",
      "2",
      "--channels",
      "4,4",
      "--dilation",
      "2",
      "--stride",
      "2",
      "--output-padding",
      "1",
      "--padding",
      "1,2x2,1",
    ],
    ["--input", "12x12", "--kernel", "7", "--channels", "3,2", "--padding", "3", "--deformable"],
    ["--input", "128x128x3", "--kernel", "5x3x2", "--stride", "2", "--groups", "4", "--channels", "64,128"],
    ["--input", "40", "--kernel", "9", "--step"],
    ["--input", "6x6", "--matrix"],
    ["--output-size", "3", "--kernel", "3", "--pool", "max", "--stride", "2"],
  ])("A13 no line is wider than 80 columns: %s %s %s %s %s %s", async (...args) => {
    const { code, out } = await fovea("conv", ...args);
    expect(code).toBe(0);
    expect(out.split("\n").filter((line) => Array.from(line).length > 80)).toEqual([]);
  });

  test("A6 C1 the inverse questions of pooling cite the relationship of pooling", async () => {
    const inputs = await fovea("conv", "--output-size", "3", "--kernel", "3", "--pool", "max", "--stride", "2");
    expect(inputs.out).toMatch(/= 7 +\(relationship 7\)\n.*= 8\s+\(relationship 7\)/);
    const settings = await fovea("conv", "--output-size", "3", "--input", "7", "--pool", "average");
    expect(settings.out).toContain("by relationship 7");
  });

  test("A7 --matrix", async () => {
    const { out } = await fovea("conv", "--input", "4x4", "--kernel", "1 2 3; 4 5 6; 7 8 9", "--matrix");
    expect(out).toContain(" 1 2 3 · │ 4 5 6 · │ 7 8 9 · │ · · · ·");
    expect(out).toContain("36 of 64 entries connect");
  });

  test("A13 writes a moving SVG, a still one, a GIF and a matrix", async () => {
    const both = await fovea("conv", "--stride", "2", "--padding", "1", "--svg", "steps.svg", "--gif", "steps.gif");
    expect([both.code, both.err]).toEqual([0, expect.stringMatching(/wrote steps.svg: 9 frames\nwrote steps.gif: 9 frames, \d+ KiB/)]);
    expect(await readFile(join(folder, "steps.svg"), "utf8")).toMatch(/@keyframes/);
    const gif = decode(new Uint8Array(await readFile(join(folder, "steps.gif"))));
    expect(gif.frames).toHaveLength(9);
    await fovea("conv", "--svg", "still.svg", "--frame", "2");
    expect(await readFile(join(folder, "still.svg"), "utf8")).not.toMatch(/@keyframes/);
    await fovea("conv", "--input", "4x4", "--matrix", "--svg", "matrix.svg");
    expect(await readFile(join(folder, "matrix.svg"), "utf8")).toContain("the matrix of");
  });

  const mistakes: readonly (readonly [title: string, args: readonly string[], code: number, says: RegExp])[] = [
    [
      "a kernel larger than the input",
      ["--input", "4x4", "--kernel", "5"],
      1,
      /the kernel 5 does not fit into 4 \+ 0 \+ 0 = 4: output size floor\(\(4 \+ 0 \+ 0 - 5\) \/ 1\) \+ 1 = 0/,
    ],
    [
      "groups that divide nothing",
      ["--channels", "4,6", "--groups", "3"],
      2,
      /--groups 3 must divide 4 input channels and 6 output channels: 4 \/ 3 = 1.33/,
    ],
    ["a size that is none", ["--input", "5by5"], 2, /--input is 5by5; expected whole numbers >= 1 with x between/],
    ["an unknown padding", ["--padding", "circular"], 2, /--padding is circular; expected .*valid, same/],
    ["an unknown kernel", ["--kernel", "sobell"], 2, /--kernel is sobell; expected .*sobel-x/],
    ["rows of different length", ["--kernel", "1 2; 3"], 2, /rows have 2, 1 numbers/],
    [
      "too large an output padding",
      ["--transposed", "--stride", "2", "--output-padding", "2"],
      2,
      /outputPadding is 2|output padding is 2/,
    ],
    ["two kinds at once", ["--transposed", "--pool", "max"], 2, /--transposed and --pool exclude each other/],
    ["ceil mode of a convolution", ["--ceil"], 2, /--ceil belongs to --pool/],
    ["a window that is not there", ["--frame", "10"], 2, /--frame is 10; there are 9 windows/],
    ["a question without a kernel", ["--output-size", "3"], 2, /needs --kernel .* or --input/],
    ["a matrix of a maximum", ["--pool", "max", "--matrix"], 2, /max pooling has no matrix/],
    ["a picture of a giant", ["--input", "500x500", "--svg", "giant.svg"], 2, /too large/],
    ["a size beyond exact counting", ["--input", "99999999999999999999"], 2, /--input is \d+; at most 1000000000$/m],
    [
      "too many inputs to try",
      ["--output-size", "1000000000", "--kernel", "3", "--stride", "1000000000"],
      2,
      /candidates to try; at most 1000000/,
    ],
    [
      "too many inputs of a transposed convolution",
      ["--transposed", "--output-size", "1000000000", "--kernel", "3", "--dilation", "10000000"],
      2,
      /10000000 inputs from .* give 1000000000; --stride or --input narrows/,
    ],
    ["a picture of a giant padding", ["--stride", "1000000000", "--padding", "1000000000", "--svg", "giant.svg"], 2, /too large/],
    ["stride 0", ["--stride", "0"], 2, /--stride is 0; expected whole numbers >= 1/],
  ];
  test.concurrent.each(mistakes)("explains %s in one line", async (_, args, code, says) => {
    const outcome = await fovea("conv", ...args);
    expect(outcome.err).toMatch(says);
    expect(outcome.err).not.toMatch(/^\s+at |internal error/m);
    expect(outcome.code).toBe(code);
  });
});

describe("fovea filter", () => {
  test("H11 edges by default: a PNG and a raw range for every classic kernel, and one page", async () => {
    const pixels = new Uint8Array(24 * 16).map((_, i) => (i % 24 < 12 ? 255 : 0));
    await writeFile(join(folder, "half.png"), encodePng({ width: 24, height: 16, channels: 1, data: pixels }));
    const { code, out, err } = await fovea("filter", "half.png", "--out", "edges");
    expect([code, err]).toEqual([0, expect.stringContaining("half-filters.html")]);
    expect(out).toMatch(/sobel-x\s+−4\s+0\s/);
    expect(out).toMatch(/sobel-y\s+0\s+0\s+0\s/);
    const files = await readdir(join(folder, "edges"));
    expect(files.filter((f) => f.endsWith(".png"))).toHaveLength(7);
    const sobel = decodeImage(new Uint8Array(await readFile(join(folder, "edges/half-sobel-x.png"))));
    expect([sobel.width, sobel.height]).toEqual([24, 16]);
    const { filters } = JSON.parse(await readFile(join(folder, "edges/half-filters.json"), "utf8"));
    expect(filters.find((f: { kernel: string }) => f.kernel === "laplace")).toMatchObject({ low: -1, high: 1 });
  });

  test.skipIf(!existsSync(photo))("H11 a photograph in colour, with kernels by name and by number", async () => {
    const { code, out } = await fovea("filter", photo, "--kernel", "sharpen", "--kernel", "1 0 -1; 2 0 -2; 1 0 -1", "--out", "dog");
    expect(code).toBe(0);
    expect(out).toContain("dog-kernel-2.png");
    const picture = decodeImage(new Uint8Array(await readFile(join(folder, "dog/dog-sharpen.png"))));
    expect([picture.width, picture.height]).toEqual([768, 576]);
    expect(JSON.parse(await readFile(join(folder, "dog/dog-filters.json"), "utf8"))).toMatchObject({ channels: 3 });
  });

  test.each([
    ["an unknown kernel", ["half.png", "--kernel", "sobel"], 2, /--kernel is sobel; expected all-edges/],
    ["a word among numbers", ["half.png", "--kernel", "1 two 3"], 2, /"two" is not a number/],
    ["a picture that is not there", ["nowhere.png"], 1, /nowhere.png/],
  ] as const)("explains %s in one line", async (_, args, code, says) => {
    const outcome = await fovea("filter", ...args);
    expect(outcome.err).toMatch(says);
    expect(outcome.err).not.toMatch(/^\s+at |internal error/m);
    expect(outcome.code).toBe(code);
  });
});
