// Memory is where it was: after 10,000 steps, after 2,000 of real training, with its evaluations and checkpoints, and after programs that were released
// or just dropped. Measured in processes of their own, where nothing else lives.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../support/kill.ts";
import type { Sample } from "./memory-probe.ts";

const root = mkdtempSync(join(tmpdir(), "fovea-memory-"));
const script = join(root, "probe.mjs");
beforeAll(() =>
  bundle(
    `import { probe } from "../train/memory-probe.ts";
    console.log(JSON.stringify(await probe(process.argv.slice(2))));`,
    script,
  ),
);
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function samples(what: string, threads: number): Promise<readonly Sample[]> {
  const folder = join(root, `${what}-${threads}`, "checkpoint");
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", script, what, String(threads), folder]);
  return JSON.parse(stdout) as Sample[];
}

/** From the least of the samples `from` counts within `early` to the least of those within `late`: what a collection missed is no growth. */
function growth(all: readonly Sample[], early: readonly [number, number], late: readonly [number, number]): Omit<Sample, "count"> {
  const least = (key: "held" | "resident", [from, to]: readonly [number, number]): number =>
    Math.min(...all.filter(({ count }) => count >= from && count <= to).map((s) => s[key]));
  return { held: least("held", late) - least("held", early), resident: least("resident", late) - least("resident", early) };
}

describe("PR8 memory stays where it was", () => {
  test.each([1, 2])("PR8 through 2,000 steps, 100 evaluations and 100 checkpoints of fit on %d threads", async (threads) => {
    const all = await samples("training", threads);
    expect(all.at(-1)?.count).toBe(2000);
    expect(readdirSync(join(root, `training-${threads}`))).toEqual(["checkpoint"]);
    const { held, resident } = growth(all, [500, 700], [1800, 2000]);
    // The learning curve grows by 65 records. One forgotten loss tensor per step would be 500,000 bytes.
    expect(held).toBeLessThan(300_000);
    // One forgotten evaluator per epoch would be 20 MB.
    expect(resident).toBeLessThan(5e6);
  });

  test.each([1, 2])("PR8 through 10,000 steps of a program on %d threads", async (threads) => {
    const all = await samples("steps", threads);
    expect(all.at(-1)?.count).toBe(10_000);
    const { held, resident } = growth(all, [1000, 2000], [9000, 10_000]);
    // Ten bytes forgotten in every step would be 80,000.
    expect(held).toBeLessThan(80_000);
    expect(resident).toBeLessThan(5e6);
  });

  test.each([
    ["released", 1],
    ["released", 2],
    ["dropped without release", 1],
    ["dropped without release", 2],
  ])("PR8 through 40 programs of 10 MB that are %s, on %d threads", async (what, threads) => {
    const all = await samples(what.split(" ")[0], threads);
    expect(all).toHaveLength(40);
    const { held, resident } = growth(all, [8, 12], [36, 40]);
    expect(held).toBeLessThan(1e6);
    expect(resident).toBeLessThan(20e6);
  });
});
