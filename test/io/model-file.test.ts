// A model file brings back the same model, or says what is wrong with it.
import { describe, expect, test } from "vitest";
import { readModel, writeModel, writeSafetensors } from "../../src/io/index.ts";
import { createModel } from "../../src/nn/index.ts";
import { ArgumentError, ModelFormatError } from "../../src/tensor/errors.ts";
import { random, randomNormal, tensor } from "../../src/tensor/index.ts";
import { predict } from "../../src/train/index.ts";
import { smallNet, zooModel } from "../../src/zoo/index.ts";

const classes = ["cat", "dog", "owl"];
const preprocessing = { name: "mine", channels: "rgb", mean: [0.4, 0.5, 0.6], deviation: [0.2, 0.2, 0.3] } as const;
const model = createModel(smallNet([3, 16, 20], 3), [3, 16, 20], { seed: 5, classes, preprocessing });

describe("model files", () => {
  test("bring back parameters, classes and preprocessing, and say the same to a picture", async () => {
    const bytes = writeModel(model, "lenet");
    const { model: again, architecture } = readModel(bytes);
    expect(architecture).toBe("lenet");
    expect(again.classes).toEqual(classes);
    expect(again.preprocessing).toEqual(preprocessing);
    const picture = randomNormal([3, 16, 20], random(1));
    const [before, after] = [await predict(model, picture), await predict(again, picture)];
    expect(after.probabilities.data).toEqual(before.probabilities.data);
    expect(writeModel(again, "lenet")).toEqual(bytes);
  });

  // The small ones of the zoo: the trip is the same for all, and the large ones hold half a gigabyte.
  test.each(["lenet", "lenet5", "lecun1989-5", "resnet20-cifar"])("%s of the zoo survives the trip", (name) => {
    const made = zooModel(name, { seed: 1 });
    const again = readModel(writeModel(made, name)).model.state();
    expect([...again.keys()].sort()).toEqual([...made.state().keys()].sort());
    for (const [key, value] of made.state()) expect(again.get(key)?.data, key).toEqual(value.data);
  });

  test("of other contents are refused with the reason", () => {
    expect(() => writeModel(model, "lenet9")).toThrow(ArgumentError);
    expect(() => readModel(new Uint8Array(30), "x.safetensors")).toThrow(ModelFormatError);
    expect(() => readModel(writeSafetensors([["w", tensor([1])]]), "x.safetensors")).toThrow(
      /x\.safetensors: these are tensors, but not which net/,
    );
    const described = (description: unknown): Uint8Array =>
      writeSafetensors(model.state(), { metadata: { fovea: typeof description === "string" ? description : JSON.stringify(description) } });
    const good = { architecture: "lenet", inputShape: [3, 16, 20], outputs: 3 };
    expect(readModel(described(good)).model.state()).toEqual(model.state());
    for (const [bad, says] of [
      ["{", /x: /],
      [null, /does not name an architecture/],
      [{ ...good, architecture: "resnet9000" }, /no net is called "resnet9000"/],
      [{ ...good, inputShape: [3, 16, -1] }, /no sensible inputShape/],
      [{ ...good, inputShape: [3, 4, 4] }, /at least 12/],
      [{ ...good, outputs: 4 }, /logits/],
      [{ ...good, outputs: 1e12 }, /no sensible inputShape and outputs/],
      [{ ...good, classes: ["one"] }, /names 1 classes for 3 outputs/],
    ] as const) {
      expect(() => readModel(described(bad), "x")).toThrow(ModelFormatError);
      expect(() => readModel(described(bad), "x")).toThrow(says);
    }
  });
});
