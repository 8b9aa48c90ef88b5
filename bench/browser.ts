// `npm run bench -- browser`: the nine layers in headless Chromium, from a small server whose headers allow shared memory.
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import type { BrowserReport, BrowserTask } from "./browser-worker.ts";
import { processor } from "./machine.ts";
import { type BenchOptions, table } from "./rounds.ts";
import { geometricMeans, grouped, verdictHead, verdictRow } from "./verdict.ts";

const chromiumPath = process.env.FOVEA_CHROMIUM ?? "/usr/bin/chromium";
/** run.mjs has put the worker's bundle beside this one. */
const folders: Readonly<Record<string, string>> = {
  "/onnxruntime-web/": fileURLToPath(new URL("../node_modules/onnxruntime-web/dist/", import.meta.url)),
  "/": fileURLToPath(new URL(".", import.meta.url)),
};
const types: Readonly<Record<string, string>> = { ".mjs": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };

function respond(path: string): { readonly status: number; readonly type: string; readonly body: string | Uint8Array } {
  if (path === "/")
    return { status: 200, type: "text/html", body: '<!doctype html><title>fovea bench</title><link rel="icon" href="data:,">' };
  const prefix = Object.keys(folders).find((p) => path.startsWith(p)) as string;
  const file = join(folders[prefix], normalize(`/${path.slice(prefix.length)}`));
  if (!existsSync(file)) return { status: 404, type: "text/plain", body: "there is no such file" };
  return { status: 200, type: types[extname(file)] ?? "application/octet-stream", body: readFileSync(file) };
}

async function serve(): Promise<{ readonly server: Server; readonly address: string }> {
  const server = createServer((request, response) => {
    const { status, type, body } = respond(new URL(request.url ?? "/", "http://localhost").pathname);
    response.writeHead(status, {
      "content-type": type,
      // Without these two there is no SharedArrayBuffer, hence one thread.
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

export async function benchBrowser({ rounds, json, threads = [2] }: BenchOptions): Promise<void> {
  const { server, address } = await serve();
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox"] });
  try {
    for (const count of threads) {
      const page = await browser.newPage();
      page.on("console", (message) => console.error(`page: ${message.text()}`));
      await page.goto(address);
      const task: BrowserTask = { threads: count, rounds };
      const answer = await page.evaluate(
        (given) =>
          new Promise<{ report?: BrowserReport; failure?: string }>((resolve) => {
            const worker = new Worker("/browser-worker.mjs", { type: "module" });
            worker.addEventListener("message", ({ data }) => resolve(data));
            worker.addEventListener("error", ({ message }) => resolve({ failure: message }));
            worker.postMessage(given);
          }),
        task,
      );
      await page.close();
      if (answer.report === undefined) throw new Error(`bench: the browser failed: ${answer.failure}`);
      show(answer.report, `Chromium ${browser.version()}`, json);
    }
  } finally {
    await browser.close();
    server.close();
  }
}

function show({ verdicts, notes, tier, version }: BrowserReport, browser: string, json: boolean): void {
  for (const note of notes) console.error(note);
  const means = [...grouped(verdicts, (v) => v.group)].flatMap(([group, members]) =>
    geometricMeans("browser", `geometric mean of ${group}`, members),
  );
  const all = [...verdicts, ...means, ...geometricMeans("browser", "geometric mean of all nine", verdicts)];
  if (!json) {
    console.log(`${browser}, tier ${tier}, ${processor()}. onnxruntime-web ${version}. A ratio above 1: fovea is faster.\n`);
    console.log(table(verdictHead, all.map(verdictRow)));
    console.log();
  }
  for (const verdict of all) console.log(JSON.stringify(verdict));
  console.log(JSON.stringify({ bench: "browser", machine: processor(), browser, tier, versions: { "onnxruntime-web": version } }));
}
