// Projects: everything in Node; the engine once more on every tier that this Node and a newer one have; what must also hold in a browser in
// headless Chromium. What is not installed is skipped, visibly.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { forksOf, newerNode } from "./tools/newer-node/pool.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const chromium = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (p) => p !== undefined && existsSync(p),
);
if (chromium === undefined) console.warn("no Chromium found (set CHROMIUM=/path/to/chromium): the browser tests are skipped");

const newer = newerNode();
if (newer === undefined) console.warn("no newer Node found (npm ci --prefix tools/newer-node): its tiers are not tested");

/** `npm run test:long` does ten times as much, and runs the main job. */
const testTimeout = process.env.FOVEA_LONG === undefined ? 60_000 : 900_000;

/** Shared memory, and so threads, exist only in cross-origin isolated pages. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

const node = {
  resolve: {
    alias: {
      "#platform": path("./src/platform/node.ts"),
      // Modules of the lab import the rooms of the package by name.
      "fovea/arithmetic": path("./src/arithmetic/index.ts"),
      "fovea/data": path("./src/data/index.ts"),
      "fovea/tensor": path("./src/tensor/index.ts"),
      fovea: path("./src/index.ts"),
    },
  },
  test: {
    name: "node",
    include: ["test/**/*.test.ts"],
    exclude: ["test/browser/**"],
    testTimeout,
    pool: "forks" as const,
    env: { FOVEA_CACHE: "off" },
  },
};

/** The tests whose programs run on the engine's own tier, with that tier forced. */
const onTier = (tier: string, title: string, binary?: string) => ({
  ...node,
  test: {
    ...node.test,
    name: `${title} ${tier}`,
    include: ["cases", "evaluator", "fuzz", "math", "program"].map((about) => `test/backends/wasm-${about}.test.ts`),
    env: { ...node.test.env, FOVEA_TIER: tier },
    ...(binary !== undefined && { pool: forksOf(binary) }),
  },
});

const inNewerNode = (binary: string) => [
  { ...node, test: { ...node.test, name: "newer node", include: ["test/backends/**/*.test.ts"], pool: forksOf(binary) } },
  ...["simd", "relaxed", "revectorised"].map((tier) => onTier(tier, "newer node", binary)),
];

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
    projects: [
      node,
      // Its best tier is what the other tests of this Node run on.
      onTier("simd", "node"),
      ...(newer === undefined ? [] : inNewerNode(newer)),
      ...(chromium === undefined ? [] : [browser]),
    ],
  },
});
