// Drawings of networks, held against what their papers say is in them.
import { expect, test } from "vitest";
import { createGraph } from "../../src/graph/index.ts";
import { input } from "../../src/graph/record.ts";
import { label } from "../../src/graph/value.ts";
import { activations } from "../../src/lens/activations.ts";
import { nn } from "../../src/nn/index.ts";
import { createModel } from "../../src/nn/model.ts";
import { add, relu } from "../../src/ops/index.ts";
import { boxesOf } from "../../src/report/graph-boxes.ts";
import { drawGraph } from "../../src/report/graph-drawing.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import { zooModel } from "../../src/zoo/index.ts";

const count = (net: string, family: string): number => boxesOf(zooModel(net)).boxes.filter((box) => box.family === family).length;

test("a box for every layer of the papers", () => {
  // He et al. 2015: 17 convolutions and 3 projections, 8 blocks. Szegedy et al. 2014: 3 and 6 in each of 9 modules. Ronneberger et al. 2015: "in
  // total the network has 23 convolutional layers". Iandola et al. 2016: 8 fire modules of 3, first and last.
  expect([count("resnet18", "convolution"), count("resnet18", "join"), count("resnet18", "dense")]).toEqual([20, 8, 1]);
  expect([count("googlenet", "convolution"), count("googlenet", "join")]).toEqual([57, 9]);
  expect([count("unet", "convolution"), count("unet", "join")]).toEqual([23, 4]);
  expect([count("squeezenet1.1", "convolution"), count("squeezenet1.1", "join")]).toEqual([26, 8]);
});

test("a shortcut is an edge around its block, and norms and activations stand with what they follow", () => {
  const { boxes, edges } = boxesOf(zooModel("resnet18"));
  const named = (name: string): number => boxes.findIndex((box) => box.name === name);
  const into = edges.filter(({ to }) => to === named("layer1.0.add")).map(({ from }) => boxes[from].name);
  expect(into.sort()).toEqual(["layer1.0.conv2", "maxpool"]);
  expect(boxes[named("conv1")]).toMatchObject({ kinds: ["conv2d 7×7 /2", "batchNorm2d", "relu"], shape: [64, 112, 112] });
  expect(edges.filter(({ to }) => boxes[to].name === "inception3a")).toHaveLength(0);
  expect(boxes.filter(({ isOutput }) => isOutput)).toHaveLength(1);
});

test("the sum of a residual block is a layer, with values to look at", async () => {
  const model = zooModel("resnet20-cifar");
  const { boxes } = boxesOf(model, { followers: "apart" });
  expect(boxes.slice(1).filter(({ name }) => name === "")).toEqual([]);
  const image = randomNormal(model.inputShape, random(1));
  const maps = await activations(model, image, { layers: ["layer1.0.bn2", "layer1.0.add", "layer1.0.activation", "relu"] });
  const [changed, sum, after, kept] = ["layer1.0.bn2", "layer1.0.add", "layer1.0.activation", "relu"].map(
    (name) => maps.get(name)?.data ?? [],
  );
  expect(sum.length).toBe(16 * 32 * 32);
  for (let i = 0; i < sum.length; i += 97) {
    expect(sum[i]).toBeCloseTo(changed[i] + kept[i], 5);
    expect(after[i]).toBe(Math.max(0, sum[i]));
  }
});

test("every box stands inside the picture, and none on another", () => {
  for (const net of ["lenet", "googlenet", "unet", "mobilenet-v3-small"]) {
    const svg = drawGraph(zooModel(net));
    const [, width, height] = (/viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []).map(Number);
    const [, left, top] = (/<g transform="translate\((-?[\d.]+) ([\d.]+)\)"/.exec(svg) ?? []).map(Number);
    const bodies = [...svg.matchAll(/class="body[^"]*" x="(-?[\d.]+)" y="(-?[\d.]+)" width="([\d.]+)" height="([\d.]+)"/g)];
    const boxes = bodies.map((match) => match.slice(1).map(Number)).map(([x, y, w, h]) => ({ x: x + left, y: y + top, w, h }));
    expect(boxes.length).toBe(boxesOf(zooModel(net)).boxes.length);
    for (const [i, a] of boxes.entries()) {
      expect(a.x >= 0 && a.y >= 0 && a.x + a.w <= width && a.y + a.h <= height).toBe(true);
      for (const b of boxes.slice(i + 1)) expect(a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h).toBe(false);
    }
  }
});

test("any graph is drawn by its labels, whatever characters these have", () => {
  const [x, z] = [input("x", [1, 4]), input("z", [1, 4])];
  const svg = drawGraph(createGraph({ outputs: { y: label(relu(label(add(x, z), "a<b>&")), "y") } }), { title: "</svg>" });
  expect(svg).toContain("a&#60;b&#62;&#38;");
  expect(svg.match(/<\/svg>/g)).toHaveLength(1);
  expect(svg.match(/class="edge"/g)).toHaveLength(2);
});

test("a thousand layers in a row take no deep walk, and more than a picture holds are refused", () => {
  const chain = (length: number): ReturnType<typeof createModel> =>
    createModel(nn.sequential(Object.fromEntries(Array.from({ length }, (_, i) => [`fc${i}`, nn.linear(1, 1)]))), [1]);
  expect(boxesOf(chain(1500)).boxes).toHaveLength(1501);
  expect(() => drawGraph(chain(2500))).toThrow(/2501 boxes; more than 2000/);
});

test("L6 every layer has a box of its own where followers stand apart, in order of computation", () => {
  const model = zooModel("resnet18");
  const { boxes, edges } = boxesOf(model, { followers: "apart" });
  const names = boxes.map(({ name }) => name);
  for (const { name } of model.summary().layers) expect(names).toContain(name);
  for (const { from, to } of edges) expect(from).toBeLessThan(to);
});
