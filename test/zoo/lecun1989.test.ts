import { describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/index.ts";
import type { Value } from "../../src/graph/value.ts";
import { createModel } from "../../src/nn/index.ts";
import { add, mul, oneHot, square, sub, sum, tanh } from "../../src/ops/index.ts";
import { ArgumentError, ShapeError } from "../../src/tensor/errors.ts";
import { adam, evaluate, fit, type Loss } from "../../src/train/index.ts";
import { type Lecun1989, lecun1989Figures, lecun1989Net, linksOf } from "../../src/zoo/lecun1989.ts";
import { digits, digits1989 } from "../support/digits.ts";
import { isLong } from "../support/long.ts";

const numbers: readonly Lecun1989[] = [1, 2, 3, 4, 5];

/** The report's: ten units 1.7159·tanh(2x/3), half the squared distance to +1 for the class and -1 for the others. */
const reportLoss: Loss = {
  name: "squared error of tanh units",
  perPicture(output: Value, target: Value): Value {
    const wanted = add(mul(oneHot(target, { classes: output.shape[1], dtype: output.dtype }), 2), -1);
    return mul(sum(square(sub(mul(tanh(mul(output, 2 / 3)), 1.7159), wanted)), { axes: [1] }), 0.5);
  },
};

/** Test accuracy in percent after training on 320 digits. */
async function accuracy(number: Lecun1989, source: Dataset, seed: number): Promise<number> {
  const { train, test } = digits1989(source, seed);
  expect([train.size, test.size]).toEqual([320, 160]);
  const settings = { epochs: 100, batchSize: 4, optimiser: adam(3e-3), loss: reportLoss, seed, threads: 1 } as const;
  const model = await fit(lecun1989Net(number), train, settings);
  return 100 * (await evaluate(model, test, { threads: 1 })).accuracy;
}

const mean = (values: readonly number[]): number => values.reduce((total, v) => total + v, 0) / values.length;

describe("H8 LeCun 1989, the ideas earn accuracy", () => {
  it.each(numbers)("H8 Net-%i has the report's links and weights", (number) => {
    const model = createModel(lecun1989Net(number), [1, 16, 16]);
    const { links, weights } = lecun1989Figures[number];
    expect([linksOf(model), model.parameterCount]).toEqual([links, weights]);
  });

  it("H8 more links, fewer weights from Net-3 to Net-5 but for the last layer", () => {
    const shapes = createModel(lecun1989Net(5), [1, 16, 16]).parameters;
    expect([...shapes].map(([name, { shape }]) => [name, ...shape])).toEqual([
      ["h1.weight", 2, 1, 3, 3],
      ["h1.bias", 2, 8, 8],
      ["h2.weight", 4, 2, 5, 5],
      ["h2.bias", 4, 4, 4],
      ["logits.weight", 10, 64],
      ["logits.bias", 10],
    ]);
  });

  it("H8 other pictures and other nets are refused", () => {
    expect(() => lecun1989Net(1, [1, 28, 28])).toThrow(ShapeError);
    expect(() => lecun1989Net(6 as Lecun1989)).toThrow(ArgumentError);
  });

  /** Accuracies by net and seed, all on the same digits per seed. */
  async function accuracies(seeds: number): Promise<number[][]> {
    const source = (digits as NonNullable<typeof digits>).train;
    const found: number[][] = [];
    for (const number of numbers) {
      const row: number[] = [];
      for (let seed = 0; seed < seeds; seed++) row.push(await accuracy(number, source, seed));
      found.push(row);
      if (isLong) console.log(`Net-${number}: ${mean(row).toFixed(1)} % (1989: ${lecun1989Figures[number].accuracy} %)`);
    }
    return found;
  }

  it.skipIf(digits === undefined || isLong)(
    "H8 on 320 digits, 4 seeds: every net beats the one before it, local connections and sharing each by more than 5 points",
    async () => {
      const means = (await accuracies(4)).map(mean);
      for (let n = 1; n < means.length; n++) expect(means[n], `Net-${n} to Net-${n + 1}`).toBeGreaterThan(means[n - 1]);
      expect(means[2]).toBeGreaterThan(means[1] + 5);
      expect(means[4]).toBeGreaterThan(means[2] + 5);
    },
  );

  it.skipIf(digits === undefined || !isLong)(
    "H8 the order of all five nets reproduces over 8 seeds, each step larger than its standard error",
    async () => {
      const found = await accuracies(8);
      for (let n = 1; n < found.length; n++) {
        // Seeds are paired: both nets saw the same digits.
        const gaps = found[n].map((value, seed) => value - found[n - 1][seed]);
        const gap = mean(gaps);
        const error = Math.sqrt(mean(gaps.map((g) => (g - gap) ** 2)) / (gaps.length - 1));
        expect(gap, `Net-${n} to Net-${n + 1}`).toBeGreaterThan(error);
      }
    },
    300_000,
  );
});
