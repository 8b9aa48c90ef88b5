// A picture as a small network from coordinates to colours (Mordvintsev, Pezzotti, Schubert, Olah, Distill 2018, after Stanley 2007): smooth at
// any size, because nothing in it knows of pixels.
import type { Operand } from "../../graph/record.ts";
import { add, atan, concat, div, matmul, reshape, square } from "../../ops/index.ts";
import type { Random } from "../../tensor/random.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { type DType, Tensor } from "../../tensor/tensor.ts";
import { like } from "./colour.ts";
import type { Free, RawParametrisation } from "./parametrise.ts";

const [layers, units] = [8, 24];

/** 8 layers of 24 units; the activation [atan(a)/0.67, atan²(a)/0.6] keeps mean and variance about even and doubles the channels. */
export function coordinateNetwork([channels, height, width]: Shape, dtype: DType): RawParametrisation {
  const shapes: Record<string, Shape> = {};
  for (let k = 0; k < layers; k++) {
    shapes[`weight${k}`] = [units, k === 0 ? 2 : 2 * units];
    shapes[`bias${k}`] = [units, 1];
  }
  shapes.weightOut = [channels, 2 * units];
  shapes.biasOut = [channels, 1];
  const where = coordinates(height, width).cast(dtype);
  return {
    shapes,
    start: (generator) => Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, startOf(name, shape, generator)])),
    raw: <T extends Operand>(free: Free<T>): T => {
      let signal = like(free.weight0, where);
      for (let k = 0; k < layers; k++) {
        const bent = atan(add(matmul(free[`weight${k}`], signal), free[`bias${k}`]));
        signal = concat([div(bent, 0.67), div(square(bent), 0.6)], { axis: 1 });
      }
      const out = add(matmul(free.weightOut, signal), free.biasOut);
      return reshape(out, [out.shape[0], channels, height, width]);
    },
  };
}

/** The last layer starts small, so that the first picture is near the data's mean. */
function startOf(name: string, shape: Shape, generator: Random): Float32Array {
  const deviation = name.startsWith("bias") ? 0 : (name === "weightOut" ? 0.1 : 1) / Math.sqrt(shape[1]);
  return new Float32Array(sizeOf(shape)).map(() => deviation * generator.normal());
}

/** [1, 2, height · width], from -√3 to √3 along the longer side: of variance 1. */
function coordinates(height: number, width: number): Tensor {
  const plane = height * width;
  const data = new Float32Array(2 * plane);
  const scale = (2 * Math.sqrt(3)) / Math.max(1, Math.max(height, width) - 1);
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      data[i * width + j] = scale * (i - (height - 1) / 2);
      data[plane + i * width + j] = scale * (j - (width - 1) / 2);
    }
  }
  return new Tensor(data, [1, 2, plane]);
}
