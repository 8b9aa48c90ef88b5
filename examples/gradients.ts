// Graphs by hand: a loss, its gradient as another graph, a second derivative, and a training step that is one run of one program.
import { compile, conv2d, createGraph, gradient, input, mse, mul, random, randomNormal, sub, sum, tensor, variable } from "fovea";

// Learn an edge detector back from what it did to random pictures.
const sobel = tensor([
  [-1, 0, 1],
  [-2, 0, 2],
  [-1, 0, 1],
]).reshape([1, 1, 3, 3]);
const pictures = randomNormal([8, 1, 12, 12], random(1));
const responses = conv2d(pictures, sobel);

const x = input("x", [8, 1, 12, 12]);
const y = input("y", [8, 1, 10, 10]);
const kernel = variable("kernel", randomNormal([1, 1, 3, 3], random(2)));
const loss = mse(conv2d(x, kernel), y);
const [slope] = gradient(loss, [kernel]);
const step = await compile(createGraph({ outputs: { loss }, updates: [[kernel, sub(kernel, mul(slope, 0.25))]] }));

let last = Number.POSITIVE_INFINITY;
for (let i = 0; i < 100; i++) last = (await step.run({ x: pictures, y: responses })).loss.item();
const learned = step.state.read("kernel");
console.log(`loss ${last.toExponential(1)}, kernel`, learned.reshape([3, 3]).toNested());

// Gradients are graphs, so they have gradients: d²/dz² of the sum of z³ is 6z.
const z = input("z", [3]);
const [first] = gradient(sum(mul(z, mul(z, z))), [z]);
const [second] = gradient(sum(first), [z]);
const curvature = (await (await compile(createGraph({ outputs: { second } }))).run({ z: tensor([1, 2, 3]) })).second;
console.log("second derivative of z³ at 1, 2, 3:", curvature.toNested());

export const results = { loss: last, kernel: learned.data, curvature: curvature.toNested() };
