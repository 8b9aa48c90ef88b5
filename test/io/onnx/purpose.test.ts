// What a net was made for travels with its file.
import { expect, test } from "vitest";
import { preprocessingProfile, readOnnx, writeOnnx } from "../../../src/io/index.ts";
import { purposeOf } from "../../../src/io/onnx/purpose.ts";
import { createModel, nn } from "../../../src/nn/index.ts";

test("EF1 EF9 classes and preprocessing come back from an exported file, and can be given anew", async () => {
  const classes = ["cat", "dog"];
  const net = nn.sequential({
    conv: nn.conv2d(3, 4, 3),
    relu: nn.relu(),
    pool: nn.globalAvgPool(),
    flatten: nn.flatten(),
    scores: nn.linear(4, 2),
  });
  const model = createModel(net, [3, 8, 8], { classes, preprocessing: preprocessingProfile("caffe") });
  const network = await readOnnx(writeOnnx(model));
  const back = network.model();
  expect(back.classes).toEqual(classes);
  expect(back.preprocessing).toEqual(preprocessingProfile("caffe"));
  expect(network.model({ classes: ["a", "b"] }).classes).toEqual(["a", "b"]);
});

test("PR16 metadata of another form is passed over", () => {
  const of = (value: string): object => purposeOf(["fovea.classes", "fovea.preprocessing"].map((key) => ({ key, value })));
  for (const value of ["", "{", "3", "[1]", "null", '{"name":"x"}', '{"name":"x","channels":"rgb","mean":[0],"deviation":["1"]}']) {
    expect(of(value)).toEqual({});
  }
});
