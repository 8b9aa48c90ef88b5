// Pixels as weighted sums of pixels that index tensors name. Whatever samples a picture between its elements (deformable windows, grids) is
// arithmetic on coordinates, which makes numbers and weights, followed by this.
import { integers } from "../graph/attrs.ts";
import { dataField, defineOp, type Op, wholeInput } from "../graph/op.ts";
import { apply, fill } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ShapeError } from "../tensor/errors.ts";
import { type Shape, sameShape, showShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { mul } from "./arithmetic.ts";
import { concat } from "./concat.ts";
import { checkIndexType } from "./indexing.ts";
import { oneFloatType } from "./operands.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { slice } from "./slice.ts";

/** Sizes of a mixture: planes of `channels` in `groups` that share numbers and weights; `taps` pixels go into each of `positions`. */
interface MixGeometry {
  readonly batch: number;
  readonly channels: number;
  readonly groups: number;
  readonly taps: number;
  readonly positions: number;
}

function mixGeometry(planes: Shape, indices: Shape, weights: Shape, where: string): MixGeometry {
  const [batch, channels] = planes;
  const [, groups, taps, positions] = indices;
  const fits =
    planes.length === 3 && indices.length === 4 && sameShape(indices, weights) && indices[0] === batch && channels % groups === 0;
  if (!fits) {
    throw new ShapeError(
      `${where}: planes ${showShape(planes)}, indices ${showShape(indices)} and weights ${showShape(weights)} do not fit; expected [N, C, pixels] and twice [N, groups, taps, positions] with groups dividing C`,
    );
  }
  return { batch, channels, groups, taps, positions };
}

function eachTap(
  { batch, channels, groups, taps, positions }: MixGeometry,
  indices: Tensor,
  weights: Tensor,
  visit: (plane: number, position: number, index: number, weight: number) => void,
): void {
  const perGroup = channels / groups;
  for (let plane = 0; plane < batch * channels; plane++) {
    const group = Math.floor(plane / perGroup);
    for (let tap = 0; tap < taps; tap++) {
      for (let p = 0; p < positions; p++) {
        const entry = (group * taps + tap) * positions + p;
        if (indices.data[entry] >= 0) visit(plane, p, indices.data[entry], weights.data[entry]);
      }
    }
  }
}

/** d(Σ mixed · g)/d(weights): for every tap the pixel that it reads times g, summed over the channels that share it. */
function weightGradient(x: Value, indices: Value, g: Value): Value {
  const [batch, groups, taps, positions] = indices.shape;
  const byTap = Array.from({ length: taps }, (_, tap) => {
    const index = slice(indices, { axes: [2], starts: [tap], ends: [tap + 1] });
    const read = apply<Value>(mixOp, [x, index, fill(index.shape, 1, x.dtype)]);
    return sum(reshape(mul(read, g), [batch, groups, x.shape[1] / groups, positions]), { axes: 2, keepDims: true });
  });
  return concat(byTap, { axis: 2 });
}

const indices = { shape: [2, 2, 3, 5], dtype: "int32", fill: { values: [0, 6, -1, 3, 3, 5, 2, 1, 4, 0, 6] } } as const;
const oneGroup = { shape: [1, 1, 2, 4], dtype: "int32", fill: { values: [3, 1, 1, -1, 0, 2] } } as const;

export const mixOp: Op = defineOp({
  name: "mix",
  inputs: ["x", "indices", "weights"],
  shape({ x, indices, weights }, _, where) {
    const { batch, channels, positions } = mixGeometry(x, indices, weights, where);
    return [batch, channels, positions];
  },
  dtype({ x, indices, weights }) {
    checkIndexType("mix", indices);
    return oneFloatType("mix", [x, weights]);
  },
  field: () => ({ x: dataField, indices: wholeInput, weights: wholeInput }),
  grad: {
    x: (g, { x, indices, weights }) => apply(unmixOp, [g, indices, weights], { pixels: x.shape.slice(2) }),
    indices: null,
    weights: (g, { x, indices }) => weightGradient(x, indices, g),
  },
  reference({ x, indices, weights }, out) {
    const geometry = mixGeometry(x.shape, indices.shape, weights.shape, "mix");
    eachTap(geometry, indices, weights, (plane, p, index, weight) => {
      out.data[plane * geometry.positions + p] += weight * x.data[plane * x.shape[2] + index];
    });
  },
  doc: {
    text: "Weighted sums of pixels: x [N, C, pixels], int32 indices and weights [N, groups, taps, positions] -> [N, C, positions]. Negative indices count for nothing; runs of channels, as many as groups, share what they read.",
  },
  cases: [
    { inputs: [[2, 4, 7], indices, [2, 2, 3, 5]] },
    { title: "channels beyond one vector", inputs: [[1, 7, 4], oneGroup, [1, 1, 2, 4]] },
  ],
});

export const unmixOp: Op = defineOp({
  name: "unmix",
  inputs: ["g", "indices", "weights"],
  attrs: { pixels: integers(undefined, "how many pixels there were, as a list of one") },
  shape({ g, indices, weights }, { pixels }, where) {
    const { batch, channels, positions } = mixGeometry(g, indices, weights, where);
    if (g[2] !== positions)
      throw new ShapeError(`${where}: g ${showShape(g)} must have ${positions} positions, as indices ${showShape(indices)}`);
    return [batch, channels, ...pixels];
  },
  dtype({ g, indices, weights }) {
    checkIndexType("unmix", indices);
    return oneFloatType("unmix", [g, weights]);
  },
  grad: {
    g: (u, { indices, weights }) => apply(mixOp, [u, indices, weights]),
    indices: null,
    weights: (u, { g, indices }) => weightGradient(u, indices, g),
  },
  reference({ g, indices, weights }, out) {
    const geometry = mixGeometry(g.shape, indices.shape, weights.shape, "unmix");
    eachTap(geometry, indices, weights, (plane, p, index, weight) => {
      out.data[plane * out.shape[2] + index] += weight * g.data[plane * geometry.positions + p];
    });
  },
  doc: { text: "The adjoint of mix in x: every element of g is spread over the pixels that were mixed into it." },
  cases: [
    { inputs: [[2, 4, 5], indices, [2, 2, 3, 5]], attrs: { pixels: [7] } },
    { title: "channels beyond one vector", inputs: [[1, 7, 4], oneGroup, [1, 1, 2, 4]], attrs: { pixels: [4] } },
  ],
});
