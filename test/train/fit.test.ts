import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { randomFlip } from "../../src/data/augmentation.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { firstOf } from "../../src/data/select.ts";
import { createModel, type Model, type Module, nn } from "../../src/nn/index.ts";
import { ArgumentError, DataError, ModelFormatError, ShapeError, TrainingError } from "../../src/tensor/errors.ts";
import { type Tensor, zeros } from "../../src/tensor/tensor.ts";
import {
  adam,
  type CheckpointFiles,
  cosine,
  crossEntropyLoss,
  decodeCheckpoint,
  type EpochRecord,
  evaluate,
  type FitOptions,
  fit,
  loadCheckpoint,
  meanSquaredError,
  type Progress,
  predict,
  type StepRecord,
  sgd,
} from "../../src/train/index.ts";
import { barLayers, barNet, bars } from "./tiny.ts";

const data = bars(45);
/** 45 pictures in batches of 8: five full ones and a last one of five. */
const base: FitOptions = { epochs: 3, batchSize: 8, seed: 5, optimiser: adam(0.01), schedule: cosine(), device: "reference" };

function bits(state: ReadonlyMap<string, Tensor>): Record<string, number[]> {
  return Object.fromEntries([...state].map(([name, t]) => [name, [...t.data]]));
}
const bitsOf = (model: Model): Record<string, number[]> => bits(model.state());

const folders: string[] = [];
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "fovea-fit-"));
  folders.push(made);
  return join(made, "checkpoint");
}
afterEach(() => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true });
});

