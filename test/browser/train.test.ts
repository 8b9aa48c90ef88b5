// Training in a page: the same engine, checkpoints as bytes, and timers that still run.
import { expect, test } from "vitest";
import { adam, type CheckpointFiles, decodeCheckpoint, evaluate, type FitOptions, fit } from "../../src/train/index.ts";
import { barNet, bars } from "../train/tiny.ts";

const options: FitOptions = { epochs: 6, batchSize: 8, seed: 5, optimiser: adam(0.01) };

test("ET8 a page trains, saves bytes and resumes from them to the same bits", async () => {
  let files: CheckpointFiles = {};
  const save = (given: CheckpointFiles): void => {
    files = given;
  };
  await fit(barNet, bars(45), { ...options, epochs: 3, checkpoint: { save } });
  const resumed = await fit(barNet, bars(45), { ...options, resume: decodeCheckpoint(files) });
  const straight = await fit(barNet, bars(45), options);
  for (const [name, tensor] of straight.state()) expect(resumed.state().get(name)?.data, name).toEqual(tensor.data);
  expect((await evaluate(straight, bars(30, 2))).accuracy).toBeGreaterThan(0.6);
});

test("an abort from a timer ends training in a page", async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 100);
  await expect(fit(barNet, bars(45), { ...options, epochs: 100_000, signal: stop.signal })).rejects.toThrow();
});
