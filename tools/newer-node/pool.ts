// Runs tests in a newer Node than the one that runs Vitest: its WebAssembly has instructions that Node 20 lacks, or hides.
import { createRequire } from "node:module";
import { ForksPoolWorker, type PoolOptions, type PoolRunnerInitializer } from "vitest/node";

/** The binary that `npm ci --prefix tools/newer-node` installs; undefined where that has not happened or there is none for this machine. */
export function newerNode(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    return undefined;
  }
}

/** Vitest's pool of child processes, each of which is `binary`. */
export function forksOf(binary: string): PoolRunnerInitializer {
  return { name: "forks-of-newer-node", createPoolWorker: (options) => new ForkOf(binary, options) };
}

class ForkOf extends ForksPoolWorker {
  readonly #binary: string;

  constructor(binary: string, options: PoolOptions) {
    super(options);
    this.#binary = binary;
  }

  override start(): Promise<void> {
    // `fork` takes no binary from Vitest and so starts this one, before `start` first waits.
    const own = process.execPath;
    process.execPath = this.#binary;
    try {
      return super.start();
    } finally {
      process.execPath = own;
    }
  }
}
