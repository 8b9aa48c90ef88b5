// Describe a CNN, train it on pictures that need no download, measure it, and look inside it in the three ways.
import { adam, attribute, evaluate, examples, fit, maximise, nn, synthetic } from "fovea";

const net = nn.sequential({
  conv1: nn.conv2d(1, 16, 5, { padding: "same" }),
  relu1: nn.relu(),
  pool1: nn.maxPool2d(2),
  conv2: nn.conv2d(16, 32, 5),
  relu2: nn.relu(),
  pool2: nn.maxPool2d(2),
  flatten: nn.flatten(),
  logits: nn.linear(800, 10),
});

const shapes = await synthetic({ train: 4000, test: 500 });
const model = await fit(net, shapes.train, { epochs: 4, optimiser: adam(2e-3), seed: 7 });
const { accuracy } = await evaluate(model, shapes.test);
console.log(model.summary().toString());
console.log(`test accuracy ${(100 * accuracy).toFixed(1)} %`);

const wants = await maximise(model, { layer: "conv2", channel: 5, position: "centre" }); // the input it wants
const matters = await attribute(model, shapes.test.image(0), { method: "guided", class: shapes.test.label(0) }); // the pixels that mattered
const [excites] = await examples(model, shapes.train, { layer: "conv2", channel: 5, top: 9 }); // the patches that excite it

console.log(`conv2, channel 5: reaches ${wants.activation.toFixed(2)}; its best training picture gives ${excites.best.toFixed(2)}`);
console.log(`guided map of test picture 0: ${matters.range.low.toFixed(3)} ... ${matters.range.high.toFixed(3)}`);

export const results = { accuracy, reached: wants.activation, best: excites.best, patch: excites.top[0].crop.shape };
