// fovea run --batch: one JSON request on each line, one JSON answer each. A request that fails is answered like any other, and opened networks are
// kept, so that a thousand pictures pay for reading and compiling once.
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { ArgumentError, FoveaError } from "../tensor/errors.ts";
import { exitCodes } from "./failure.ts";
import { type Runner, readFeeds } from "./runner.ts";
import { writeOutputs } from "./write-outputs.ts";

export interface LinesOptions {
  readonly open: (model: string) => Promise<Runner>;
  /** Keep the values of all layers. */
  readonly all: boolean;
  readonly signal: AbortSignal;
  readonly answer: (line: string) => void;
}

interface Request {
  readonly model: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly out: string;
}

/** Networks kept open; the one not used for longest goes first. */
const mostOpen = 8;

/** Answers every line of `source`; the exit code is 1 when one of them failed. */
export async function runLines(source: Readable, { open, all, signal, answer }: LinesOptions): Promise<void> {
  const runners = new Map<string, Runner>();
  const lines = createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY });
  // Waiting for the next line would otherwise outlast a Ctrl-C.
  signal.addEventListener("abort", () => lines.close(), { once: true });
  for await (const line of lines) {
    if (signal.aborted) break;
    if (line.trim() === "") continue;
    try {
      const { model, inputs, out } = readRequest(line);
      const runner = runners.get(model) ?? (await open(model));
      runners.delete(model);
      runners.set(model, runner);
      for (const oldest of runners.keys()) if (runners.size > mostOpen) runners.delete(oldest);
      const outputs = await writeOutputs(out, model, await runner.run(await readFeeds(runner, inputs), all));
      answer(JSON.stringify({ ok: true, model, out, outputs }));
    } catch (error) {
      process.exitCode = exitCodes.failed;
      const code = error instanceof FoveaError ? error.code : "INTERNAL";
      answer(JSON.stringify({ ok: false, error: error instanceof Error ? error.message : String(error), code }));
    }
  }
  signal.throwIfAborted();
}

function readRequest(line: string): Request {
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch (cause) {
    throw new ArgumentError(`this line is not JSON: ${(cause as Error).message}`, { cause });
  }
  const { model, inputs, out } = (request ?? {}) as Partial<Record<keyof Request, unknown>>;
  for (const [key, value] of Object.entries({ model, out })) {
    if (typeof value !== "string" || value === "")
      throw new ArgumentError(`"${key}" is missing; a request is {"model", "inputs": {name: file}, "out"}`);
  }
  const isObject = typeof inputs === "object" && inputs !== null && !Array.isArray(inputs);
  if (!isObject || !Object.values(inputs).every((file) => typeof file === "string")) {
    throw new ArgumentError('"inputs" is missing, or not an object of files by input name');
  }
  return { model, inputs, out } as Request;
}
