// The trained nets that come with the page, so that it is alive at its first paint: each a model file, a record, and a strip of pictures.
// tools/lab-nets.ts makes them.
import type { Preprocessing } from "fovea";
import { addNet, type Picture, type SessionNet } from "./session.svelte.ts";
import { followChosen } from "./written.svelte.ts";

/** What the lab reads of a net's record. */
interface ShippedRecord {
  readonly architecture: string;
  readonly inputShape: readonly number[];
  readonly classes: readonly string[];
  readonly preprocessing: Preprocessing;
  readonly parameters: number;
  readonly test: { readonly accuracy: number };
  /** The strip of sample pictures, left to right. */
  readonly samples: { readonly width: number; readonly height: number; readonly labels: readonly number[] };
}

const files: Readonly<Record<string, string>> = import.meta.glob("../../assets/nets/*", { query: "?url", import: "default", eager: true });
const addressOf = (file: string): string => files[`../../assets/nets/${file}`];

/** Call while the shell is set up. Loads all of them, and makes what the address asks for on top; rooms show each net as soon as it is there. */
export function loadShippedNets(): void {
  followChosen(
    (async () => {
      // In a task of its own: the page is mounted in this one.
      await new Promise((resolve) => setTimeout(resolve));
      const loading = ["shapes", "digits"].map(loadNet);
      // Whichever comes first, they are listed in this order.
      for (const net of loading) addNet(await net);
    })(),
  );
}

async function loadNet(id: string): Promise<SessionNet> {
  const [bytes, record, strip] = await Promise.all([
    fetch(addressOf(`${id}.safetensors`)).then((response) => response.arrayBuffer()),
    fetch(addressOf(`${id}.json`)).then((response) => response.json() as Promise<ShippedRecord>),
    pixelsOf(addressOf(`${id}-samples.png`)),
  ]);
  const { inputShape, samples, architecture, classes, preprocessing, parameters, test } = record;
  return {
    id,
    title: id,
    architecture,
    ref: { key: id, format: "fovea", bytes: new Uint8Array(bytes), name: id },
    inputShape,
    classes,
    preprocessing,
    parameters,
    accuracy: test.accuracy,
    samples: samples.labels.map((label, i) => ({ name: classes[label], label, pixels: cut(strip, i, inputShape) }) satisfies Picture),
  };
}

async function pixelsOf(address: string): Promise<ImageData> {
  const bitmap = await createImageBitmap(await (await fetch(address)).blob(), { colorSpaceConversion: "none" });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("this browser cannot draw pictures");
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height);
}

/** Picture `i` of a strip of pictures side by side. */
function cut(strip: ImageData, i: number, [channels, height, width]: readonly number[]): Picture["pixels"] {
  const data = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) data[(c * height + y) * width + x] = strip.data[4 * (y * strip.width + i * width + x) + c] / 255;
    }
  }
  return { shape: [channels, height, width], data };
}
