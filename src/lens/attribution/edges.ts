// The strengths of the picture's own edges: no explanation at all. It stands in every comparison, because a method that looks like it explains
// the picture and not the net (Adebayo 2018).
import { Tensor } from "../../tensor/tensor.ts";
import { onePicture } from "../batch.ts";
import type { Finding, Method } from "./method.ts";
import { scoreProgram } from "./score-program.ts";
import { settlerFor } from "./settle.ts";

export type EdgesMethodName = "edges";

/** Magnitude of the Sobel gradient of [C, H, W], averaged over channels, as [1, H, W]; the border repeats its pixels. */
export function sobelMagnitude(image: Tensor): Tensor {
  const [channels, height, width] = image.shape;
  const out = new Float32Array(height * width);
  const row = (y: number): number => Math.min(Math.max(y, 0), height - 1);
  const column = (x: number): number => Math.min(Math.max(x, 0), width - 1);
  for (let c = 0; c < channels; c++) {
    const at = (y: number, x: number): number => image.data[(c * height + row(y)) * width + column(x)];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const across = at(y - 1, x + 1) + 2 * at(y, x + 1) + at(y + 1, x + 1) - at(y - 1, x - 1) - 2 * at(y, x - 1) - at(y + 1, x - 1);
        const down = at(y + 1, x - 1) + 2 * at(y + 1, x) + at(y + 1, x + 1) - at(y - 1, x - 1) - 2 * at(y - 1, x) - at(y - 1, x + 1);
        out[y * width + x] += Math.hypot(across, down) / channels;
      }
    }
  }
  return new Tensor(out, [1, height, width]);
}

export const edgesMethod: Method<EdgesMethodName> = {
  name: "edges",
  title: "Edges of the picture",
  cites: "Sobel's operator, the baseline of Adebayo et al. 2018",
  signed: false,
  caveat: "knows nothing of the net: a map that looks like this one explains the picture",
  async attribute(model, tasks, options) {
    const findings: Finding[] = [];
    const shape = onePicture(tasks[0].image).shape;
    const program = await scoreProgram(model, tasks[0].target, 1, shape, options);
    const settler = settlerFor(model, tasks[0].target, shape, options);
    try {
      for (const { image: given, target } of tasks) {
        const image = onePicture(given);
        const { mask, position } = await settler.settle({ image, target });
        const [score] = (await program.run([image], mask)).scores;
        findings.push({ map: sobelMagnitude(image), score, position, settings: {} });
        options.onProgress?.({ done: findings.length, total: tasks.length });
      }
      return findings;
    } finally {
      program.release();
      settler.release();
    }
  },
};
