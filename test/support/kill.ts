// Runs a script in a process of its own that dies at a chosen step of writing its files: every such moment can be tried, none is luck.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Makes one module of TypeScript that plain Node can import: `contents` may import from "./..." relative to test/support. */
export async function bundle(contents: string, outfile: string): Promise<void> {
  await build({
    stdin: { contents, resolveDir: source("."), loader: "ts" },
    bundle: true,
    platform: "node",
    format: "esm",
    outfile,
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    plugins: [
      { name: "platform", setup: (b) => b.onResolve({ filter: /^#platform$/ }, () => ({ path: source("../../src/platform/node.ts") })) },
    ],
  });
}

/**
 * Runs `script` (a module) until it ends or reaches step `at` (from 1; 0: never). Gives the names of its steps when it ended, `undefined`
 * when it died on the way. Rejects when it failed otherwise.
 */
export function runDying(script: string, at = 0): Promise<readonly string[] | undefined> {
  const child = spawn(process.execPath, ["--import", source("die-at.mjs"), "--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, FOVEA_DIE_AT: String(at) },
  });
  const said = { out: "", err: "" };
  child.stdout.on("data", (chunk) => (said.out += String(chunk)));
  child.stderr.on("data", (chunk) => (said.err += String(chunk)));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL") resolve(undefined);
      else if (code === 0) resolve(JSON.parse(said.out.trimEnd().split("\n").at(-1) ?? "") as string[]);
      else reject(new Error(`the child ended with ${code ?? signal}: ${said.err}`));
    });
  });
}

/**
 * Lets `script(run)` die at its step `run`, for every step that there is, and gives what `visit` makes of what is left. `script(0)` lives.
 * Two children at a time.
 */
export async function forEachStep<T>(
  script: (run: number) => string,
  visit: (run: number, step: string) => Promise<T>,
): Promise<readonly T[]> {
  const steps = await runDying(script(0));
  if (steps === undefined) throw new Error("the child died though nothing told it to");
  const results: T[] = new Array(steps.length);
  let next = 1;
  const worker = async (): Promise<void> => {
    while (next <= steps.length) {
      const run = next++;
      if ((await runDying(script(run), run)) !== undefined) throw new Error(`the child survived step ${run}, ${steps[run - 1]}`);
      results[run - 1] = await visit(run, steps[run - 1]);
    }
  };
  await Promise.all([worker(), worker()]);
  return results;
}
