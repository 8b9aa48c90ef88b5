// Drives the built lab as a person would: served as `fovea lab` serves it, in headless Chromium. `npm run build:lab` makes what is tested.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { serveFolder } from "../../src/cli/serve-folder.ts";

/** FOVEA_LAB is another build, such as one of an engineer who works beside others. */
export const labFolder: string = process.env.FOVEA_LAB ?? fileURLToPath(new URL("../../dist/lab", import.meta.url));
const binary = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (path) => path !== undefined && existsSync(path),
);

/** Both a browser and a built lab are there; without them the tests are skipped, visibly. */
export const canOpen: boolean = binary !== undefined && existsSync(`${labFolder}/index.html`);
if (!canOpen) console.warn("no Chromium, or no built lab (npm run build:lab): the lab is not tested");

const flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"];

export interface Lab {
  /** Opens the lab at this address, such as "?room=convolve&lang=en", in a page of its own. Errors of the page fail the test that asks `problems`. */
  open(address?: string, options?: BrowserContextOptions): Promise<LabPage>;
  readonly url: () => string;
}

export interface LabPage {
  readonly page: Page;
  /** What the page complained about: uncaught errors, console errors, requests that failed. Expect it to be empty. */
  readonly problems: string[];
}

/** For the top of a test file: starts a server and a browser for all its tests; `more` are flags of Chromium, such as for a camera that is none. */
export function startLab(more: readonly string[] = []): Lab {
  let browser: Browser;
  let served: Awaited<ReturnType<typeof serveFolder>>;
  beforeAll(async () => {
    if (!canOpen) return;
    [served, browser] = await Promise.all([
      serveFolder(labFolder, { port: 0 }),
      chromium.launch({ ...(binary !== undefined && { executablePath: binary }), args: [...flags, ...more] }),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });
  return {
    url: () => served.url,
    async open(address = "", options = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", ...options });
      const page = await context.newPage();
      const problems: string[] = [];
      page.on("pageerror", (error) => problems.push(String(error)));
      page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
      // What a page that was left did not finish loading is nobody's problem.
      page.on(
        "requestfailed",
        (request) =>
          request.failure()?.errorText !== "net::ERR_ABORTED" && problems.push(`${request.url()}: ${request.failure()?.errorText}`),
      );
      await page.goto(new URL(address, served.url).href);
      return { page, problems };
    },
  };
}
