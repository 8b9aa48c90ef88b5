// What the colours of activation maps span: each map alone, its layer, the whole net, or what the reader fixed. One rule for all views of the room.
import { engine } from "../../engine/client.ts";
import type { Numbers } from "../../engine/tensors.ts";
import type { ColourName, Range } from "../../ui/paint.ts";
import { spannedBy } from "../../ui/spans.ts";
import { type Located, pictureKey } from "./located.ts";
import { view } from "./state.ts";

let known: { readonly key: string; readonly range: Range } | undefined = $state.raw();

/** For an effect: asks for the range over all layers while it is wanted. */
export function followGlobal({ net, picture }: Located): (() => void) | undefined {
  const key = `${net.ref.key} ${pictureKey(picture)}`;
  if (view.span !== "global" || known?.key === key) return undefined;
  const controller = new AbortController();
  engine.call("neurons", "netRange", { net: net.ref, pixels: picture.pixels }, { signal: controller.signal }).then(
    (range) => {
      known = { key, range };
    },
    // The layer's own range stands in.
    () => undefined,
  );
  return () => controller.abort();
}

/** The ends of the colours of `map`, one of `layer`'s. */
export function spanOf({ net, picture }: Located, colours: ColourName, layer: Numbers, map: Numbers): Range {
  const whole = known?.key === `${net.ref.key} ${pictureKey(picture)}` ? known.range : undefined;
  return spannedBy({ span: view.span, low: view.low, high: view.high, net: whole }, colours, layer, map);
}
