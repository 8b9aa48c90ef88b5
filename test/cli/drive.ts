// Starts the built command line as a user's shell would.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** What to do while the program runs. */
export interface Reaction {
  /** Send a signal once this has been said on standard error. */
  readonly whenSaid?: { readonly text: string; readonly signal: NodeJS.Signals };
  /** Standard input; it is closed after it. */
  readonly stdin?: string;
}

/** Throws with a way out when there is nothing to start. */
export function expectBuilt(): void {
  if (!existsSync(program)) throw new Error(`${program} is missing: run "npm run build" first ("npm test" does)`);
}

/** Runs `fovea ...args` in a folder until it ends. */
export function drive(folder: string, args: readonly string[], { whenSaid, stdin }: Reaction = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { cwd: folder });
    const said = { out: "", err: "" };
    let killed = false;
    child.stdout.on("data", (chunk) => (said.out += String(chunk)));
    child.stderr.on("data", (chunk) => {
      said.err += String(chunk);
      // Once: a second interrupt means "leave at once".
      if (!killed && whenSaid !== undefined && said.err.includes(whenSaid.text)) killed = child.kill(whenSaid.signal);
    });
    if (stdin !== undefined) child.stdin.end(stdin);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...said }));
  });
}
