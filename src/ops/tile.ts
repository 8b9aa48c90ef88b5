// Whole tensors side by side, as numpy's tile lays them.
import { integers } from "../graph/attrs.ts";
import { defineOp, type Op } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ShapeError } from "../tensor/errors.ts";
import { showShape } from "../tensor/shape.ts";
import { broadcastTo } from "./broadcast.ts";
import { reshape } from "./reshape.ts";

export const tileOp: Op = defineOp({
  name: "tile",
  inputs: ["x"],
  attrs: { repeats: integers(undefined, "how often, per axis") },
  shape({ x }, { repeats }, where) {
    if (repeats.length !== x.length || repeats.some((n) => n < 0)) {
      throw new ShapeError(`${where}: repeats ${showShape(repeats)} must be one count >= 0 for each axis of ${showShape(x)}`);
    }
    return x.map((n, axis) => n * repeats[axis]);
  },
  decompose({ x }, { repeats }) {
    const apart = reshape(
      x,
      x.shape.flatMap((n) => [1, n]),
    );
    const repeated = broadcastTo(
      apart,
      x.shape.flatMap((n, axis) => [repeats[axis], n]),
    );
    return reshape(
      repeated,
      x.shape.map((n, axis) => n * repeats[axis]),
    );
  },
  doc: { text: "Repeats a tensor as a whole along its axes.", example: "tile(x, [1, 1, 2, 2])" },
  cases: [
    { inputs: [[2, 3]], attrs: { repeats: [2, 3] } },
    { inputs: [[1, 2, 2, 3]], attrs: { repeats: [3, 1, 2, 1] } },
    { title: "of integers", inputs: [{ shape: [4], dtype: "int32", fill: { integers: 9 } }], attrs: { repeats: [3] } },
  ],
});

/** x repeated as a whole, `repeats[axis]` times along each axis. Throws `ShapeError` unless there is one count per axis. */
export function tile<T extends Operand>(x: T, repeats: readonly number[]): T {
  return apply(tileOp, [x], { repeats });
}
