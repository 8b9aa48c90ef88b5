// Engines that lack something: a program says what, and still computes the same.
import { afterEach, describe, expect, it, vi } from "vitest";
import type * as Platform from "../../src/platform/interface.ts";

afterEach(() => {
  vi.doUnmock("#platform");
  vi.restoreAllMocks();
  vi.resetModules();
});

/** A small program's note and result on a platform of which a part is replaced; `threads` as asked for. */
async function runOn(replaced: Record<string, unknown>): Promise<{ threads: number; notes: string; backend: string; y: number[] }> {
  vi.resetModules();
  vi.doMock("#platform", async (original) => ({ ...(await original<typeof Platform>()), ...replaced }));
  const { compile } = await import("../../src/backends/compile.ts");
  const { createGraph } = await import("../../src/graph/graph.ts");
  const { input } = await import("../../src/graph/record.ts");
  const { mul, softmax } = await import("../../src/ops/index.ts");
  const { tensor } = await import("../../src/tensor/tensor.ts");
  const x = input("x", [3]);
  const program = await compile(createGraph({ outputs: { y: softmax(mul(x, x), { axis: 0 }) } }), { threads: 2 });
  const { y } = await program.run({ x: tensor([1, 2, 3]) });
  const { threads, notes } = program.explain();
  program.release();
  return { threads, notes: notes.join("; "), backend: program.backend, y: [...y.data] };
}

const expected = [1, 4, 9].map((n) => Math.exp(n - 9) / (1 + Math.exp(-5) + Math.exp(-8)));

describe("an engine", () => {
  it.each([
    [
      "whose workers do not start",
      {
        startWorker: () => {
          throw new Error("workers are forbidden here");
        },
      },
      "workers are forbidden here",
    ],
    [
      "without shared memory",
      { sharedMemory: () => ({ available: false, reason: "the page is not isolated" }) },
      "the page is not isolated",
    ],
    ["whose thread may not wait", { canBlock: () => false }, "may not wait"],
  ])("%s runs programs on one thread and says why", async (_, replaced, reason) => {
    const found = await runOn(replaced);
    expect(found).toMatchObject({ backend: "wasm", threads: 1 });
    expect(found.notes).toMatch(/one thread only/);
    expect(found.notes).toContain(reason);
    for (const [i, y] of found.y.entries()) expect(y).toBeCloseTo(expected[i], 6);
  });

  it("without SIMD leaves programs to the reference loops and says why", async () => {
    vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    const found = await runOn({});
    expect(found.backend).toBe("reference");
    expect(found.notes).toMatch(/SIMD/);
    for (const [i, y] of found.y.entries()) expect(y).toBeCloseTo(expected[i], 6);
  });
});
