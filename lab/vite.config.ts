// Builds the lab twice: as a folder that `fovea lab` serves (dist/lab), and, in the mode "single", as one HTML file that works from disk (dist/lab/fovea-lab.html).
import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { chapters } from "./build/chapters.ts";
import { datasetFiles } from "./build/dataset-files.ts";
import { fileList } from "./build/file-list.ts";
import { oneFile } from "./build/one-file.ts";
import { tours } from "./build/tours.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
/** The page is served with the same headers while it is developed. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export default defineConfig(({ mode }) => {
  const single = mode === "single";
  return {
    root: path("."),
    base: "./",
    plugins: [svelte(), tours(), chapters({ single }), ...(single ? [oneFile()] : [datasetFiles(), fileList()])],
    resolve: {
      alias: [
        { find: /^fovea$/, replacement: path("../src/index.ts") },
        { find: /^fovea\/(.*)$/, replacement: `${path("../src")}/$1/index.ts` },
        // From disk, a page may load no other file: the worker's text then lies in the page.
        { find: "lab:worker", replacement: `${path("./src/engine/worker.ts")}?worker${single ? "&inline" : ""}` },
        { find: "#platform", replacement: path("../src/platform/browser.ts") },
      ],
    },
    server: { headers: isolation },
    worker: single ? { format: "iife", rolldownOptions: { output: { codeSplitting: false } } } : { format: "es" },
    build: {
      outDir: path("../dist/lab"),
      emptyOutDir: !single,
      target: "es2022",
      assetsInlineLimit: single ? Number.MAX_SAFE_INTEGER : 0,
      chunkSizeWarningLimit: 2000,
      modulePreload: single ? false : { polyfill: false },
      reportCompressedSize: false,
    },
  };
});
