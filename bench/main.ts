// `npm run bench -- NAME [options]`: measures fovea against its rivals, interleaved in one run.
import { parseArgs } from "node:util";
import { benchBrowser } from "./browser.ts";
import { benchConvMaps } from "./conv.ts";
import { benchMaximise } from "./maximise.ts";
import { benchMemory } from "./memory.ts";
import { benchNets } from "./nets.ts";
import { benchNineLayers } from "./nine.ts";
import { benchProfile } from "./profile.ts";
import type { BenchOptions } from "./rounds.ts";
import { benchStart, startOnce } from "./start.ts";
import { benchTraining } from "./train.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rival: { type: "string", multiple: true },
    case: { type: "string", multiple: true },
    threads: { type: "string", multiple: true },
    rounds: { type: "string", default: "5" },
    layers: { type: "string", default: "nine" },
    json: { type: "boolean", default: false },
    // run.mjs has obeyed these two already.
    "no-build": { type: "boolean", default: false },
    node: { type: "string" },
  },
});

const benches: Readonly<Record<string, (options: BenchOptions) => Promise<void>>> = {
  conv: values.layers === "issue2" ? benchConvMaps : benchNineLayers,
  nets: benchNets,
  train: benchTraining,
  browser: benchBrowser,
  start: benchStart,
  memory: benchMemory,
  maximise: benchMaximise,
  profile: benchProfile,
};

// What `start` runs in processes of its own.
if (positionals[0] === "start-once") await startOnce(positionals[1], Number(positionals[2]));

const run = benches[positionals[0] ?? ""];
const rounds = Number(values.rounds);
const threads = values.threads?.map(Number);
const counts = [rounds - 2, ...(threads ?? [])];
if (run === undefined || positionals.length !== 1 || counts.some((n) => !Number.isInteger(n) || n < 1)) {
  console.error(
    `usage: npm run bench -- ${Object.keys(benches).join(" | ")} [--rival NAME]... [--case NAME]... [--threads N]... [--rounds N] [--node 24] [--json] [--no-build]\n` +
      "conv takes --layers nine (default) or issue2; --rounds is an integer of at least 3",
  );
  process.exit(2);
}
await run({ rounds, json: values.json, rivals: values.rival, threads, cases: values.case });
process.exit(0);
