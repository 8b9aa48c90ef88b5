import { expect, test } from "vitest";
import { type Outcome, trainSteps } from "./training-worker.ts";

function inWorker(threads: number): Promise<Outcome> {
  const worker = new Worker(new URL("./training-worker.ts", import.meta.url), { type: "module" });
  return new Promise<Outcome>((resolve, reject) => {
    worker.onmessage = ({ data }) => ("error" in data ? reject(new Error(data.error)) : resolve(data as Outcome));
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(threads);
  }).finally(() => worker.terminate());
}

test("PR6 trains in a worker of the page on two threads, with the losses of one thread", async () => {
  const two = await inWorker(2);
  const one = await inWorker(1);
  expect(two.threads).toBe(2);
  expect(two.notes).toEqual([]);
  expect(one.threads).toBe(1);
  expect(two.losses).toEqual(one.losses);
  expect(two.losses[3]).toBeLessThan(two.losses[0]);
  expect(two.standIns).toBe(0);
});

test("PR6 on the page's own thread, which may not wait, one thread runs and the reason is named", async () => {
  const here = await trainSteps(2);
  expect(here.threads).toBe(1);
  expect(here.notes.join("; ")).toMatch(/one thread only: .+/);
  expect(here.losses).toEqual((await inWorker(1)).losses);
});
