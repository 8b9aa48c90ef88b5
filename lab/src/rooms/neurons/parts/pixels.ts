// Pixels 0..1 as a PNG file, large enough to look at.
import type { Numbers } from "../../../engine/tensors.ts";
import { paintOn } from "../../../ui/paint.ts";
import { saveCanvas } from "../../../ui/save.ts";

export function savePixels(name: string, pixels: Numbers): Promise<void> {
  const canvas = document.createElement("canvas");
  paintOn(canvas, pixels, "grey", { low: 0, high: 1 });
  return saveCanvas(name, canvas, Math.max(1, Math.ceil(512 / canvas.width)));
}
