// A process that dies at any moment of writing a checkpoint: the previous one or the new one loads whole, and training goes on from it
// as if nothing had happened.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ModelFormatError } from "../../src/tensor/errors.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { adam, type Checkpoint, encodeCheckpoint, type FitOptions, fit, loadCheckpoint, saveCheckpoint } from "../../src/train/index.ts";
import { bundle, forEachStep, runDying } from "../support/kill.ts";
import { barNet, bars } from "./tiny.ts";

const options: FitOptions = { epochs: 2, batchSize: 8, seed: 5, optimiser: adam(0.01), device: "reference" };

let root = "";
const modules = { checkpoint: "", training: "" };
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "fovea-kill-"));
  modules.checkpoint = join(root, "checkpoint.mjs");
  modules.training = join(root, "training.mjs");
  await bundle(`export * from "../../src/train/checkpoint.ts"; export { tensor } from "../../src/tensor/tensor.ts";`, modules.checkpoint);
  await bundle(`export * from "../../src/train/index.ts"; export { barNet, bars } from "../train/tiny.ts";`, modules.training);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A checkpoint whose every number is its step. It runs in the children as well, so it uses nothing but its arguments. */
function checkpointOf(step: number, make: typeof tensor): Checkpoint {
  const numbers = make(new Array(2000).fill(step));
  const state = {
    format: "fovea-checkpoint",
    ...{ version: 2, step, epoch: 0, position: 8, seed: 5, batchSize: 8, dropLast: false, stopped: false, history: [], metadata: {} },
    ...{ identity: {}, running: { loss: 0, correct: 0, seconds: 0 } },
  };
  return { state, model: new Map([["w", numbers]]), optimiser: new Map([["m", numbers]]) } as unknown as Checkpoint;
}

const saving = (folder: string, step: number): string => `import { saveCheckpoint, tensor } from ${JSON.stringify(modules.checkpoint)};
  await saveCheckpoint(${JSON.stringify(folder)}, (${checkpointOf})(${step}, tensor));`;

/** The step of the checkpoint at `folder`, of which every bit must be right. */
async function wholeStep(folder: string): Promise<number> {
  const loaded = await loadCheckpoint(folder);
  expect(encodeCheckpoint(loaded)).toEqual(encodeCheckpoint(checkpointOf(loaded.state.step, tensor)));
  return loaded.state.step;
}

test("ET8 killed at every step of replacing a checkpoint: the previous or the new one loads whole, and nothing else stays", async () => {
  const folderOf = (run: number): string => join(root, `replaced-${run}`, "checkpoint");
  for (let run = 0; run < 80; run++) await saveCheckpoint(folderOf(run), checkpointOf(1, tensor));
  const names: string[] = [];
  const outcomes = await forEachStep(
    (run) => saving(folderOf(run), 2),
    async (run, step) => {
      names[run] = step;
      const folder = folderOf(run);
      const loaded = await wholeStep(folder);
      expect(readdirSync(dirname(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
      await saveCheckpoint(folder, checkpointOf(3, tensor));
      expect(await wholeStep(folder)).toBe(3);
      expect(readdirSync(dirname(folder))).toEqual(["checkpoint"]);
      return loaded;
    },
  );
  expect(outcomes.length).toBeLessThan(80);
  // Old until the new folder has its name, new from then on.
  const renamed = names.lastIndexOf("after rename") - 1;
  expect(outcomes).toEqual(outcomes.map((_, i) => (i < renamed ? 1 : 2)));
  expect(names.filter((name) => name === "after rename")).toHaveLength(2);
  expect(names.filter((name) => name === "middle of writeFile")).toHaveLength(3);
}, 120_000);

test("ET8 killed at every step of writing the first checkpoint: there is none, or it is whole", async () => {
  const folderOf = (run: number): string => join(root, `first-${run}`, "checkpoint");
  const outcomes = await forEachStep(
    (run) => saving(folderOf(run), 1),
    async (run) => {
      const loaded = await wholeStep(folderOf(run)).catch((error: unknown) => {
        expect(error).toBeInstanceOf(ModelFormatError);
        expect(String(error)).toContain("there is no checkpoint");
        return 0;
      });
      await saveCheckpoint(folderOf(run), checkpointOf(2, tensor));
      expect(readdirSync(join(root, `first-${run}`))).toEqual(["checkpoint"]);
      return loaded;
    },
  );
  expect(new Set(outcomes)).toEqual(new Set([0, 1]));
  expect(outcomes).toEqual([...outcomes].sort());
}, 120_000);

test("ET8 training that was killed in the middle of a save goes on to the same bits as if it had not been", async () => {
  const training = (folder: string): string => `import { adam, barNet, bars, fit } from ${JSON.stringify(modules.training)};
    await fit(barNet, bars(45), { ...${JSON.stringify({ ...options, optimiser: undefined })}, optimiser: adam(0.01),
      checkpoint: { folder: ${JSON.stringify(folder)}, everySteps: 1 } });`;
  const straight = await fit(barNet, bars(45), options);
  const steps = (await runDying(training(join(root, "straight", "checkpoint")))) ?? [];
  const places = (name: string): readonly number[] => steps.flatMap((step, i) => (step === name ? [i + 1] : []));
  // Every save after the first renames twice, so the sixth rename is the first of the fourth save; every save writes three files.
  for (const [at, saved] of [
    [places("after rename")[5], 3],
    [places("middle of writeFile")[3 * 7 + 1], 7],
  ]) {
    const folder = join(root, `killed-${saved}`, "checkpoint");
    expect(await runDying(training(folder), at)).toBeUndefined();
    expect((await loadCheckpoint(folder)).state.step).toBe(saved);
    const resumed = await fit(barNet, bars(45), { ...options, resume: folder });
    for (const [name, values] of straight.state()) expect(resumed.state().get(name)?.data, name).toEqual(values.data);
  }
});
