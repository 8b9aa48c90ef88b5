// Tiers: the probe that chooses one, the variable that forces one, and every op in each tier that this engine has.
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { compileReference } from "../../src/backends/reference/index.ts";
import { compileWasm, engineTier, stopWorkers } from "../../src/backends/wasm/index.ts";
import type { Tier } from "../../src/backends/wasm/kernel.ts";
import { tileLimit, tileName, tileVariants } from "../../src/backends/wasm/kernels/matmul-tile.ts";
import { probeTiers, requireTier, tiers } from "../../src/backends/wasm/tier.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { registeredOps } from "../../src/graph/op.ts";
import { input } from "../../src/graph/record.ts";
import { conv2d, linear, relu, reshape, sum, tanh } from "../../src/ops/index.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import { comparableCase, deviation } from "../support/backend-compare.ts";
import { caseTitle } from "../support/cases.ts";

function isThere(tier: Tier): boolean {
  try {
    requireTier(tier);
    return true;
  } catch {
    console.warn(`this engine has no tier "${tier}": its tests are skipped`);
    return false;
  }
}

const fast = tiers.filter((tier) => tier !== "simd");
const present = fast.filter(isThere);
const ops = registeredOps().filter(({ inputs }) => inputs.length > 0);

afterAll(() => stopWorkers());
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe("the probe", () => {
  it("takes a tier that works, says how fast it is and why the better ones are not taken", () => {
    const { tier, gigaflops, tile, refused } = engineTier();
    expect(gigaflops).toBeGreaterThan(0);
    expect(tile.rows * tile.vectors).toBeGreaterThanOrEqual(8);
    expect(refused.map((r) => r.tier)).toEqual(tiers.slice(0, tiers.indexOf(tier)));
    for (const { reason } of refused) expect(reason).not.toBe("");
  });

  it.each(["simd", ...present] as const)("can be told to take %s, and finds a tile that kernels have", (tier) => {
    const { tile, ...found } = probeTiers(tier);
    expect(found.tier).toBe(tier);
    const name = `panels ${tile.rows}x${4 * tile.vectors}${tile.unroll > 1 ? ` by ${tile.unroll}` : ""}`;
    const variants = tileVariants("panels", { tier, tile });
    expect(variants[0]).toBe(name);
    expect(new Set(variants)).toEqual(new Set(tileVariants("panels", { tier })));
    expect(tileLimit({ tier, tile })).toEqual(tile);
    const [, other = variants[0]] = variants;
    expect(tileName(tileLimit({ tier, tile, variant: other }))).toBe(other.split(" ")[1]);
  });

  it("refuses a tier whose numbers are wrong", () => {
    const { Instance } = WebAssembly;
    let made = 0;
    class Wrong extends Instance {
      override readonly exports: WebAssembly.Exports;
      constructor(module: WebAssembly.Module, imports: WebAssembly.Imports) {
        super(module, imports);
        const right = new Instance(module, imports).exports.run as (rounds: number) => void;
        const { memory } = imports.env as { memory: WebAssembly.Memory };
        // The first candidate is plain SIMD; all others miscalculate one number.
        const wrong = made++ > 0;
        this.exports = {
          run(rounds: number) {
            right(rounds);
            if (wrong) new Float32Array(memory.buffer)[32768 / 4 + 5] += 1;
          },
        };
      }
    }
    vi.stubGlobal("WebAssembly", { ...globals(), Instance: Wrong });
    const { tier, refused } = probeTiers(undefined);
    expect(tier).toBe("simd");
    for (const missing of present) {
      expect(refused.find((r) => r.tier === missing)?.reason).toMatch(/self-check failed: it computes \S+ where scalar code computes/);
    }
  });

  it("throws when no tier is left", () => {
    vi.stubGlobal("WebAssembly", { ...globals(), validate: () => false });
    expect(() => probeTiers(undefined)).toThrow("no WebAssembly SIMD");
    expect(() => probeTiers("relaxed")).toThrow('FOVEA_TIER is "relaxed", but the engine does not validate SIMD');
  });

  it("obeys FOVEA_TIER", async () => {
    vi.stubEnv("FOVEA_TIER", "simd");
    vi.resetModules();
    const { compileWasmSync } = await import("../../src/backends/wasm/index.ts");
    const { input: freshInput } = await import("../../src/graph/record.ts");
    const { createGraph: freshGraph } = await import("../../src/graph/graph.ts");
    const { exp } = await import("../../src/ops/index.ts");
    const program = compileWasmSync(freshGraph({ outputs: { y: exp(freshInput("x", [3])) } }));
    const explained = program.explain();
    expect(explained.engine?.tier).toBe("simd");
    expect(explained.nodes.map((n) => n.tier)).toEqual(["simd"]);
    expect(String(explained)).toContain("not relaxed: another tier was asked for");
  });

  it("refuses a FOVEA_TIER that it does not know", async () => {
    vi.stubEnv("FOVEA_TIER", "avx512");
    vi.resetModules();
    const { engineTier: fresh } = await import("../../src/backends/wasm/tier.ts");
    expect(() => fresh()).toThrow('FOVEA_TIER is "avx512"; expected auto, revectorised, relaxed, simd');
  });
});

/** The parts of `WebAssembly` that the probe uses; the object's own properties are not enumerable. */
function globals(): Partial<typeof WebAssembly> {
  const { Memory, Module, Instance, validate } = WebAssembly;
  return { Memory, Module, Instance, validate };
}

describe.each(present)("tier %s", (tier) => {
  it("gives the reference's numbers, and the same bits as every fused tier", async () => {
    const x = input("x", [2, 5, 9, 11]);
    const w = input("w", [12, 5, 3, 3]);
    const m = input("m", [7, 12 * 7 * 9]);
    const h = relu(conv2d(x, w));
    const graph = createGraph({ outputs: { y: tanh(linear(reshape(h, [2, 12 * 7 * 9]), m)), total: sum(h, { axes: [0, 2, 3] }) } });
    const feeds = {
      x: randomNormal([2, 5, 9, 11], random(1)),
      w: randomNormal([12, 5, 3, 3], random(2), 0, 0.2),
      m: randomNormal([7, 12 * 7 * 9], random(3), 0, 0.05),
    };
    const expected = await compileReference(graph).run(feeds);
    const program = await compileWasm(graph, { tier, threads: 1, eager: true });
    const other = await compileWasm(graph, { tier: "relaxed", threads: 2, eager: false });
    const [actual, same] = [await program.run(feeds), await other.run(feeds)];
    for (const name of ["y", "total"]) {
      expect(deviation(actual[name], expected[name])).toBeLessThan(1e-5);
      expect(same[name].data).toEqual(actual[name].data);
    }
    program.release();
    other.release();
  });

  it.each(ops.map((op) => [op.name, op] as const))(
    "gives the reference's numbers for every case of %s and its gradients",
    async (_, op) => {
      for (const [index, opCase] of op.cases.entries()) {
        const { graph, feeds, expected } = comparableCase(op, opCase);
        const program = await compileWasm(graph, { tier, threads: 2, eager: true });
        const results = await program.run(feeds);
        for (const [name, wanted] of Object.entries(expected)) {
          expect(deviation(results[name], wanted), `${caseTitle(op, opCase, index)}: ${name}`).toBeLessThan(2e-5);
        }
        program.release();
      }
    },
  );
});
