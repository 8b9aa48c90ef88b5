// A process killed in the middle of writing a checkpoint: the last finished one still loads, and training goes on from it as if
// nothing had happened.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adam, type FitOptions, fit, loadCheckpoint } from "../../src/train/index.ts";
import { barNet, bars } from "./tiny.ts";

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const options: FitOptions = { epochs: 10, batchSize: 8, seed: 5, optimiser: adam(0.01), device: "reference" };

let root = "";
let bundle = "";
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "fovea-kill-"));
  bundle = join(root, "train.mjs");
  await build({
    stdin: {
      contents: `export { fit, adam } from ${JSON.stringify(source("../../src/train/index.ts"))};
        export { barNet, bars } from ${JSON.stringify(source("./tiny.ts"))};`,
      resolveDir: source("."),
      loader: "ts",
    },
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: bundle,
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    plugins: [
      { name: "platform", setup: (b) => b.onResolve({ filter: /^#platform$/ }, () => ({ path: source("../../src/platform/node.ts") })) },
    ],
  });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Trains in a process of its own that saves after every step, and kills it `wait` milliseconds after its first checkpoint. */
async function killedTraining(folder: string, wait: number): Promise<number> {
  const script = `import { fit, adam, barNet, bars } from ${JSON.stringify(bundle)};
    const { optimiser: _, ...options } = ${JSON.stringify(options)};
    await fit(barNet, bars(45), { ...options, optimiser: adam(0.01),
      checkpoint: { folder: ${JSON.stringify(folder)}, everySteps: 1 },
      onStep: ({ step }) => { if (step > 1) console.log("saved " + (step - 1)); } });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  child.stdout.on("data", (chunk) => {
    printed += String(chunk);
  });
  const closed = new Promise((resolve) => child.on("close", resolve));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  await new Promise((resolve) => setTimeout(resolve, wait));
  child.kill("SIGKILL");
  await closed;
  return Number(/saved (\d+)\s*$/.exec(printed.slice(0, printed.lastIndexOf("\n") + 1))?.[1]);
}

test("ET8 a process killed while it saves leaves a checkpoint that loads and resumes to the same bits", async () => {
  const straight = await fit(barNet, bars(45), options);
  for (const wait of [0, 17, 41]) {
    const folder = join(root, `run-${wait}`, "checkpoint");
    const saved = await killedTraining(folder, wait);
    const checkpoint = await loadCheckpoint(folder);
    // What was reported as saved is there; the step after it may have made it, too, and its report not.
    expect(checkpoint.state.step).toBeGreaterThanOrEqual(saved);
    expect(checkpoint.state.step).toBeLessThan(60);
    expect(checkpoint.optimiser.get("step")?.item()).toBe(checkpoint.state.step);
    const resumed = await fit(barNet, bars(45), { ...options, resume: folder });
    for (const [name, tensor] of straight.state()) expect(resumed.state().get(name)?.data, name).toEqual(tensor.data);
  }
});
