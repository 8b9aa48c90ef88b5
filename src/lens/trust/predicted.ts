// What a measure of trust is about when its caller does not say: the class that the net gives the untouched picture, as the published measures are.
import { compile } from "../../backends/compile.ts";
import { createGraph } from "../../graph/graph.ts";
import type { Model } from "../../nn/model.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { onePicture, stack, traceFor } from "../batch.ts";
import { compileOptions, type RunOptions } from "../run.ts";
import { type Target, targetLayer, targetNames } from "../target.ts";

/** The target among other options; without any, the predicted class. Throws `ArgumentError` where the net predicts none. */
export async function targetOrPredicted(where: string, model: Model, image: Tensor, options: Target & RunOptions): Promise<Target> {
  const given = targetNames.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]] as const]));
  return given.length > 0 ? Object.fromEntries(given) : { class: await predictedClass(where, model, onePicture(image), options) };
}

/** The first class of the largest logit. */
async function predictedClass(where: string, model: Model, image: Tensor, options: RunOptions): Promise<number> {
  const { dtype = "float32" } = options;
  const layer = targetLayer(traceFor(model, image.shape, 1, dtype), { class: 0 });
  if (layer.height * layer.width > 1) {
    throw new ArgumentError(
      `${where}: the net gives a map of ${layer.height} x ${layer.width} scores and so no class; say what is meant with class, or layer and channel`,
    );
  }
  const program = await compile(createGraph({ outputs: { logits: layer.value } }), compileOptions(options));
  try {
    const { data } = (await program.run({ x: stack([image], 1, image.shape, dtype) })).logits;
    let best = 0;
    for (let c = 1; c < data.length; c++) if (data[c] > data[best]) best = c;
    return best;
  } finally {
    program.release();
  }
}
