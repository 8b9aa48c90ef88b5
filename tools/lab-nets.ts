// Trains the nets that the lab opens with, and writes them where its build finds them. Seeded, on one thread: the same bits on the same machine.
// npx tsx tools/lab-nets.ts [shapes | digits] && npx biome check --write lab/assets/nets
//
// lab/assets/nets/NAME.safetensors   what readModel opens: net, classes, preprocessing; numbers as float16
// lab/assets/nets/NAME.json          a `NetRecord`
// lab/assets/nets/NAME-samples.png   one test picture of each class (the first that the net recognises), side by side in the order of the classes
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { crc32, deflateSync } from "node:zlib";
import { mnist, type SyntheticOptions, synthetic, type TrainAndTest } from "../src/data/index.ts";
import {
  type Picture,
  readModel,
  readSafetensors,
  type StoredType,
  tensorToPicture,
  writeModel,
  writeSafetensors,
} from "../src/io/index.ts";
import type { Model, Preprocessing } from "../src/nn/index.ts";
import { Tensor } from "../src/tensor/index.ts";
import { adam, type EpochRecord, evaluate, fit, oneCycle } from "../src/train/index.ts";
import { zooModel } from "../src/zoo/index.ts";

/** What NAME.json says. */
export interface NetRecord {
  readonly name: string;
  /** Name in the zoo. */
  readonly architecture: string;
  readonly inputShape: readonly number[];
  readonly classes: readonly string[];
  readonly preprocessing: Preprocessing;
  readonly parameters: number;
  /** The pictures: MNIST, or `synthetic` with these options. */
  readonly data: { readonly name: "mnist" } | { readonly name: "synthetic"; readonly options: SyntheticOptions };
  /** Adam with the one-cycle schedule of this peak. */
  readonly training: { readonly seed: number; readonly epochs: number; readonly batchSize: number; readonly learningRate: number };
  /** One for each epoch: means over the epoch, and what the test pictures gave after it. */
  readonly history: readonly Pick<EpochRecord, "epoch" | "loss" | "accuracy" | "validation">[];
  /** Of the numbers as they are in the file. Confusion: [true class][predicted class]. */
  readonly test: {
    readonly count: number;
    readonly accuracy: number;
    readonly loss: number;
    readonly confusion: readonly (readonly number[])[];
  };
  /** Which pictures of the test set the sprite holds, from left to right. */
  readonly samples: {
    readonly width: number;
    readonly height: number;
    readonly indices: readonly number[];
    readonly labels: readonly number[];
  };
}

type Plan = Pick<NetRecord, "architecture" | "data" | "training">;

const plans: Readonly<Record<string, Plan>> = {
  shapes: {
    architecture: "shapes-net",
    data: { name: "synthetic", options: { train: 12_000, test: 2000, size: 32, channels: 3, noise: 0.03, seed: 0 } },
    training: { seed: 1, epochs: 8, batchSize: 64, learningRate: 4e-3 },
  },
  digits: {
    architecture: "digits-net",
    data: { name: "mnist" },
    training: { seed: 1, epochs: 5, batchSize: 64, learningRate: 3e-3 },
  },
};

const folder = fileURLToPath(new URL("../lab/assets/nets/", import.meta.url));
const threads = 1;

