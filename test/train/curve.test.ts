import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { type Checkpoint, type EpochRecord, learningCurve, timeline } from "../../src/train/index.ts";

describe("learningCurve", () => {
  test("LP4 stays bounded, and every step is in exactly one point, with the weight of one step", () => {
    const curve = learningCurve({ most: 10 });
    let sum = 0;
    for (let step = 1; step <= 1000; step++) {
      const loss = 1 / step;
      sum += loss;
      curve.add({ step, loss, accuracy: step / 1000 });
      expect(curve.points.length).toBeLessThanOrEqual(10);
      if (step >= 10) expect(curve.points.length).toBeGreaterThanOrEqual(5);
    }
    expect(curve.points.reduce((n, p) => n + p.count, 0)).toBe(1000);
    expect(curve.points.at(-1)?.step).toBe(1000);
    expect(curve.points.reduce((n, p) => n + p.loss * p.count, 0)).toBeCloseTo(sum, 9);
    expect(curve.points.map((p) => p.step)).toEqual(curve.points.map((p) => p.step).toSorted((a, b) => a - b));
  });

  test("short curves are the steps themselves; cutting and going on counts nothing twice", () => {
    const curve = learningCurve({ most: 8 });
    for (let step = 1; step <= 6; step++) curve.add({ step, loss: step, accuracy: 0 });
    expect(curve.points.map((p) => p.loss)).toEqual([1, 2, 3, 4, 5, 6]);
    curve.cut(3);
    curve.add({ step: 4, loss: 9, accuracy: 0 });
    expect(curve.points.map((p) => [p.step, p.loss, p.count])).toEqual([
      [1, 1, 1],
      [2, 2, 1],
      [3, 3, 1],
      [4, 9, 1],
    ]);
  });

  test("goes on from points that were stored", () => {
    const whole = learningCurve({ most: 4 });
    for (let step = 1; step <= 9; step++) whole.add({ step, loss: step, accuracy: 0 });
    const resumed = learningCurve({ most: 4, points: whole.points });
    for (const curve of [whole, resumed]) for (let step = 10; step <= 30; step++) curve.add({ step, loss: step, accuracy: 0 });
    expect(resumed.points).toEqual(whole.points);
    expect(() => learningCurve({ most: 1 })).toThrow(ArgumentError);
  });
});

describe("timeline", () => {
  /** 400 bytes. */
  function at(step: number, history: readonly EpochRecord[] = []): Checkpoint {
    const tensors = new Map([["w", new Tensor(new Float32Array(100).fill(step), [100])]]);
    return { state: { step, history } as Checkpoint["state"], model: tensors, optimiser: new Map() };
  }

  test("LF7 thins itself to its budget, and keeps the first and the latest", () => {
    const times = timeline({ bytes: 4000, every: 1 });
    for (let step = 0; step <= 500; step++) {
      if (times.due(step)) times.keep(at(step));
      expect(times.bytes).toBeLessThanOrEqual(4000);
    }
    const { steps } = times;
    expect(steps[0]).toBe(0);
    expect(steps.length).toBeGreaterThan(4);
    const gaps = steps.slice(1).map((step, i) => step - steps[i]);
    expect(new Set(gaps).size).toBe(1);
    times.keep(at(501));
    expect(times.steps.at(-1)).toBe(501);
  });

  test("LF7 gives the latest moment that is not after the one asked for", () => {
    const times = timeline({ every: 10 });
    for (const step of [0, 10, 20, 30]) times.keep(at(step));
    expect(times.at(25)?.state.step).toBe(20);
    expect(times.at(30)?.model.get("w")?.data[0]).toBe(30);
    expect(times.at(-1)).toBeUndefined();
    times.cut(15);
    expect(times.steps).toEqual([0, 10]);
    expect(times.due(20)).toBe(true);
    expect(times.due(25)).toBe(false);
  });

  test("LP4 LF7 the epochs so far are kept once, and every moment still has its own; also after another way was taken", () => {
    const record = (epoch: number, loss: number): EpochRecord => ({
      epoch,
      step: 10 * epoch,
      learningRate: 0.1,
      loss,
      accuracy: 0,
      seconds: 1,
    });
    const times = timeline({ bytes: 2 ** 20, every: 10 });
    let history: readonly EpochRecord[] = [];
    for (let epoch = 1; epoch <= 50; epoch++) {
      history = [...history, record(epoch, 1 / epoch)];
      times.keep(at(10 * epoch, history));
    }
    expect(times.at(70)?.state.history).toEqual(history.slice(0, 7));
    expect(times.at(500)?.state.history).toEqual(history);
    times.cut(200);
    const other = [...history.slice(0, 20), record(21, 9), record(22, 8)];
    times.keep(at(220, other));
    expect(times.at(220)?.state.history).toEqual(other);
    expect(times.at(205)?.state.history).toEqual(history.slice(0, 20));
    // Of another training altogether: kept as it is.
    const foreign = [record(1, 7)];
    times.keep(at(230, foreign));
    expect(times.at(230)?.state.history).toBe(foreign);
    expect(times.at(220)?.state.history).toEqual(other);
  });

  test("LP4 LF7 of a history with mostRecords nothing is kept but its last state, and every moment has what that says of its past", () => {
    const times = timeline({ bytes: 2 ** 20, every: 10 });
    let history: readonly EpochRecord[] = [];
    for (let epoch = 1; epoch <= 50; epoch++) {
      history = [...history, { epoch, step: 10 * epoch, learningRate: 0.1, loss: 1 / epoch, accuracy: 0, seconds: 1 }];
      if (history.length > 8) history = history.filter((_, i) => i % 2 === 0).map((record) => ({ ...record }));
      times.keep(at(10 * epoch, history));
    }
    expect(times.steps).toHaveLength(50);
    for (const step of times.steps) {
      const own = times.at(step)?.state.history ?? [];
      expect(own).toEqual(history.filter((record) => record.step <= step));
      for (const record of own) expect(history).toContain(record);
    }
  });

  test("a checkpoint larger than the budget is kept all the same: the way back to the start is never lost", () => {
    const times = timeline({ bytes: 100, every: 5 });
    for (const step of [0, 5, 10, 15]) times.keep(at(step));
    expect(times.steps).toEqual([0, 15]);
    expect(() => timeline({ every: 0 })).toThrow(ArgumentError);
  });
});
