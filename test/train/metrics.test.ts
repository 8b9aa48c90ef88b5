import { describe, expect, test } from "vitest";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { constant } from "../../src/graph/record.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import {
  accuracy,
  classMetrics,
  confusionMatrix,
  crossEntropyLoss,
  halfSquaredError,
  meanSquaredError,
  topK,
} from "../../src/train/index.ts";

describe("metrics", () => {
  const labels = [0, 0, 1, 1, 1, 2];
  const predictions = [0, 1, 1, 1, 0, 1];

  test("accuracy and confusion", () => {
    expect(accuracy(predictions, labels)).toBe(0.5);
    expect(confusionMatrix(predictions, labels, 3)).toEqual([
      [1, 1, 0],
      [1, 2, 0],
      [0, 1, 0],
    ]);
    expect(() => confusionMatrix([3], [0], 3)).toThrow(/predicted 3; there are classes 0\.\.2/);
    expect(() => accuracy([1], [1, 2])).toThrow(/1 predictions for 2 labels/);
  });

  test("precision, recall and F1 per class; what has no denominator is NaN", () => {
    const [a, b, c] = classMetrics(confusionMatrix(predictions, labels, 3), ["a", "b", "c"]);
    expect(a).toEqual({ name: "a", count: 2, precision: 0.5, recall: 0.5, f1: 0.5 });
    expect(b).toEqual({ name: "b", count: 3, precision: 0.5, recall: 2 / 3, f1: 4 / 7 });
    expect(c).toEqual({ name: "c", count: 1, precision: Number.NaN, recall: 0, f1: 0 });
  });

  test("top-k counts the label among the k greatest; of equal scores the first comes first", () => {
    const scores = tensor([
      [0.1, 0.7, 0.2],
      [0.3, 0.3, 0.4],
      [0.6, 0.3, 0.1],
    ]);
    expect([1, 2, 3].map((k) => topK(scores, [2, 1, 0], k))).toEqual([1 / 3, 2 / 3, 1]);
    expect(() => topK(scores, [1, 2], 1)).toThrow(/do not belong together/);
  });
});

describe("losses", () => {
  const value = (t: Parameters<typeof constant>[0]): ReturnType<typeof constant> => constant(t);
  const logits = tensor([
    [1, 2, 3],
    [1, 2, 3],
  ]);
  const labels = tensor([2, 0], [2], "int32");

  test("D2 cross-entropy of logits 1, 2, 3", () => {
    const [loss] = evaluateValues([crossEntropyLoss().perPicture(value(logits), value(labels))], new Map());
    expect(loss.data[0]).toBeCloseTo(0.40760596, 6);
    expect(loss.data[1]).toBeCloseTo(2.40760596, 6);
  });

  test("label smoothing mixes in the mean over all classes", () => {
    const [loss] = evaluateValues([crossEntropyLoss({ labelSmoothing: 0.3 }).perPicture(value(logits), value(labels))], new Map());
    const all = [2.40760596, 1.40760596, 0.40760596];
    expect(loss.data[0]).toBeCloseTo(0.7 * all[2] + 0.1 * (all[0] + all[1] + all[2]), 6);
    expect(() => crossEntropyLoss({ labelSmoothing: 1 })).toThrow(/labelSmoothing is 1/);
  });

  test("E5 squared errors, labels as one-hot rows or numbers of the output's shape", () => {
    const output = value(
      tensor([
        [0.5, 0.5, 0],
        [1, 0, 0],
      ]),
    );
    const [mean, half, numbers] = evaluateValues(
      [
        meanSquaredError().perPicture(output, value(labels)),
        halfSquaredError().perPicture(output, value(labels)),
        halfSquaredError().perPicture(
          output,
          value(
            tensor([
              [0, 0, 0],
              [3, 0, 0],
            ]),
          ),
        ),
      ],
      new Map(),
    );
    expect(mean.data[0]).toBeCloseTo(0.5, 6);
    expect(half.data[0]).toBeCloseTo(0.75, 6);
    expect([...numbers.data]).toEqual([0.25, 2]);
    expect(() => meanSquaredError().perPicture(output, value(tensor([[1, 2]])))).toThrow(/\[2, 3\].*\[1, 2\]/);
  });
});
