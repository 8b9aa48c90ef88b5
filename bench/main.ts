// `npm run bench -- NAME [options]`: measures fovea against its rivals, interleaved in one run.
import { parseArgs } from "node:util";
import { benchConv } from "./conv.ts";
import { benchProfile } from "./profile.ts";
import type { BenchOptions } from "./rounds.ts";
import { benchTraining } from "./train.ts";

const benches: Readonly<Record<string, (options: BenchOptions) => Promise<void>>> = {
  conv: benchConv,
  train: benchTraining,
  profile: benchProfile,
};

function usage(): string {
  return `usage: npm run bench -- ${Object.keys(benches).join(" | ")} [--rival NAME]... [--rounds N] [--json] [--no-build]`;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rival: { type: "string", multiple: true },
    rounds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
    "no-build": { type: "boolean", default: false },
  },
});
const run = benches[positionals[0] ?? ""];
const rounds = Number(values.rounds);
if (run === undefined || positionals.length !== 1 || !Number.isInteger(rounds) || rounds < 3) {
  console.error(`${usage()}\n--rounds is an integer of at least 3`);
  process.exit(2);
}
await run({ rounds, json: values.json, rivals: values.rival });
process.exit(0);
