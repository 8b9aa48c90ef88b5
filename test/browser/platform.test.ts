// The browser's side of `#platform`, and what is built on it: threads that share memory, files refused with a reason, the same bits as in Node.
import { expect, test } from "vitest";
import { synthetic } from "../../src/data/synthetic.ts";
import { gunzip } from "../../src/io/gzip.ts";
import { decodeImage, encodePng } from "../../src/io/image.ts";
import { availableThreads, canBlock, environment, readFile, setEngineFlag, sharedMemory, startWorker } from "../../src/platform/browser.ts";
import { FileError } from "../../src/tensor/errors.ts";
import { syntheticChecksum } from "../data/checksum.ts";

test("PR6 an isolated page shares memory with its workers; the main thread may not wait", async () => {
  expect(sharedMemory()).toEqual({ available: true, reason: "" });
  expect([canBlock(), environment().runtime, setEngineFlag("--x")]).toEqual([false, "browser", false]);
  expect(environment().v8?.[0]).toBeGreaterThanOrEqual(10);
  expect(availableThreads()).toBeGreaterThanOrEqual(1);
  const worker = startWorker(
    `port.onMessage((shared) => { Atomics.wait(shared, 0, 0, 1); Atomics.add(shared, 0, 41); port.postMessage("done"); });`,
    { name: "adder" },
  );
  const shared = new Int32Array(new SharedArrayBuffer(4)).fill(1);
  const answer = new Promise((resolve, reject) => {
    worker.onMessage(resolve);
    worker.onError(reject);
  });
  worker.postMessage(shared);
  expect(await answer).toBe("done");
  expect(shared[0]).toBe(42);
  await worker.terminate();
});

test("an error in a worker's script arrives as an error", async () => {
  const worker = startWorker(`port.onMessage(() => { throw new Error("planted"); });`);
  const error = new Promise<Error>((resolve) => worker.onError(resolve));
  worker.postMessage(0);
  expect((await error).message).toContain("planted");
  await worker.terminate();
});

test("files are refused with a typed error", async () => {
  await expect(readFile("model.onnx")).rejects.toBeInstanceOf(FileError);
});

test("EF5 EF6 PNG, gzip and the synthetic pictures give the same bits as in Node", async () => {
  const picture = { width: 5, height: 3, channels: 3, data: Uint8Array.from({ length: 45 }, (_, i) => (i * 17) % 256) } as const;
  expect(decodeImage(encodePng(picture))).toEqual(picture);
  const packed = new Response(new Blob([picture.data]).stream().pipeThrough(new CompressionStream("gzip")));
  expect(await gunzip(new Uint8Array(await packed.arrayBuffer()))).toEqual(picture.data);
  const { train } = await synthetic({ train: 100, test: 1, channels: 3, seed: 11 });
  expect(syntheticChecksum(train)).toBe(3605973807);
});
