// How a layer's filters came to be: one frame for every moment that is kept, all under one scale.
import { report as reports, Tensor } from "fovea";
import { DataError } from "fovea/tensor";
import type { Run } from "./run.ts";

const mostFrames = 60;
const mostRows = 32;
const mostColumns = 16;
/** Pixels per weight, and between filters. */
const scale = 8;
const gap = 4;
const paper = 255;

/** A GIF of the kernels of `layer`, from the first step to now. Throws `DataError` where it has none. */
export async function filmOf({ training, times }: Run, layer: string, signal: AbortSignal): Promise<Uint8Array> {
  const { step } = training.state;
  const all = [...new Set([...times.steps.filter((at) => at < step), step])];
  const chosen = all.filter((_, i) => i === all.length - 1 || i % Math.ceil(all.length / mostFrames) === 0);
  const moments = chosen.map((at) => (at === step ? training.checkpoint() : times.at(at))?.model.get(`${layer}.weight`));
  const weights = moments.filter((tensor): tensor is Tensor => tensor?.rank === 4);
  const [first] = weights;
  if (first === undefined) throw new DataError(`${layer} has no kernels to film`);
  const [out, channels, height, width] = first.shape;
  const [rows, columns] = [Math.min(out, mostRows), Math.min(channels, mostColumns)];
  const range = reports.defaultRange(reports.weightColours, ...weights);
  const size = {
    width: columns * (width * scale + gap) + gap,
    height: rows * (height * scale + gap) + gap,
  };
  const rasterise = (_: reports.Drawing, frame: number): reports.Raster => {
    const { data } = weights[frame];
    const picture = new Uint8Array(4 * size.width * size.height).fill(paper);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const from = (row * channels + column) * height * width;
        const tile = reports.paint(new Tensor(data.subarray(from, from + height * width), [height, width]), {
          map: reports.weightColours,
          range,
        });
        place(picture, size.width, tile, gap + column * (width * scale + gap), gap + row * (height * scale + gap));
      }
    }
    return { ...size, data: picture };
  };
  const drawing: reports.Drawing = { ...size, frames: weights.length, marks: [], title: layer, description: `filters of ${layer}` };
  return reports.drawGif(drawing, { seconds: 0.4, signal, rasterise });
}

function place(picture: Uint8Array, across: number, { data, width, height }: reports.Raster, left: number, top: number): void {
  for (let y = 0; y < height * scale; y++) {
    for (let x = 0; x < width * scale; x++) {
      const from = 4 * (Math.floor(y / scale) * width + Math.floor(x / scale));
      picture.set(data.subarray(from, from + 4), 4 * ((top + y) * across + left + x));
    }
  }
}
