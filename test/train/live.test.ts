import { describe, expect, test } from "vitest";
import { type Model, nn } from "../../src/nn/index.ts";
import { ArgumentError, TrainingError } from "../../src/tensor/errors.ts";
import { adam, evaluate, type FitOptions, fit, openTraining, type StepRecord, sgd } from "../../src/train/index.ts";
import { barNet, bars } from "./tiny.ts";

const data = bars(45);
const test30 = bars(30, 2);
/** 45 pictures in batches of 8: five full ones and a last one of five. */
const base: FitOptions = { epochs: 3, batchSize: 8, seed: 5, optimiser: adam(0.01), device: "reference" };
const bitsOf = (model: Model): Record<string, number[]> => Object.fromEntries([...model.state()].map(([name, t]) => [name, [...t.data]]));

describe("openTraining", () => {
  test("its steps are those of fit, bit for bit, and so is its history", async () => {
    const expected: StepRecord[] = [];
    const model = await fit(barNet, data, { ...base, epochs: 2, validation: test30, onStep: (record) => expected.push(record) });
    const live = await openTraining(barNet, data, { ...base, epochs: 2, validation: test30 });
    const steps: StepRecord[] = [];
    for (let i = 0; i < 12; i++) steps.push(await live.step());
    expect(steps).toEqual(expected);
    expect(bitsOf(live.model())).toEqual(bitsOf(model));
    expect(live.state.epoch).toBe(2);
    const measured = await live.measure(test30);
    const own = await evaluate(model, test30, { device: "reference" });
    expect(measured.confusion).toEqual(own.confusion);
    expect(live.state.history[1].validation?.loss).toBe(measured.loss);
    live.release();
  });

  test("LP4 mostRecords bounds the history: every second record goes, no second of time is lost, and the steps are the same", async () => {
    const seconds: number[] = [];
    const options: FitOptions = { ...base, mostRecords: 4, onEpoch: (record) => seconds.push(record.seconds) };
    const live = await openTraining(barNet, data, options);
    const all = await openTraining(barNet, data, base);
    const epochs: number[][] = [];
    for (let epoch = 1; epoch <= 9; epoch++) {
      for (let i = 0; i < 6; i++) await Promise.all([live.step(), all.step()]);
      epochs.push(live.state.history.map((record) => record.epoch));
      const total = live.state.history.reduce((sum, record) => sum + record.seconds, 0);
      expect(total).toBeCloseTo(
        seconds.reduce((sum, one) => sum + one, 0),
        9,
      );
    }
    expect(epochs.slice(3)).toEqual([
      [1, 2, 3, 4],
      [1, 3, 5],
      [1, 3, 5, 6],
      [1, 5, 7],
      [1, 5, 7, 8],
      [1, 7, 9],
    ]);
    const { seconds: _, ...last } = all.state.history[8];
    expect(live.state.history[2]).toMatchObject(last);
    expect(bitsOf(live.model())).toEqual(bitsOf(all.model()));
    await expect(openTraining(barNet, data, { ...base, mostRecords: 0 })).rejects.toThrow(/mostRecords is 0; expected an integer >= 1/);
    await expect(openTraining(barNet, data, { ...base, mostRecords: 9, earlyStop: { patience: 2 } })).rejects.toThrow(
      /earlyStop judges by the records of all epochs, and mostRecords \(9\)/,
    );
    live.release();
    all.release();
  });

  test("nextBatch is what the next step learns from", async () => {
    const live = await openTraining(nn.sequential({ flatten: nn.flatten(), logits: nn.linear(64, 3) }), data, base);
    await live.step();
    const { x, y, indices } = live.nextBatch();
    expect(indices.length).toBe(8);
    expect(y.data).toEqual(Int32Array.from(indices, (i) => data.label(i)));
    expect(x.entry(3).data).toEqual(data.image(indices[3]).data);
    const before = live.model();
    const { loss } = await live.step();
    const alone = { ...data, size: 8, image: (i: number) => data.image(indices[i]), label: (i: number) => data.label(indices[i]) };
    alone.batch = (wanted) => data.batch(Int32Array.from(wanted, (i) => indices[i]));
    expect((await evaluate(before, alone, { device: "reference" })).loss).toBeCloseTo(loss, 5);
    live.release();
  });

  test("a change of the rate acts on the very next step; rate 0 leaves the weights alone", async () => {
    const live = await openTraining(barNet, data, { ...base, optimiser: sgd(0.1) });
    await live.step();
    await live.change({ optimiser: sgd(0) });
    const before = [...live.model().parameters].map(([, t]) => [...t.data]);
    const record = await live.step();
    expect(record.learningRate).toBe(0);
    expect([...live.model().parameters].map(([, t]) => [...t.data])).toEqual(before);
    expect(live.state.identity["optimiser.learningRate"]).toBe("0");
    live.release();
  });

  test("the batch size can change within an epoch: every picture of it is still used once", async () => {
    const live = await openTraining(barNet, data, base);
    const seen = [...live.nextBatch().indices];
    await live.step();
    await live.change({ batchSize: 10 });
    while (live.state.epoch === 0) {
      seen.push(...live.nextBatch().indices);
      await live.step();
    }
    // 8 + 10 + 10 + 10 + 7
    expect(live.state.step).toBe(5);
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 45 }, (_, i) => i));
    live.release();
  });

  test("another optimiser begins with the weights and without memory; the same with another decay keeps its memory", async () => {
    const live = await openTraining(barNet, data, base);
    await live.step();
    const moments = live.checkpoint().optimiser.get("optimiser.adam.m.conv.weight")?.data;
    expect(moments?.some((v) => v !== 0)).toBe(true);
    await live.change({ optimiser: adam(0.01, { weightDecay: 0.1 }) });
    expect(live.checkpoint().optimiser.get("optimiser.adam.m.conv.weight")?.data).toEqual(moments);
    const weights = bitsOf(live.model());
    await live.change({ optimiser: sgd(0.1, { momentum: 0.9 }) });
    expect(bitsOf(live.model())).toEqual(weights);
    const { optimiser } = live.checkpoint();
    expect([...optimiser.keys()].filter((name) => name.includes("adam"))).toEqual([]);
    expect(optimiser.get("optimiser.sgd.v.conv.weight")?.data.every((v) => v === 0)).toBe(true);
    live.release();
  });

  test("LF7 going back and on again gives the same bits as never having gone", async () => {
    const live = await openTraining(barNet, data, base);
    for (let i = 0; i < 4; i++) await live.step();
    const early = live.checkpoint();
    const first: number[] = [];
    for (let i = 0; i < 5; i++) first.push((await live.step()).loss);
    const late = bitsOf(live.model());
    live.restore(early);
    expect(live.state.step).toBe(4);
    const second: number[] = [];
    for (let i = 0; i < 5; i++) second.push((await live.step()).loss);
    expect(second).toEqual(first);
    expect(bitsOf(live.model())).toEqual(late);
    live.release();
  });

  test("a checkpoint after changes is one that fit resumes with the changed settings", async () => {
    const live = await openTraining(barNet, data, base);
    for (let i = 0; i < 2; i++) await live.step();
    await live.change({ optimiser: adam(0.002), batchSize: 5 });
    await live.step();
    const resume = live.checkpoint();
    while (live.state.epoch < 1) await live.step();
    const changed = { ...base, epochs: 1, optimiser: adam(0.002), batchSize: 5, resume };
    expect(bitsOf(await fit(barNet, data, changed))).toEqual(bitsOf(live.model()));
    await expect(fit(barNet, data, { ...base, resume })).rejects.toThrow(/batchSize 5 there, 8 here/);
    live.release();
  });

  test("LF41 it says what its steps run on, which their bits depend on", async () => {
    const live = await openTraining(barNet, data, { ...base, device: "wasm", threads: 1 });
    const { backend, threads, engine } = live.explain();
    expect([backend, threads]).toEqual(["wasm", 1]);
    expect(["simd", "relaxed", "revectorised"]).toContain(engine?.tier);
    live.release();
  });

  test("a checkpoint of other settings is refused, impossible changes are refused and change nothing", async () => {
    const live = await openTraining(barNet, data, base);
    const start = live.checkpoint();
    await expect(live.change({ batchSize: 0 })).rejects.toThrow("openTraining: change: batchSize is 0; expected an integer >= 1");
    await expect(live.change({ seed: 3 } as never)).rejects.toThrow(ArgumentError);
    expect(live.state.batchSize).toBe(8);
    await live.change({ batchSize: 16 });
    expect(() => live.restore(start)).toThrow(TrainingError);
    live.release();
  });
});
