// What leaves the room Train, opened again where it is meant to go: other programs, the command line, a compiler, another machine.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addInspectCommand } from "../../src/cli/inspect.ts";
import { adam, predict, readModel, readOnnx, synthetic, zoo } from "../../src/index.ts";
import { readZip, writeZip } from "../../src/io/index.ts";
import { openTraining } from "../../src/train/index.ts";
import { run } from "../cli/in-process.ts";
import { canOpen, startLab } from "./page.ts";

const net = "conv(4 3) relu maxpool(2) flatten linear(out)";
const steps = 12;
const address = `?room=train&lang=en&pictures=200&batch=20&threads=1&panel=files&stopSteps=${steps}&arch=${encodeURIComponent(net)}`;
const root = fileURLToPath(new URL("../../", import.meta.url));
const runtime = join(root, "bench/node_modules/onnxruntime-node");

/** What is used of onnxruntime-node, which only the benchmarks install. */
interface Runtime {
  readonly Tensor: new (type: "float32", data: Float32Array, shape: readonly number[]) => { readonly data: unknown };
  readonly InferenceSession: {
    create(model: Uint8Array): Promise<{
      readonly inputNames: readonly string[];
      readonly outputNames: readonly string[];
      run(feeds: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, { readonly data: unknown }>>>;
    }>;
  };
}

async function taken(page: Page, button: string | RegExp): Promise<Buffer> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: button }).first().click()]);
  return readFileSync(await download.path());
}

