// Models whose activations keep their size and whose statistics differ per channel, so that a comparison of outputs sees every parameter.
import type { Model } from "../../src/nn/model.ts";
import { random } from "../../src/tensor/random.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** The same net with He-normal weights, small shifts and scattered statistics. `gain` scales what batch norms pass on. */
export function lively(model: Model, gain = 1): Model {
  const state = new Map<string, Tensor>();
  for (const [name, tensor] of model.state()) {
    if (tensor.dtype !== "float32") continue;
    const generator = random(7).fork(name);
    const copy = tensor.cast("float64").cast("float32");
    const fanIn = sizeOf(tensor.shape.slice(1));
    const draw = (): number => {
      if (tensor.rank > 1) return generator.normal() * Math.sqrt(2 / fanIn);
      if (name.endsWith("running_var")) return 0.6 + 0.8 * generator.uniform();
      if (name.endsWith("weight")) return gain * (0.6 + 0.8 * generator.uniform());
      return 0.1 * generator.normal();
    };
    for (let i = 0; i < copy.size; i++) copy.data[i] = draw();
    state.set(name, copy);
  }
  return model.with(state);
}
