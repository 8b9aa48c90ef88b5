// jax-js (its WebAssembly backend, one thread) training LeNet-5: a jitted step of forward, loss, backward and momentum.
import { readFileSync } from "node:fs";
import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";

// The package does not export its own description.
export const { version } = JSON.parse(readFileSync(new URL("../node_modules/@jax-js/jax/package.json", import.meta.url), "utf8"));

const shapes = {
  weight1: [6, 1, 5, 5],
  bias1: [1, 6, 1, 1],
  weight2: [16, 6, 5, 5],
  bias2: [1, 16, 1, 1],
  weight3: [400, 120],
  bias3: [120],
  weight4: [120, 84],
  bias4: [84],
  weight5: [84, 10],
  bias5: [10],
};

let state = 1;
function uniform(shape, scale) {
  const data = Float32Array.from({ length: shape.reduce((p, n) => p * n, 1) }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state / 0x3fffffff - 1) * scale;
  });
  return np.array(data).reshape(shape);
}

function pooled(x) {
  const [pictures, channels, rows, columns] = x.shape;
  return np.max(x.reshape([pictures, channels, rows / 2, 2, columns / 2, 2]), [3, 5]);
}

/** One call of the result is a step and gives its loss. */
export async function lenet5(batch) {
  await init("wasm");
  defaultDevice("wasm");
  const loss = (p, x, y) => {
    const maps1 = pooled(nn.relu(lax.conv(x, p.weight1, [1, 1], "VALID").add(p.bias1)));
    const maps2 = pooled(nn.relu(lax.conv(maps1, p.weight2, [1, 1], "VALID").add(p.bias2)));
    const hidden1 = nn.relu(np.matmul(maps2.reshape([batch, 400]), p.weight3).add(p.bias3));
    const hidden2 = nn.relu(np.matmul(hidden1, p.weight4).add(p.bias4));
    const logits = np.matmul(hidden2, p.weight5).add(p.bias5);
    return np.sum(nn.logSoftmax(logits, -1).mul(y)).mul(-1 / batch);
  };
  const step = jit((parameters, moments, x, y) => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(parameters), x, y);
    const nextMoments = tree.map((m, g) => m.mul(0.9).add(g), moments, gradients);
    return [value, tree.map((p, m) => p.sub(m.mul(0.01)), parameters, tree.ref(nextMoments)), nextMoments];
  });
  let parameters = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, uniform(shape, 0.1)]));
  let moments = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, np.zeros(shape)]));
  const x = uniform([batch, 1, 32, 32], 1);
  const y = nn.oneHot(np.array(Int32Array.from({ length: batch }, (_, i) => i % 10)), 10);
  return async () => {
    let value;
    [value, parameters, moments] = step(parameters, moments, x.ref, y.ref);
    return (await value.data())[0];
  };
}