describe.skipIf(!canOpen)("the files of the room Train", { timeout: 120_000 }, () => {
  const lab = startLab();
  let folder = "";
  let page: Page;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fovea-lab-files-"));
    ({ page } = await lab.open(address));
    await page.waitForSelector(".go:not(:disabled)");
    await page.locator(".go").click();
    await page.getByText("the number of steps is reached").waitFor();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** The same training in Node. */
  async function here(): Promise<{ readonly training: Awaited<ReturnType<typeof openTraining>>; readonly losses: number[] }> {
    const { train } = await synthetic({ size: 32, channels: 3, seed: 0, train: 200, test: 500 });
    const training = await openTraining(zoo.buildNet(zoo.readNet(net), 10), train, { batchSize: 20, optimiser: adam(0.003), threads: 1 });
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) losses.push((await training.step()).loss);
    return { training, losses };
  }

  test("LF42 L21 ONNX and safetensors hold the net that was trained, for the library and for onnxruntime", async () => {
    const onnx = await taken(page, "ONNX");
    const { training } = await here();
    const model = training.model();
    const { test: held } = await synthetic({ size: 32, channels: 3, seed: 0, train: 200, test: 500 });
    const image = held.image(3);
    const expected = [...(await predict(model, image, { threads: 1 })).probabilities.data];
    const opened = (await readOnnx(onnx)).model();
    const own = [...(await predict(opened, image, { threads: 1 })).probabilities.data];
    for (const [i, share] of own.entries()) expect(share).toBeCloseTo(expected[i], 5);
    const { model: saved } = readModel(await taken(page, "safetensors"));
    for (const [name, tensor] of model.parameters) expect([...(saved.parameters.get(name)?.data ?? [])]).toEqual([...tensor.data]);
    if (existsSync(runtime)) {
      const ort = createRequire(import.meta.url)(runtime) as Runtime;
      const session = await ort.InferenceSession.create(onnx);
      const [input] = session.inputNames;
      const results = await session.run({ [input]: new ort.Tensor("float32", Float32Array.from(image.data), [1, 3, 32, 32]) });
      const scores = [...(results[session.outputNames[0]].data as Float32Array)];
      const most = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - most));
      const total = weights.reduce((a, b) => a + b, 0);
      for (const [i, weight] of weights.entries()) expect(weight / total).toBeCloseTo(expected[i], 4);
    } else console.warn("bench/node_modules/onnxruntime-node is not installed: the ONNX file was read by the library alone");
    training.release();
  });

  test("LF42 LF49 the training as TypeScript compiles, and takes the same steps", async () => {
    const code = (await taken(page, "This training as TypeScript")).toString();
    const path = join(folder, "training.ts");
    await writeFile(path, code);
    const settings = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: {
        paths: {
          fovea: [join(root, "src/index.ts")],
          "fovea/*": [join(root, "src/*/index.ts")],
          "#platform": [join(root, "src/platform/node.ts")],
        },
        types: ["node"],
        typeRoots: [join(root, "node_modules/@types")],
      },
      include: [path],
    };
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(settings));
    const compiled = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8" });
    expect(compiled.stdout.split("\n").filter((line) => line.includes("training.ts"))).toEqual([]);
    expect(compiled.error).toBeUndefined();
    const { losses, training } = await here();
    const said: unknown[][] = [];
    const spoken = console.log;
    console.log = (...words: unknown[]) => void said.push(words);
    try {
      await writeFile(path, code.replace('from "fovea"', `from ${JSON.stringify(pathToFileURL(join(root, "src/index.ts")).href)}`));
      await import(/* @vite-ignore */ pathToFileURL(path).href);
    } finally {
      console.log = spoken;
    }
    expect(said.slice(0, steps).map(([, loss]) => loss)).toEqual(losses);
    expect(said.at(-1)?.[0]).toBe("test");
    training.release();
  });

  test("LF42 L21 the report is one HTML file; curves are CSV, SVG and PNG; filters over time are a GIF", async () => {
    const { losses, training } = await here();
    training.release();
    const html = (await taken(page, "Report (HTML)")).toString();
    expect(html).toMatch(/^<!doctype html>/i);
    expect(html).toContain(`step ${steps}`);
    expect(html).not.toMatch(/(src|href)="https?:/);
    const csv = (await taken(page, "Curves as CSV")).toString().trim().split("\n");
    expect(csv[0]).toBe("step,part,loss,accuracy");
    expect(csv.filter((line) => line.includes(",training,")).map((line) => Number(line.split(",")[2]))).toEqual(losses);
    const svg = (await taken(page, "SVG: Loss")).toString();
    expect(svg).toMatch(/^<svg[^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(svg).toContain('stroke="rgb(');
    expect(svg).not.toContain("var(--");
    expect([...(await taken(page, "PNG: Loss")).subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
    const gif = await taken(page, /over time \(GIF\)/);
    expect(gif.subarray(0, 6).toString("latin1")).toBe("GIF89a");
    // Steps 0, 5, 10 and 12: a frame each.
    expect(gif.toString("latin1").split("\x21\xf9\x04").length - 1).toBe(4);
  });

  test("LF41 LF42 the run file opens at the command line; one of another machine says what makes equal bits impossible", async () => {
    const bytes = await taken(page, "Save the run");
    const path = join(folder, "run.zip");
    await writeFile(path, bytes);
    expect((await run(addInspectCommand, ["inspect", path])).out).toContain(`net: ${net}: input 3 x 32 x 32`);
    const files = readZip(bytes);
    const saved = JSON.parse(new TextDecoder().decode(files.get("lab.json"))) as { machine: { threads: number; tier: string } };
    expect(saved.machine.threads).toBe(1);
    const other = { ...saved, machine: { ...saved.machine, threads: 7, tier: "future" } };
    const changed = writeZip(new Map([...files, ["lab.json", new TextEncoder().encode(JSON.stringify(other))]]));
    const open = page.locator('input[accept=".zip"]');
    await open.setInputFiles({ name: "run.zip", mimeType: "application/zip", buffer: Buffer.from(changed) });
    const words = await page.getByTestId("others").textContent();
    expect(words).toContain("It had 7 threads, here are 1");
    expect(words).toContain(`the instructions "future", here they use "${saved.machine.tier}"`);
    // A weight that no training gives: the replay finds it, and names the machine.
    const checkpoint = files.get("checkpoint/model.safetensors")?.slice();
    if (checkpoint === undefined) throw new Error("there is no checkpoint");
    checkpoint[checkpoint.length - 2] ^= 1;
    const forged = writeZip(
      new Map([...files, ["lab.json", new TextEncoder().encode(JSON.stringify(other))], ["checkpoint/model.safetensors", checkpoint]]),
    );
    await open.setInputFiles({ name: "forged.zip", mimeType: "application/zip", buffer: Buffer.from(forged) });
    await page.getByRole("button", { name: /^Replay/ }).click();
    const replayed = await page.getByTestId("replayed").textContent();
    expect(replayed).toContain("the weights differ in bits. It had 7 threads, here are 1");
    await open.setInputFiles({ name: "run.zip", mimeType: "application/zip", buffer: bytes });
    await page.getByTestId("others").waitFor({ state: "detached" });
    await page.getByRole("button", { name: /^Replay/ }).click();
    await page.getByTestId("replayed").filter({ hasText: "every bit of every weight is the same" }).waitFor();
  });
});
