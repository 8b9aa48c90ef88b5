// Files that were damaged or made to harm: each must end in a typed error or in a network, soon, and without taking memory.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readOnnx } from "../../../src/io/onnx/network.ts";
import { decodeModel, encodeModel } from "../../../src/io/onnx/schema.ts";
import { FoveaError } from "../../../src/tensor/errors.ts";
import { random, randomNormal } from "../../../src/tensor/random.ts";
import { sizeOf } from "../../../src/tensor/shape.ts";
import { full, tensor } from "../../../src/tensor/tensor.ts";
import { rounds } from "../../support/long.ts";
import { damaged } from "../damage.ts";
import { fileOf, node, port, stored } from "./files.ts";

/** A bit of everything: convolution, norm, pooling, arithmetic on shapes, a condition, a function, resizing, padding, a dense layer. */
const file = fileOf(
  {
    input: [port("x", ["N", 2, 8, 8])],
    output: [port("y")],
    node: [
      node("Conv", "x cw cb", "c", { pads: [1, 1, 1, 1], strides: [1, 1], kernel_shape: [3, 3], dilations: [1, 1], group: 1 }, "conv"),
      node("BatchNormalization", "c g b m v", "n", { epsilon: 1e-5 }),
      { ...node("Act", "n", "a"), domain: "ours", attribute: [{ name: "slope", type: 1, f: 0.1 }] },
      node("MaxPool", "a", "p", { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
      node("Resize", "p - scales", "r", { mode: "nearest" }),
      node("Pad", "r pads", "q", { mode: "constant" }),
      node("Shape", "q", "s"),
      node("Gather", "s zero", "batch", { axis: 0 }),
      node("Unsqueeze", "batch zeros", "front"),
      node("Concat", "front open", "target", { axis: 0 }),
      node("Equal", "batch one", "single"),
      node("If", "single", "w", {
        then_branch: { node: [node("Identity", "dw", "t")], output: [port("t")] },
        else_branch: { node: [node("Neg", "dw", "e")], output: [port("e")] },
      }),
      node("Reshape", "q target", "flat"),
      node("Expand", "unit wide", "bias"),
      node("Gemm", "flat w bias", "z", { alpha: 1.5, transB: 1 }),
      node("Softmax", "z", "y", { axis: -1 }),
    ],
    initializer: [
      stored("cw", randomNormal([3, 2, 3, 3], random(1))),
      stored("cb", randomNormal([3], random(2))),
      ...["g", "b", "m", "v"].map((name) => stored(name, full([3], 1))),
      stored("scales", tensor([1, 1, 1.5, 1.5])),
      stored("pads", tensor([0, 0, 1, 1, 0, 0, 1, 1], [8], "int32")),
      stored("zero", tensor([0], [], "int32")),
      stored("zeros", tensor([0], [1], "int32")),
      stored("one", tensor([1], [], "int32")),
      stored("open", tensor([-1], [1], "int32")),
      stored("unit", tensor([0.5], [1])),
      stored("wide", tensor([4], [1], "int32")),
      stored("dw", randomNormal([4, 192], random(3))),
    ],
  },
  {
    opsetImport: [
      { domain: "", version: 13 },
      { domain: "ours", version: 1 },
    ],
    functions: [
      {
        name: "Act",
        domain: "ours",
        input: ["i"],
        output: ["o"],
        attribute: ["slope"],
        opsetImport: [{ domain: "", version: 13 }],
        node: [{ ...node("LeakyRelu", "i", "o"), attribute: [{ name: "alpha", type: 1, refAttrName: "slope" }] }],
      },
    ],
  },
);

/** Opens, makes the graph and a model and, where that is quick, runs it; says how it went. Anything but a typed error is thrown on. */
async function outcome(bytes: Uint8Array): Promise<string> {
  try {
    const network = await readOnnx(bytes);
    const graph = network.graph();
    if (graph.order.every(({ shape }) => sizeOf(shape) < 2 ** 16)) {
      const feeds = Object.fromEntries([...graph.inputs].map(([name, { shape, dtype }]) => [name, full(shape, 1, dtype)]));
      await network.run(feeds, { device: "wasm", threads: 1 });
    }
    if (network.inputs.length === 1) network.model().trace({ batch: 2 });
    return `${graph.order.length} values`;
  } catch (error) {
    if (error instanceof FoveaError) return error.code;
    throw error;
  }
}

const memory = (): number => process.memoryUsage().rss;
const most = 256 * 2 ** 20;

test("PR16 the file itself is a network", async () => {
  expect(await outcome(file)).toMatch(/values$/);
});

test("PR16 damaged files: cut, bits flipped, bytes replaced", async () => {
  const before = memory();
  const seen = new Map<string, number>();
  for (const { what, bytes } of damaged(file, 11, rounds(900))) {
    const end = await outcome(bytes).catch((cause: unknown) => {
      throw new Error(what, { cause });
    });
    const kind = end.endsWith("values") ? "network" : end;
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
  }
  // Damage that is never noticed, or always, would prove nothing.
  expect(seen.get("network")).toBeGreaterThan(rounds(30));
  expect(seen.get("MODEL_FORMAT")).toBeGreaterThan(rounds(300));
  expect(memory() - before).toBeLessThan(most);
});

test("PR16 millions of messages that say nothing", async () => {
  const before = memory();
  // graph { node {} node {} ... }, two bytes each.
  const empty = new Uint8Array(20_000_007);
  empty.set([0x08, 8, 0x3a, ...[0, 7, 14, 21].map((shift) => ((20_000_000 >> shift) & 0x7f) | (shift < 21 ? 0x80 : 0))]);
  for (let i = 7; i < empty.length; i += 2) empty[i] = 0x0a;
  await expect(readOnnx(empty)).rejects.toThrow(/in graph.node\[1048575\]: there are more than 1048576 messages and texts/);
  expect(memory() - before).toBeLessThan(most);
});

const vectors = "/usr/share/libonnx-testdata/data/node";

test.skipIf(!existsSync(vectors))("PR16 files of every operator with a flipped bit", async () => {
  const before = memory();
  let networks = 0;
  const names = readdirSync(vectors);
  for (const [i, name] of names.entries()) {
    const bytes = new Uint8Array(readFileSync(`${vectors}/${name}/model.onnx`));
    const generator = random(i);
    for (let round = 0; round < rounds(3); round++) {
      const [place, bit] = [generator.integer(bytes.length), generator.integer(8)];
      const copy = bytes.slice();
      copy[place] ^= 1 << bit;
      const end = await outcome(copy).catch((cause: unknown) => {
        throw new Error(`${name}, bit ${bit} of byte ${place}`, { cause });
      });
      if (end.endsWith("values")) networks++;
    }
  }
  expect(networks).toBeGreaterThan(rounds(names.length / 2));
  expect(memory() - before).toBeLessThan(most);
});

test("PR16 whole messages with wrong numbers: sizes, axes, pads, attributes", async () => {
  const before = memory();
  const generator = random(12);
  const odd = [-(2 ** 63), -(2 ** 31), -7, -1, 0, 1, 2, 3, 100, 65537, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 53, 2 ** 63];
  const pick = (): number => odd[generator.integer(odd.length)];
  let networks = 0;
  for (let round = 0; round < rounds(500); round++) {
    // The decoded messages are plain objects; every list of whole numbers in them is a place for damage.
    const model = decodeModel(file);
    const places: { owner: Record<string, unknown>; key: string }[] = [];
    const walk = (value: unknown): void => {
      if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
      for (const [key, inner] of Object.entries(value)) {
        const numbers = Array.isArray(inner) && inner.length > 0 && inner.length <= 8 && inner.every((n) => typeof n === "number");
        if (numbers || key === "i" || key === "dimValue") places.push({ owner: value as Record<string, unknown>, key });
        else walk(inner);
      }
    };
    walk(model.graph);
    for (let n = 1 + generator.integer(2); n > 0; n--) {
      const { owner, key } = places[generator.integer(places.length)];
      const old = owner[key];
      if (Array.isArray(old)) {
        const list = [...(old as number[])];
        const at = generator.integer(list.length + 1);
        list.splice(at, generator.integer(2), pick());
        owner[key] = list;
      } else if (old !== undefined) owner[key] = pick();
    }
    const end = await outcome(encodeModel(model)).catch((cause: unknown) => {
      throw new Error(`round ${round}`, { cause });
    });
    if (end.endsWith("values")) networks++;
  }
  expect(networks).toBeGreaterThan(rounds(15));
  expect(memory() - before).toBeLessThan(most);
});
