// The choice of what a map's colours span: the map alone, its layer, the whole net, or what the reader fixed.
import type { Numbers } from "../engine/tensors.ts";
import { type ColourName, type Range, rangeFor } from "./paint.ts";

export const spanNames = ["layer", "unit", "global", "fixed"] as const;
export type SpanName = (typeof spanNames)[number];

export interface Spanned {
  readonly span: SpanName;
  /** The ends of fixed colours. */
  readonly low: number;
  readonly high: number;
  /** The least and the greatest value of all layers' maps, where it is known; until then a layer's own range stands in. */
  readonly net: Range | undefined;
}

/** The ends of the colours of `map`, one of `layer`'s. */
export function spannedBy({ span, low, high, net }: Spanned, colours: ColourName, layer: Numbers, map: Numbers): Range {
  if (span === "unit") return rangeFor(colours, map);
  if (span === "fixed" && low < high) return { low, high };
  if (span === "global" && net !== undefined) {
    const most = Math.max(Math.abs(net.low), Math.abs(net.high));
    return colours === "diverging" ? { low: -most, high: most } : { low: Math.max(0, net.low), high: net.high };
  }
  return rangeFor(colours, layer);
}
