// The longest tasks of the page's own thread in every view of the lab, by Chromium's trace, with what was done then and what took the time:
//   npx tsx bench/lab-tasks.ts [--folder dist/lab] [--only TEXT] [--width 1280] [--net FILE.onnx] [--over 50] [--profile]
// Judged by thread time: on a machine with other work, a task's wall time counts what others did. --profile adds functions (build with `--minify false`).
import { parseArgs } from "node:util";
import type { Browser, Page } from "playwright-core";
import { serveFolder } from "../src/cli/serve-folder.ts";
import { labRooms, labViews } from "../tools/lab-views.ts";

const { values: options } = parseArgs({
  options: {
    folder: { type: "string", default: new URL("../dist/lab", import.meta.url).pathname },
    only: { type: "string", default: "" },
    width: { type: "string", default: "1280" },
    net: { type: "string" },
    over: { type: "string", default: "50" },
    profile: { type: "boolean", default: false },
  },
});

/** What Chromium writes per event: times in microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly id?: string;
  readonly args?: {
    readonly name?: string;
    readonly data?: {
      readonly functionName?: string;
      readonly url?: string;
      readonly cpuProfile?: { readonly nodes?: readonly ProfileNode[]; readonly samples?: readonly number[] };
      readonly timeDeltas?: readonly number[];
      readonly startTime?: number;
    };
  };
}
interface ProfileNode {
  readonly id: number;
  readonly parent?: number;
  readonly callFrame: { readonly functionName: string; readonly url?: string; readonly lineNumber?: number };
}
interface Scenario {
  readonly name: string;
  readonly query: string;
  /** Does things, and calls `step` before each. */
  act(page: Page, step: (name: string) => Promise<void>): Promise<void>;
}
interface LongTask {
  readonly step: string;
  readonly thread: number;
  readonly wall: number;
  readonly parts: string;
}

const pause = 1500;
const views: Scenario[] = labViews.map(({ name, query, press = [] }) => ({
  name,
  query,
  async act(page, step) {
    for (const selector of press) {
      await step(`press ${selector}`);
      await page.locator(selector).first().click();
    }
    await page.waitForTimeout(pause);
  },
}));
const rooms: Scenario = {
  name: "from room to room",
  query: "room=start",
  async act(page, step) {
    await step("the other rooms come");
    await page.waitForTimeout(8000);
    for (const round of [1, 2])
      for (const room of labRooms) {
        await step(`${room}, visit ${round}`);
        await page.locator(`nav a[href="?room=${room}"]`).click();
        await page.waitForTimeout(pause);
      }
    await step("language");
    await page.locator("[data-control=language]").click();
    await page.waitForTimeout(pause);
  },
};
const films: Scenario = {
  name: "films",
  query: "room=convolve&tab=edges",
  async act(page, step) {
    for (const button of await page.getByRole("button", { name: "GIF", exact: true }).all()) {
      await step("a GIF");
      await button.click();
      await page.waitForTimeout(2 * pause);
    }
    await page.locator('nav a[href="?room=convolve"]').click();
  },
};
const large: Scenario = {
  name: "a large net",
  query: "room=open",
  async act(page, step) {
    await step("give the file");
    await page
      .getByLabel("Choose a file …")
      .and(page.locator("input"))
      .setInputFiles(options.net as string);
    await page.waitForTimeout(3 * pause);
    for (const tab of ["run", "explain"]) {
      await step(`open, ${tab}`);
      await page
        .getByRole("tab")
        .nth(tab === "run" ? 1 : 2)
        .click();
      await page.waitForTimeout(2 * pause);
    }
    await step("network");
    await page.locator('nav a[href="?room=network"]').click();
    await page.waitForTimeout(4 * pause);
    await step("network, scrolled");
    for (let i = 0; i < 8; i++) {
      await page.evaluate(() => document.querySelector(".scroll.frame")?.scrollBy(600, 0));
      await page.mouse.wheel(0, 600);
      await page.waitForTimeout(300);
    }
    await page.waitForTimeout(pause);
    for (const tab of [1, 2, 3]) {
      await step(`network, tab ${tab}`);
      await page.getByRole("tab").nth(tab).click();
      await page.waitForTimeout(2 * pause);
    }
    await step("neurons");
    await page.locator('nav a[href="?room=neurons"]').click();
    await page.waitForTimeout(4 * pause);
    for (let tab = 1; tab < 9; tab++) {
      await step(`neurons, tab ${tab}`);
      const button = page.getByRole("tab").nth(tab);
      if ((await button.count()) > 0) await button.click();
      await page.waitForTimeout(pause);
    }
  },
};

async function longTasks(browser: Browser, url: string, { query, act }: Scenario): Promise<LongTask[]> {
  const page = await browser.newPage({ viewport: { width: Number(options.width), height: 900 } });
  page.setDefaultTimeout(10_000);
  await browser.startTracing(page, {
    categories: [
      "toplevel",
      "devtools.timeline",
      "disabled-by-default-devtools.timeline",
      "blink.user_timing",
      "v8",
      ...(options.profile ? ["disabled-by-default-v8.cpu_profiler"] : []),
    ],
  });
  await page.goto(`${url}?${query}&lang=en`);
  const step = async (name: string): Promise<void> => {
    await page.evaluate((mark) => performance.mark(mark), `step ${name}`);
  };
  await page.waitForTimeout(pause);
  await act(page, step).catch((error: Error) => console.log(`  ! ${error.message.split("\n")[0]}`));
  const trace = await browser.stopTracing();
  await page.close();
  return read((JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] }).traceEvents);
}

