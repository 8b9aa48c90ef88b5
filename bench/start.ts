// `npm run bench -- start`: from a graph to its first result, in a new process each time: with an empty cache of choices, and with a full one.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "../src/backends/compile.ts";
import { createGraph } from "../src/graph/graph.ts";
import "../src/ops/index.ts";
import { random, randomUniform } from "../src/tensor/random.ts";
import { zooModel } from "../src/zoo/registry.ts";
import { machine } from "./machine.ts";
import { type BenchOptions, median, table } from "./rounds.ts";

/** What a child process does: everything from the graph on is timed; reading fovea's files and making weights are not. */
export async function startOnce(name: string, threads: number): Promise<void> {
  const { input, output } = zooModel(name, { seed: 1 }).trace();
  const x = randomUniform(input.shape, random(1), -1, 1);
  const start = performance.now();
  const program = await compile(createGraph({ outputs: { y: output } }), { device: "wasm", threads });
  const compiled = performance.now();
  await program.run({ x });
  // The process ends by itself, as soon as what it keeps for the next one is on disk.
  console.log(JSON.stringify({ compile: compiled - start, total: performance.now() - start }));
}

interface Start {
  readonly compile: number;
  readonly total: number;
}

/** The bundle that is running now. */
const bundle = fileURLToPath(import.meta.url);

export async function benchStart({ rounds, json, cases = ["resnet18"], threads = [2] }: BenchOptions): Promise<void> {
  const rows: string[][] = [];
  const lines: object[] = [];
  for (const name of cases) {
    for (const count of threads) {
      const times: Record<"cold" | "from the cache", Start[]> = { cold: [], "from the cache": [] };
      for (let round = 0; round < rounds; round++) {
        const cache = mkdtempSync(join(tmpdir(), "fovea-start-"));
        const environment = { ...process.env, XDG_CACHE_HOME: cache };
        for (const kind of ["cold", "from the cache"] as const) {
          const printed = execFileSync(process.execPath, [bundle, "start-once", name, String(count)], { env: environment });
          times[kind].push(JSON.parse(String(printed)) as Start);
        }
        rmSync(cache, { recursive: true, force: true });
      }
      for (const [kind, starts] of Object.entries(times)) {
        const totals = starts.map((s) => s.total);
        const best = Math.min(...totals);
        const compiled = Math.min(...starts.map((s) => s.compile));
        rows.push([`${name}, ${kind}`, String(count), best.toFixed(0), median(totals).toFixed(0), compiled.toFixed(0)]);
        lines.push({
          bench: "start",
          case: `${name}, ${kind}`,
          rival: "none",
          threads: count,
          ms: Number(best.toFixed(1)),
          median_ms: Number(median(totals).toFixed(1)),
          compile_ms: Number(compiled.toFixed(1)),
        });
      }
    }
  }
  if (!json) {
    console.log(`${machine()}. From a graph to its first result, a new process each time.\n`);
    console.log(table(["case", "threads", "best ms", "median ms", "of it compile() ms"], rows));
    console.log();
  }
  for (const line of lines) console.log(JSON.stringify(line));
}