async function makeNet(name: string, { architecture, data: source, training }: Plan): Promise<void> {
  const data: TrainAndTest = source.name === "mnist" ? await mnist() : await synthetic(source.options);
  const { classes, imageShape: inputShape, normalisation } = data.train;
  const { seed, epochs, batchSize, learningRate } = training;
  const preprocessing: Preprocessing = { name: source.name, channels: inputShape[0] === 1 ? "grey" : "rgb", ...normalisation };
  const history: EpochRecord[] = [];
  const trained = await fit(zooModel(architecture, { inputShape, classes, preprocessing, seed }), data.train, {
    ...{ seed, epochs, batchSize, threads },
    optimiser: adam(learningRate),
    schedule: oneCycle(),
    validation: data.test,
    onEpoch(record) {
      history.push(record);
      console.log(`${name}: epoch ${record.epoch}: loss ${record.loss.toFixed(4)}, test ${record.validation?.accuracy}`);
    },
  });
  const bytes = writeHalf(trained, architecture);
  const { model } = readModel(bytes, name);
  const { count, accuracy, loss, confusion, predictions, labels } = await evaluate(model, data.test, { threads });
  const indices = classes.map((_, label) => labels.findIndex((own, i) => own === label && predictions[i] === label));
  const record: NetRecord = {
    ...{ name, architecture, inputShape, classes, preprocessing, parameters: model.parameterCount, data: source, training },
    history: history.map(({ epoch, loss, accuracy, validation }) => ({ epoch, loss, accuracy, ...(validation && { validation }) })),
    test: { count, accuracy, loss, confusion },
    samples: { width: inputShape[2], height: inputShape[1], indices, labels: indices.map((i) => labels[i]) },
  };
  const row = sideBySide(
    indices.map((i) => data.test.image(i)),
    preprocessing,
  );
  const sprite = encodeFiltered(tensorToPicture(row));
  const json = `${JSON.stringify(record, null, 2)}\n`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}${name}.safetensors`, bytes);
  writeFileSync(`${folder}${name}.json`, json);
  writeFileSync(`${folder}${name}-samples.png`, sprite);
  const sizes = [bytes, Buffer.from(json), sprite].map((part) => `${part.length} (${deflateSync(part).length} deflated)`);
  console.log(`${name}: test accuracy ${accuracy}, ${record.parameters} parameters; weights, record, samples: ${sizes.join(", ")} bytes`);
}

/** `writeModel` with half the bytes. */
function writeHalf(model: Model, architecture: string): Uint8Array {
  const { tensors, metadata } = readSafetensors(writeModel(model, architecture));
  const storedTypes = Object.fromEntries(Array.from(tensors.keys(), (name): [string, StoredType] => [name, "F16"]));
  return writeSafetensors(tensors, { metadata, storedTypes });
}

/** Pictures [C, H, W] as the net sees them, as one row of pixels in 0..1. */
function sideBySide(pictures: readonly Tensor[], { mean, deviation }: Preprocessing): Tensor {
  const [channels, height, width] = pictures[0].shape;
  const row = pictures.length * width;
  const out = new Float32Array(channels * height * row);
  for (const [n, { data }] of pictures.entries()) {
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++)
          out[(c * height + y) * row + n * width + x] = data[(c * height + y) * width + x] * deviation[c] + mean[c];
      }
    }
  }
  return new Tensor(out, [channels, height, row]);
}

/** A PNG of differences to the left neighbour (filter 1), without which noise hardly gets smaller; `encodePng` writes the samples as they are. */
function encodeFiltered({ width, height, channels, data }: Picture): Uint8Array {
  const stride = width * channels;
  const rows = Buffer.alloc(height * (1 + stride), 1);
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < stride; i++) {
      const left = i < channels ? 0 : data[y * stride + i - channels];
      rows[y * (1 + stride) + 1 + i] = data[y * stride + i] - left;
    }
  }
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, channels === 1 ? 0 : 2, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const body = deflateSync(rows, { level: 9 });
  return Buffer.concat([signature, pngChunk("IHDR", header), pngChunk("IDAT", body), pngChunk("IEND", Buffer.alloc(0))]);
}

function pngChunk(type: string, body: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type, "latin1"), body]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(body.length, 0);
  ends.writeUInt32BE(crc32(content), 4);
  return Buffer.concat([ends.subarray(0, 4), content, ends.subarray(4)]);
}

const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : Object.keys(plans)) {
  if (!Object.hasOwn(plans, name)) throw new Error(`there is no plan "${name}"; there are ${Object.keys(plans).join(", ")}`);
  await makeNet(name, plans[name]);
}
