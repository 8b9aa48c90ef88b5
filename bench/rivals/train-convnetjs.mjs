// ConvNetJS (plain JavaScript, one thread) training LeNet-5: it takes pictures one by one and updates after a batch of them.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const convnet = require("convnetjs");
export const { version } = require("convnetjs/package.json");

/** One call of the result is a step and gives its loss. */
export async function lenet5(batch) {
  const net = new convnet.Net();
  net.makeLayers([
    { type: "input", out_sx: 32, out_sy: 32, out_depth: 1 },
    { type: "conv", sx: 5, filters: 6, stride: 1, pad: 0, activation: "relu" },
    { type: "pool", sx: 2, stride: 2 },
    { type: "conv", sx: 5, filters: 16, stride: 1, pad: 0, activation: "relu" },
    { type: "pool", sx: 2, stride: 2 },
    { type: "fc", num_neurons: 120, activation: "relu" },
    { type: "fc", num_neurons: 84, activation: "relu" },
    { type: "softmax", num_classes: 10 },
  ]);
  const trainer = new convnet.SGDTrainer(net, { learning_rate: 0.01, momentum: 0.9, batch_size: batch, l2_decay: 0 });
  let state = 1;
  const pictures = Array.from({ length: batch }, () => {
    const picture = new convnet.Vol(32, 32, 1, 0);
    for (let i = 0; i < picture.w.length; i++) {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      picture.w[i] = state / 0x3fffffff - 1;
    }
    return picture;
  });
  return async () => {
    let sum = 0;
    for (const [i, picture] of pictures.entries()) sum += trainer.train(picture, i % 10).loss;
    return sum / batch;
  };
}
