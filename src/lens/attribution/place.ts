// Which layer's maps a method weighs, when it looks at a layer instead of the pixels.
import { topological } from "../../graph/value.ts";
import { layerValue } from "../../nn/model.ts";
import type { Traced } from "../../nn/module.ts";
import { ArgumentError, ShapeError } from "../../tensor/errors.ts";
import { showShape } from "../../tensor/shape.ts";
import { pixelsOf } from "../gradient-program.ts";
import type { TargetLayer } from "../target.ts";

/** Kinds that only thin a map out: what stands before them says more. */
const passers: readonly RegExp[] = [/pool/i, /^dropout/, /^identity$/];

/**
 * The layer called `at` ("input" for the pixels), or by default the last one before the target that still has positions and is no pooling.
 * Throws `ArgumentError` for a layer that the target does not depend on, or when there is none; `ShapeError` for one without positions.
 */
export function placeOf(traced: Traced, target: TargetLayer, at: string | undefined): TargetLayer {
  const reached = new Set(topological([target.value]));
  if (at === undefined) {
    const spatial = traced.layers.filter(
      ({ kind, value }) =>
        reached.has(value) &&
        value !== target.value &&
        value.rank === 4 &&
        value.shape[2] * value.shape[3] > 1 &&
        !passers.some((p) => p.test(kind)),
    );
    const last = spatial.at(-1);
    if (last === undefined)
      throw new ArgumentError(`no layer before ${target.name} has maps; say which one to look at, or "input", with at`, {
        reason: { kind: "no maps before", target: target.name },
      });
    return asPlace(last.value, last.name);
  }
  const named = traced.names.has(at) || at !== "input" ? asPlace(layerValue(traced, at), at) : pixelsOf(traced);
  if (!reached.has(named.value)) throw new ArgumentError(`${target.name} does not depend on the layer "${at}"`);
  return named;
}

function asPlace(value: TargetLayer["value"], name: string): TargetLayer {
  if (value.rank !== 4) throw new ShapeError(`"${name}" has values ${showShape(value.shape)}; expected maps, [N, C, H, W]`);
  const [, channels, height, width] = value.shape;
  return { value, name, channels, height, width };
}
