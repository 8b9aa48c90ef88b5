// Pictures and maps, moved: shifts that wrap round, turns and enlargements about the centre. Whole shifts, quarter turns and the nearest pixel only
// rearrange numbers; everything else mixes neighbours bilinearly.
import { affineGrid } from "../../ops/affine-grid.ts";
import { gridSample } from "../../ops/grid-sample.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { allocate, Tensor } from "../../tensor/tensor.ts";
import { checkMaps, rearranged } from "./feature-map.ts";

export type PictureTransform =
  /** Down and to the right; what leaves on one side comes back on the other. Parts of a pixel mix the neighbours. */
  | { readonly kind: "shift"; readonly rows: number; readonly columns: number }
  /** Quarter turns counter-clockwise; for square pictures and maps. */
  | { readonly kind: "rotation"; readonly quarters: 1 | 2 | 3 }
  /** Counter-clockwise about the centre by any angle, bilinear; what comes from outside is 0. */
  | { readonly kind: "rotation"; readonly degrees: number }
  /** Enlarged about the centre; the size stays. "nearest" (default) takes factors >= 1; "bilinear" also makes smaller, with 0 around. */
  | { readonly kind: "scale"; readonly factor: number; readonly sampling?: "nearest" | "bilinear" };

/** Whether numbers are only rearranged, not mixed. */
export function isRearranging(transform: PictureTransform): boolean {
  if (transform.kind === "shift") return Number.isInteger(transform.rows) && Number.isInteger(transform.columns);
  return transform.kind === "rotation" ? "quarters" in transform : transform.sampling !== "bilinear";
}

/** A picture or maps [C, H, W], transformed. Throws `ArgumentError` for transforms that it cannot take. */
export function transformPicture(picture: Tensor, transform: PictureTransform): Tensor {
  const [, height, width] = checkMaps(picture, "transformPicture: the picture");
  checkTransform(transform, height, width);
  if (transform.kind === "shift" && !isRearranging(transform)) return shifted(picture, transform.rows, transform.columns);
  if (!isRearranging(transform)) return resampled(picture, transform);
  const source = new Int32Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [row, column] = sourceOf(transform, [y, x], [height, width]);
      source[y * width + x] = mod(Math.floor(row), height) * width + mod(Math.floor(column), width);
    }
  }
  return rearranged(picture, source, [height, width]);
}

const mod = (n: number, size: number): number => ((n % size) + size) % size;

function checkTransform(transform: PictureTransform, height: number, width: number): void {
  const fail = (why: string): never => {
    throw new ArgumentError(`transformPicture: ${why}`);
  };
  switch (transform.kind) {
    case "shift":
      if (!Number.isFinite(transform.rows) || !Number.isFinite(transform.columns))
        fail(`a shift of (${transform.rows}, ${transform.columns}) is no place`);
      return;
    case "rotation":
      if ("degrees" in transform) {
        if (!Number.isFinite(transform.degrees)) fail(`degrees is ${transform.degrees}; expected a number`);
      } else if (height !== width) fail(`only squares turn by a quarter; this is ${height} x ${width}`);
      else if (![1, 2, 3].includes(transform.quarters)) fail(`quarters is ${String(transform.quarters)}; expected 1, 2 or 3`);
      return;
    case "scale": {
      const { factor, sampling = "nearest" } = transform;
      if (sampling === "nearest" ? !(factor >= 1) : !(factor > 0))
        fail(`factor is ${factor}; expected a number ${sampling === "nearest" ? ">= 1" : "> 0"}`);
    }
  }
}

/**
 * The position of the picture that position (y, x) of the result shows; of bilinear ones between positions, of shifts before it is wrapped round.
 */
export function sourceOf(
  transform: PictureTransform,
  [y, x]: readonly [number, number],
  [height, width]: readonly [number, number],
): readonly [row: number, column: number] {
  if (transform.kind === "shift") return [y - transform.rows, x - transform.columns];
  if (transform.kind === "scale") {
    const { factor, sampling } = transform;
    const shrink = (at: number, size: number): number => (at + 0.5 - size / 2) / factor + size / 2;
    const [row, column] = [shrink(y, height), shrink(x, width)];
    return sampling === "bilinear" ? [row - 0.5, column - 0.5] : [Math.floor(row), Math.floor(column)];
  }
  if ("quarters" in transform) {
    const last = height - 1;
    const { quarters } = transform;
    return quarters === 1 ? [x, last - y] : quarters === 2 ? [last - y, last - x] : [last - x, y];
  }
  const angle = (transform.degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [middle, centre] = [(height - 1) / 2, (width - 1) / 2];
  const [down, right] = [y - middle, x - centre];
  return [middle + sin * right + cos * down, centre + cos * right - sin * down];
}

/** A shift by parts of a pixel: the four whole shifts around it, mixed. */
function shifted(picture: Tensor, rows: number, columns: number): Tensor {
  const around = (at: number): (readonly [shift: number, share: number])[] => {
    const low = Math.floor(at);
    return at === low
      ? [[low, 1]]
      : [
          [low, low + 1 - at],
          [low + 1, at - low],
        ];
  };
  const data = allocate(picture.dtype, picture.size);
  for (const [r, down] of around(rows)) {
    for (const [c, right] of around(columns)) {
      const whole = transformPicture(picture, { kind: "shift", rows: r, columns: c }).data;
      for (let i = 0; i < data.length; i++) data[i] += down * right * whole[i];
    }
  }
  return new Tensor(data, picture.shape);
}

/** Turns and enlargements by the ops of spatial transformers: their coordinates run from -1 to 1 along both axes, also of oblong pictures. */
function resampled(picture: Tensor, transform: PictureTransform): Tensor {
  const [channels, height, width] = picture.shape;
  const angle = transform.kind === "rotation" && "degrees" in transform ? (transform.degrees * Math.PI) / 180 : 0;
  const factor = transform.kind === "scale" ? transform.factor : 1;
  const [cos, sin] = [Math.cos(angle) / factor, Math.sin(angle) / factor];
  const theta = allocate(picture.dtype, 6);
  theta.set([cos, (-sin * height) / width, 0, (sin * width) / height, cos, 0]);
  const grid = affineGrid(new Tensor(theta, [1, 2, 3]), { size: [height, width] });
  return gridSample(picture.reshape([1, channels, height, width]), grid).entry(0);
}
