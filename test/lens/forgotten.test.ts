// Which weights the sanity checks forget, in nets whose parameters are not called after their layers.
import { expect, test } from "vitest";
import { forgotten, layersToForget } from "../../src/lens/index.ts";
import { createModel, nn } from "../../src/nn/index.ts";
import { smallNet } from "./nets.ts";

test("FA4 layers are forgotten whole, from the logits down", () => {
  const model = smallNet();
  expect(layersToForget(model)).toEqual(["logits", "conv2", "conv1"]);
  const blank = forgotten(model, ["logits"]);
  expect(blank.parameters.get("logits.weight")?.data).not.toEqual(model.parameters.get("logits.weight")?.data);
  expect(blank.parameters.get("conv2.weight")?.data).toEqual(model.parameters.get("conv2.weight")?.data);
});

test("FA4 weights and biases of a layer belong together whatever they are called", () => {
  // Alone, a layer's parameters are called weight and bias, without its name in front; files of other tools call them anything.
  const model = createModel(nn.conv2d(1, 2, 3), [1, 5, 5]);
  expect(layersToForget(model)).toEqual(["conv2d"]);
  const blank = forgotten(model, layersToForget(model));
  expect(blank.parameters.get("weight")?.data).not.toEqual(model.parameters.get("weight")?.data);
});
