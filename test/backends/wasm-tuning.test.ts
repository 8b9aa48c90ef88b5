// Trials choose among a kernel's variants; what they found is remembered, and never changes what an exact program computes.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { foveaVersion } from "../../src/backends/wasm/cache.ts";
import { forgetChoices } from "../../src/backends/wasm/choices.ts";
import { compileWasm, compileWasmSync, engineTier } from "../../src/backends/wasm/index.ts";
import { lower } from "../../src/backends/wasm/lower.ts";
import { timeKernels } from "../../src/backends/wasm/trial.ts";
import type { ChooseVariant } from "../../src/backends/wasm/tuning.ts";
import { createGraph, type Graph } from "../../src/graph/graph.ts";
import { input } from "../../src/graph/record.ts";
import { nn } from "../../src/nn/index.ts";
import { createModel } from "../../src/nn/model.ts";
import { add, conv2d, relu } from "../../src/ops/index.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import { full, Tensor } from "../../src/tensor/tensor.ts";
import { sgd } from "../../src/train/optimisers.ts";
import { trainingStep } from "../../src/train/step.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-choices-"));
  vi.stubEnv("FOVEA_CACHE", folder);
  forgetChoices();
});

afterEach(async () => {
  vi.unstubAllEnvs();
  forgetChoices();
  await rm(folder, { recursive: true });
});

/** One convolution, large enough for a trial, with work fused into it. */
function layer(): Graph {
  const x = input("x", [1, 24, 31, 33]);
  const w = input("w", [40, 24, 3, 3]);
  const rest = input("rest", [1, 40, 31, 33]);
  return createGraph({ outputs: { y: relu(add(conv2d(x, w, undefined, { padding: 1 }), rest)) } });
}

const feeds = {
  x: randomNormal([1, 24, 31, 33], random(1)),
  w: randomNormal([40, 24, 3, 3], random(2), 0, 0.1),
  rest: randomNormal([1, 40, 31, 33], random(3)),
};

interface Saved {
  fovea: string;
  choices: Record<string, string>;
}

async function onlyFile(): Promise<string> {
  const names = await readdir(folder);
  expect(names).toHaveLength(1);
  return join(folder, names[0]);
}

async function edit(change: (saved: Saved) => void): Promise<void> {
  const path = await onlyFile();
  const saved = JSON.parse(await readFile(path, "utf8")) as Saved;
  change(saved);
  await writeFile(path, JSON.stringify(saved));
  forgetChoices();
}

async function kernelNow(options: { readonly tune?: boolean } = { tune: true }): Promise<string> {
  const program = await compileWasm(layer(), { threads: 1, ...options });
  const { kernel } = program.explain().nodes.find(({ kernel: name }) => name.includes("+")) as { kernel: string };
  program.release();
  return kernel;
}

describe("variants", () => {
  it("all variants of an exact program give the same bits", () => {
    const seen: string[] = [];
    const results = [0, 1, 2].map((number) => {
      const choose: ChooseVariant = (rule, site) => {
        const variants = rule.variants?.(site) ?? [];
        if (variants.length === 0) return undefined;
        seen.push(variants[number % variants.length]);
        return seen.at(-1);
      };
      const program = compileWasmSync(layer(), { precision: "exact", choose });
      const { y } = program.runSync?.(feeds) ?? {};
      program.release();
      return y.data;
    });
    expect(new Set(seen).size).toBeGreaterThanOrEqual(2);
    expect(seen.join()).not.toContain("winograd");
    for (const other of results.slice(1)) expect(other).toEqual(results[0]);
  });

  it("all variants of training steps give the same bits, so that trials never change what is learnt", () => {
    const model = createModel(
      nn.sequential({
        a: nn.conv2d(3, 20, 3, { padding: 1 }),
        r: nn.relu(),
        b: nn.conv2d(20, 24, 3),
        f: nn.flatten(),
        c: nn.linear(24 * 196, 10),
      }),
      [3, 16, 16],
      { seed: 1 },
    );
    const { graph } = trainingStep(model, { batch: 4, optimiser: sgd(0.1, { momentum: 0.9 }) });
    const given = {
      x: randomNormal([4, 3, 16, 16], random(1)),
      y: new Tensor(Int32Array.of(1, 2, 3, 4), [4]),
      learningRate: full([], 0.1),
    };
    const chosen = new Map<number, Set<string>>();
    const states = [0, 1, 2, 3].map((number) => {
      const taken = new Set<string>();
      chosen.set(number, taken);
      const choose: ChooseVariant = (rule, site) => {
        const variants = rule.variants?.(site) ?? [];
        if (variants.length < 2) return undefined;
        const variant = variants[number % variants.length];
        taken.add(`${site.value.op.name} ${variant}`);
        return variant;
      };
      const program = compileWasmSync(graph, { choose });
      for (let i = 0; i < 3; i++) program.runSync?.(given);
      const state = program.state.names.map((name) => Buffer.from(program.state.read(name).data.buffer).toString("base64"));
      program.release();
      return state;
    });
    const ops = [...(chosen.get(0) ?? [])].map((name) => name.split(" ")[0]);
    expect(ops).toEqual(expect.arrayContaining(["conv", "convFilterGrad", "convInputGrad"]));
    expect(chosen.get(1)).not.toEqual(chosen.get(0));
    for (const other of states.slice(1)) expect(other).toEqual(states[0]);
  });

  it("a trial times every kernel, however few of its items run", () => {
    const times: number[][] = [];
    const choose: ChooseVariant = (rule, site) => {
      const kernels = (rule.variants?.(site) ?? []).map((variant) => rule.generate({ ...site, variant }));
      if (kernels.length > 1) times.push(timeKernels(site, kernels, 0.01));
      return undefined;
    };
    lower(layer(), { tier: engineTier().tier, strict: true, precision: "fast", choose });
    expect(times).toHaveLength(1);
    for (const time of times[0]) expect(time).toBeGreaterThan(0);
  });
});

