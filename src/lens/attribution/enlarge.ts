// A small map at the size of the picture: bilinear, with half-pixel centres, as everything that is drawn over a picture.
import { resize } from "../../ops/resize.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** [H, W] or [C, H, W] at another size, as [C, height, width] (one channel for a single map). */
export function enlarge(map: Tensor, height: number, width: number): Tensor {
  const channels = map.rank === 2 ? 1 : map.shape[0];
  const [h, w] = map.shape.slice(-2);
  const maps = map.reshape([1, channels, h, w]);
  return (h === height && w === width ? maps : resize(maps, { size: [height, width], mode: "linear" })).entry(0);
}
