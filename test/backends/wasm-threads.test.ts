// What happens when a thread fails in the middle of a run: nobody waits for ever.
import { afterAll, describe, expect, it } from "vitest";
import { atomic, call, type FunctionRef, i32, i64, type ModuleBuilder } from "../../src/backends/wasm/assembler.ts";
import { loadIntoPool, startWorkers, stopWorkers } from "../../src/backends/wasm/pool.ts";
import type { Segment } from "../../src/backends/wasm/schedule.ts";
import { assembleWalks, walkStatus } from "../../src/backends/wasm/walk.ts";

afterAll(() => stopWorkers());

const memory = { shared: true, initial: 1, maximum: 1 };

/** Two phases of one item per thread; `body` is given the thread's item number. */
function walkOf(phases: readonly ((module: ModuleBuilder) => FunctionRef)[]): readonly Segment[] {
  return [
    {
      kind: "walk",
      phases: phases.map((emit, i) => [
        {
          owner: "all" as const,
          step: {
            kind: "kernel" as const,
            name: "test",
            args: [],
            reads: [],
            writes: [],
            stage: { key: `stage ${i}`, items: 2, nanoseconds: 1e6, emit },
          },
        },
      ]),
    },
  ];
}

const kernel =
  (build: Parameters<ModuleBuilder["func"]>[2]) =>
  (module: ModuleBuilder): FunctionRef =>
    module.func("kernel", { params: ["i32", "i32"] }, build as never);

async function run(
  phases: readonly ((module: ModuleBuilder) => FunctionRef)[],
  patienceMilliseconds: number,
): Promise<{ status: number; words: Int32Array }> {
  const module = await WebAssembly.compile(assembleWalks(walkOf(phases), () => 0, { memory, patienceMilliseconds }));
  const shared = new WebAssembly.Memory(memory);
  const instance = await WebAssembly.instantiate(module, { env: { memory: shared } });
  const { loaded, reason } = await loadIntoPool(module, shared, 2);
  expect(reason).toBe("");
  if (loaded === undefined) throw new Error("no threads");
  startWorkers(loaded, 0);
  const status = (instance.exports.walk0 as (thread: number, threads: number) => number)(0, 2);
  return { status, words: new Int32Array(shared.buffer) };
}

const noteItem = kernel((f, start) => f.storeI32(i32.add(1024, i32.mul(start as never, 4)), 7));

describe("threads", () => {
  it("both threads walk all phases, each with its items", async () => {
    const { status, words } = await run([noteItem, noteItem], 10_000);
    expect(status).toBe(walkStatus.done);
    expect([words[256], words[257]]).toEqual([7, 7]);
  });

  it("a trap in a worker ends the run with a status instead of a hang", async () => {
    const trap = kernel((f, start) => f.if(start as never, () => f.unreachable()));
    expect((await run([noteItem, trap, noteItem], 10_000)).status).toBe(walkStatus.failed);
  });

  it("a worker that never arrives is waited for only so long", async () => {
    // Asleep for one second, and given the time to wake up again: Node 20 now and then fails to stop a thread inside WebAssembly.
    const nap = (module: ModuleBuilder): FunctionRef => {
      const sleep = module.func("sleep", { params: [], result: "i32" }, (f) => f.return(atomic.wait(2048, 0, i64.const(1_000_000_000n))));
      return module.func("kernel", { params: ["i32", "i32"] }, (f, start) => f.if(start, () => f.call(sleep, [])));
    };
    expect((await run([noteItem, nap], 300)).status).toBe(walkStatus.timedOut);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await stopWorkers();
    expect((await run([noteItem], 10_000)).status).toBe(walkStatus.done);
  });

  it("walks call what they were given", () => {
    expect(call({ name: "f", index: 3, params: [], result: "i32" }, []).bytes).toEqual([0x10, 3]);
  });
});
