// Which cells of what is read lie under one cell of the result, as a box to draw.
import type { SeenUnit } from "./tasks.ts";

/** [row, column, height, width] in the maps that are read; it may reach out of them. Undefined where cells have no window. */
export function windowBox(
  rule: SeenUnit["rule"],
  [row, column]: readonly [number, number],
): readonly [number, number, number, number] | undefined {
  switch (rule.kind) {
    case "convolution":
    case "pooling": {
      const [rows, columns] = rule.axes;
      return [
        row * rows.stride - rows.before,
        column * columns.stride - columns.before,
        (rows.kernel - 1) * rows.dilation + 1,
        (columns.kernel - 1) * columns.dilation + 1,
      ];
    }
    case "pointwise":
    case "norm":
    case "sum":
    case "product":
    case "softmax":
      return [row, column, 1, 1];
    case "copy":
      return rule.cell === undefined ? [row, column, 1, 1] : undefined;
    default:
      return undefined;
  }
}
