// Code kept for later processes: used when it fits the plan, and only then; never a reason for another result or for a failure.
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { planArena } from "../../src/backends/wasm/arena.ts";
import { ModuleBuilder } from "../../src/backends/wasm/assembler.ts";
import { hash } from "../../src/backends/wasm/cache.ts";
import { codeWritten, fingerprintOf } from "../../src/backends/wasm/code-cache.ts";
import { compileWasm, stopWorkers } from "../../src/backends/wasm/index.ts";
import { lower } from "../../src/backends/wasm/lower.ts";
import { prepare } from "../../src/backends/wasm/prepare.ts";
import { schedule } from "../../src/backends/wasm/schedule.ts";
import { requireTier, tiers } from "../../src/backends/wasm/tier.ts";
import { assembleWalks } from "../../src/backends/wasm/walk.ts";
import { createGraph, type Graph } from "../../src/graph/graph.ts";
import { type OpCase, registeredOps } from "../../src/graph/op.ts";
import type { Precision } from "../../src/graph/program.ts";
import { constant } from "../../src/graph/record.ts";
import { mul } from "../../src/ops/index.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import { full, type Tensor } from "../../src/tensor/tensor.ts";
import { zooModel } from "../../src/zoo/registry.ts";
import { comparableCase } from "../support/backend-compare.ts";

const build = vi.hoisted(() => ({ stamp: "one" as string | undefined }));
vi.mock("#platform", async (original) => ({ ...(await original<object>()), codeStamp: () => build.stamp }));
vi.mock("../../src/backends/wasm/walk.ts", { spy: true });

let folder: string;

beforeEach(async () => {
  build.stamp = "one";
  folder = await mkdtemp(join(tmpdir(), "fovea-code-"));
  vi.stubEnv("FOVEA_CACHE", folder);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await codeWritten();
  await rm(folder, { recursive: true });
});

afterAll(() => stopWorkers());

/** ResNet-20 of random weights; `factor` becomes a number in the code of its last kernel. */
function net(factor = 1.5, seed = 1): Graph {
  const { output } = zooModel("resnet20-cifar", { seed }).trace();
  return createGraph({ outputs: { y: mul(output, constant(full([], factor))) } });
}

const x = randomNormal([1, 3, 32, 32], random(1));

interface Start {
  readonly y: Tensor["data"];
  readonly assembled: number;
}

async function start(graph = net(), options: Parameters<typeof compileWasm>[1] = { threads: 1 }): Promise<Start> {
  vi.mocked(assembleWalks).mockClear();
  const program = await compileWasm(graph, options);
  const { y } = await program.run({ [[...graph.inputs.keys()][0]]: x });
  program.release();
  await codeWritten();
  return { y: y.data, assembled: vi.mocked(assembleWalks).mock.calls.length };
}

async function onlyFile(): Promise<string> {
  const names = await readdir(folder);
  expect(names).toEqual([expect.stringMatching(/^code-\d+\.bin$/)]);
  return join(folder, names[0]);
}

