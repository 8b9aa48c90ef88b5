// Talks to the PyTorch child process.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface TorchTrainer {
  readonly version: string;
  /** Best time of a training step within this stretch of time, in milliseconds. */
  best(milliseconds: number): Promise<number>;
  stop(): void;
}

/** The script lies beside the sources, not beside the bundle. */
const script = fileURLToPath(new URL("../rivals/pytorch.py", import.meta.url));

export interface TorchTask {
  readonly net: "lenet5" | "resnet20";
  readonly batch: number;
  readonly threads: number;
  readonly layout: "channels-first" | "channels-last";
}

/** Undefined when there is no Python with torch. */
export async function startTorch({ net, batch, threads, layout }: TorchTask): Promise<TorchTrainer | undefined> {
  const child: ChildProcess = spawn("/usr/bin/python3", [script, net, String(batch), String(threads), layout], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const failed = new Promise<undefined>((resolve) => {
    child.once("error", () => resolve(undefined));
    child.once("exit", () => resolve(undefined));
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  const next = async (): Promise<Record<string, unknown> | undefined> => {
    const line = await Promise.race([lines.next(), failed]);
    return line === undefined || line.done === true ? undefined : (JSON.parse(line.value) as Record<string, unknown>);
  };
  const hello = await next();
  if (hello === undefined) return undefined;
  return {
    version: String(hello.version),
    async best(milliseconds) {
      child.stdin?.write(`${JSON.stringify({ milliseconds })}\n`);
      const answer = await next();
      if (answer === undefined) throw new Error("bench: PyTorch stopped in the middle");
      return Number(answer.ms);
    },
    stop() {
      child.kill();
    },
  };
}