describe("what is remembered", () => {
  it("is written for the next process, which computes the same bits", async () => {
    const first = await compileWasm(layer(), { threads: 1, tune: true });
    const { y } = await first.run(feeds);
    const { choices } = JSON.parse(await readFile(await onlyFile(), "utf8")) as Saved;
    expect(Object.keys(choices)).toHaveLength(1);
    forgetChoices();
    const second = await compileWasm(layer(), { threads: 1, tune: true });
    expect((await second.run(feeds)).y.data).toEqual(y.data);
    expect(second.explain().nodes).toEqual(first.explain().nodes);
  });

  it("is obeyed without a new trial", async () => {
    await kernelNow();
    for (const wanted of ["panels", "winograd 2x2"]) {
      await edit(({ choices }) => {
        const [key] = Object.keys(choices);
        const variants = key.split(" | ").at(-1)?.split(",") ?? [];
        choices[key] = variants.find((v) => v.startsWith(wanted)) as string;
      });
      expect(await kernelNow()).toContain(wanted.split(" ")[0]);
      expect(await kernelNow({})).toContain(wanted.split(" ")[0]);
    }
  });

  it("is used when nothing is asked for, and not when it is not wanted", async () => {
    const usual = await kernelNow({});
    expect(await readdir(folder)).toEqual([]);
    await kernelNow();
    await edit(({ choices }) => {
      const [key] = Object.keys(choices);
      const variants = key.split(" | ").at(-1)?.split(",") ?? [];
      choices[key] = variants.at(-1) as string;
    });
    const remembered = await kernelNow({});
    expect(remembered).not.toBe(usual);
    expect(await kernelNow({ tune: false })).toBe(usual);
  });

  it("is ignored when another version wrote it, when it names what does not exist, and when it is garbage", async () => {
    const usual = await kernelNow();
    await edit((saved) => {
      saved.fovea = "0.0.0";
      for (const key of Object.keys(saved.choices)) saved.choices[key] = "panels 1x1";
    });
    expect(await kernelNow()).toContain("conv");
    await edit(({ choices }) => {
      for (const key of Object.keys(choices)) choices[key] = "abacus";
    });
    expect(await kernelNow()).toContain("conv");
    await writeFile(await onlyFile(), '{"fovea":');
    forgetChoices();
    expect(await kernelNow()).toContain(usual.split(" ")[0]);
    expect(JSON.parse(await readFile(await onlyFile(), "utf8"))).toMatchObject({ fovea: foveaVersion });
  });

  it("is nothing when the cache is off, and when tuning is not asked for", async () => {
    await compileWasm(layer(), { threads: 1, tune: false });
    await compileWasm(layer(), { threads: 1, precision: "exact", tune: false });
    expect(await readdir(folder)).toEqual([]);
    vi.stubEnv("FOVEA_CACHE", "off");
    await compileWasm(layer(), { threads: 1, tune: true });
    expect(await readdir(folder)).toEqual([]);
  });

  it("does not fail where nothing can be written", async () => {
    vi.stubEnv("FOVEA_CACHE", "/dev/null/fovea");
    expect(await kernelNow()).toContain("conv");
  });

  it("belongs to this version of fovea", async () => {
    const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
    expect(foveaVersion).toBe(version);
  });
});
