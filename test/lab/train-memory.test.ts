// Whether training in the page keeps its memory: the page's and the worker's heap after collecting, and what the worker's buffers hold, wasm
// memory included. FOVEA_LAB_MINUTES is how long it trains (60 is the promise); the usual run is a minute.
import { existsSync, readFileSync } from "node:fs";
import type { CDPSession, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { isLong } from "../support/long.ts";
import { canOpen, startLab } from "./page.ts";

const minutes = Number(process.env.FOVEA_LAB_MINUTES ?? (isLong ? 60 : 1));
const samples = 12;
/** Until code is compiled, buffers have their sizes and the time line has begun to thin itself. */
const warmUp = 20_000;

interface HeapUsage {
  readonly usedSize: number;
  /** Of ArrayBuffers and wasm memories. */
  readonly backingStorageSize?: number;
}

/** Talks to the page's training worker, which has a heap of its own. */
class WorkerHeap {
  readonly #session: CDPSession;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #id = 0;
  #worker: string | undefined;

  constructor(session: CDPSession) {
    this.#session = session;
  }

  async attach(): Promise<void> {
    this.#session.on("Target.attachedToTarget", ({ sessionId, targetInfo }) => {
      if (targetInfo.type === "worker" && targetInfo.title.includes("training")) this.#worker = sessionId;
    });
    this.#session.on("Target.receivedMessageFromTarget", ({ message }) => {
      const { id, result } = JSON.parse(message) as { id: number; result: unknown };
      this.#waiting.get(id)?.(result);
    });
    await this.#session.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  }

  async usage(): Promise<HeapUsage> {
    await this.#send("HeapProfiler.collectGarbage");
    return (await this.#send("Runtime.getHeapUsage")) as HeapUsage;
  }

  async #send(method: string): Promise<unknown> {
    if (this.#worker === undefined) throw new Error("the training worker did not show itself");
    const id = ++this.#id;
    const answered = new Promise((resolve) => this.#waiting.set(id, resolve));
    await this.#session.send("Target.sendMessageToTarget", { sessionId: this.#worker, message: JSON.stringify({ id, method }) });
    return answered;
  }
}

interface Sample {
  readonly seconds: number;
  readonly step: number;
  /** In MB. */
  readonly page: number;
  readonly worker: number;
  readonly buffers: number;
  /** Checkpoints of the time line, whose budget is their own. */
  readonly kept: number;
  readonly resident: number | undefined;
}

async function measure(page: Page, session: CDPSession, worker: WorkerHeap, began: number): Promise<Sample> {
  await session.send("HeapProfiler.collectGarbage");
  const own = (await session.send("Runtime.getHeapUsage")) as HeapUsage;
  const { usedSize, backingStorageSize = 0 } = await worker.usage();
  const note = (await page.getByTestId("kept").textContent()) ?? "";
  const mega = (bytes: number): number => Math.round(bytes / 2 ** 14) / 64;
  return {
    seconds: Math.round((Date.now() - began) / 1000),
    step: Number(await page.getByTestId("step").textContent()),
    page: mega(own.usedSize + (own.backingStorageSize ?? 0)),
    worker: mega(usedSize),
    buffers: mega(backingStorageSize),
    kept: Number(/([\d.]+) MB/.exec(note)?.[1] ?? Number.NaN),
    resident: await residentOf(page),
  };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Resident memory of the page's process and its workers, in MB, where the system tells it: a second opinion. */
async function residentOf(page: Page): Promise<number | undefined> {
  const session = await page.context().browser()?.newBrowserCDPSession();
  const { processInfo } = (await session?.send("SystemInfo.getProcessInfo")) ?? { processInfo: [] };
  await session?.detach();
  const sizes = processInfo
    .filter(({ type }) => type === "renderer")
    .map(({ id }) => {
      const file = `/proc/${id}/status`;
      return existsSync(file) ? Number(/VmRSS:\s+(\d+)/.exec(readFileSync(file, "utf8"))?.[1] ?? 0) / 1024 : 0;
    });
  return sizes.length === 0 ? undefined : Math.round(Math.max(...sizes));
}

describe.skipIf(!canOpen)("the room Train, for long", () => {
  const lab = startLab();

  test("LP4 looking at the net while it learns leaves no listeners behind", { timeout: 60_000 }, async () => {
    const { page, problems } = await lab.open("?room=start&lang=en");
    await page.addInitScript(() => {
      const { addEventListener, removeEventListener } = AbortSignal.prototype;
      const listening = new Set<unknown>();
      Object.assign(globalThis, { listening, heard: 0 });
      AbortSignal.prototype.addEventListener = function (this: AbortSignal, ...given: Parameters<typeof addEventListener>) {
        listening.add(given[1]);
        (globalThis as unknown as { heard: number }).heard++;
        addEventListener.apply(this, given);
      } as typeof addEventListener;
      AbortSignal.prototype.removeEventListener = function (this: AbortSignal, ...given: Parameters<typeof removeEventListener>) {
        listening.delete(given[1]);
        removeEventListener.apply(this, given);
      } as typeof removeEventListener;
    });
    await page.goto(new URL("?room=train&lang=en&pictures=200", lab.url()).href);
    await page.waitForSelector(".go:not(:disabled)");
    await page.locator(".go").click();
    const counts = (): Promise<readonly [heard: number, left: number]> =>
      page.evaluate(() => {
        const { listening, heard } = globalThis as unknown as { listening: Set<unknown>; heard: number };
        return [heard, listening.size];
      });
    await expect.poll(async () => (await counts())[0], { timeout: 40_000 }).toBeGreaterThan(30);
    const [heard, left] = await counts();
    expect(left, `of ${heard}`).toBeLessThan(10);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test(`LP4 ${minutes} minutes of training keep memory flat within 10 %`, { timeout: 60_000 * (minutes + 3) }, async () => {
    // Small epochs, so that there are many, and so many parameters that the time line is full soon.
    const net = "conv(16 3 pad=same) relu maxpool(2) conv(32 3 pad=same) relu maxpool(2) flatten linear(out)";
    const { page, problems } = await lab.open(`?room=train&lang=en&pictures=200&rate=0.001&arch=${encodeURIComponent(net)}`);
    await page.waitForSelector(".go:not(:disabled)");
    const session = await page.context().newCDPSession(page);
    await session.send("HeapProfiler.enable");
    const worker = new WorkerHeap(session);
    await worker.attach();
    await page.locator(".go").click();
    const began = Date.now();
    await page.waitForTimeout(warmUp);
    const seen: Sample[] = [];
    for (let i = 0; i < samples; i++) {
      seen.push(await measure(page, session, worker, began));
      console.info(JSON.stringify(seen.at(-1)));
      await page.waitForTimeout((60_000 * minutes) / samples);
    }
    seen.push(await measure(page, session, worker, began));
    console.info(JSON.stringify(seen.at(-1)));
    const total = ({ page: own, worker: heap, buffers, kept }: Sample): number => own + heap + buffers - kept;
    const [first] = seen;
    expect(first.step).toBeGreaterThan(50);
    expect(seen.at(-1)?.step).toBeGreaterThan(first.step + 20);
    expect(first.buffers, "this Chromium does not tell what buffers hold").toBeGreaterThan(1);
    expect(Math.max(...seen.map(({ kept }) => kept))).toBeLessThanOrEqual(64);
    // The first quarter may still settle. Single measurements scatter by what waits for the collector; a leak lifts the middle.
    const settled = seen.slice(samples / 4).map(total);
    const third = Math.ceil(settled.length / 3);
    const grown = median(settled.slice(-third)) / median(settled.slice(0, third));
    console.info(`grown by ${(100 * (grown - 1)).toFixed(1)} % in ${minutes} minutes`);
    expect(grown).toBeLessThan(1.1);
    expect(problems).toEqual([]);
  });
});
