// TensorFlow.js on its plain JavaScript backend, one thread, training LeNet-5. (Its WebAssembly backend has no filter gradient.)
import * as tf from "@tensorflow/tfjs";

export const version = tf.version_core;

/** One call of the result is a step and gives its loss. */
export async function lenet5(batch) {
  await tf.setBackend("cpu");
  await tf.ready();
  const weight = (...shape) => tf.variable(tf.randomUniform(shape, -0.1, 0.1, "float32", 1));
  const bias = (n) => tf.variable(tf.zeros([n]));
  const convs = [
    [weight(5, 5, 1, 6), bias(6)],
    [weight(5, 5, 6, 16), bias(16)],
  ];
  const dense = [
    [weight(400, 120), bias(120)],
    [weight(120, 84), bias(84)],
    [weight(84, 10), bias(10)],
  ];
  const x = tf.randomUniform([batch, 32, 32, 1], -1, 1, "float32", 1);
  const y = tf.oneHot(
    Array.from({ length: batch }, (_, i) => i % 10),
    10,
  );
  const loss = () => {
    const maps = convs.reduce((h, [w, b]) => tf.maxPool(tf.relu(tf.add(tf.conv2d(h, w, 1, "valid"), b)), 2, 2, "valid"), x);
    const logits = dense.reduce((h, [w, b], i) => tf.add(tf.matMul(i === 0 ? h : tf.relu(h), w), b), tf.reshape(maps, [batch, 400]));
    return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), y), 1)));
  };
  const optimiser = tf.train.momentum(0.01, 0.9);
  return async () => {
    const value = optimiser.minimize(loss, true);
    const [number] = await value.data();
    value.dispose();
    return number;
  };
}
