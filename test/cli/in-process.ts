// Commands as a user types them, run in this process: no spawning, no building.
import { type CAC, cac } from "cac";
import { vi } from "vitest";
import { tidyHelp } from "../../src/cli/help.ts";
import { readArguments } from "../../src/cli/options.ts";
import { checkUsage } from "../../src/cli/usage.ts";

export interface Said {
  readonly out: string;
  readonly err: string;
}

/** Runs one command; rejects with its error, as the program would report it. */
export async function run(add: (cli: CAC, signal: AbortSignal) => void, args: readonly string[], signal?: AbortSignal): Promise<Said> {
  const cli = cac("fovea");
  add(cli, signal ?? new AbortController().signal);
  cli.help(tidyHelp);
  const said = { out: "", err: "" };
  const keep = (key: "out" | "err") => (text: string | Uint8Array) => {
    said[key] += String(text);
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation(keep("out")),
    vi.spyOn(process.stderr, "write").mockImplementation(keep("err")),
    vi.spyOn(console, "info").mockImplementation((text) => void keep("out")(`${text}\n`)),
    vi.spyOn(console, "log").mockImplementation((text) => void keep("out")(`${text}\n`)),
  ];
  try {
    cli.parse(readArguments(["node", "fovea", ...args], cli.commands), { run: false });
    if (!args.includes("--help")) {
      checkUsage(cli);
      await cli.runMatchedCommand();
    }
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return said;
}
