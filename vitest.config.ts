// Two projects: everything in Node, and what must also hold in a browser in headless Chromium (skipped, visibly, where there is none).
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const chromium = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (p) => p !== undefined && existsSync(p),
);
if (chromium === undefined) console.warn("no Chromium found (set CHROMIUM=/path/to/chromium): the browser tests are skipped");

/** `npm run test:long` does ten times as much, and runs the main job. */
const testTimeout = process.env.FOVEA_LONG === undefined ? 60_000 : 900_000;

/** Shared memory, and so threads, exist only in cross-origin isolated pages. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

const node = {
  resolve: { alias: { "#platform": path("./src/platform/node.ts"), fovea: path("./src/index.ts") } },
  test: {
    name: "node",
    include: ["test/**/*.test.ts"],
    exclude: ["test/browser/**"],
    testTimeout,
    pool: "forks" as const,
    env: { FOVEA_CACHE: "off" },
  },
};

const browser = {
  server: { headers: isolation },
  resolve: { alias: { "#platform": path("./src/platform/browser.ts") } },
  test: {
    name: "browser",
    include: ["test/browser/**/*.test.ts"],
    testTimeout,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          ...(chromium !== undefined && { executablePath: chromium }),
          args: [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
          ],
        },
      }),
      instances: [{ browser: "chromium" as const }],
    },
  },
};

export default defineConfig({
  test: {
    reporters: ["default", "./tools/closing-line-reporter.ts"],
    projects: chromium === undefined ? [node] : [node, browser],
  },
});