function read(events: readonly TraceEvent[]): LongTask[] {
  const marks = events.filter(({ name, ph }) => name.startsWith("step ") && (ph === "I" || ph === "R")).sort((a, b) => a.ts - b.ts);
  const own = mainThread(events);
  const [complete, samples] = [events.filter((event) => event.ph === "X" && own(event)), samplesOf(events)];
  const long = complete.filter(({ name, tdur = 0 }) => name === "RunTask" && tdur > Number(options.over) * 1000);
  return long.map((task) => {
    const end = task.ts + (task.dur ?? 0);
    const within = complete.filter(({ ts, dur = 0, name }) => ts >= task.ts && ts + dur <= end && !/RunTask$/.test(name));
    const sums = new Map<string, number>();
    const add = (key: string, took: number): void => void sums.set(key, (sums.get(key) ?? 0) + took);
    for (const { name, dur = 0, args } of within) {
      const { functionName, url } = args?.data ?? {};
      if (dur > 5000) add([name, functionName, url?.replace(/^.*\//, "")].filter(Boolean).join(" "), dur);
    }
    for (const { ts, took, stack } of samples) if (ts >= task.ts && ts <= end) for (const name of stack) add(`· ${name}`, took);
    const top = [...sums].sort((a, b) => b[1] - a[1]).slice(0, options.profile ? 45 : 5);
    return {
      step: marks.findLast(({ ts }) => ts <= task.ts)?.name.slice(5) ?? "load",
      thread: (task.tdur ?? 0) / 1000,
      wall: (task.dur ?? 0) / 1000,
      parts: top.map(([name, took]) => `${name} ${(took / 1000).toFixed(0)}`).join(options.profile ? "\n        " : "; "),
    };
  });
}

/** The thread of the page itself: the main thread of the renderer that did most; Chromium has a spare one. */
function mainThread(events: readonly TraceEvent[]): (event: TraceEvent) => boolean {
  const threads = events.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain");
  const counts = new Map<number, number>();
  for (const { pid, name } of events) if (name === "FunctionCall") counts.set(pid, (counts.get(pid) ?? 0) + 1);
  const [busiest] = threads.sort((a, b) => (counts.get(b.pid) ?? 0) - (counts.get(a.pid) ?? 0));
  return ({ pid, tid }) => pid === busiest?.pid && tid === busiest.tid;
}

/** Every sample of the profiler with the functions on its stack, each once. */
function samplesOf(events: readonly TraceEvent[]): { ts: number; took: number; stack: readonly string[] }[] {
  if (!options.profile) return [];
  const result: { ts: number; took: number; stack: readonly string[] }[] = [];
  const profiles = Map.groupBy(
    events.filter(({ name }) => name === "Profile" || name === "ProfileChunk"),
    ({ pid, id }) => `${pid} ${id}`,
  );
  for (const chunks of profiles.values()) {
    let at = chunks.find(({ name }) => name === "Profile")?.args?.data?.startTime ?? 0;
    const nodes = new Map<number, ProfileNode>();
    for (const { args } of chunks) for (const node of args?.data?.cpuProfile?.nodes ?? []) nodes.set(node.id, node);
    for (const { args } of chunks) {
      const deltas = args?.data?.timeDeltas ?? [];
      (args?.data?.cpuProfile?.samples ?? []).forEach((sample, i) => {
        at += deltas[i];
        const stack = new Set<string>();
        for (let node = nodes.get(sample); node !== undefined; node = node.parent === undefined ? undefined : nodes.get(node.parent)) {
          const { functionName, url = "", lineNumber = 0 } = node.callFrame;
          stack.add(`${functionName || "(anonymous)"} ${url.replace(/^.*\//, "")}:${lineNumber + 1}`);
        }
        result.push({ ts: at, took: deltas[i], stack: [...stack] });
      });
    }
  }
  return result;
}

async function main(): Promise<void> {
  const { chromium } = await import("playwright-core");
  const served = await serveFolder(options.folder, { port: 0 });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
  try {
    const all = [rooms, films, ...(options.net === undefined ? [] : [large]), ...views];
    for (const scenario of all.filter(({ name }) => name.includes(options.only))) {
      const tasks = await longTasks(browser, served.url, scenario);
      console.log(`${scenario.name}: ${tasks.length === 0 ? `no task over ${options.over} ms` : ""}`);
      for (const { step, thread, wall, parts } of tasks.sort((a, b) => b.thread - a.thread).slice(0, 8))
        console.log(`  ${thread.toFixed(0)} ms of thread time (${wall.toFixed(0)} of wall) · ${step}: ${parts}`);
    }
  } finally {
    await browser.close();
    await served.close();
  }
}

await main();
