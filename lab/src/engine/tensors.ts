// Tensors cannot cross to a worker and back as they are; their shape and numbers can.
import { Tensor } from "fovea/tensor";

/** A float32 tensor as plain data. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export function toNumbers(tensor: Tensor): Numbers {
  return { shape: [...tensor.shape], data: Float32Array.from(tensor.data) };
}

export function toTensor({ shape, data }: Numbers): Tensor {
  return new Tensor(data, shape);
}