describe("kept code", () => {
  it.each([1, 2])("is taken up by the next start instead of assembling it, with the same bits (threads: %i)", async (threads) => {
    const first = await start(net(), { threads });
    expect(first.assembled).toBe(1);
    await onlyFile();
    const second = await start(net(), { threads });
    expect(second).toEqual({ y: first.y, assembled: 0 });
  });

  it("serves other weights of the same net, and no other number of threads, precision or net", async () => {
    await start();
    const other = await start(net(1.5, 2));
    expect(other.assembled).toBe(0);
    vi.stubEnv("FOVEA_CACHE", "off");
    expect((await start(net(1.5, 2))).y).toEqual(other.y);
    vi.stubEnv("FOVEA_CACHE", folder);
    for (const options of [{ threads: 2 }, { threads: 1, precision: "exact" }, { threads: 1, optimise: false }] as const)
      expect((await start(net(), options)).assembled, JSON.stringify(options)).toBe(1);
  });

  it("serves another constant that lies in memory, and no other number that stands in the code", async () => {
    const first = await start(net(1.5));
    const constants = await start(net(3));
    expect(constants.assembled).toBe(0);
    expect(constants.y).toEqual(first.y.map((v) => 2 * v));
    const withNumber = (factor: number): Graph => {
      const { output } = zooModel("resnet20-cifar", { seed: 1 }).trace();
      return createGraph({ outputs: { y: mul(output, factor) } });
    };
    await start(withNumber(1.5));
    const numbers = await start(withNumber(3));
    expect(numbers).toEqual({ y: constants.y, assembled: 1 });
  });

  it("is assembled anew when the plan turns out to be another one", async () => {
    const first = await start();
    const path = await onlyFile();
    const bytes = await readFile(path);
    const { fingerprint } = JSON.parse(bytes.subarray(0, bytes.indexOf(10)).toString()) as { fingerprint: string };
    const other = `${fingerprint.startsWith("0") ? "1" : "0"}${fingerprint.slice(1)}`;
    await writeFile(
      path,
      Buffer.concat([
        Buffer.from(bytes.subarray(0, bytes.indexOf(10)).toString().replace(fingerprint, other)),
        bytes.subarray(bytes.indexOf(10)),
      ]),
    );
    expect(await start()).toEqual({ y: first.y, assembled: 1 });
    expect(await readFile(path)).toEqual(bytes);
  });

  it.each<[string, (path: string) => Promise<void>]>([
    ["cut short", (path) => truncate(path, 9000)],
    ["empty", (path) => truncate(path, 0)],
    ["garbage", (path) => writeFile(path, '{"key":')],
    [
      "a folder",
      (path) =>
        rm(path)
          .then(() => mkdtemp(path))
          .then(() => {}),
    ],
    [
      "changed in one bit",
      async (path) => {
        const bytes = await readFile(path);
        bytes[bytes.length >> 1] ^= 4;
        await writeFile(path, bytes);
      },
    ],
    [
      "said to be sound, but no code",
      async (path) => {
        const bytes = await readFile(path);
        const end = bytes.indexOf(10);
        const header = { ...JSON.parse(bytes.subarray(0, end).toString()), checksum: `0 ${hash([])} ${hash([])}` };
        await writeFile(path, `${JSON.stringify(header)}\n`);
      },
    ],
  ])("is ignored when it is %s", async (_, damage) => {
    const first = await start();
    await damage(await onlyFile());
    const second = await start();
    expect(second).toEqual({ y: first.y, assembled: 1 });
  });

  it("belongs to one build, and to none where fovea runs from its sources", async () => {
    await start();
    build.stamp = "two";
    expect((await start()).assembled).toBe(1);
    await rm(folder, { recursive: true });
    build.stamp = undefined;
    await start();
    await expect(readdir(folder)).rejects.toThrow("ENOENT");
    await mkdtemp(folder);
    folder = await mkdtemp(join(tmpdir(), "fovea-code-"));
  });

  it("is nothing when the cache is off, for small programs, and where nothing can be written", async () => {
    vi.stubEnv("FOVEA_CACHE", "off");
    await start();
    vi.stubEnv("FOVEA_CACHE", folder);
    const { output } = zooModel("lenet5", { seed: 1 }).trace();
    (await compileWasm(createGraph({ outputs: { y: output } }), { threads: 1 })).release();
    await codeWritten();
    expect(await readdir(folder)).toEqual([]);
    vi.stubEnv("FOVEA_CACHE", "/dev/null/fovea");
    expect((await start()).assembled).toBe(1);
  });
});

const reachable = tiers.filter((tier) => {
  try {
    requireTier(tier);
    return true;
  } catch {
    return false;
  }
});

describe("what code is known by", () => {
  const ops = registeredOps().filter((op) => op.inputs.length > 0 && op.cases.length > 0);
  const codes = new Map<string, string>();

  /** All stages of a graph, each alone. */
  function collect(graph: Graph, circumstances: string, options: Parameters<typeof lower>[1]): void {
    const { prelude, derived, steps } = lower(prepare(graph, true), options);
    for (const step of [...prelude, ...derived, ...steps]) {
      if (step.kind !== "kernel") continue;
      const module = new ModuleBuilder({ shared: false, initial: 1, maximum: 1 });
      module.export(
        module.once(step.stage.key, () => step.stage.emit(module)),
        "stage",
      );
      const code = Buffer.from(module.finish()).toString("base64");
      const key = `${circumstances} ${step.stage.key}`;
      expect(codes.get(key) ?? code, key).toBe(code);
      codes.set(key, code);
    }
  }

  it.each(reachable)("stages of equal keys are equal code in all ops' cases (%s)", (tier) => {
    for (const precision of ["exact", "fast"] satisfies Precision[])
      for (const op of ops) {
        op.cases.forEach((opCase: OpCase) => {
          collect(comparableCase(op, opCase).graph, `${tier} ${precision}`, { tier, strict: false, precision });
        });
      }
    expect(codes.size).toBeGreaterThan(500);
  });

  it("plans that differ in an address, a number of items or an owner have other fingerprints", () => {
    const lowered = lower(prepare(net(), true), { tier: "simd", strict: true });
    const arena = planArena(lowered, 256);
    const print = (threads: number, addressOf = arena.addressOf, about: object = {}): string =>
      fingerprintOf(schedule(arena.steps, addressOf, threads), addressOf, about);
    const usual = print(1);
    expect(print(1)).toBe(usual);
    const last = arena.steps.at(-1);
    const moved = last?.kind === "kernel" ? last.args[0].buffer : undefined;
    const others = [
      print(2),
      print(1, (buffer) => arena.addressOf(buffer) + (buffer === moved ? 64 : 0)),
      print(1, undefined, { tier: 1 }),
    ];
    expect(new Set([usual, ...others]).size).toBe(4);
  });
});