describe("fit", () => {
  test("learns: the loss falls and unseen pictures are recognised", async () => {
    const epochs: EpochRecord[] = [];
    const model = await fit(barNet, data, { ...base, epochs: 12, validation: bars(30, 2), onEpoch: (record) => epochs.push(record) });
    expect(epochs.map((e) => e.epoch)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(epochs[11].loss).toBeLessThan(epochs[0].loss / 3);
    const before = await evaluate(createModel(barNet, [1, 8, 8], { seed: 5 }), bars(30, 2), { device: "reference" });
    const after = await evaluate(model, bars(30, 2), { device: "reference" });
    expect(before.accuracy).toBeLessThan(0.7);
    expect(after.accuracy).toBeGreaterThan(0.9);
    expect(after.accuracy).toBeCloseTo(epochs[11].validation?.accuracy as number, 12);
    expect(after.loss).toBeCloseTo(epochs[11].validation?.loss as number, 5);
    expect(model.classes).toEqual(data.classes);
    expect(model.preprocessing).toMatchObject({ name: "bars", channels: "grey", mean: data.normalisation.mean });
  });

  test("same seed gives the same bits, another seed others", async () => {
    const [a, b, c] = [await fit(barNet, data, base), await fit(barNet, data, base), await fit(barNet, data, { ...base, seed: 6 })];
    expect(bitsOf(a)).toEqual(bitsOf(b));
    expect(bitsOf(a)).not.toEqual(bitsOf(c));
  });

  test("leaves the given model as it was and starts from it", async () => {
    const model = createModel(barNet, [1, 8, 8], { seed: 9 });
    const before = bitsOf(model);
    const trained = await fit(model, data, { ...base, epochs: 1 });
    expect(bitsOf(model)).toEqual(before);
    expect(bitsOf(trained)).not.toEqual(before);
    expect(bitsOf(trained)).not.toEqual(bitsOf(await fit(barNet, data, { ...base, epochs: 1 })));
  });

  test("uses every picture once per epoch, the last partial batch too, or drops it when asked", async () => {
    const seen: number[][] = [];
    const watched: Dataset = {
      ...data,
      batch: (indices) => {
        seen.push([...Array.from(indices)]);
        return data.batch(indices);
      },
    };
    await fit(barNet, watched, { ...base, epochs: 2 });
    expect(seen.map((s) => s.length)).toEqual([8, 8, 8, 8, 8, 5, 8, 8, 8, 8, 8, 5]);
    const all = Array.from({ length: 45 }, (_, i) => i);
    const sorted = (batches: number[][]): number[] => batches.flat().sort((a, b) => a - b);
    expect(sorted(seen.slice(0, 6))).toEqual(all);
    expect(sorted(seen.slice(6))).toEqual(all);
    expect(seen.slice(0, 6)).not.toEqual(seen.slice(6));
    seen.length = 0;
    await fit(barNet, watched, { ...base, epochs: 1, dropLast: true });
    expect(seen.map((s) => s.length)).toEqual([8, 8, 8, 8, 8]);
  });

  test("a partial batch moves the whole state: running statistics count every batch", async () => {
    const model = await fit(barNet, data, { ...base, epochs: 2 });
    expect(model.buffers.get("bn.num_batches_tracked")?.item()).toBe(12);
  });

  test("E11 frozen layers stay bit for bit, the others learn", async () => {
    const model = createModel(barNet, [1, 8, 8], { seed: 5 });
    const trained = await fit(model, data, { ...base, epochs: 1, trainable: (name) => name.startsWith("logits") });
    for (const [name, before] of model.parameters) {
      const after = trained.parameters.get(name) as Tensor;
      if (name.startsWith("logits")) expect(after.data).not.toEqual(before.data);
      else expect(after.data).toEqual(before.data);
    }
  });

  test("reports progress, steps and epochs", async () => {
    const progress: Progress[] = [];
    const steps: StepRecord[] = [];
    const epochs: EpochRecord[] = [];
    await fit(barNet, data, {
      ...base,
      epochs: 2,
      onProgress: (p) => progress.push(p),
      onStep: (s) => steps.push(s),
      onEpoch: (e) => epochs.push(e),
    });
    expect(steps.map((s) => s.step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(steps.map((s) => s.epoch)).toEqual([1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2]);
    expect(steps[0].learningRate).toBe(0.01);
    expect(steps[6].learningRate).toBeCloseTo(0.005, 12);
    const last = progress.at(-1) as Progress;
    expect(last).toMatchObject({ epoch: 2, epochs: 2, step: 12, steps: 12, secondsLeft: 0 });
    expect(last.picturesPerSecond).toBeGreaterThan(0);
    expect(progress.filter((p) => p.step === 6)).toHaveLength(1);
    // The epoch's loss is the mean over pictures, so the smaller last batch weighs less.
    const weights = [8, 8, 8, 8, 8, 5];
    const mean = steps.slice(0, 6).reduce((sum, s, i) => sum + s.loss * weights[i], 0) / 45;
    expect(epochs[0].loss).toBeCloseTo(mean, 12);
    expect(epochs[1].loss).toBe(last.loss);
  });

  test("validates every so many epochs and after the last", async () => {
    const epochs: EpochRecord[] = [];
    await fit(barNet, firstOf(data, 9), { ...base, epochs: 5, validation: bars(6, 2), evaluateEvery: 2, onEpoch: (e) => epochs.push(e) });
    expect(epochs.map((e) => e.validation !== undefined)).toEqual([false, true, false, true, true]);
  });

  test("stops early and gives back the best epoch", async () => {
    // A rate that explodes after the second epoch makes the second the best.
    const epochs: EpochRecord[] = [];
    const states: Record<string, number[]>[] = [];
    const options: FitOptions = {
      ...base,
      epochs: 20,
      schedule: (step, plan) => (step < 2 * plan.stepsPerEpoch ? 0.01 : 1),
      validation: bars(30, 2),
      earlyStop: { metric: "loss", patience: 3 },
      onEpoch: (e) => epochs.push(e),
      checkpoint: {
        save: (files) => {
          states.push(bits(decodeCheckpoint(files).model));
        },
      },
    };
    const model = await fit(barNet, data, options);
    const losses = epochs.map((e) => e.validation?.loss as number);
    const best = losses.indexOf(Math.min(...losses));
    expect(losses).toHaveLength(best + 4);
    expect(bitsOf(model)).toEqual(states[best]);
    const last = await fit(barNet, data, { ...options, earlyStop: { patience: 3, restoreBest: false } });
    expect(bitsOf(last)).toEqual(states[best + 3]);
  });
});

describe("ET8 checkpoints", () => {
  test.each([
    ["in the middle of an epoch", 9],
    ["at an epoch's last full batch", 11],
    ["at the end of an epoch", 12],
    ["after the first step", 1],
  ])("ET8 stopping %s and resuming gives the same bits as not stopping", async (_, at) => {
    const whole: number[] = [];
    const straight = await fit(barNet, data, { ...base, onStep: (s) => whole.push(s.loss) });

    const where = folder();
    const stop = new AbortController();
    const curve: number[] = [];
    const record = (s: StepRecord): void => {
      curve.push(s.loss);
      if (s.step === at) stop.abort();
    };
    const interrupted = fit(barNet, data, { ...base, onStep: record, signal: stop.signal, checkpoint: { folder: where } });
    await expect(interrupted).rejects.toThrow("aborted");
    expect(curve).toHaveLength(at);
    const { state } = await loadCheckpoint(where);
    expect(state).toMatchObject({ step: at, epoch: Math.floor(at / 6) });

    const resumed = await fit(barNet, data, { ...base, resume: where, onStep: (s) => curve.push(s.loss) });
    expect(curve).toEqual(whole);
    expect(bitsOf(resumed)).toEqual(bitsOf(straight));
  });

  test("ET8 the learning curve and the early-stop memory are carried over a resume", async () => {
    const options: FitOptions = { ...base, epochs: 4, validation: bars(12, 2), earlyStop: { metric: "accuracy", patience: 10 } };
    const straight: EpochRecord[] = [];
    const a = await fit(barNet, data, { ...options, onEpoch: (e) => straight.push(e) });
    const where = folder();
    await fit(barNet, data, { ...options, epochs: 2, schedule: cosine({ steps: 24 }), checkpoint: { folder: where } });
    const b = await fit(barNet, data, { ...options, resume: where, checkpoint: { folder: where } });
    expect(bitsOf(b)).toEqual(bitsOf(a));
    const strip = (records: readonly EpochRecord[]): object[] => records.map(({ seconds: _, ...rest }) => rest);
    expect(strip((await loadCheckpoint(where)).state.history)).toEqual(strip(straight));
  });

  test("ET8 saves at steps and epochs as asked, with the caller's metadata", async () => {
    const saved: CheckpointFiles[] = [];
    await fit(barNet, data, {
      ...base,
      checkpoint: { save: (files) => void saved.push(files), everySteps: 4, everyEpochs: 2, metadata: { net: "barNet" } },
    });
    const states = saved.map((files) => decodeCheckpoint(files).state);
    // Steps 4, 8, 12 (also the end of epoch 2), 16, and 18, the end of training.
    expect(states.map((s) => s.step)).toEqual([4, 8, 12, 16, 18]);
    expect(states[0]).toMatchObject({ epoch: 0, position: 32, metadata: { net: "barNet" } });
    expect(states[4]).toMatchObject({ epoch: 3, position: 0 });
  });

  test("ET8 a folder checkpoint is three files that other programs can read", async () => {
    const where = folder();
    const model = await fit(barNet, data, { ...base, epochs: 1, checkpoint: { folder: where } });
    expect(readdirSync(where).sort()).toEqual(["model.safetensors", "optimiser.safetensors", "state.json"]);
    const { model: weights, optimiser } = await loadCheckpoint(where);
    expect(bits(new Map([...model.state()].map(([name]) => [name, weights.get(name) as Tensor])))).toEqual(bitsOf(model));
    expect(optimiser.get("step")?.item()).toBe(6);
    expect(optimiser.has("optimiser.adam.m.conv.weight")).toBe(true);
  });

  describe("ET8 a checkpoint of another training is refused with what differs", () => {
    const save = async (net: Module = barNet): Promise<string> => {
      const where = folder();
      await fit(net, data, { ...base, epochs: 1, checkpoint: { folder: where } });
      return where;
    };
    const other = (layers: Readonly<Record<string, Module>>): Module => nn.sequential({ ...barLayers, ...layers });
    const flipped = randomFlip({ axis: "vertical" });

    const others: readonly (readonly [what: string, says: RegExp, options?: FitOptions, net?: Module, on?: Dataset])[] = [
      ["batch size", /: batchSize 8 there, 16 here$/, { batchSize: 16 }],
      ["seed", /: seed 5 there, 6 here/, { seed: 6 }],
      ["what becomes of the last batch", /: dropLast false there, true here$/, { dropLast: true }],
      ["data set", /: data set "bars" of 45 there, "bars" of 44 here$/, {}, barNet, bars(44)],
      [
        "optimiser",
        /: optimiser "?adam"? there, "?sgd"? here; .*optimiser\.momentum does not exist there, 0 here/,
        { optimiser: sgd(0.01) },
      ],
      ["learning rate", /: optimiser\.learningRate 0\.01 there, 0\.02 here$/, { optimiser: adam(0.02) }],
      ["betas", /: optimiser\.betas \[0\.9,0\.999\] there, \[0\.8,0\.999\] here$/, { optimiser: adam(0.01, { betas: [0.8, 0.999] }) }],
      ["weight decay", /: optimiser\.weightDecay 0 there, 0\.1 here$/, { optimiser: adam(0.01, { weightDecay: 0.1 }) }],
      ["label smoothing", /: loss\.labelSmoothing 0 there, 0\.1 here$/, { loss: crossEntropyLoss({ labelSmoothing: 0.1 }) }],
      [
        "loss",
        /: loss crossEntropy there, meanSquaredError here; loss\.labelSmoothing 0 there, does not exist here$/,
        { loss: meanSquaredError() },
      ],
      ["clipping", /: clip\.norm does not exist there, 1 here$/, { clip: { norm: 1 } }],
      ["augmentation", /: augment none there, randomFlip \{"p":0\.5,"axis":"vertical"\} here$/, { augment: flipped }],
      ["what learns", /: parameter conv\.bias \[4\], learning there, \[4\], frozen here$/, { trainable: (name) => name !== "conv.bias" }],
      ["activation", /: layer relu relu \[4, 8, 8\] #\w+ there, tanh \[4, 8, 8\] #\w+ here$/, {}, other({ relu: nn.tanh() })],
      ["dropout", /: layer drop dropout \[64\] #\w+ there, dropout \[64\] #\w+ here$/, {}, other({ drop: nn.dropout(0.3) })],
      ["running statistics", /: state bn\.running_mean .*; state bn\.running_var/, {}, other({ bn: nn.batchNorm2d(4, { momentum: 0.2 }) })],
      ["an extra layer without parameters", /layer squash does not exist there, tanh \[3\] #\w+ here/, {}, other({ squash: nn.tanh() })],
    ];
    for (const [what, says, options = {}, net = barNet, on = data] of others) {
      test(`ET8 other ${what}`, async () => {
        const refused = fit(net, on, { ...base, ...options, resume: await save() });
        await expect(refused).rejects.toThrow(TrainingError);
        await expect(refused).rejects.toThrow(says);
      });
    }

    test("ET8 every difference is told, not only the first", async () => {
      const refused = fit(barNet, data, { ...base, seed: 6, batchSize: 16, optimiser: adam(0.02, { eps: 1e-6 }), resume: await save() });
      await expect(refused).rejects.toThrow(
        /seed 5 .*; batchSize 8 .*; optimiser\.learningRate .*; optimiser\.eps 1e-8 there, 0\.000001 here/,
      );
    });

    test("ET8 epochs, schedule, validation, early stopping and callbacks may change", async () => {
      const model = await fit(barNet, data, {
        ...base,
        epochs: 2,
        schedule: cosine({ minimum: 1e-4 }),
        validation: bars(12, 2),
        earlyStop: { patience: 5 },
        onStep: () => {},
        resume: await save(),
      });
      expect(model.parameters.size).toBeGreaterThan(0);
    });

    test("ET8 other attribute of a layer of the same kind and shape", async () => {
      const [gentle, steep] = [0.1, 0.2].map((slope) => other({ relu: nn.leakyRelu({ slope }) }));
      await expect(fit(steep, data, { ...base, resume: await save(gentle) })).rejects.toThrow(
        /training: layer relu leakyRelu \[4, 8, 8\] #\w+ there, leakyRelu \[4, 8, 8\] #\w+ here$/,
      );
    });

    test("ET8 a net that only was built again is the same", async () => {
      expect((await fit(other({}), data, { ...base, resume: await save() })).parameters.size).toBeGreaterThan(0);
    });

    test("ET8 there must be a checkpoint", async () => {
      await expect(fit(barNet, data, { ...base, resume: join(folder(), "nowhere") })).rejects.toThrow(ModelFormatError);
    });
  });

  test("ET8 a folder that holds anything else is refused before training, and left alone", async () => {
    const where = folder();
    mkdirSync(where);
    writeFileSync(join(where, "thesis.txt"), "years of work");
    let steps = 0;
    await expect(fit(barNet, data, { ...base, checkpoint: { folder: where }, onStep: () => steps++ })).rejects.toThrow(
      /holds "thesis\.txt"/,
    );
    expect(steps).toBe(0);
    expect(readdirSync(where)).toEqual(["thesis.txt"]);
  });

  test("ET8 damaged files are refused by name", async () => {
    let files: CheckpointFiles = {};
    const save = (given: CheckpointFiles): void => {
      files = given;
    };
    await fit(barNet, data, { ...base, epochs: 1, checkpoint: { save } });
    const model = files["model.safetensors"] as Uint8Array;
    expect(() => decodeCheckpoint({ ...files, "model.safetensors": model.subarray(0, model.length - 1) })).toThrow(/model\.safetensors/);
    expect(() => decodeCheckpoint({ ...files, "state.json": "{" })).toThrow(/state\.json is not JSON/);
    expect(() => decodeCheckpoint({ ...files, "state.json": '{"format":"other"}' })).toThrow(ModelFormatError);
    const { "optimiser.safetensors": _, ...without } = files;
    expect(() => decodeCheckpoint(without)).toThrow(/optimiser\.safetensors is missing/);
    const first = files;
    await fit(barNet, data, { ...base, epochs: 2, checkpoint: { save } });
    expect(() => decodeCheckpoint({ ...files, "model.safetensors": first["model.safetensors"] as Uint8Array })).toThrow(
      /of step 6.*of step 12/,
    );
  });
});

describe("bad input", () => {
  test("a loss that is not a number names the step, the rate and what to try", async () => {
    const promise = fit(barNet, data, { ...base, optimiser: sgd(1e30), schedule: (_, plan) => plan.learningRate });
    await expect(promise).rejects.toThrow(TrainingError);
    await expect(promise).rejects.toThrow(/step \d+ \(epoch \d\) with learning rate 1e\+30.*smaller learning rate.*clip/s);
  });

  test("an empty data set", async () => {
    const empty: Dataset = { ...data, size: 0 };
    await expect(fit(barNet, empty, base)).rejects.toThrow(DataError);
    await expect(evaluate(createModel(barNet, [1, 8, 8]), empty)).rejects.toThrow(/"bars" is empty/);
    await expect(fit(barNet, data, { ...base, validation: empty })).rejects.toThrow(DataError);
  });

  test.each(["reference", "wasm"] as const)("a data set of one's own with a label that is no class, on %s", async (device) => {
    const wrong: Dataset = {
      ...data,
      label: (i) => (i === 17 ? 7 : data.label(i)),
      batch(indices) {
        const { x, y } = data.batch(indices);
        for (let i = 0; i < indices.length; i++) if (indices[i] === 17) y.data[i] = 7;
        return { x, y };
      },
    };
    const message = /label of picture 17 of "bars" is 7; there are 3 classes \(0\.\.2\)/;
    await expect(fit(barNet, wrong, { ...base, device })).rejects.toThrow(DataError);
    await expect(fit(barNet, wrong, { ...base, device })).rejects.toThrow(message);
    await expect(fit(barNet, wrong, { ...base, device, augment: (image) => image })).rejects.toThrow(message);
    await expect(fit(barNet, firstOf(data, 8), { ...base, device, epochs: 1, validation: wrong })).rejects.toThrow(message);
    await expect(evaluate(createModel(barNet, [1, 8, 8]), wrong, { device, batchSize: 4 })).rejects.toThrow(message);
  });

  test("labels of another kind than one int32 per picture", async () => {
    const wrong: Dataset = { ...data, batch: (indices) => ({ ...data.batch(indices), y: zeros([indices.length]) }) };
    await expect(fit(barNet, wrong, base)).rejects.toThrow(/gave float32 labels \[8\] for 8 pictures; expected int32 \[8\]/);
  });

  test("classes or pictures that do not fit the net", async () => {
    const wide = nn.sequential({ flatten: nn.flatten(), logits: nn.linear(64, 10) });
    await expect(fit(wide, data, base)).rejects.toThrow(ShapeError);
    await expect(fit(wide, data, base)).rejects.toThrow(/"logits" gives 10 numbers per picture.*3 classes/);
    await expect(fit(createModel(lenetLike, [1, 9, 9]), data, base)).rejects.toThrow(/\[1, 8, 8\].*\[1, 9, 9\]/);
    await expect(fit(nn.conv2d(1, 3, 3), data, base)).rejects.toThrow(/gives \[3, 6, 6\] per picture/);
  });

  test("unknown and impossible options", async () => {
    await expect(fit(barNet, data, { ...base, batchsize: 3 } as never)).rejects.toThrow(
      /unknown option "batchsize" \(did you mean "batchSize"\?\); known options: epochs, batchSize/,
    );
    await expect(fit(barNet, firstOf(data, 5), { ...base, dropLast: true })).rejects.toThrow(
      /5 pictures, which do not fill one batch of 8/,
    );
    await expect(fit(barNet, data, { ...base, epochs: 0 })).rejects.toThrow(ArgumentError);
    await expect(fit(barNet, data, { ...base, clip: { norm: -1 } })).rejects.toThrow(/norm is -1/);
    await expect(fit(barNet, data, { ...base, device: "gpu" as never })).rejects.toThrow(/device is "gpu"/);
    const softmax = nn.sequential({ flatten: nn.flatten(), fc: nn.linear(64, 3), softmax: nn.softmax() });
    await expect(fit(softmax, data, base)).rejects.toThrow(/ends in a softmax.*takes logits/);
  });

  test("a last batch that the net cannot train on is found before training, with the way out", async () => {
    const net = nn.sequential({ flatten: nn.flatten(), fc: nn.linear(64, 3), bn: nn.batchNorm1d(3) });
    let steps = 0;
    const promise = fit(net, firstOf(data, 9), { ...base, onStep: () => steps++ });
    await expect(promise).rejects.toThrow(/last batch of an epoch has only 1 of 8 pictures.*dropLast/s);
    expect(steps).toBe(0);
    await fit(net, firstOf(data, 9), { ...base, epochs: 1, dropLast: true });
  });

  test("an aborted signal ends training between two steps, and evaluation", async () => {
    const reason = new Error("enough");
    const aborted = AbortSignal.abort(reason);
    await expect(fit(barNet, data, { ...base, signal: aborted })).rejects.toBe(reason);
    await expect(evaluate(createModel(barNet, [1, 8, 8]), data, { signal: aborted, device: "reference" })).rejects.toBe(reason);
  });

  test("an abort from a timer is seen while training runs", async () => {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), 50);
    let steps = 0;
    await expect(fit(barNet, data, { ...base, epochs: 10_000, signal: stop.signal, onStep: () => steps++ })).rejects.toThrow();
    clearTimeout(timer);
    expect(steps).toBeLessThan(60_000);
  });
});

const lenetLike = nn.sequential({ flatten: nn.flatten(), logits: nn.linear(81, 3) });

describe("evaluate and predict", () => {
  test("every batch size gives the same measurement, and all numbers fit together", async () => {
    const model = await fit(barNet, data, { ...base, epochs: 2 });
    const [a, b] = [
      await evaluate(model, data, { batchSize: 45, topK: 2, device: "reference" }),
      await evaluate(model, data, { batchSize: 7, device: "reference" }),
    ];
    expect([...b.predictions]).toEqual([...a.predictions]);
    expect([...b.probabilities.data]).toEqual([...a.probabilities.data]);
    expect(a.count).toBe(45);
    expect(a.confusion.flat().reduce((x, y) => x + y)).toBe(45);
    expect(a.confusion.reduce((sum, row, i) => sum + row[i], 0) / 45).toBeCloseTo(a.accuracy, 12);
    expect(a.topK?.accuracy).toBeGreaterThanOrEqual(a.accuracy);
    expect(a.perClass.map((c) => c.name)).toEqual([...data.classes]);
    for (let i = 0; i < 45; i++) {
      expect(a.labels[i]).toBe(data.label(i));
      expect(a.losses[i]).toBeCloseTo(-Math.log(a.probabilities.at(i, a.labels[i])), 4);
    }
  });

  test("predict answers for one picture, several, or a batch", async () => {
    const model = await fit(barNet, data, { ...base, epochs: 2 });
    const { predictions, probabilities } = await evaluate(model, data, { device: "reference" });
    const one = await predict(model, data.image(4), { device: "reference" });
    expect([...one.labels]).toEqual([predictions[4]]);
    expect(one.names).toEqual([data.classes[predictions[4]]]);
    expect([...one.probabilities.data]).toEqual([...probabilities.entry(4).data]);
    const several = await predict(model, [data.image(1), data.image(2)], { device: "reference" });
    const batch = await predict(model, data.batch([1, 2]).x, { device: "reference" });
    expect([...several.probabilities.data]).toEqual([...batch.probabilities.data]);
    await expect(predict(model, [], { device: "reference" })).rejects.toThrow(DataError);
    await expect(predict(model, data.image(0).reshape([1, 4, 16]))).rejects.toThrow(/\[1, 4, 16\]/);
  });
});
