// What a net says to single pictures, whatever its output ends in.
import { expect, test } from "vitest";
import { createModel, nn } from "../../src/nn/index.ts";
import { random, Tensor } from "../../src/tensor/index.ts";
import { predict } from "../../src/train/index.ts";

test("probabilities are taken from a softmax once, also where they are flattened behind it", async () => {
  const generator = random(3);
  const picture = new Tensor(
    Float32Array.from({ length: 36 }, () => 60 * generator.normal()),
    [1, 6, 6],
  );
  const body = { conv: nn.conv2d(1, 3, 3), pool: nn.globalAvgPool() };
  const parameters = createModel(nn.sequential(body), [1, 6, 6], { seed: 2 }).parameters;
  const logits = createModel(nn.sequential({ ...body, flatten: nn.flatten() }), [1, 6, 6], { parameters });
  const flat = createModel(nn.sequential({ ...body, softmax: nn.softmax({ axis: 1 }), flatten: nn.flatten() }), [1, 6, 6], { parameters });
  const [a, b] = [await predict(logits, picture), await predict(flat, picture)];
  expect(Array.from(b.probabilities.data)).toEqual(Array.from(a.probabilities.data, (p) => expect.closeTo(p, 6)));
  // A second softmax would make them nearly even.
  expect(Math.max(...b.probabilities.data)).toBeGreaterThan(0.5);
});
