// The part that steps of several nets share: a loss, its gradient, and what an optimiser makes of the parameters.
import { gradient } from "../graph/grad.ts";
import { variable } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { zeros } from "../tensor/tensor.ts";
import type { Optimiser, UpdateContext } from "./optimisers.ts";

/** Adds to `updates` the next values of these parameters, learning from this loss, and of the optimiser's memory. */
export function learn(
  parameters: ReadonlyMap<string, Value>,
  loss: Value,
  optimiser: Optimiser,
  { learningRate, step }: Pick<UpdateContext, "learningRate" | "step">,
  updates: Map<Value, Value>,
): void {
  const gradients = gradient(loss, [...parameters.values()]);
  const shared = new Map<string, Value>();
  [...parameters].forEach(([name, parameter], i) => {
    const next = optimiser.update(parameter, gradients[i], {
      learningRate,
      step,
      memory: (what) => variable(`optimiser.${optimiser.name}.${what}.${name}`, zeros(parameter.shape)),
      remember: (memory, value) => void updates.set(memory, value),
      shared(key, build) {
        const value = shared.get(key) ?? build();
        shared.set(key, value);
        return value;
      },
    });
    updates.set(parameter, next);
  });
}
