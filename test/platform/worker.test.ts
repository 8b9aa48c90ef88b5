// Threads: the script sees the same port everywhere, shares memory, reports errors, and never keeps a finished program alive.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { availableThreads, canBlock, environment, setEngineFlag, sharedMemory, startWorker } from "../../src/platform/node.ts";

test("PR6 a worker answers messages and shares memory", async () => {
  const worker = startWorker(`port.onMessage((shared) => { Atomics.add(shared, 0, 41); port.postMessage("done"); });`, { name: "adder" });
  const answer = new Promise((resolve, reject) => {
    worker.onMessage(resolve);
    worker.onError(reject);
  });
  const shared = new Int32Array(new SharedArrayBuffer(4)).fill(1);
  worker.ref();
  worker.postMessage(shared);
  expect(await answer).toBe("done");
  expect(shared[0]).toBe(42);
  await worker.terminate();
});

test("an error in the script arrives as an error, once", async () => {
  const worker = startWorker(`throw new Error("planted");`);
  const errors: Error[] = [];
  await new Promise<void>((resolve) => {
    worker.onError((error) => {
      errors.push(error);
      setTimeout(resolve, 50);
    });
    worker.ref();
  });
  expect(errors.map((e) => e.message)).toEqual(["planted"]);
});

test("a worker that ends by itself is reported, one that is terminated is not", async () => {
  const quitter = startWorker(`process.exit(3);`);
  quitter.ref();
  const error = await new Promise<Error>((resolve) => quitter.onError(resolve));
  expect(error.message).toMatch(/ended unexpectedly with code 3/);
  const victim = startWorker(`port.onMessage(() => {});`);
  let reported = false;
  victim.onError(() => {
    reported = true;
  });
  await victim.terminate();
  expect(reported).toBe(false);
});

test("a program ends although its workers wait forever in Atomics.wait", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fovea-worker-"));
  try {
    const bundle = join(folder, "platform.mjs");
    const entry = fileURLToPath(new URL("../../src/platform/node.ts", import.meta.url));
    await build({ entryPoints: [entry], bundle: true, platform: "node", format: "esm", outfile: bundle });
    const script = `import { startWorker } from ${JSON.stringify(bundle)};
      const shared = new Int32Array(new SharedArrayBuffer(8));
      const worker = startWorker("port.onMessage((s) => { Atomics.store(s, 1, 1); Atomics.notify(s, 1); Atomics.wait(s, 0, 0); });");
      worker.postMessage(shared);
      Atomics.wait(shared, 1, 0);
      console.log("end of program");`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { timeout: 20_000 });
    expect(stdout).toBe("end of program\n");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("PR6 the environment says what threads there are and whether they can share and wait", () => {
  expect(availableThreads()).toBeGreaterThanOrEqual(1);
  expect(sharedMemory()).toEqual({ available: true, reason: "" });
  expect(canBlock()).toBe(true);
  expect(environment().runtime).toBe("node");
  expect(environment().v8?.[0]).toBeGreaterThanOrEqual(11);
  expect(setEngineFlag("--no-trace-gc")).toBe(true);
});
