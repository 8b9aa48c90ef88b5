// Weights and pictures by the rule of tools/golden_zoo.py, so that PyTorch and fovea begin with the same numbers without a file of them.
import type { Shape } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

/** In [-1, 1), the same bits everywhere. */
export function numbers(name: string, count: number): Float64Array {
  let offset = 0;
  for (const letter of name) offset += letter.charCodeAt(0);
  return Float64Array.from({ length: count }, (_, i) => 2 * ((i * i * 0.6180339887498949 + offset * 0.01) % 1) - 1);
}

/** A parameter or statistic by its state_dict name. */
export function filled(name: string, shape: Shape): Tensor {
  const size = shape.reduce((p, n) => p * n, 1);
  const u = numbers(name, size);
  const [base, spread] = name.endsWith("running_var")
    ? [1, 0.5]
    : name.includes("layer_scale") || (shape.length === 1 && name.endsWith(".weight"))
      ? [1, 0.2]
      : shape.length < 2
        ? [0, 0.1]
        : [0, Math.sqrt(6 / (size / shape[0]))];
  return new Tensor(
    Float32Array.from(u, (v) => base + spread * v),
    shape,
  );
}
